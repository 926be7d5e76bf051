//! For how long the store remembers.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::Key;
use crate::resolve::Checks;
use crate::text::RawDuration;

const DAY: u64 = 86_400;

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawRetention {
    /// How long runs and their changes are kept, and held plans, overrides and drift after their end. What is open, and what an entry
    /// of ours comes from, stays. A run that is forgotten cannot be rolled back. At least 30 days.
    pub(crate) history: RawDuration,
    /// How long a device is kept that has vanished from Exchange. At least 7 days.
    pub(crate) vanished_devices: RawDuration,
}

impl Default for RawRetention {
    fn default() -> Self {
        Self {
            history: RawDuration::seconds(400 * DAY),
            vanished_devices: RawDuration::seconds(90 * DAY),
        }
    }
}

/// For how long the store remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Runs and their changes, and what has ended.
    pub history: Duration,
    /// Devices that have vanished.
    pub vanished_devices: Duration,
}

impl Checks<'_> {
    pub(crate) fn retention(&mut self, raw: &RawRetention) -> Retention {
        for (key, value, days) in [
            ("history", raw.history, 30),
            ("vanished_devices", raw.vanished_devices, 7),
        ] {
            if value.0.as_secs() < days * DAY {
                let path = [Key::Name("retention"), Key::Name(key)];
                self.problem(&path, format!("`{key}` is at least \"{days}d\""));
            }
        }
        Retention {
            history: raw.history.0,
            vanished_devices: raw.vanished_devices.0,
        }
    }
}
