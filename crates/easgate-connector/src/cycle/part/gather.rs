//! Everything that a decision about the devices in question rests on.

use std::collections::{BTreeSet, HashMap};

use easgate_compliance::{Exceptions, ExchangeFacts, Facts};
use easgate_model::{DeviceId, EmailAddress, Enrollment, Inventory, Mailbox, MailboxId, Partnership};
use easgate_store::{Lesson, Marks, Organization, Rows, Writer};
use futures::future::try_join;
use futures::stream::{StreamExt, TryStreamExt};
use time::OffsetDateTime;

use super::{Head, Noticed, Targets, marks};
use crate::cycle::{Cycle, CycleError};
use crate::gather::{FactsError, with_types};
use crate::ports::{CallError, CallErrorKind, MailboxName, SourceKind};
use crate::retry::retry;

/// Up to how many mailboxes are read one by one; above, whole lists cost less.
pub(super) const ONE_BY_ONE: usize = 100;
/// How many mailboxes are read at once.
const AT_ONCE: usize = 4;

/// What was read of a part.
pub(super) struct GatheredPart {
    pub(super) facts: Facts,
    /// The mailboxes that were looked at, whether they are there or not.
    pub(super) mailboxes: BTreeSet<MailboxId>,
    /// Devices about which nothing is done now.
    pub(super) left: BTreeSet<DeviceId>,
    pub(super) warnings: Vec<String>,
}

/// What Exchange has of the mailboxes in question.
#[derive(Default)]
pub(super) struct Place {
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) partnerships: Vec<Partnership>,
    pub(super) warnings: Vec<String>,
}

impl Head {
    /// What Exchange has of the mailboxes of `place`, for deciding.
    pub(super) fn with(&self, place: Place) -> ExchangeFacts {
        ExchangeFacts {
            settings: self.settings.clone(),
            rules: self.rules.clone(),
            mailboxes: place.mailboxes,
            partnerships: place.partnerships,
        }
    }
}

