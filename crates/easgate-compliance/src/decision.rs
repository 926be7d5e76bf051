//! What is decided for one device of one mailbox.

use std::fmt;

use easgate_model::{DeviceId, MailboxId};

use crate::Reason;

/// What the policy wants for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// Mail flows, by an entry in the allow list.
    Allow,
    /// Refused.
    Block,
    /// Connected without content, by Exchange's own order; there is no list for it.
    Quarantine,
    /// Not decided by us: Exchange's own order applies, or things stay as they are.
    Untouched,
}

impl Access {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Block, Self::Quarantine, Self::Untouched];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
            Self::Quarantine => "quarantine",
            Self::Untouched => "untouched",
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is decided for one (mailbox, device id). About 80 bytes; clones no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The mailbox; `None` when the owner of the partnership has none here.
    pub mailbox: Option<MailboxId>,
    /// The id as the phone wrote it, or as our own entry holds it.
    pub device: DeviceId,
    /// The place in `facts.exchange.partnerships` of the partnership with the smallest Guid; `None` when only
    /// our own list entry is left.
    pub partnership: Option<usize>,
    /// How many partnerships share this decision.
    pub partnerships: usize,
    /// The place in `facts.inventory.enrollments` of the record that gave the verdict.
    pub enrollment: Option<usize>,
    /// What the policy wants.
    pub access: Access,
    /// Why.
    pub reason: Reason,
}
