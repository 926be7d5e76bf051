//! One change.

use easgate_model::{AccessLevel, DeviceId, MailboxId};
use uuid::Uuid;

use crate::lists::strictness;
use crate::{Access, Reason};

/// What happens to one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListEdit {
    /// Nothing.
    Keep,
    /// The id is added.
    Add,
    /// Our entry is removed.
    Remove,
}

/// One change to make in Exchange: it leaves nothing to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose lists.
    pub mailbox: MailboxId,
    /// The address that people know the mailbox by; its name where it has none.
    pub address: String,
    /// The id as the phone wrote it, or as our own entry holds it where the phone is gone.
    pub device: DeviceId,
    /// What the policy wants.
    pub access: Access,
    /// Why.
    pub reason: Reason,
    /// What happens to the allow list.
    pub allow: ListEdit,
    /// What happens to the block list.
    pub block: ListEdit,
    /// What Exchange's own order gives the device now.
    pub before: AccessLevel,
    /// What it gives the device once the change is made.
    pub after: AccessLevel,
    /// Whether device management reports the device as compromised.
    pub compromised: bool,
    /// The same facts give the same id.
    pub decision_id: Uuid,
}

impl Change {
    /// Whether mail flows now, and will not.
    #[must_use]
    pub fn loses_access(&self) -> bool {
        self.before == AccessLevel::Allow && self.after != AccessLevel::Allow
    }

    /// Whether mail does not flow now, and will.
    #[must_use]
    pub fn gains_access(&self) -> bool {
        self.before != AccessLevel::Allow && self.after == AccessLevel::Allow
    }

    /// Whether entries of ours are taken back, and nobody's access changes by that now.
    #[must_use]
    pub fn only_removes(&self) -> bool {
        let removes = self.allow == ListEdit::Remove || self.block == ListEdit::Remove;
        let adds = self.allow == ListEdit::Add || self.block == ListEdit::Add;
        removes && !adds && !self.loses_access() && !self.gains_access()
    }

    /// Whether the change refuses more than is refused now: a stricter level, a new block entry, or the end of
    /// an allow entry on which access rests.
    #[must_use]
    pub fn restricts(&self) -> bool {
        strictness(self.after) > strictness(self.before)
            || self.block == ListEdit::Add
            || (self.allow == ListEdit::Remove && self.after != AccessLevel::Allow)
    }
}
