//! What changed in Exchange.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use easgate_model::{AccessLevel, DistinguishedName, EmailAddress, MailboxId, Partnership, PartnershipId};
use easgate_store::{KnownPartnership, Marks, Rows, Work, Writer};
use time::{Duration, OffsetDateTime};

use super::{Head, Noticed, mailbox_work, marks};
use crate::cycle::{Cycle, CycleError};
use crate::gather::FactsError;
use crate::ports::{CallErrorKind, Changed, KnownObject, MailboxName, Reach};
use crate::record::owner_without_mailbox;

/// How much further back a server is asked that reads times in its own zone.
const ANY_ZONE: Duration = Duration::hours(26);
/// Below so many partnerships each is looked up by itself.
const FEW: usize = 500;

/// What a filter by time found, or that it cannot be asked.
enum Found<T> {
    Filtered(Vec<T>),
    Unfiltered,
}

impl Cycle<'_> {
    /// The work of the mailbox with this address.
    pub(super) async fn work_of(&self, address: &EmailAddress) -> Result<Work, CycleError> {
        let name = MailboxName::Address(address.clone());
        let mailbox = self
            .read("the mailbox", || self.exchange.find_mailbox(&name))
            .await?
            .ok_or_else(|| FactsError::NoMailbox {
                address: address.to_string(),
            })?;
        Ok(mailbox_work(mailbox.id))
    }

    /// Opens work for partnerships that wait, and for new ones where the default lets phones in. Returns their mailboxes.
    pub(super) async fn notice_waiting(
        &self,
        writer: &Writer,
        head: &Head,
        noticed: &mut Noticed,
    ) -> Result<Vec<MailboxId>, CycleError> {
        let mut seen = self
            .read("the devices that wait", || self.exchange.pending(self.progress))
            .await?;
        let mut found = Marks::new();
        if head.settings.default_access_level == AccessLevel::Allow {
            let new = match self.partnerships_since(writer, head, Changed::FirstSync).await? {
                Found::Filtered(new) => {
                    note_seen(
                        &mut found,
                        head,
                        Changed::FirstSync,
                        new.iter().map(|one| one.first_sync),
                    );
                    new
                }
                // A filter without a date is read alike by every server.
                Found::Unfiltered => {
                    self.read("the devices that the default lets in", || {
                        self.exchange.let_in_by_default(self.progress)
                    })
                    .await?
                }
            };
            seen.extend(new);
        }
        let fresh = self.unknown(writer, seen).await?;
        let now = self.clock.now();
        for one in &fresh {
            // A phone that asks for its mail has waited since it first did.
            let since = one.first_sync.filter(|at| *at > now - Duration::days(1));
            if let Some(since) = since {
                noticed.changed.entry(one.device_id.clone()).or_insert(since);
            }
        }
        let mailboxes = self.open(writer, fresh).await?;
        writer.set_marks(&found).await?;
        Ok(mailboxes)
    }

    /// Opens work for everything in Exchange that changed since the last look.
    pub(super) async fn notice_changes(&self, writer: &Writer, head: &Head) -> Result<(), CycleError> {
        let mut found = Marks::new();
        let (seen, is_all) = match self.partnerships_since(writer, head, Changed::Device).await? {
            Found::Filtered(seen) => (seen, false),
            Found::Unfiltered => (
                self.read("the devices", || self.exchange.partnerships(self.progress))
                    .await?,
                true,
            ),
        };
        note_seen(
            &mut found,
            head,
            Changed::Device,
            seen.iter().map(|one| one.when_changed),
        );
        note_seen(
            &mut found,
            head,
            Changed::FirstSync,
            seen.iter().map(|one| one.first_sync),
        );
        if is_all {
            self.check_devices(seen.len(), head)?;
            self.open_vanished(writer, &seen).await?;
        }
        let fresh = self.unknown(writer, seen).await?;
        self.open(writer, fresh).await?;
        self.notice_mailboxes(writer, head, &mut found).await?;
        writer.set_marks(&found).await?;
        Ok(())
    }

    /// Opens the work of mailboxes whose directory object changed: their lists among much else.
    async fn notice_mailboxes(
        &self,
        writer: &Writer,
        head: &Head,
        found: &mut Marks,
    ) -> Result<(), CycleError> {
        let since = self.asked_since(head, Changed::Mailbox);
        let mailboxes = match self.reach(writer, head, Changed::Mailbox).await? {
            Reach::None => None,
            reach @ (Reach::Exact | Reach::Wide) => {
                let from = widened(since, reach);
                let call = || self.exchange.mailboxes_since(from, self.progress);
                self.filtered(writer, Changed::Mailbox, self.read("the mailboxes", call).await)
                    .await?
            }
        };
        let mailboxes = match mailboxes {
            Some(mailboxes) => mailboxes,
            None => {
                self.read("the mailboxes", || self.exchange.mailboxes(self.progress))
                    .await?
            }
        };
        note_seen(
            found,
            head,
            Changed::Mailbox,
            mailboxes.iter().map(|one| one.when_changed),
        );
        let partnered = writer.organization().mailboxes_with_partnerships().await?;
        let changed: Vec<Work> = mailboxes
            .iter()
            // Filtered again here, and what tells no time may have changed.
            .filter(|one| one.when_changed.is_none_or(|at| at > since) && partnered.contains(&one.id))
            .map(|one| mailbox_work(one.id))
            .collect();
        Ok(writer.open_work(changed, self.clock.now()).await?)
    }

    async fn partnerships_since(
        &self,
        writer: &Writer,
        head: &Head,
        changed: Changed,
    ) -> Result<Found<Partnership>, CycleError> {
        let reach = self.reach(writer, head, changed).await?;
        if reach == Reach::None {
            return Ok(Found::Unfiltered);
        }
        let from = widened(self.asked_since(head, changed), reach);
        let call = || self.exchange.partnerships_since(changed, from, self.progress);
        let found = self.read("the devices that changed", call).await;
        let found = self.filtered(writer, changed, found).await?;
        Ok(found.map_or(Found::Unfiltered, Found::Filtered))
    }

    /// What a filter gave; `None` where the server does not take it now, which is kept for the next time.
    async fn filtered<T>(
        &self,
        writer: &Writer,
        changed: Changed,
        found: Result<T, FactsError>,
    ) -> Result<Option<T>, CycleError> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(FactsError::Exchange { source, .. }) if source.kind == CallErrorKind::Refused => {
                tracing::info!(filter = changed.name(), error = %source, "The server does not filter by this");
                self.keep_reach(writer, changed, Reach::None).await?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn asked_since(&self, head: &Head, changed: Changed) -> OffsetDateTime {
        let since = marks::time(&head.marks, marks::since(changed));
        // A watermark is never later than now, whatever a store says.
        since.map_or(head.started - ANY_ZONE, |since| since.min(head.started))
    }

    /// How far the server's filter can be relied on: tried once on an object that is there, then kept.
    async fn reach(&self, writer: &Writer, head: &Head, changed: Changed) -> Result<Reach, CycleError> {
        let name = marks::reach(changed, &self.exchange.endpoint());
        let kept = head.marks.get(&name).and_then(|text| Reach::from_name(text));
        if let Some(reach) = kept {
            return Ok(reach);
        }
        let Some(known) = self.known_object(writer, changed).await? else {
            return Ok(Reach::None);
        };
        let reach = self
            .read("a device that is there", || self.exchange.probe(changed, &known))
            .await?;
        self.keep_reach(writer, changed, reach).await?;
        Ok(reach)
    }

    async fn keep_reach(&self, writer: &Writer, changed: Changed, reach: Reach) -> Result<(), CycleError> {
        let name = marks::reach(changed, &self.exchange.endpoint());
        let marks = Marks::from([(name, reach.name().to_owned())]);
        Ok(writer.set_marks(&marks).await?)
    }

    /// An object of Exchange as it is now, by which a filter can be tried.
    async fn known_object(
        &self,
        writer: &Writer,
        changed: Changed,
    ) -> Result<Option<KnownObject>, CycleError> {
        for id in writer
            .organization()
            .mailboxes_with_partnerships()
            .await?
            .into_iter()
            .take(5)
        {
            let name = MailboxName::Id(id);
            let mailbox = self
                .read("a mailbox", || self.exchange.find_mailbox(&name))
                .await?;
            let Some(mailbox) = mailbox else { continue };
            let devices = self
                .read("the devices of a mailbox", || {
                    self.exchange.partnerships_of(&mailbox)
                })
                .await?;
            let address = mailbox.primary_smtp.clone();
            let known = |device: Option<&Partnership>, at| {
                Some(KnownObject {
                    address: address.clone(),
                    device: device.map(|device| device.device_id.clone()),
                    at,
                })
            };
            let found = match changed {
                Changed::Mailbox => mailbox.when_changed.and_then(|at| known(None, at)),
                Changed::Device => devices.iter().find_map(|one| known(Some(one), one.when_changed?)),
                Changed::FirstSync => devices.iter().find_map(|one| known(Some(one), one.first_sync?)),
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Those of `seen` that are not known as they are.
    async fn unknown(&self, writer: &Writer, seen: Vec<Partnership>) -> Result<Vec<Partnership>, CycleError> {
        let organization = writer.organization();
        let mut known: HashMap<PartnershipId, KnownPartnership> = HashMap::new();
        if seen.len() > FEW {
            known = organization.known_partnerships().await?;
        } else {
            for one in &seen {
                known.extend(
                    organization
                        .known_partnership(one.id)
                        .await?
                        .map(|known| (known.id, known)),
                );
            }
        }
        let is_known = |one: &Partnership| {
            known
                .get(&one.id)
                .is_some_and(|known| known.stamp == marks::stamp(one))
        };
        let mut ids = BTreeSet::new();
        Ok(seen
            .into_iter()
            .filter(|one| !is_known(one) && ids.insert(one.id.0))
            .collect())
    }

    /// Opens the work of the mailboxes that have `partnerships`, and returns them.
    async fn open(
        &self,
        writer: &Writer,
        partnerships: Vec<Partnership>,
    ) -> Result<Vec<MailboxId>, CycleError> {
        let mut owners: BTreeMap<&DistinguishedName, Option<MailboxId>> = BTreeMap::new();
        let mut nobody = Vec::new();
        for one in &partnerships {
            let mailbox = match owners.get(&one.owner) {
                Some(mailbox) => *mailbox,
                None => {
                    let name = MailboxName::Owner(one.owner.clone());
                    let found = self
                        .read("a mailbox", || self.exchange.find_mailbox(&name))
                        .await?;
                    let found = found.map(|mailbox| mailbox.id);
                    owners.insert(&one.owner, found);
                    found
                }
            };
            if mailbox.is_none() {
                // Kept, so that it is not asked for again each time.
                nobody.push(KnownPartnership {
                    id: one.id,
                    mailbox: owner_without_mailbox(one.owner.as_str()),
                    device: one.device_id.clone(),
                    state: one.access_state.name().to_owned(),
                    stamp: marks::stamp(one),
                });
            }
        }
        let mailboxes: Vec<MailboxId> = owners.into_values().flatten().collect();
        let work: Vec<Work> = mailboxes.iter().copied().map(mailbox_work).collect();
        writer.open_work(work, self.clock.now()).await?;
        if !nobody.is_empty() {
            writer
                .know_partnerships(&Rows::Some(nobody), &BTreeSet::new())
                .await?;
        }
        Ok(mailboxes)
    }

    /// Opens the work of mailboxes that have lost a partnership: an entry of ours may be left.
    async fn open_vanished(&self, writer: &Writer, all: &[Partnership]) -> Result<(), CycleError> {
        let mut known = writer.organization().known_partnerships().await?;
        for one in all {
            known.remove(&one.id);
        }
        let work: Vec<Work> = known
            .into_values()
            .map(|known| mailbox_work(known.mailbox))
            .collect();
        Ok(writer.open_work(work, self.clock.now()).await?)
    }
}

/// Keeps the latest of the times that were seen, where it is later than what is kept.
fn note_seen(
    found: &mut Marks,
    head: &Head,
    changed: Changed,
    seen: impl Iterator<Item = Option<OffsetDateTime>>,
) {
    let Some(latest) = seen.flatten().max() else {
        return;
    };
    let name = marks::since(changed);
    let next = Marks::from([(name.to_owned(), marks::watermark(Some(latest), head.started))]);
    if marks::time(&next, name) > marks::time(&head.marks, name) {
        found.extend(next);
    }
}

fn widened(since: OffsetDateTime, reach: Reach) -> OffsetDateTime {
    match reach {
        Reach::Wide => since - ANY_ZONE,
        Reach::Exact | Reach::None => since,
    }
}
