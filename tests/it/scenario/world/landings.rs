//! What an edit meant for a phone when it landed.

use std::collections::BTreeSet;

use easgate_exchange::ListChange;
use easgate_model::{AccessState, DeviceId, MailboxId};
use time::OffsetDateTime;

use super::State;

/// Who edits lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hand {
    /// The easgate whose store it is all about.
    Ours,
    /// Another easgate, with a store of its own.
    Rival,
    /// An administrator.
    Person,
}

/// A command as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    at: OffsetDateTime,
    hand: Hand,
    /// Whether the newest facts allowed each device then; `None` where they left it open.
    verdicts: Vec<(DeviceId, Option<bool>)>,
    /// When it lands, where it is late and that is known.
    due: Option<OffsetDateTime>,
}

/// What an edit meant for one phone.
#[derive(Debug, Clone)]
pub(crate) struct Landing {
    /// When it was sent.
    pub(crate) at: OffsetDateTime,
    pub(crate) hand: Hand,
    pub(crate) mailbox: MailboxId,
    pub(crate) address: String,
    pub(crate) device: DeviceId,
    pub(crate) before: AccessState,
    pub(crate) after: AccessState,
    /// Whether a block entry was taken back.
    pub(crate) unblocked: bool,
    /// Whether the newest complete facts allowed it when it was sent; `None` where they left it open, and where
    /// somebody decided by hand.
    pub(crate) verdict: Option<bool>,
}

impl State {
    /// Lets everything land that is still on its way.
    pub(crate) fn deliver(&mut self) {
        for (sent, change) in std::mem::take(&mut self.on_the_way) {
            self.land(&change, sent);
        }
    }

    /// Lets everything land whose time has come.
    pub(crate) fn deliver_due(&mut self) {
        let now = self.now;
        let is_due = |sent: &Sent| sent.due.is_some_and(|due| due <= now);
        let (due, waiting) = std::mem::take(&mut self.on_the_way)
            .into_iter()
            .partition(|(sent, _)| is_due(sent));
        self.on_the_way = waiting;
        for (sent, change) in due {
            self.land(&change, sent);
        }
    }

    /// Takes a command in.
    pub(super) fn sent(&mut self, change: &ListChange) -> Sent {
        let is_by_hand = |device: &DeviceId| self.by_hand.contains(&super::entry(change.mailbox, "", device));
        let sent = devices(change);
        match self.stopped {
            None => self.under_way = sent,
            Some((_, true)) if sent.iter().all(is_by_hand) => {}
            Some(_) if sent == self.under_way => {}
            Some((why, _)) => {
                let line = format!("P7: {:?} wrote although {why}", self.hand);
                self.lawless.push(line);
            }
        }
        let mailbox = self.mailboxes.iter().find(|one| one.id == change.mailbox);
        let mailbox = mailbox.expect("it was listed");
        let verdict = |device: DeviceId| {
            let by_hand = self.by_hand.contains(&super::entry(mailbox.id, "", &device));
            let facts = self.newest.as_ref().filter(|_| !by_hand);
            let verdict = facts.and_then(|facts| crate::model::verdict(facts, mailbox, &device));
            (device, verdict)
        };
        Sent {
            at: self.now,
            hand: self.hand,
            verdicts: devices(change).into_iter().map(verdict).collect(),
            due: self.delay.map(|delay| self.now + delay),
        }
    }

    /// Carries a command out, and notes what it meant.
    pub(super) fn land(&mut self, change: &ListChange, sent: Sent) {
        let access = |state: &Self, device: &DeviceId| state.access(change.mailbox, device);
        let devices = sent.verdicts.iter();
        let before: Vec<_> = devices.map(|(device, _)| access(self, device)).collect();
        self.edit(change, sent.hand);
        let mailbox = self.mailboxes.iter().find(|one| one.id == change.mailbox);
        let address = mailbox.expect("it was edited").name.clone();
        for ((device, verdict), before) in sent.verdicts.into_iter().zip(before) {
            let after = access(self, &device);
            self.landings.push(Landing {
                at: sent.at,
                hand: sent.hand,
                mailbox: change.mailbox,
                address: address.clone(),
                unblocked: change.remove_blocked.contains(&device),
                device,
                before,
                after,
                verdict,
            });
        }
    }
}

/// The devices that a command is about.
fn devices(change: &ListChange) -> BTreeSet<DeviceId> {
    let lists = [
        &change.add_allowed,
        &change.remove_allowed,
        &change.add_blocked,
        &change.remove_blocked,
    ];
    lists.into_iter().flatten().cloned().collect()
}
