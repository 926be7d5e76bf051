//! What changed: kept as open work before anything is done about it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use easgate_model::{DeviceId, DirectoryUser, Enrollment, GroupId};
use easgate_store::{Learned, Lesson, Marks, Rows, Work, Writer};
use time::{Duration, OffsetDateTime};

use super::{Head, Part, marks};
use crate::cycle::{Cycle, CycleError};
use crate::gather::FactsError;
use crate::inputs::short_inputs;
use crate::ports::{Depth, Look};

/// From how many records on their disappearance is one of masses, about which a part does nothing.
const MASS: u64 = 10;
/// Of how many records it is asked in one run what became of them.
const ASKED: usize = 1_000;
/// How far back is looked where no earlier look is known.
const LONG_AGO: Duration = Duration::hours(26);

/// What a run found to have changed.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// What a run about one person is about; other runs treat all open work.
    pub(super) work: Vec<Work>,
    /// Since when device management has known what changed of a device: no later than it really was.
    pub(super) changed: BTreeMap<DeviceId, OffsetDateTime>,
    /// Records that were told in this run, so that they need not be asked for again.
    pub(super) fresh: HashSet<String>,
    /// Devices whose records vanished with many others.
    pub(super) mass: BTreeSet<DeviceId>,
    pub(super) warnings: Vec<String>,
}

