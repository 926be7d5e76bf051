//! Overrides that began or ended, and that no run has acted on yet.

use std::collections::BTreeSet;

use easgate_model::{DeviceId, MailboxId};
use easgate_store::{OverrideId, StoreError, StoredOverride, Writer};

use super::{Gates, Reach, decided};
use crate::cycle::Planned;
use crate::queue::Key;

/// An override that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    id: OverrideId,
    mailbox: MailboxId,
    device: DeviceId,
    /// Whether it waits because it has ended.
    ended: bool,
}

impl Waiting {
    pub(super) fn of(one: StoredOverride) -> Self {
        Self {
            id: one.id,
            mailbox: one.what.mailbox,
            device: one.what.device,
            ended: one.ended.is_some(),
        }
    }
}

impl Gates {
    /// The devices whose override has ended or expired, and about which the policy decides again.
    pub(crate) fn ended_overrides(&self) -> BTreeSet<Key> {
        let ended = self.waiting.iter().filter(|one| one.ended);
        let over = self.overrides.iter().filter(|one| self.is_over(one.what.until));
        ended
            .map(|one| (one.mailbox, one.device.clone()))
            .chain(over.map(|one| (one.what.mailbox, one.what.device.clone())))
            .collect()
    }

    /// Notes that the run has acted on the overrides whose devices it decided about, but for those whose changes it
    /// `failed` to make and may make later.
    ///
    /// An override of a device that no run has seen goes on waiting; the end of one does not, once everything was seen.
    pub(crate) async fn acted(
        &self,
        writer: &Writer,
        planned: &Planned,
        reach: Reach,
        failed: &BTreeSet<Key>,
    ) -> Result<(), StoreError> {
        let decided = decided(planned);
        let is_done = |one: &&Waiting| {
            let saw_all = reach == Reach::Everything && one.ended;
            (saw_all || decided.contains(&(one.mailbox, &one.device)))
                && !failed.contains(&(one.mailbox, one.device.clone()))
        };
        let acted: Vec<OverrideId> = self.waiting.iter().filter(is_done).map(|one| one.id).collect();
        writer.acted_on_overrides(&acted, self.now).await
    }
}
