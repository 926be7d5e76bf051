//! The source of enrolments, and time.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use easgate_connector::ports::{Depth, EnrollmentSource, Look, SourceError, SourceKind};
use easgate_connector::{Clock, ProgressSink};
use easgate_model::{ComplianceState, DirectoryUser, Enrollment, Inventory};
use easgate_store::{Marks, Rows};
use time::OffsetDateTime;
use time::macros::datetime;

use super::{State, World};

impl World {
    /// What happens while a change is under way.
    pub(super) async fn pass_time(&self) {
        {
            let mut state = self.state();
            let takes = state.slow + state.nap.take().unwrap_or_default();
            state.now += takes;
            state.meanwhile();
        }
        self.held("apply").await;
    }

    fn ask(&self, call: &str) -> Result<(), SourceError> {
        match self.fault(call) {
            Some(_) if call == "inventory" => Err(SourceError::new("the source failed on demand", None)),
            Some(_) => Err(SourceError::new("the record could not be read on demand", None)),
            None => Ok(()),
        }
    }
}

impl State {
    /// The records as the source tells them: another tenant has other people and other phones.
    fn told_records(&self) -> Vec<Enrollment> {
        let mut records = self.enrollments.clone();
        if self.of_another {
            for record in &mut records {
                let other = match record.compliance.name() {
                    "compliant" => "noncompliant",
                    _ => "compliant",
                };
                record.compliance = ComplianceState::from_name(other);
            }
        }
        records
    }

    fn record(&self, id: &str) -> Option<&Enrollment> {
        self.enrollments.iter().find(|known| known.record == id)
    }

    /// The source has told how it is with the record called `id`.
    fn knows(&mut self, id: &str) {
        let record = self.record(id).cloned();
        if let Some(newest) = &mut self.newest {
            newest.enrollments.retain(|known| known.record != id);
            newest.enrollments.extend(record);
        }
    }

    fn inventory(&mut self, now: OffsetDateTime) -> Inventory {
        let count = |number: usize| u64::try_from(number).unwrap();
        let given = self.enrollments.len() - self.cut.min(self.enrollments.len());
        let inventory = Inventory {
            tenant: self.tenant,
            enrollments: self.told_records()[..given]
                .iter()
                .filter(|known| !self.unlisted.contains(&known.record))
                .cloned()
                .collect(),
            users: self.users.clone(),
            sizes: vec![
                ("devices".to_owned(), count(given)),
                ("users".to_owned(), count(self.users.len())),
                (
                    "licences".to_owned(),
                    count(self.users.iter().filter(|user| user.licensed).count()),
                ),
            ],
            as_of: Some(now + self.source_ahead),
        };
        if self.of_another {
            return inventory;
        }
        if self.cut == 0 {
            self.newest = Some(Inventory {
                enrollments: self.enrollments.clone(),
                ..inventory.clone()
            });
        } else {
            // What it told is so, and nothing is known of the rest.
            for record in &inventory.enrollments {
                self.knows(&record.record);
            }
            if let Some(newest) = &mut self.newest {
                newest.users.clone_from(&self.users);
            }
        }
        inventory
    }

    /// The records that synchronised after `since`, the ids of those that do not comply, and all users.
    fn changes(&mut self, since: OffsetDateTime, now: OffsetDateTime) -> Look {
        let fails = |known: &Enrollment| known.compliance.name() == "noncompliant";
        let told = self.told_records();
        let noncompliant: BTreeSet<String> = told
            .iter()
            .filter(|known| fails(known))
            .map(|known| known.record.clone())
            .collect();
        let is_new = |known: &Enrollment| fails(known) || known.last_sync.is_some_and(|at| at > since);
        let records: Vec<Enrollment> = told
            .into_iter()
            .filter(|known| is_new(known) && !self.unlisted.contains(&known.record))
            .collect();
        if !self.of_another {
            for record in &records {
                self.knows(&record.record);
            }
            if let Some(newest) = &mut self.newest {
                newest.users.clone_from(&self.users);
            }
        }
        Look {
            tenant: self.tenant,
            as_of: Some(now + self.source_ahead),
            records: Rows::Some(records),
            noncompliant: Some(noncompliant),
            users: Rows::Some(self.users.clone()),
            gone_users: Vec::new(),
            members: None,
            marks: Marks::new(),
        }
    }
}

#[async_trait]
impl EnrollmentSource for World {
    async fn inventory(&self, now: OffsetDateTime, _: &dyn ProgressSink) -> Result<Inventory, SourceError> {
        self.ask("inventory")?;
        let inventory = self.state().inventory(now);
        self.held("inventory").await;
        Ok(inventory)
    }

    async fn look(
        &self,
        depth: Depth,
        _: &Marks,
        now: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Look, SourceError> {
        match (depth, self.kind()) {
            (Depth::Watch { since }, SourceKind::Graph) => {
                self.ask("inventory")?;
                let look = self.state().changes(since, now);
                self.held("inventory").await;
                Ok(look)
            }
            (Depth::Watch { .. } | Depth::Quick, _) => self.inventory(now, progress).await.map(Look::of_all),
        }
    }

    async fn is_enrolled(&self, record: &str) -> Result<bool, SourceError> {
        self.ask("record")?;
        let mut state = self.state();
        state.knows(record);
        Ok(state.record(record).is_some())
    }

    async fn records(&self, records: &[String]) -> Result<Option<Vec<Option<Enrollment>>>, SourceError> {
        self.ask("record")?;
        let mut state = self.state();
        let mut told = Vec::new();
        for id in records {
            state.knows(id);
            told.push(state.record(id).cloned());
        }
        Ok(Some(told))
    }

    async fn records_of(&self, user: &DirectoryUser) -> Result<Option<Vec<Enrollment>>, SourceError> {
        if self.kind() == SourceKind::File {
            return Ok(None);
        }
        self.ask("record")?;
        let mut state = self.state();
        let of_user = |known: &&Enrollment| known.user_id.as_ref() == Some(&user.id);
        let told: Vec<_> = state.enrollments.iter().filter(of_user).cloned().collect();
        for record in &told {
            state.knows(&record.record);
        }
        Ok(Some(told))
    }

    fn kind(&self) -> SourceKind {
        self.state().source
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> OffsetDateTime {
        self.state().now
    }

    fn elapsed(&self) -> Duration {
        let since = self.state().now - datetime!(2000-01-01 00:00 UTC);
        Duration::try_from(since).unwrap_or_default()
    }

    fn since_boot(&self) -> Duration {
        self.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        let mut state = self.state();
        state.now += duration;
        state.deliver_due();
    }
}