impl Cycle<'_> {
    pub(super) async fn gather_part(
        &self,
        writer: &Writer,
        head: &Head,
        noticed: &Noticed,
        targets: &Targets,
    ) -> Result<GatheredPart, CycleError> {
        let place = if targets.mailboxes().len() > ONE_BY_ONE {
            self.whole_lists(head, targets).await?
        } else {
            self.one_by_one(targets).await?
        };
        let mut left = noticed.mass.clone();
        let mut warnings = place.warnings.clone();
        let inventory = self
            .inventory_of(writer, noticed, targets, &place, &mut left, &mut warnings)
            .await?;
        Ok(GatheredPart {
            mailboxes: targets.mailboxes().collect(),
            facts: Facts {
                exchange: head.with(place),
                inventory,
                exceptions: Exceptions::default(),
            },
            left,
            warnings,
        })
    }

    pub(super) async fn one_by_one(&self, targets: &Targets) -> Result<Place, FactsError> {
        let reads = futures::stream::iter(targets.mailboxes().map(|id| self.mailbox_of(id)));
        let read: Vec<_> = reads.buffered(AT_ONCE).try_collect().await?;
        let mut place = Place::default();
        for (mailbox, partnerships, warning) in read.into_iter().flatten() {
            place.mailboxes.push(mailbox);
            place.partnerships.extend(partnerships);
            if let Some(warning) = warning.filter(|warning| !place.warnings.contains(warning)) {
                place.warnings.push(warning);
            }
        }
        Ok(place)
    }

    async fn mailbox_of(
        &self,
        id: MailboxId,
    ) -> Result<Option<(Mailbox, Vec<Partnership>, Option<String>)>, FactsError> {
        let name = MailboxName::Id(id);
        let found = self
            .read("a mailbox", || self.exchange.find_mailbox(&name))
            .await?;
        let Some(mut mailbox) = found else {
            return Ok(None);
        };
        let partnerships = self
            .read("the devices of a mailbox", || {
                self.exchange.partnerships_of(&mailbox)
            })
            .await?;
        let kind = retry(self.clock, || self.exchange.recipient_type(id)).await;
        let warning = match kind {
            Ok(kind) => {
                mailbox.recipient_type = kind;
                None
            }
            Err(error) if error.kind == CallErrorKind::NotGranted => {
                Some(format!("the recipients were not read: {error}"))
            }
            Err(source) => {
                return Err(FactsError::Exchange {
                    input: "a recipient",
                    source,
                });
            }
        };
        Ok(Some((mailbox, partnerships, warning)))
    }

    async fn whole_lists(&self, head: &Head, targets: &Targets) -> Result<Place, CycleError> {
        let (mailboxes, partnerships) = try_join(
            self.read("the mailboxes", || self.exchange.mailboxes(self.progress)),
            self.read("the devices", || self.exchange.partnerships(self.progress)),
        )
        .await?;
        self.check_devices(partnerships.len(), head)?;
        let types = retry(self.clock, || self.exchange.recipient_types(self.progress)).await;
        let types = match types {
            Err(error) if error.kind == CallErrorKind::NotGranted => {
                Err(format!("the recipients were not read: {error}"))
            }
            Err(source) => {
                let input = "the recipients";
                return Err(FactsError::Exchange { input, source }.into());
            }
            Ok(types) => Ok(types),
        };
        let wanted: BTreeSet<MailboxId> = targets.mailboxes().collect();
        let mut place = Place::default();
        let mailboxes = mailboxes
            .into_iter()
            .filter(|one| wanted.contains(&one.id))
            .collect();
        place.mailboxes = with_types(mailboxes, types, &mut place.warnings);
        let owners: BTreeSet<_> = place
            .mailboxes
            .iter()
            .map(|one| &one.distinguished_name)
            .collect();
        let of_them = partnerships.into_iter().filter(|one| owners.contains(&one.owner));
        place.partnerships = of_them.collect();
        Ok(place)
    }

    /// The users of the mailboxes, and the records of the devices in question, as the source has them now.
    async fn inventory_of(
        &self,
        writer: &Writer,
        noticed: &Noticed,
        targets: &Targets,
        place: &Place,
        left: &mut BTreeSet<DeviceId>,
        warnings: &mut Vec<String>,
    ) -> Result<Inventory, CycleError> {
        let organization = writer.organization();
        let addresses: BTreeSet<EmailAddress> = place
            .mailboxes
            .iter()
            .flat_map(|one| one.addresses.iter().chain(&one.primary_smtp).cloned())
            .collect();
        let users = organization.users_at(&addresses).await?;
        let mut records =
            known_records(organization, &in_question(organization, targets, place).await?).await?;
        if !noticed.work.is_empty() {
            for user in &users {
                let found = self
                    .source
                    .records_of(user)
                    .await
                    .map_err(FactsError::Enrollments)?;
                let kind = self.source.kind();
                let found = found.unwrap_or_default().into_iter();
                records.extend(found.map(|one| (marks::record_key(kind, &one), one)));
            }
        }
        let mut later = Noticed::default();
        let records = self.as_they_are(writer, noticed, records, &mut later).await?;
        left.extend(later.mass);
        warnings.extend(later.warnings);
        Ok(Inventory {
            tenant: None,
            enrollments: records,
            users,
            sizes: Vec::new(),
            as_of: None,
        })
    }

    /// Asks the source for each record by itself, but for those that it told in this run: what is known may be
    /// old, and a record that is gone shows nowhere else.
    async fn as_they_are(
        &self,
        writer: &Writer,
        noticed: &Noticed,
        records: HashMap<String, Enrollment>,
        later: &mut Noticed,
    ) -> Result<Vec<Enrollment>, CycleError> {
        if self.source.kind() == SourceKind::File {
            return Ok(records.into_values().collect());
        }
        let (mut now, old): (Vec<_>, Vec<_>) = records
            .into_iter()
            .partition(|(_, record)| noticed.fresh.contains(&record.record));
        let ids: Vec<String> = old.iter().map(|(_, record)| record.record.clone()).collect();
        let found = self.source.records(&ids).await.map_err(FactsError::Enrollments)?;
        let Some(found) = found else {
            return Ok(now.into_iter().chain(old).map(|(_, record)| record).collect());
        };
        let mut lesson = Lesson {
            records: Rows::Some(Vec::new()),
            gone_records: Vec::new(),
            users: Rows::Some(Vec::new()),
            gone_users: Vec::new(),
            marks: Marks::new(),
        };
        let mut rows = Vec::new();
        for ((key, _), record) in old.into_iter().zip(found) {
            match record {
                Some(record) => rows.push((key, record)),
                None => lesson.gone_records.push(key),
            }
        }
        lesson.records = Rows::Some(rows.clone());
        let known = writer.organization().known_records().await?;
        let learned = writer.learn(&lesson, false, self.clock.now()).await?;
        later.leave_masses(learned, known);
        now.extend(rows);
        Ok(now.into_iter().map(|(_, record)| record).collect())
    }

    pub(super) async fn read<T, F>(
        &self,
        input: &'static str,
        call: impl FnMut() -> F,
    ) -> Result<T, FactsError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
    {
        self.gathering().read(input, call).await
    }

    /// The source's clock has to agree with ours.
    pub(super) fn check_clock_of(
        &self,
        started: OffsetDateTime,
        as_of: Option<OffsetDateTime>,
    ) -> Result<(), FactsError> {
        self.gathering().check_clock(started, as_of)
    }

    /// A list of all devices that is shorter than can be believed is no such list.
    pub(super) fn check_devices(&self, devices: usize, head: &Head) -> Result<(), FactsError> {
        let devices = u64::try_from(devices).unwrap_or(u64::MAX);
        let sizes = [("exchange.devices".to_owned(), devices)].into();
        let short = crate::inputs::short_inputs(&sizes, &head.before.sizes, &self.config.accept_shrunken);
        if short.is_empty() {
            Ok(())
        } else {
            Err(FactsError::Short { inputs: short })
        }
    }
}

/// The ids in question: those of partnerships, and those of entries of ours whose partnership is gone.
async fn in_question(
    organization: &Organization,
    targets: &Targets,
    place: &Place,
) -> Result<BTreeSet<DeviceId>, CycleError> {
    let by_name: HashMap<_, MailboxId> = place
        .mailboxes
        .iter()
        .map(|one| (&one.distinguished_name, one.id))
        .collect();
    let of_phones = place.partnerships.iter().filter_map(|one| {
        let key = (*by_name.get(&one.owner)?, one.device_id.clone());
        targets.hold(&key).then_some(key.1)
    });
    let mut devices: BTreeSet<DeviceId> = of_phones.collect();
    for mailbox in &place.mailboxes {
        for row in organization.owned_of(mailbox.id).await? {
            let key = (mailbox.id, row.entry.device);
            if targets.hold(&key) {
                devices.insert(key.1);
            }
        }
    }
    Ok(devices)
}

async fn known_records(
    organization: &Organization,
    devices: &BTreeSet<DeviceId>,
) -> Result<HashMap<String, Enrollment>, CycleError> {
    let mut records = HashMap::new();
    for device in devices {
        records.extend(organization.records_of_device(device).await?);
    }
    Ok(records)
}
