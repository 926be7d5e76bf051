//! What is done where the policy has nothing to say.

use easgate_compliance::NewDevices;
use easgate_connector::{Precautions, UnknownEntries};

use crate::file::{RawPolicy, RawUnknownEntries};
use crate::overrides::RawUnreachable;
use crate::text::RawDuration;

use super::Checks;

impl Checks<'_> {
    pub(super) fn precautions(&mut self, at: usize, raw: &RawPolicy) -> Precautions {
        Precautions {
            max_hold: self.span(at, ("policy", "max_hold"), raw.max_hold),
            unknown_entries: match raw.unknown_entries {
                RawUnknownEntries::Observe => UnknownEntries::Observe,
                RawUnknownEntries::Foreign => UnknownEntries::Foreign,
            },
            new_devices: match raw.on_authority_unreachable {
                RawUnreachable::Hold => None,
                RawUnreachable::AllowNew => Some(NewDevices::Allow),
                RawUnreachable::QuarantineNew => Some(NewDevices::Quarantine),
            },
        }
    }

    /// A time from one minute to ten years.
    pub(crate) fn span(
        &mut self,
        at: usize,
        (section, key): (&str, &str),
        raw: RawDuration,
    ) -> time::Duration {
        let seconds = raw.0.as_secs();
        if !(60..=3650 * 86_400).contains(&seconds) {
            self.problem_in(at, section, key, "this is a time from 1m to 3650d");
        }
        time::Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}
