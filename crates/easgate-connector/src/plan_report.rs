//! What became of a plan from a file.

use easgate_model::{DeviceId, MailboxId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::config::Mode;
use crate::plan_file::PlanFile;
use crate::report::Report;

/// What became of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlanState {
    /// It was made, and the lists show it.
    Applied,
    /// The lists showed it before.
    Already,
    /// The lists are not as they were when the plan was made: it was skipped.
    Moved,
    /// What is known now does not want it any more: it was skipped.
    Unwanted,
    /// The guard holds it.
    Held,
    /// It had no effect.
    Failed,
    /// It may have been made, and the lists do not show it.
    Unknown,
    /// The run ended, or was paused, before it; carrying the plan out again goes on with it.
    NotTried,
}

impl PlanState {
    /// Every state, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Applied,
        Self::Already,
        Self::Moved,
        Self::Unwanted,
        Self::Held,
        Self::Failed,
        Self::Unknown,
        Self::NotTried,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Already => "already",
            Self::Moved => "moved",
            Self::Unwanted => "unwanted",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotTried => "notTried",
        }
    }
}

/// One change of the plan, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanResult {
    /// Whose lists.
    pub mailbox: MailboxId,
    /// The mailbox's address.
    pub address: String,
    /// The device.
    pub device: DeviceId,
    /// What became of it.
    pub state: PlanState,
    /// Why.
    pub detail: String,
}

/// What became of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanReport {
    /// The plan.
    pub plan: Uuid,
    /// The hash of its file.
    pub hash: String,
    /// What the organisation's mode is.
    pub mode: Mode,
    /// Every change of the file, in its order.
    pub results: Vec<PlanResult>,
    /// The run that carried it out; its counts are of the changes that could be made.
    pub run: Report,
}

impl PlanReport {
    pub(crate) fn new(file: &PlanFile, mode: Mode, results: Vec<PlanResult>, run: Report) -> Self {
        Self {
            plan: file.id(),
            hash: file.hash().to_owned(),
            mode,
            results,
            run,
        }
    }

    /// How many changes ended in `state`.
    #[must_use]
    pub fn count(&self, state: PlanState) -> usize {
        self.results.iter().filter(|result| result.state == state).count()
    }

    /// The exit code: 0 everything is as the plan wants it, 2 something failed or was skipped, 3 the guard held
    /// something or writing was paused, and everything else is done.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let any = |states: &[PlanState]| states.iter().any(|state| self.count(*state) > 0);
        let is_skipped = any(&[
            PlanState::Moved,
            PlanState::Unwanted,
            PlanState::Failed,
            PlanState::Unknown,
        ]);
        let is_broken = self.count(PlanState::NotTried) > 0 && !self.run.errors.is_empty();
        if is_skipped || is_broken {
            2
        } else if any(&[PlanState::Held, PlanState::NotTried]) {
            3
        } else if self.run.errors.is_empty() {
            0
        } else {
            2
        }
    }

    /// The report as one JSON object with stable names.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut counts = serde_json::Map::new();
        for state in PlanState::ALL {
            counts.insert(state.name().to_owned(), self.count(state).into());
        }
        let run = self.run.to_json();
        json!({
            "organization": self.run.organization,
            "plan": self.plan,
            "hash": self.hash,
            "mode": self.mode.name(),
            "changes": counts,
            "results": self.results.iter().map(PlanResult::to_json).collect::<Vec<_>>(),
            "errors": run["errors"],
            "warnings": run["warnings"],
            "durations_ms": run["durations_ms"],
            "server": run["server"],
        })
    }
}

impl PlanResult {
    fn to_json(&self) -> Value {
        json!({
            "mailbox": self.address,
            "device_id": self.device.as_str(),
            "state": self.state.name(),
            "detail": self.detail,
        })
    }
}
