//! What a cycle is told about its organisation.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use easgate_compliance::{Limits, Policy};

use crate::precautions::Precautions;

/// What a cycle may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Read, decide and record; never write to Exchange.
    #[default]
    Observe,
    /// The same; the plan is for a person to carry out.
    Plan,
    /// Carry the plan out, under the guard.
    Enforce,
}

impl Mode {
    /// The name in the configuration and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Plan => "plan",
            Self::Enforce => "enforce",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mode {
    type Err = ParseModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Observe, Self::Plan, Self::Enforce]
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or_else(|| ParseModeError {
                text: text.to_owned(),
            })
    }
}

/// A text is not a mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a mode: observe, plan and enforce are")]
pub struct ParseModeError {
    text: String,
}

/// One organisation, as the configuration has it.
#[derive(Debug, Clone)]
pub struct OrganizationConfig {
    /// The name in the configuration, which is its key in the store.
    pub name: String,
    /// What a cycle may do.
    pub mode: Mode,
    /// How it decides.
    pub policy: Policy,
    /// How much it may change within 24 hours.
    pub limits: Limits,
    /// How many mailboxes may be changed at once, at least 1; each takes one of the account's shells.
    pub lanes: usize,
    /// How often a list is read at most, at least once, before a run ends without it. Lists that have arrived are kept
    /// meanwhile.
    pub tries: usize,
    /// The inputs that may be shorter in this run than the protection against short inputs lets through, by their
    /// stable names. Empty but for a run that an administrator starts so.
    pub accept_shrunken: BTreeSet<String>,
    /// What is done where the policy has nothing to say.
    pub precautions: Precautions,
}
