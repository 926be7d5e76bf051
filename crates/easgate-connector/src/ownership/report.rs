//! What became of a taking over, giving up, taking back or rolling back.

use std::collections::BTreeMap;
use std::time::Duration;

use easgate_store::{Finish, ForcedMode, RunId, RunResult, Writer};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::apply::Applied;
use crate::cycle::{CycleError, end_run, rows};
use crate::gates::{HeldSummary, paused};
use crate::report::{ChangeCounts, ReportError, chain};

use super::PlannedUndo;

/// What was done, what failed and what was held.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoReport {
    /// The organisation's name in the configuration.
    pub organization: String,
    /// The kind of run: `adopt`, `release`, `revert` or `rollback`.
    pub kind: &'static str,
    /// The run.
    pub run: RunId,
    /// What became of the changes of lists.
    pub changes: ChangeCounts,
    /// How many changes the guard held, by its stable name of the cause.
    pub held_by: BTreeMap<&'static str, u64>,
    /// What the guard holds, under the ids by which people release it.
    pub held_plans: Vec<HeldSummary>,
    /// How many entries were taken over or given up without a change of a list.
    pub entries: u64,
    /// How many devices were left as they are.
    pub skipped: u64,
    /// The mode that the organisation is kept in from now on.
    pub forced: Option<ForcedMode>,
    /// What could not be done.
    pub errors: Vec<ReportError>,
    /// How long it took.
    pub took: Duration,
    /// The endpoint that answered.
    pub server: Option<String>,
    /// Whether the run ended before Exchange was read.
    unread: bool,
}

impl UndoReport {
    pub(super) fn begin(organization: &str, kind: &'static str, run: RunId) -> Self {
        Self {
            organization: organization.to_owned(),
            kind,
            run,
            changes: ChangeCounts::default(),
            held_by: BTreeMap::new(),
            held_plans: Vec::new(),
            entries: 0,
            skipped: 0,
            forced: None,
            errors: Vec::new(),
            took: Duration::ZERO,
            server: None,
            unread: false,
        }
    }

    pub(super) fn describe(&mut self, planned: &PlannedUndo) {
        self.changes.planned = rows(&planned.undo.plan.changes);
        self.skipped = rows(&planned.undo.skipped);
        for held in &planned.verdict.held {
            *self.held_by.entry(held.by.name()).or_default() += 1;
        }
        if !planned.verdict.held.is_empty() {
            // All or nothing: a half of an undoing is a state that nobody asked for.
            self.changes.held = self.changes.planned;
        }
    }

    pub(super) fn failed_with(&mut self, error: &CycleError) {
        self.unread = matches!(error, CycleError::Facts(_));
        let kind = if self.unread { "facts" } else { "store" };
        self.errors.push(ReportError::of_run(kind, chain(error)));
    }

    /// Notes what became of the changes.
    pub(super) fn applied(&mut self, applied: Applied) {
        self.changes.applied = rows(&applied.changes);
        self.changes.failed = applied.failed;
        self.changes.paused = applied.paused;
        self.errors.extend(applied.errors);
        let pause = applied
            .pause
            .map(|pause| ReportError::of_run("paused", paused(&pause)));
        self.errors.extend(pause);
    }

    /// Writes the end of the run. When even that fails, the report says so.
    pub(super) async fn finish(&mut self, writer: &Writer, now: OffsetDateTime) {
        let finish = Finish {
            at: now,
            result: self.result(),
            server: self.server.clone(),
            figures: self.to_json(),
            baseline: None,
        };
        self.errors.extend(end_run(writer, self.run, &finish).await);
    }

    /// How the run ended.
    #[must_use]
    pub fn result(&self) -> RunResult {
        if self.unread {
            RunResult::Unread
        } else if self.changes.failed > 0 || !self.errors.is_empty() {
            RunResult::Failed
        } else if self.changes.held > 0 {
            RunResult::Held
        } else {
            RunResult::Succeeded
        }
    }

    /// The exit code: 0 everything was done, 2 something failed, 3 the guard held it, 4 Exchange could not be read.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.result() {
            RunResult::Succeeded => 0,
            RunResult::Failed | RunResult::Interrupted => 2,
            RunResult::Held => 3,
            RunResult::Unread => 4,
        }
    }

    /// The report as one JSON object with stable names.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "organization": self.organization,
            "kind": self.kind,
            "run": self.run.0,
            "result": self.result().name(),
            "changes": {
                "planned": self.changes.planned,
                "applied": self.changes.applied,
                "failed": self.changes.failed,
                "held": self.changes.held,
            },
            "held_by": self.held_by,
            "held_plans": self.held_plans.iter().map(|plan| plan.to_json(&self.organization)).collect::<Vec<_>>(),
            "entries": self.entries,
            "skipped": self.skipped,
            "forced_mode": self.forced.as_ref().map(|forced| &forced.mode),
            "errors": self.errors.iter().map(ReportError::to_json).collect::<Vec<_>>(),
            "duration_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            "server": self.server,
        })
    }
}
