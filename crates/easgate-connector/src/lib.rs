//! The engine: one organisation's cycle from what Exchange and device management know to lists that agree.
//!
//! - [`Cycle::full_sync`] gathers, decides, guards, applies and reports; [`Cycle::plan`] and [`Cycle::explain`]
//!   stop before anything is written; [`status()`] asks the store alone.
//! - [`ports`] are what a cycle needs of the world outside; [`adapters`] are the real ones.
//!
//! **Invariants.** No write to Exchange before every read has succeeded; none before its intent is durable; none in
//! a mode other than enforce, but what an administrator undoes by hand. Decisions are made in `easgate-compliance` alone. Nothing that a cycle holds can wipe
//! or forget a device. Time comes from a [`Clock`].

pub mod adapters;
mod apply;
mod clock;
mod config;
mod confirm;
mod cycle;
mod drift;
mod explain;
mod figures;
mod forced;
mod full_needed;
mod gate;
mod gates;
mod gather;
mod hold_off;
mod in_use;
mod inputs;
mod kind;
mod lanes;
mod latency;
pub mod leadership;
mod lists;
mod overdue;
mod override_effect;
mod ownership;
mod pace;
mod plan_file;
mod plan_report;
pub mod ports;
mod precautions;
mod progress;
mod queue;
mod record;
mod recovery;
mod report;
mod retries;
mod retry;
pub mod schedule;
pub mod service;
mod stand_ins;
mod status;
mod watched;

pub use clock::{Clock, SystemClock};
pub use config::{Mode, OrganizationConfig, ParseModeError};
pub use cycle::{ApplyPlanError, Cycle, CycleError, Planned, Rebuilt};
pub use drift::{DriftReport, seen_json};
pub use explain::{ExplainError, Explained};
pub use figures::{Figures, figures};
pub use full_needed::FullNeeded;
pub use gates::{Gates, HeldSummary, Standing, standing};
pub use gather::FactsError;
pub use hold_off::{RetryAt, next_try};
pub use in_use::InUse;
pub use inputs::{ShortInput, short_inputs};
pub use kind::Kind;
pub use latency::Latency;
pub use lists::list_change;
pub use overdue::{Expected, Overdue, overdue};
pub use override_effect::OverrideEffect;
pub use ownership::{AdoptWish, PlannedUndo, RollBack, UndoError, UndoReport, Undoing};
pub use plan_file::{FileChange, PlanFile, PlanFileError};
pub use plan_report::{PlanReport, PlanResult, PlanState};
pub use precautions::{Precautions, UnknownEntries};
pub use progress::{Phase, Progress, ProgressSink, Silent};
pub use queue::WriteQueue;
pub use report::{ChangeCounts, DecisionCounts, Durations, ForeignCounts, Report, ReportError, chain};
pub use retries::{RetryFigures, next_retry, put_off, put_off_due};
pub use stand_ins::stand_ins;
pub use status::{ConnectionState, Status, status};
