//! What an administrator asks of our list entries: taking over, giving up, taking back, rolling back.
//!
//! Each has a plan that says what every device will effectively have and writes nothing, and a run that plans again
//! from fresh lists and carries it out. What changes a list goes the way of every change: guard, journal, audit,
//! confirmation. Only taking over asks what device management knows; the others work while it cannot be reached.

mod act;
mod claim;
mod convert;
mod look;
mod recheck;
mod report;

pub(crate) use convert::{planned_entry, stored_list};

pub use act::{PlannedUndo, RollBack, Undoing};
pub use claim::AdoptWish;
pub use report::UndoReport;

use easgate_store::{RunId, StoreError};

use crate::cycle::CycleError;
use crate::explain::ExplainError;

/// Why nothing was taken over, given up, taken back or rolled back.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum UndoError {
    #[error(transparent)]
    Cycle(#[from] CycleError),
    #[error("this organisation has no run {run}")]
    NoRun { run: RunId },
    #[error("the organisation is in mode observe, in which nothing is written to Exchange")]
    Observe,
    #[error("{doubt}")]
    Doubt { doubt: String },
    #[error("could not find the mailbox whose entries are meant")]
    Mailbox(#[source] ExplainError),
}

impl UndoError {
    /// What an administrator can do about it.
    #[must_use]
    pub fn cure(&self) -> Option<String> {
        match self {
            Self::Cycle(error) => error.cure(),
            Self::NoRun { .. } => Some("`easgate history` lists the runs".to_owned()),
            Self::Observe => Some(
                "set `mode = \"plan\"`: syncs write nothing in it either, and this is then allowed"
                    .to_owned(),
            ),
            Self::Doubt { .. } => Some("`easgate status` says how it ends".to_owned()),
            Self::Mailbox(_) => None,
        }
    }
}

impl From<StoreError> for UndoError {
    fn from(error: StoreError) -> Self {
        Self::Cycle(error.into())
    }
}
