//! What a cycle tells at its end.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use easgate_compliance::Counts;
use easgate_model::escape;
use easgate_store::{Pause, RunResult, StoreError};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::config::{Mode, OrganizationConfig};
use crate::cycle::CycleError;
use crate::drift::DriftReport;
use crate::full_needed::FullNeeded;
use crate::gates::{HeldSummary, at};
use crate::hold_off::RetryAt;
use crate::kind::Kind;
use crate::latency::Latency;
use crate::override_effect::OverrideEffect;

/// What was seen, decided, changed and failed in one run, and how long it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The organisation's name in the configuration.
    pub organization: String,
    /// The kind of run.
    pub kind: Kind,
    /// What the run was allowed to do.
    pub mode: Mode,
    /// Whether the facts were read; if not, nothing was decided or changed.
    pub facts_read: bool,
    /// How many partnerships Exchange has.
    pub devices: u64,
    /// How many devices got which decision.
    pub decisions: DecisionCounts,
    /// How many devices got which reason, by the reason's stable name.
    pub reasons: BTreeMap<String, u64>,
    /// What became of the plan.
    pub changes: ChangeCounts,
    /// Planned changes that were left to another run, which decided by newer facts.
    pub replaced: u64,
    /// That somebody stopped all writing, before the run or while it wrote.
    pub paused: Option<Pause>,
    /// What the guard holds, under the ids by which people release it.
    pub held_plans: Vec<HeldSummary>,
    /// How many changes the guard held, by its stable name of the cause.
    pub held_by: BTreeMap<&'static str, u64>,
    /// List entries that are not ours.
    pub foreign: ForeignCounts,
    /// What others changed since the last full sync.
    pub drift: DriftReport,
    /// Partnerships that were matched with an enrolment or a user, and how many could have been.
    pub matched: (u64, u64),
    /// What could not be done.
    pub errors: Vec<ReportError>,
    /// What somebody should know, and that did not stop anything.
    pub warnings: Vec<String>,
    /// How long it took.
    pub durations: Durations,
    /// The endpoint that answered.
    pub server: Option<String>,
    /// How long changes took from when device management knew, in runs that look at what changed.
    pub latency: Option<Latency>,
    /// The same for each of these changes.
    pub took: Vec<Duration>,
    /// Why this run changed nothing and leaves everything to a full sync, which is to run now.
    pub full_needed: Option<FullNeeded>,
    /// What became of devices that people decided about, and of those whose override ended.
    pub overrides: Vec<OverrideEffect>,
}

/// How many devices got which decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DecisionCounts {
    /// To be allowed.
    pub allow: u64,
    /// To be blocked.
    pub block: u64,
    /// To wait in quarantine.
    pub quarantine: u64,
    /// To be left as they are.
    pub untouched: u64,
}

impl DecisionCounts {
    pub(crate) const fn of(counts: &Counts) -> Self {
        Self {
            allow: counts.allow,
            block: counts.block,
            quarantine: counts.quarantine,
            untouched: counts.untouched,
        }
    }
}

/// What became of the planned changes.
///
/// In mode enforce every planned change is applied, failed, held, paused, or replaced by what another run decided. In the other modes none is applied, and `held`
/// is what the guard would hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChangeCounts {
    /// Changes that make Exchange agree with the decisions.
    pub planned: u64,
    /// Changes that were made, and that the lists show.
    pub applied: u64,
    /// Changes that were refused, were not tried after the run had to stop, or that the lists do not show.
    pub failed: u64,
    /// Changes that the guard held.
    pub held: u64,
    /// Changes that were not made because somebody stopped all writing.
    pub paused: u64,
}

/// List entries that somebody else made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ForeignCounts {
    /// How many there are for devices that were decided.
    pub entries: u64,
    /// How many of them say the opposite of the decision.
    pub contradicting: u64,
}

