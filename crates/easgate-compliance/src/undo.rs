//! Giving up, taking back, rolling back and taking over list entries, as plans.
//!
//! Nothing here asks what device management knows, but [`adopt`]: what each device has before and after is what
//! Exchange's own order gives it.

mod adopt;
mod release;
mod revert;
mod rollback;
mod scene;

pub use adopt::{AdoptFilter, Adoptable, Adoption, PassedOver, adopt};
pub use release::{Standing, release};
pub use revert::revert;
pub use rollback::{PastChange, rollback};

use std::fmt;

use easgate_model::{DeviceId, MailboxId};

use crate::{OwnedEntry, Plan};

/// What an undoing changes in Exchange and in the registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UndoPlan {
    /// The changes to make in Exchange, for the guard like those of any plan; its counts are empty.
    pub plan: Plan,
    /// Entries that the registry holds and the lists do not: they are only given up.
    pub missing: Vec<OwnedEntry>,
    /// What is left as it is, and why.
    pub skipped: Vec<Skipped>,
}

/// A device that an undoing leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Whose lists.
    pub mailbox: MailboxId,
    /// The address that people know the mailbox by; its Guid where the mailbox is not here.
    pub address: String,
    /// Which device.
    pub device: DeviceId,
    /// Why.
    pub why: SkippedBecause,
}

/// Why an undoing leaves a device as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SkippedBecause {
    /// The lists are not as the run left them, so somebody else has changed them.
    ChangedSince,
    /// A later run has changed the same device: that one is to be rolled back first.
    LaterRun,
    /// It is not known whether the change was carried out; the next sync finds out.
    OutcomeUnknown,
    /// The entry is not ours any more.
    NotOurs,
    /// The mailbox is not in this organisation any more.
    MailboxGone,
}

impl SkippedBecause {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChangedSince => "changedSince",
            Self::LaterRun => "laterRun",
            Self::OutcomeUnknown => "outcomeUnknown",
            Self::NotOurs => "notOurs",
            Self::MailboxGone => "mailboxGone",
        }
    }

    /// One sentence for people.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::ChangedSince => "Somebody else has changed the lists since.",
            Self::LaterRun => "A later run has changed the same device: roll that one back first.",
            Self::OutcomeUnknown => {
                "It is not known whether the change was carried out: the next sync finds out."
            }
            Self::NotOurs => "The entry is not ours any more.",
            Self::MailboxGone => "The mailbox is not in this organisation any more.",
        }
    }
}

impl fmt::Display for SkippedBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
