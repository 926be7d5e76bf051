//! What is done otherwise than by the facts: what people decide about single devices, and what new devices get while device
//! management cannot be asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Duration;

use crate::resolve::Checks;
use crate::text::RawDuration;

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawOverrides {
    /// For how long `easgate allow` lets a device in when it is not told.
    pub(crate) usual: RawDuration,
    /// The longest time that `easgate allow` takes; a block may be without end.
    pub(crate) longest: RawDuration,
}

impl Default for RawOverrides {
    fn default() -> Self {
        Self {
            usual: RawDuration::seconds(24 * 3600),
            longest: RawDuration::seconds(7 * 86_400),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawUnreachable {
    /// Nothing: every device stays as it is, and new ones get what Exchange gives by itself.
    Hold,
    /// A device that no sync has seen is let in.
    AllowNew,
    /// A device that no sync has seen is quarantined where Exchange does so by itself, else blocked.
    QuarantineNew,
}

/// For how long a device may be let in by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverrideTimes {
    /// For how long when nobody says.
    pub usual: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Checks<'_> {
    pub(crate) fn override_times(&mut self, at: usize, raw: &RawOverrides) -> OverrideTimes {
        if raw.usual.0 > raw.longest.0 {
            let message = format!("`usual` is at most `longest`, which is \"{}\"", raw.longest);
            self.problem_in(at, "overrides", "usual", message);
        }
        OverrideTimes {
            usual: self.span(at, ("overrides", "usual"), raw.usual),
            longest: self.span(at, ("overrides", "longest"), raw.longest),
        }
    }
}