/// Something that could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportError {
    /// The address of the mailbox, where it is about one.
    pub mailbox: Option<String>,
    /// The device, where it is about one.
    pub device: Option<String>,
    /// A stable name of what happened: `listFull`, `refused`, `unconfirmed`, `stopped`, `journal`, `facts`, `heldOff`.
    pub kind: &'static str,
    /// What happened, with its causes.
    pub message: String,
}

/// How long the parts of a run took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Durations {
    /// Reading.
    pub gather: Duration,
    /// Deciding, planning and guarding.
    pub decide: Duration,
    /// Changing and confirming.
    pub apply: Duration,
    /// Everything.
    pub total: Duration,
}

impl Report {
    /// A report of a run that has not seen anything yet.
    pub(crate) fn begin(config: &OrganizationConfig, kind: Kind) -> Self {
        Self {
            organization: config.name.clone(),
            kind,
            mode: config.mode,
            facts_read: false,
            devices: 0,
            decisions: DecisionCounts::default(),
            reasons: BTreeMap::new(),
            changes: ChangeCounts::default(),
            replaced: 0,
            paused: None,
            held_plans: Vec::new(),
            held_by: BTreeMap::new(),
            foreign: ForeignCounts::default(),
            drift: DriftReport::default(),
            matched: (0, 0),
            errors: Vec::new(),
            warnings: Vec::new(),
            durations: Durations::default(),
            server: None,
            latency: None,
            took: Vec::new(),
            full_needed: None,
            overrides: Vec::new(),
        }
    }

    /// The report of a run of this `kind` that ended with `error` before its first change.
    #[must_use]
    pub fn of_error(config: &OrganizationConfig, kind: Kind, error: &CycleError) -> Self {
        let what = match error {
            CycleError::Facts(_) => "facts",
            CycleError::Busy(_) => "busy",
            CycleError::Store(_) => "store",
        };
        let error = ReportError::of_run(what, chain(error));
        Self {
            errors: vec![error],
            ..Self::begin(config, kind)
        }
    }

    /// The report of a run that ended with `error` after it had changed what does not rest on what could not be read.
    pub(crate) fn that_ended(config: &OrganizationConfig, kind: Kind, error: &CycleError) -> Self {
        let mut report = Self::of_error(config, kind, error);
        if let (CycleError::Facts(unread), Some(told)) = (error, report.errors.first_mut()) {
            told.message = format!("nothing was decided by the policy: {}", chain(unread));
        }
        report.warnings.extend(error.cure());
        report
    }

    /// Adds what an earlier step of the same run did.
    pub(crate) fn takes(&mut self, earlier: Self) {
        let (all, more) = (&mut self.changes, &earlier.changes);
        all.planned += more.planned;
        all.applied += more.applied;
        all.failed += more.failed;
        all.held += more.held;
        all.paused += more.paused;
        self.replaced += earlier.replaced;
        for (by, changes) in earlier.held_by {
            *self.held_by.entry(by).or_default() += changes;
        }
        if self.held_plans.is_empty() {
            self.held_plans = earlier.held_plans;
        }
        self.paused = self.paused.take().or(earlier.paused);
        self.server = self.server.take().or(earlier.server);
        self.overrides.extend(earlier.overrides);
        self.errors.extend(earlier.errors);
        let warnings = earlier.warnings.into_iter();
        let new: Vec<_> = warnings.filter(|one| !self.warnings.contains(one)).collect();
        self.warnings.extend(new);
        self.durations.decide += earlier.durations.decide;
        self.durations.apply += earlier.durations.apply;
    }

    /// The report of a run that did not begin, because no server may be tried before its time.
    #[must_use]
    pub fn held_off(config: &OrganizationConfig, kind: Kind, until: &RetryAt) -> Self {
        let error = ReportError::of_run("heldOff", until.to_string());
        Self {
            errors: vec![error],
            ..Self::begin(config, kind)
        }
    }

