//! Durable state: what was decided, intended and done, and which list entries are ours.
//!
//! A [`Store`] is one SQLite file, or one database of a PostgreSQL server, for all organisations of a configuration.
//! [`Store::organization`] gives the view of one of them, which only reads; [`Organization::acquire`] gives its
//! [`Writer`], of which there is one at a time over all processes and nodes that share the store.
//!
//! What a run keeps here:
//!
//! - the binding to one Exchange organisation and one tenant ([`Writer::bind`]);
//! - the journal: an [`Intent`] is durable before its cmdlet is sent, its [`Outcome`] after ([`Writer::intend_unless_paused`],
//!   [`Writer::settle`]); intents without an outcome are found again after a crash;
//! - the ownership registry, which changes in the same transaction as the outcome ([`OwnedEntry`]);
//! - devices last seen, with what was decided ([`DeviceRow`]);
//! - what the runs know between them, and what of it changed and has not been acted upon ([`Lesson`], [`Work`]);
//! - watermarks ([`Marks`]);
//! - runs, and what the last good one saw ([`Baseline`]);
//! - that Exchange refused the account ([`Refusal`]);
//! - a mode that stands above the configured one ([`ForcedMode`]);
//! - what others changed in Exchange ([`DriftRow`]);
//! - the emergency stop ([`Pause`]), what the guard held and what people said to it ([`HeldPlan`]), what people
//!   decided about single devices ([`StoredOverride`]), and devices whose record vanished ([`Tombstone`]);
//! - the audit, a chain of records that each of these writes to in its own transaction ([`AuditEvent`]).
//!
//! **Invariants.** No clock: every time is an argument. No decision: what the rows mean is the caller's.
//! IMEI and phone number have no column.

mod audit;
mod baseline;
mod binding;
mod caution;
mod claims;
mod convert;
mod devices;
mod digests;
mod drift;
mod figures;
mod forced;
mod held;
mod history;
mod installation;
mod journal;
mod known;
mod last_runs;
mod lease;
mod location;
mod lock;
mod maintain;
mod marks;
mod migrate;
mod open;
mod organization;
mod outage;
mod overrides;
mod owned;
mod pause;
mod plans;
mod prune;
mod rebuilt;
mod refusal;
mod removals;
mod retries;
mod runs;
mod statement;
mod superseded;
mod tombstones;
mod window;
mod write;

pub use audit::{
    Actor, Anchor, AnchorError, AuditAction, AuditEvent, AuditHash, AuditHead, AuditKey, AuditLine,
    AuditRecord, ChainCheck, Checkpoint, Fault, FaultKind, LineError, ParseHeadError, Verdict, Voucher,
    Witness,
};
pub use baseline::{Baseline, ServerSeen};
pub use binding::{BindError, Bound};
pub use caution::{Caution, CautionKind};
pub use claims::TakenOver;
pub use devices::{DeviceCursor, DeviceFilter, DevicePage, DeviceRow, StoredDevice};
pub use drift::{Acknowledged, DriftId, DriftRow, DriftSeen, Look, Observed};
pub use figures::Tallies;
pub use forced::ForcedMode;
pub use held::{HeldPlan, HeldRow, HeldState, HeldVerdict, Said};
pub use installation::Installation;
pub use journal::{Edit, Effect, Intent, IntentId, JournalEntry, JournalError, Outcome};
pub use known::{KnownPartnership, Learned, Lesson, Rows, Work};
pub use last_runs::LastRun;
pub use lease::{Holder, Lease, LeaseError, Lost};
pub use location::{Location, LocationError};
pub use maintain::{Holdings, RestoreError};
pub use marks::Marks;
pub use migrate::CopyError;
pub use open::{OpenError, Store};
pub use organization::{Organization, StoreError, Writer};
pub use outage::Outage;
pub use overrides::{NewOverride, OverrideEnd, OverrideId, StoredOverride};
pub use owned::{List, OwnedEntry, OwnedRow};
pub use pause::{IntendError, Pause};
pub use prune::{Prune, Pruned};
pub use rebuilt::{Rebuild, RebuildError, Recorded};
pub use refusal::Refusal;
pub use retries::Retry;
pub use runs::{Finish, Run, RunId, RunResult};
pub use tombstones::Tombstone;
pub use window::Window;

#[cfg(test)]
mod anchor_tests;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod postgres_tests;
#[cfg(test)]
mod sqlite_tests;
