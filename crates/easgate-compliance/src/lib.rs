//! The mapper: facts in, access decisions with a trace out, changes out, and a guard against mass lock-out.
//!
//! ```text
//! decide(facts, policy, ownership)        -> one Decision for each (mailbox, device id)
//! plan(facts, decisions, ownership, policy) -> the Changes that make Exchange agree
//! guard(plan, limits, window, figures)    -> which of them may go now, and which are held
//! explain(facts, policy, ownership, ..)   -> the same decision, with every step that led to it
//! vanished(facts, plan, records)          -> which changes rest on a record that is gone
//! release, revert, rollback, adopt        -> what is given up, taken back, restored or taken over, as plans
//! ```
//!
//! **Invariants.** No clock, no I/O, no randomness, and no crate of ours but `easgate-model`. `explain` runs the
//! code of `decide`. Only entries that the [`Ownership`] holds are ever removed. Facts that are unread, ambiguous
//! or unevaluated never take access.

mod decide;
mod decision;
mod default_level;
mod drift;
mod exceptions;
mod explain;
mod facts;
mod guard;
mod identity;
mod index;
mod lists;
mod plan;
mod policy;
mod reason;
mod trace;
mod undo;
mod vanished;

pub use decide::decide;
pub use decision::{Access, Decision};
pub use default_level::governed_by_default;
pub use drift::{Drift, LastKnown, Setting, drift};
pub use exceptions::{ByDevice, ByHand, Exceptions, NewDevices, Override, Unreachable};
pub use explain::{Explanation, NearMiss, PredictedAccess, explain};
pub use facts::{ExchangeFacts, Facts, List, OwnedEntry, Ownership};
pub use guard::{
    Figures, GuardVerdict, HeldBy, HeldChange, Limits, Released, ScopeFigures, Threshold, Window, guard,
};
pub use plan::{Change, Counts, ForeignEntry, ListEdit, MatchRate, Plan, plan};
pub use policy::{ConfigManagerMeans, DeviceClass, ForeignAllow, PlatformException, Policy, Unmanaged};
pub use reason::{Reason, Unevaluated};
pub use trace::{Answer, Question, Step};
pub use undo::{
    AdoptFilter, Adoptable, Adoption, PassedOver, PastChange, Skipped, SkippedBecause, Standing, UndoPlan,
    adopt, release, revert, rollback,
};
pub use vanished::{is_mass_disappearance, vanished};

#[cfg(test)]
mod tests;
