//! What is done where the policy has nothing to say.

use easgate_connector::{Precautions, UnknownEntries};

use crate::file::{RawPolicy, RawUnknownEntries};
use crate::text::RawDuration;

use super::Checks;

impl Checks<'_> {
    pub(super) fn precautions(&mut self, at: usize, raw: &RawPolicy) -> Precautions {
        Precautions {
            max_hold: self.span(at, "max_hold", raw.max_hold),
            unknown_entries: match raw.unknown_entries {
                RawUnknownEntries::Observe => UnknownEntries::Observe,
                RawUnknownEntries::Foreign => UnknownEntries::Foreign,
            },
        }
    }

    /// A time from one minute to ten years.
    fn span(&mut self, at: usize, key: &str, raw: RawDuration) -> time::Duration {
        let seconds = raw.0.as_secs();
        if !(60..=3650 * 86_400).contains(&seconds) {
            self.problem_in(at, "policy", key, "this is a time from 1m to 3650d");
        }
        time::Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}