impl Cycle<'_> {
    /// Finds out what changed on both sides.
    pub(super) async fn notice(
        &self,
        writer: &Writer,
        head: &Head,
        part: Part<'_>,
    ) -> Result<Noticed, CycleError> {
        let mut noticed = self.notice_source(writer, head, part).await?;
        match part {
            Part::Quick => self.notice_changes(writer, head).await?,
            Part::Watch => drop(self.notice_waiting(writer, head, &mut noticed).await?),
            Part::User(address) => noticed.work.push(self.work_of(address).await?),
        }
        Ok(noticed)
    }

    async fn notice_source(
        &self,
        writer: &Writer,
        head: &Head,
        part: Part<'_>,
    ) -> Result<Noticed, CycleError> {
        let organization = writer.organization();
        let since = marks::time(&head.marks, marks::SOURCE).unwrap_or(head.started - LONG_AGO);
        let depth = match part {
            Part::Quick => Depth::Quick,
            Part::Watch | Part::User(_) => Depth::Watch { since },
        };
        let mut look = self
            .source
            .look(depth, &head.marks, self.clock.now(), self.progress)
            .await
            .map_err(FactsError::Enrollments)?;
        organization
            .check_binding(head.settings.id, look.tenant)
            .await
            .map_err(FactsError::from)?;
        self.check_clock_of(head.started, look.as_of)?;
        self.check_sizes_of(&look, head)?;
        let gone = self.ask_after(writer, &mut look).await?;
        self.with_groups(writer, &mut look).await?;
        let fresh = records(&look)
            .iter()
            .map(|record| record.record.clone())
            .collect();
        let looked = marks::time(&head.marks, marks::LOOKED).unwrap_or(since);
        let known_at = |record: &Enrollment| record.last_sync.filter(|at| *at > looked).unwrap_or(looked);
        let times: Vec<_> = records(&look)
            .iter()
            .filter_map(|record| Some((record.eas_device_id.clone()?, known_at(record))))
            .collect();
        let known = organization.known_records().await?;
        let lesson = self.lesson(look, gone, head);
        let learned = writer.learn(&lesson, true, self.clock.now()).await?;
        let mut noticed = Noticed {
            changed: times
                .into_iter()
                .filter(|(device, _)| learned.devices.contains(device))
                .collect(),
            fresh,
            ..Noticed::default()
        };
        noticed.leave_masses(learned, known);
        Ok(noticed)
    }

    /// Asks for the records that did not comply and are not among those that do not now.
    async fn ask_after(&self, writer: &Writer, look: &mut Look) -> Result<Vec<String>, CycleError> {
        let (Some(failing), Rows::Some(records)) = (&look.noncompliant, &mut look.records) else {
            return Ok(Vec::new());
        };
        let told: HashSet<&String> = records.iter().map(|record| &record.record).collect();
        let before = writer.organization().records_in_state("noncompliant").await?;
        let missing: Vec<String> = before
            .into_iter()
            .filter(|record| !failing.contains(record) && !told.contains(record))
            .take(ASKED)
            .collect();
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let found = self
            .source
            .records(&missing)
            .await
            .map_err(FactsError::Enrollments)?;
        let mut gone = Vec::new();
        for (id, record) in missing.into_iter().zip(found.unwrap_or_default()) {
            match record {
                Some(record) => records.push(record),
                None => gone.push(id),
            }
        }
        Ok(gone)
    }

    /// Puts the groups to users that were told without, and adds the users whose groups are others now.
    async fn with_groups(&self, writer: &Writer, look: &mut Look) -> Result<(), CycleError> {
        let Rows::Some(users) = &mut look.users else {
            return Ok(());
        };
        if users.is_empty() && look.members.is_none() {
            return Ok(());
        }
        let known = writer.organization().known_users().await?;
        let mut groups: HashMap<&str, &BTreeSet<GroupId>> = HashMap::new();
        for user in &known {
            groups.insert(&user.id, &user.groups);
        }
        let none = BTreeSet::new();
        let members = look.members.as_ref();
        let of = |id: &str| match members {
            Some(members) => members.get(id).unwrap_or(&none),
            None => groups.get(id).copied().unwrap_or(&none),
        };
        for user in users.iter_mut() {
            user.groups.clone_from(of(&user.id));
        }
        if members.is_some() {
            let told: HashSet<String> = users.iter().map(|user| user.id.clone()).collect();
            let moved = known
                .iter()
                .filter(|user| !told.contains(&user.id) && user.groups != *of(&user.id));
            let moved: Vec<DirectoryUser> = moved
                .map(|user| DirectoryUser {
                    groups: of(&user.id).clone(),
                    ..user.clone()
                })
                .collect();
            users.extend(moved);
        }
        Ok(())
    }

    fn lesson(&self, look: Look, gone_records: Vec<String>, head: &Head) -> Lesson {
        let kind = self.source.kind();
        let keyed = |rows: Vec<Enrollment>| {
            rows.into_iter()
                .map(|record| (marks::record_key(kind, &record), record))
                .collect()
        };
        let mut marks: Marks = look.marks;
        marks.insert(
            marks::SOURCE.to_owned(),
            marks::watermark(look.as_of, head.started),
        );
        marks.insert(
            marks::LOOKED.to_owned(),
            marks::micros(look.as_of.unwrap_or(head.started)),
        );
        Lesson {
            records: match look.records {
                Rows::All(rows) => Rows::All(keyed(rows)),
                Rows::Some(rows) => Rows::Some(keyed(rows)),
            },
            gone_records,
            users: look.users,
            gone_users: look.gone_users,
            marks,
        }
    }

    /// Lists that are complete may not be shorter than can be believed, each by itself.
    fn check_sizes_of(&self, look: &Look, head: &Head) -> Result<(), FactsError> {
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        let mut sizes = BTreeMap::new();
        if let Rows::All(records) = &look.records {
            sizes.insert("enrollment.devices".to_owned(), count(records.len()));
        }
        if let Rows::All(users) = &look.users {
            sizes.insert("enrollment.users".to_owned(), count(users.len()));
            if self.config.policy.require_license {
                let licensed = users.iter().filter(|user| user.licensed).count();
                sizes.insert("enrollment.licences".to_owned(), count(licensed));
            }
        }
        // What the baseline does not measure in this source is not measured here either.
        sizes.retain(|input, _| head.before.sizes.contains_key(input));
        let inputs = short_inputs(&sizes, &head.before.sizes, &self.config.accept_shrunken);
        if inputs.is_empty() {
            Ok(())
        } else {
            Err(FactsError::Short { inputs })
        }
    }
}

impl Noticed {
    /// Records that vanish by the dozen are more likely an error of the source than people who left.
    pub(super) fn leave_masses(&mut self, learned: Learned, known: u64) {
        if learned.vanished > MASS.max(known / 100) {
            self.warnings.push(format!(
                "{} records of device management are gone at once: nothing is done about their devices before a full sync",
                learned.vanished
            ));
            self.mass.extend(learned.gone);
        }
    }
}

fn records(look: &Look) -> &[Enrollment] {
    match &look.records {
        Rows::All(rows) | Rows::Some(rows) => rows,
    }
}
