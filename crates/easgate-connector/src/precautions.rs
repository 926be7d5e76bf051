//! What is done where the policy has nothing to say.

use time::Duration;

/// The precautions of one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precautions {
    /// For how long the facts may be unread before somebody is told that it is too long. Changes nothing by itself.
    pub max_hold: Duration,
}

impl Default for Precautions {
    /// 72 hours.
    fn default() -> Self {
        Self {
            max_hold: Duration::hours(72),
        }
    }
}
