//! How a loop stands, for whoever asks.

use std::time::Duration;

use time::OffsetDateTime;

use crate::kind::Kind;
use crate::schedule::Times;
use crate::service::{By, Role};

/// How the loop of one organisation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopStatus {
    /// The organisation.
    pub organization: String,
    /// Whether this node may write.
    pub role: Role,
    /// What runs.
    pub running: Vec<Running>,
    /// What waits.
    pub waiting: Vec<Kind>,
    /// When what is due by the schedule.
    pub next: Times,
    /// The schedule starts nothing until then.
    pub not_before: Option<OffsetDateTime>,
    /// How many runs in a row could not read everything.
    pub failures: u32,
    /// How many jobs have ended since the loop began.
    pub ended: u64,
    /// When the loop gave the last sign of life, by the clock's count.
    pub beat: Duration,
}

/// A job that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// Its kind.
    pub kind: Kind,
    /// Since when.
    pub since: OffsetDateTime,
    /// Who wanted it.
    pub by: By,
}

impl LoopStatus {
    pub(crate) fn new(organization: &str, beat: Duration) -> Self {
        Self {
            organization: organization.to_owned(),
            role: Role::Leader,
            running: Vec::new(),
            waiting: Vec::new(),
            next: Times::default(),
            not_before: None,
            failures: 0,
            ended: 0,
            beat,
        }
    }
}
