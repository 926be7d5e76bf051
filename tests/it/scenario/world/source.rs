//! The source of enrolments, and time.

use std::time::Duration;

use async_trait::async_trait;
use easgate_connector::ports::{EnrollmentSource, SourceError, SourceKind};
use easgate_connector::{Clock, ProgressSink};
use easgate_model::{Enrollment, Inventory};
use time::OffsetDateTime;
use time::macros::datetime;

use super::World;

impl World {
    /// What happens while a change is under way.
    pub(super) async fn pass_time(&self) {
        let holds = {
            let mut state = self.state();
            let slow = state.slow;
            state.now += slow;
            if let Some([principal, device, compliance]) = state.meanwhile.take() {
                state.enrol(&principal, &device.parse().unwrap(), &compliance);
            }
            std::mem::take(&mut state.holds_first)
        };
        if holds {
            self.begun.notify_one();
            self.go_on.notified().await;
        }
    }
}

#[async_trait]
impl EnrollmentSource for World {
    async fn inventory(&self, now: OffsetDateTime, _: &dyn ProgressSink) -> Result<Inventory, SourceError> {
        if self.fault("inventory").is_some() {
            return Err(SourceError::new("the source failed on demand", None));
        }
        let mut state = self.state();
        let count = |number: usize| u64::try_from(number).unwrap();
        let given = state.enrollments.len() - state.cut.min(state.enrollments.len());
        let inventory = Inventory {
            tenant: state.tenant,
            enrollments: state.enrollments[..given]
                .iter()
                .filter(|known| !state.unlisted.contains(&known.record))
                .cloned()
                .collect(),
            users: state.users.clone(),
            sizes: vec![
                ("devices".to_owned(), count(given)),
                ("users".to_owned(), count(state.users.len())),
                (
                    "licences".to_owned(),
                    count(state.users.iter().filter(|user| user.licensed).count()),
                ),
            ],
            as_of: Some(now + state.source_ahead),
        };
        if state.cut == 0 {
            state.newest = Some(Inventory {
                enrollments: state.enrollments.clone(),
                ..inventory.clone()
            });
        }
        Ok(inventory)
    }

    async fn is_enrolled(&self, record: &str) -> Result<bool, SourceError> {
        if self.fault("record").is_some() {
            return Err(SourceError::new("the record could not be read on demand", None));
        }
        Ok(self
            .state()
            .enrollments
            .iter()
            .any(|known| known.record == record))
    }

    async fn records(&self, records: &[String]) -> Result<Option<Vec<Option<Enrollment>>>, SourceError> {
        if self.fault("record").is_some() {
            return Err(SourceError::new("the record could not be read on demand", None));
        }
        let state = self.state();
        let by_id = |id: &String| {
            state
                .enrollments
                .iter()
                .find(|known| known.record == *id)
                .cloned()
        };
        Ok(Some(records.iter().map(by_id).collect()))
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
        self.state().now += duration;
    }
}
