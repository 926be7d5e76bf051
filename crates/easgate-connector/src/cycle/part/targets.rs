//! Which devices are in question.

use std::collections::{BTreeMap, BTreeSet};

use easgate_model::{DeviceId, MailboxId};
use easgate_store::{Baseline, Organization, RunId, StoreError, Work};
use time::OffsetDateTime;

use crate::full_needed::FullNeeded;
use crate::queue::Key;

/// So many mailboxes are always looked at one part at a time.
const FEW: u64 = 50;

/// How many commands whose end is not known a run looks after, the newest first; a full sync looks after all of them.
const DOUBTFUL: usize = 25;

/// The mailboxes in question, each with those of its devices that are; `None` is all of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Targets(BTreeMap<MailboxId, Option<BTreeSet<DeviceId>>>);

impl Targets {
    /// What `open` work is about, as far as anything here is concerned.
    pub(super) async fn of(
        organization: &Organization,
        open: &[(Work, OffsetDateTime)],
    ) -> Result<Self, StoreError> {
        let mut targets = Self::default();
        for (work, _) in open {
            match work {
                Work::Device(device) => {
                    for mailbox in organization.mailboxes_with(device).await? {
                        targets.add(mailbox, device.clone());
                    }
                }
                Work::Address(address) => {
                    for mailbox in organization.mailboxes_at(address).await? {
                        targets.add_all(mailbox);
                    }
                }
                Work::Mailbox(mailbox) => targets.add_all(*mailbox),
            }
        }
        Ok(targets)
    }

    /// Adds the devices of commands whose end nobody knows: one that was sent by a run that is gone, of this node or of
    /// another, may be carried out at any time yet, and what it does is put right by the next run. The intents of runs that
    /// are `live` are theirs.
    pub(super) async fn add_doubtful(
        &mut self,
        organization: &Organization,
        live: &BTreeSet<RunId>,
    ) -> Result<(), StoreError> {
        let doubtful = organization.unsettled().await?;
        let of_others = doubtful
            .into_iter()
            .filter(|entry| !live.contains(&entry.intent.run));
        for entry in of_others.rev().take(DOUBTFUL) {
            self.add(entry.intent.mailbox, entry.intent.device);
        }
        Ok(())
    }

    /// One device.
    pub(super) fn one(key: Key) -> Self {
        let mut targets = Self::default();
        targets.add(key.0, key.1);
        targets
    }

    pub(super) fn add(&mut self, mailbox: MailboxId, device: DeviceId) {
        let devices = self.0.entry(mailbox).or_insert_with(|| Some(BTreeSet::new()));
        if let Some(devices) = devices {
            devices.insert(device);
        }
    }

    pub(super) fn add_all(&mut self, mailbox: MailboxId) {
        self.0.insert(mailbox, None);
    }

    /// Whether the device is in question.
    pub(super) fn hold(&self, (mailbox, device): &Key) -> bool {
        self.0
            .get(mailbox)
            .is_some_and(|devices| devices.as_ref().is_none_or(|devices| devices.contains(device)))
    }

    pub(super) fn mailboxes(&self) -> impl ExactSizeIterator<Item = MailboxId> + '_ {
        self.0.keys().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// More than a fifth of the organisation is no part of it any more: a full sync reads it faster, and its
    /// protection against inputs that shrank sees all of it.
    pub(super) fn too_many(&self, before: &Baseline) -> Option<FullNeeded> {
        let mailboxes = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        let of = before.sizes.get("exchange.mailboxes").copied().unwrap_or(0);
        (mailboxes > FEW && mailboxes.saturating_mul(5) > of)
            .then_some(FullNeeded::TooMuchChanged { mailboxes })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_whole_mailbox_holds_each_of_its_devices_and_a_fifth_is_too_much() {
        let mailbox = |number| MailboxId(Uuid::from_u128(number));
        let device = |text: &str| text.parse::<DeviceId>().unwrap();
        let mut targets = Targets::one((mailbox(1), device("A1")));
        assert!(targets.hold(&(mailbox(1), device("a1"))));
        assert!(!targets.hold(&(mailbox(1), device("A2"))) && !targets.hold(&(mailbox(2), device("A1"))));
        targets.add_all(mailbox(1));
        targets.add(mailbox(1), device("A3"));
        assert!(targets.hold(&(mailbox(1), device("A2"))));

        let of = |mailboxes| Baseline {
            sizes: [("exchange.mailboxes".to_owned(), mailboxes)].into(),
            ..Baseline::default()
        };
        (0..50).for_each(|number| targets.add_all(mailbox(number)));
        assert_eq!(
            targets.too_many(&of(60)),
            None,
            "few are a part of however small a whole"
        );
        targets.add_all(mailbox(50));
        assert_eq!(targets.too_many(&of(255)), None);
        assert_eq!(
            targets.too_many(&of(254)),
            Some(FullNeeded::TooMuchChanged { mailboxes: 51 })
        );
    }
}
