//! Whether somebody else works against us.

use std::collections::BTreeMap;

use time::{Duration, OffsetDateTime};

use crate::OwnedEntry;

/// An entry of ours that somebody else took out of the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOut {
    /// The entry.
    pub entry: OwnedEntry,
    /// When that was seen.
    pub seen: OffsetDateTime,
}

/// How often one entry of ours may be taken out within the window before the organisation is contested.
const TWICE: usize = 2;

/// Returns the entries that were taken out twice or more in the 24 hours before `now`, each time after we had put
/// them in: another connector, or a person, works against us, and nothing more should be written.
///
/// Once is nothing: help desks tidy up.
#[must_use]
pub fn contested(taken_out: &[TakenOut], now: OffsetDateTime) -> Vec<OwnedEntry> {
    let mut times: BTreeMap<&OwnedEntry, usize> = BTreeMap::new();
    for taken in taken_out
        .iter()
        .filter(|taken| taken.seen > now - Duration::hours(24))
    {
        *times.entry(&taken.entry).or_default() += 1;
    }
    times
        .into_iter()
        .filter(|(_, times)| *times >= TWICE)
        .map(|(entry, _)| entry.clone())
        .collect()
}
