//! Enrolment records that vanish: one is a phone that was retired, many at once are a list that cannot be believed.

use std::collections::HashSet;

use crate::{ByDevice, Change, Facts, Plan, Reason};

/// Up to how many records may vanish at once, whatever part of all they are.
const FEW: usize = 5;
/// Up to which part of all records may vanish at once, in percent, however many they are.
const SMALL_PART: usize = 2;

/// Returns the changes of `plan` that take access from a device because its record, which an earlier run tied to
/// it, is in the inventory no longer.
///
/// `records` are the records of the earlier runs. A device that never had one is none of them.
#[must_use]
pub fn vanished<'p>(facts: &Facts, plan: &'p Plan, records: &ByDevice<String>) -> Vec<&'p Change> {
    let losing = plan
        .changes
        .iter()
        .filter(|change| change.reason == Reason::NotEnrolled && change.loses_access());
    let tied: Vec<(&Change, &String)> = losing
        .filter_map(|change| Some((change, records.get(change.mailbox, &change.device)?)))
        .collect();
    if tied.is_empty() {
        return Vec::new();
    }
    let present: HashSet<&str> = facts
        .inventory
        .enrollments
        .iter()
        .map(|enrollment| enrollment.record.as_str())
        .collect();
    tied.into_iter()
        .filter(|(_, record)| !present.contains(record.as_str()))
        .map(|(change, _)| change)
        .collect()
}

/// Whether `gone` of `of` records are too many to have vanished at once: more than 5, and more than 2 %.
#[must_use]
pub const fn is_mass_disappearance(gone: usize, of: usize) -> bool {
    gone > FEW && gone.saturating_mul(100) > of.saturating_mul(SMALL_PART)
}
