//! The id of a decision: the same facts give the same id, on any machine and in any run.

use easgate_model::{AccessLevel, DeviceId, MailboxId, OrganizationId};
use uuid::Uuid;

use crate::{Access, Facts, ListEdit, Reason};

/// The namespace of decision ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x8b1d_7c60_5d0e_4a52_9f43_2f6a_9c3e_71d4);

/// What a decision id is made of.
pub(crate) struct Deciding<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) mailbox: MailboxId,
    pub(crate) device: &'a DeviceId,
    pub(crate) access: Access,
    pub(crate) reason: Reason,
    pub(crate) enrollment: Option<usize>,
    pub(crate) without_us: AccessLevel,
}

impl Deciding<'_> {
    /// The id, a UUID of version 5.
    pub(crate) fn id(&self) -> Uuid {
        let record = self
            .enrollment
            .and_then(|at| self.facts.inventory.enrollments.get(at));
        let text = format!(
            "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}",
            self.facts.exchange.settings.id,
            self.mailbox,
            self.device.as_str().to_ascii_lowercase(),
            self.access,
            self.reason,
            record.map_or("", |record| &record.record),
            record.map_or("", |record| record.compliance.name()),
            self.without_us,
        );
        Uuid::new_v5(&NAMESPACE, text.as_bytes())
    }
}

/// The id of an undoing: the same edits of the same device have the same one.
pub(crate) fn undoing(
    organization: OrganizationId,
    mailbox: MailboxId,
    device: &DeviceId,
    reason: Reason,
    (allow, block): (ListEdit, ListEdit),
) -> Uuid {
    let word = |edit| match edit {
        ListEdit::Keep => "keep",
        ListEdit::Add => "add",
        ListEdit::Remove => "remove",
    };
    let device = device.as_str().to_ascii_lowercase();
    let text = format!(
        "{organization}\n{mailbox}\n{device}\n{reason}\n{}\n{}",
        word(allow),
        word(block)
    );
    Uuid::new_v5(&NAMESPACE, text.as_bytes())
}