    /// How the run ended, for the store.
    #[must_use]
    pub fn result(&self) -> RunResult {
        if !self.facts_read {
            RunResult::Unread
        } else if self.changes.failed > 0 || !self.errors.is_empty() {
            RunResult::Failed
        } else if self.mode == Mode::Enforce && self.changes.held > 0 && self.paused.is_none() {
            RunResult::Held
        } else {
            RunResult::Succeeded
        }
    }

    /// The exit code: 0 everything was done, 2 something failed, 3 the guard held changes, 4 the facts could not be
    /// read.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.result() {
            RunResult::Succeeded => 0,
            RunResult::Failed | RunResult::Interrupted => 2,
            RunResult::Held => 3,
            // A run that could not begin has not looked at the facts.
            RunResult::Unread if self.full_needed.is_some() => 4,
            RunResult::Unread if self.errors.iter().any(|error| error.kind != "facts") => 2,
            RunResult::Unread => 4,
        }
    }

    /// The report as one JSON object with stable names.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "organization": self.organization,
            "kind": self.kind.name(),
            "mode": self.mode.name(),
            "devices": self.devices,
            "decisions": {
                "allow": self.decisions.allow,
                "block": self.decisions.block,
                "quarantine": self.decisions.quarantine,
                "untouched": self.decisions.untouched,
            },
            "reasons": self.reasons,
            "changes": {
                "planned": self.changes.planned,
                "applied": self.changes.applied,
                "failed": self.changes.failed,
                "held": self.changes.held,
            },
            "paused": self.paused.as_ref().map(|pause| json!({
                "changes": self.changes.paused,
                "since": at(pause.since),
                "by": escape(&pause.by.name),
                "uid": pause.by.uid,
                "reason": escape(&pause.reason),
            })),
            "held_plans": self.held_plans.iter().map(|plan| plan.to_json(&self.organization)).collect::<Vec<_>>(),
            "replaced": self.replaced,
            "held_by": self.held_by,
            "foreign": { "entries": self.foreign.entries, "contradicting": self.foreign.contradicting },
            "drift": self.drift.to_json(),
            "match": { "matched": self.matched.0, "of": self.matched.1 },
            "errors": self.errors.iter().map(ReportError::to_json).collect::<Vec<_>>(),
            "warnings": self.warnings,
            "durations_ms": {
                "gather": millis(self.durations.gather),
                "decide": millis(self.durations.decide),
                "apply": millis(self.durations.apply),
                "total": millis(self.durations.total),
            },
            "server": self.server,
            "latency_ms": self.latency.map(|latency| json!({
                "changes": latency.changes,
                "p50": millis(latency.median),
                "p95": millis(latency.p95),
                "max": millis(latency.longest),
            })),
            "full_sync_needed": self.full_needed.as_ref().map(|needed| json!({
                "reason": needed.name(),
                "message": needed.to_string(),
            })),
            "overrides": self.overrides.iter().map(OverrideEffect::to_json).collect::<Vec<_>>(),
        })
    }
}

impl ReportError {
    /// One that is about the run, and about no single device.
    pub(crate) const fn of_run(kind: &'static str, message: String) -> Self {
        Self {
            mailbox: None,
            device: None,
            kind,
            message,
        }
    }

    /// That the store could not be read or written.
    pub(crate) fn of_store(error: &StoreError) -> Self {
        Self::of_run("store", chain(error))
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "kind": self.kind,
            "mailbox": self.mailbox.as_deref().map(escape),
            "device_id": self.device.as_deref().map(escape),
            "message": self.message,
        })
    }
}

/// An error and all of its causes in one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// A time as people and programs read it, to the second.
pub(crate) fn rfc3339(at: OffsetDateTime) -> String {
    let seconds = at.replace_nanosecond(0).unwrap_or(at);
    seconds.format(&Rfc3339).unwrap_or_else(|_| seconds.to_string())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
