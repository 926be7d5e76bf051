//! What an edit meant for a phone when it landed.

use std::collections::BTreeSet;

use easgate_exchange::ListChange;
use easgate_model::{AccessState, DeviceId, MailboxId};
use time::OffsetDateTime;

use super::State;

/// What an edit of ours meant for one phone.
#[derive(Debug, Clone)]
pub(crate) struct Landing {
    /// When it was sent.
    pub(crate) at: OffsetDateTime,
    /// Whether it landed long after.
    pub(crate) late: bool,
    pub(crate) mailbox: MailboxId,
    pub(crate) address: String,
    pub(crate) device: DeviceId,
    pub(crate) before: AccessState,
    pub(crate) after: AccessState,
    /// Whether the newest complete facts allowed it; `None` where they left it open.
    pub(crate) verdict: Option<bool>,
}

impl State {
    /// Lets everything land that is still on its way.
    pub(crate) fn deliver(&mut self) {
        for (at, change) in std::mem::take(&mut self.on_the_way) {
            self.land(&change, at, true);
        }
    }

    /// Carries a command out, and notes what it meant.
    pub(super) fn land(&mut self, change: &ListChange, at: OffsetDateTime, late: bool) {
        let lists = [
            &change.add_allowed,
            &change.remove_allowed,
            &change.add_blocked,
            &change.remove_blocked,
        ];
        let devices: BTreeSet<DeviceId> = lists.into_iter().flatten().cloned().collect();
        let access = |state: &Self, device: &DeviceId| state.access(change.mailbox, device);
        let before: Vec<_> = devices.iter().map(|device| access(self, device)).collect();
        self.edit(change);
        for (device, before) in devices.into_iter().zip(before) {
            let after = access(self, &device);
            let mailbox = self.mailboxes.iter().find(|one| one.id == change.mailbox);
            let mailbox = mailbox.expect("it was edited");
            let verdict = self
                .newest
                .as_ref()
                .and_then(|facts| crate::model::verdict(facts, mailbox, &device));
            self.landings.push(Landing {
                at,
                late,
                mailbox: change.mailbox,
                address: mailbox.name.clone(),
                device,
                before,
                after,
                verdict,
            });
        }
    }
}
