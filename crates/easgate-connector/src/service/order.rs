//! What a person asks a service for besides syncs.

use std::fmt;

use crate::ownership::{AdoptWish, RollBack, Undoing};

/// A command that needs the right to write, for the service that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub what: Ordered,
    /// Who says so, by the name that was given.
    pub by: Option<String>,
}

/// What to do.
#[derive(Clone, PartialEq, Eq)]
pub enum Ordered {
    /// Take entries over.
    Adopt(AdoptWish),
    /// Give every entry up.
    Release,
    /// Take entries back, or roll back.
    Undo(Undoing),
    /// Carry out a plan.
    Apply {
        /// The text of the file.
        file: String,
    },
}

impl Ordered {
    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Adopt(_) => "adopt",
            Self::Release => "release",
            Self::Undo(Undoing::Revert) => "revert",
            Self::Undo(Undoing::Rollback(RollBack::Run(_) | RollBack::Since(_))) => "rollback",
            Self::Apply { .. } => "apply",
        }
    }
}

impl fmt::Debug for Ordered {
    /// A plan is long, and names people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
