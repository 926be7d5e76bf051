//! What is done where the policy has nothing to say.

use std::fmt;
use std::str::FromStr;

use time::Duration;

/// The precautions of one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precautions {
    /// What is done while device management cannot be asked.
    pub on_authority_unreachable: FailMode,
    /// For how long the facts may be unread before somebody is told that it is too long. Changes nothing by itself.
    pub max_hold: Duration,
    /// For how long a device may be allowed by hand.
    pub max_override: Duration,
}

impl Default for Precautions {
    /// Hold everything; 72 hours; 30 days.
    fn default() -> Self {
        Self {
            on_authority_unreachable: FailMode::Hold,
            max_hold: Duration::hours(72),
            max_override: Duration::days(30),
        }
    }
}

/// What is done while device management cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FailMode {
    /// Nothing: every device stays as it is.
    #[default]
    Hold,
    /// Devices that no run has seen before are let in; the others stay as they are.
    AllowNew,
    /// Devices that no run has seen before are quarantined; the others stay as they are.
    QuarantineNew,
}

impl FailMode {
    /// The name in the configuration and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::AllowNew => "allow-new",
            Self::QuarantineNew => "quarantine-new",
        }
    }
}

impl fmt::Display for FailMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FailMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Hold, Self::AllowNew, Self::QuarantineNew]
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or(())
    }
}
