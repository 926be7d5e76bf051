//! Exchange's lists, ready to be asked what an edit gives a device.

use std::collections::HashMap;

use easgate_model::{AccessLevel, DeviceId, DistinguishedName, Mailbox, MailboxId, Partnership};

use crate::identity::undoing;
use crate::index::MailboxesById;
use crate::lists::{Lists, Order, evaluate_with};
use crate::{Access, Change, ExchangeFacts, ListEdit, Ownership, Reason};

use super::{Skipped, SkippedBecause};

pub(super) struct Scene<'a> {
    exchange: &'a ExchangeFacts,
    ownership: &'a Ownership,
    mailboxes: MailboxesById<'a>,
    partnerships: HashMap<(&'a DistinguishedName, &'a DeviceId), Vec<&'a Partnership>>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(exchange: &'a ExchangeFacts, ownership: &'a Ownership) -> Self {
        let mut partnerships: HashMap<_, Vec<&Partnership>> = HashMap::new();
        for partnership in &exchange.partnerships {
            partnerships
                .entry((&partnership.owner, &partnership.device_id))
                .or_default()
                .push(partnership);
        }
        Self {
            exchange,
            ownership,
            mailboxes: MailboxesById::new(&exchange.mailboxes),
            partnerships,
        }
    }

    pub(super) fn mailbox(&self, id: MailboxId) -> Option<&'a Mailbox> {
        self.mailboxes.get(id)
    }

    /// What the lists hold for the device.
    pub(super) fn lists(&self, mailbox: &Mailbox, device: &DeviceId) -> Lists {
        Lists::read(mailbox, device, self.ownership)
    }

    /// What Exchange's own order gives the device with these entries in the lists.
    pub(super) fn level(&self, mailbox: &Mailbox, device: &DeviceId, lists: Lists) -> AccessLevel {
        let partnerships = self.partnerships.get(&(&mailbox.distinguished_name, device));
        let partnerships = partnerships.into_iter().flatten().copied();
        evaluate_with(self.exchange, mailbox, partnerships, lists, Order::Whole).level
    }

    /// The change that makes these edits.
    pub(super) fn change(
        &self,
        mailbox: &Mailbox,
        device: &DeviceId,
        edits: (ListEdit, ListEdit),
        why: (Access, Reason),
    ) -> Change {
        let lists = self.lists(mailbox, device);
        let ((allow, block), (access, reason)) = (edits, why);
        Change {
            mailbox: mailbox.id,
            address: mailbox.title(),
            device: device.clone(),
            access,
            reason,
            allow,
            block,
            before: self.level(mailbox, device, lists),
            after: self.level(mailbox, device, lists.edited(allow, block)),
            compromised: false,
            decision_id: undoing(self.exchange.settings.id, mailbox.id, device, reason, edits),
        }
    }

    pub(super) fn skipped(&self, mailbox: MailboxId, device: &DeviceId, why: SkippedBecause) -> Skipped {
        Skipped {
            mailbox,
            address: self
                .mailbox(mailbox)
                .map_or_else(|| mailbox.to_string(), Mailbox::title),
            device: device.clone(),
            why,
        }
    }
}

/// The order of plans: by the address of the mailbox, then by device.
pub(super) fn sort(changes: &mut [Change], skipped: &mut [Skipped]) {
    changes.sort_by(|a, b| (&a.address, a.mailbox, &a.device).cmp(&(&b.address, b.mailbox, &b.device)));
    skipped.sort_by(|a, b| (&a.address, a.mailbox, &a.device).cmp(&(&b.address, b.mailbox, &b.device)));
}
