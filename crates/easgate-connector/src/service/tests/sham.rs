//! Runners that are told how to behave, and a book of what they did.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use easgate_compliance::{Limits, Policy};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::{Mode, OrganizationConfig};
use crate::kind::Kind;
use crate::progress::{Phase, Progress, ProgressSink};
use crate::report::Report;
use crate::schedule::LastRuns;
use crate::service::{By, Job, Outcome, Runner, Standing, Stop, Work};

/// A clock of paused time.
pub(super) struct Paused {
    start: OffsetDateTime,
    began: Instant,
}

impl Paused {
    pub(super) fn at(start: OffsetDateTime) -> Arc<dyn Clock> {
        Arc::new(Self {
            start,
            began: Instant::now(),
        })
    }
}

#[async_trait]
impl Clock for Paused {
    fn now(&self) -> OffsetDateTime {
        self.start + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn since_boot(&self) -> Duration {
        self.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// How a run behaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Good(Duration),
    Unread(Duration),
    Panic,
    /// Ends when it is told to.
    UntilStopped,
    /// Never ends.
    Hang,
}

pub(super) const QUICKLY: Act = Act::Good(Duration::from_secs(5));

/// What has happened in an organisation; it outlives the service, as a store does.
pub(super) struct Book {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) act: Mutex<Act>,
    pub(super) begun: Mutex<Vec<(Job, OffsetDateTime)>>,
    pub(super) under_way: Mutex<Vec<Kind>>,
    pub(super) overlaps: Mutex<Vec<Vec<Kind>>>,
    pub(super) last: Mutex<LastRuns>,
    pub(super) standing: Mutex<Standing>,
    pub(super) closed: Mutex<u32>,
    /// The mailboxes in which a change failed, and when it is looked at again.
    pub(super) retries: Mutex<Vec<(String, OffsetDateTime)>>,
}

impl Book {
    pub(super) fn new(clock: &Arc<dyn Clock>, act: Act) -> Arc<Self> {
        Arc::new(Self {
            clock: Arc::clone(clock),
            act: Mutex::new(act),
            begun: Mutex::default(),
            under_way: Mutex::default(),
            overlaps: Mutex::default(),
            last: Mutex::default(),
            standing: Mutex::default(),
            closed: Mutex::default(),
            retries: Mutex::default(),
        })
    }

    /// The kinds that began, in order.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.begun
            .lock()
            .unwrap()
            .iter()
            .map(|(job, _)| job.kind())
            .collect()
    }

    pub(super) fn began(&self, kind: Kind) -> Vec<OffsetDateTime> {
        let begun = self.begun.lock().unwrap();
        begun
            .iter()
            .filter(|(job, _)| job.kind() == kind)
            .map(|(_, at)| *at)
            .collect()
    }

    pub(super) fn starts(&self, kind: Kind, by: By) -> usize {
        let begun = self.begun.lock().unwrap();
        begun
            .iter()
            .filter(|(job, _)| job.kind() == kind && job.by == by)
            .count()
    }
}

/// Takes a kind from those that are under way, however its run ends.
pub(super) struct UnderWay<'a>(&'a Book, Kind);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.0.under_way.lock().unwrap();
        let place = under_way.iter().position(|kind| *kind == self.1).unwrap();
        under_way.remove(place);
    }
}

pub(super) struct Sham(pub(super) Arc<Book>, pub(super) &'static [Kind]);

#[async_trait]
impl Runner for Sham {
    fn knows(&self, kind: Kind) -> bool {
        self.1.contains(&kind)
    }

    async fn last_runs(&self) -> Result<LastRuns, String> {
        Ok(*self.0.last.lock().unwrap())
    }

    async fn due_retries(&self, most: usize) -> Result<Vec<String>, String> {
        let now = self.0.clock.now();
        let retries = self.0.retries.lock().unwrap();
        let due = retries.iter().filter(|(_, at)| *at <= now);
        Ok(due.map(|(address, _)| address.clone()).take(most).collect())
    }

    async fn standing(&self) -> Standing {
        self.0.standing.lock().unwrap().clone()
    }

    async fn run(&self, job: &Job, stop: &Stop, progress: &dyn ProgressSink) -> Outcome {
        let (book, kind, began) = (&self.0, job.kind(), self.0.clock.now());
        book.begun.lock().unwrap().push((job.clone(), began));
        let together = {
            let mut under_way = book.under_way.lock().unwrap();
            under_way.push(kind);
            under_way.clone()
        };
        if together.len() > 1 {
            book.overlaps.lock().unwrap().push(together);
        }
        let _under_way = UnderWay(book, kind);
        progress.progress(Progress::Phase(Phase::Gather));
        let act = *book.act.lock().unwrap();
        let (takes, has_read) = match act {
            Act::Good(takes) => (takes, true),
            Act::Unread(takes) => (takes, false),
            Act::Panic => panic!("a mistake of {kind}"),
            Act::Hang => (Duration::MAX, false),
            Act::UntilStopped => {
                stop.requested().await;
                (Duration::from_secs(1), true)
            }
        };
        if takes == Duration::MAX {
            std::future::pending::<()>().await;
        }
        book.clock.sleep(takes).await;
        if let Work::User(address) = &job.work {
            let again = book.clock.now() + Duration::from_secs(900);
            let mut retries = book.retries.lock().unwrap();
            if has_read {
                retries.retain(|(other, _)| other != address);
            } else {
                retries
                    .iter_mut()
                    .filter(|(other, _)| other == address)
                    .for_each(|(_, at)| *at = again);
            }
        }
        if has_read {
            let mut last = book.last.lock().unwrap();
            match kind {
                Kind::Full => last.full = Some(began),
                Kind::Quick => last.quick = Some(began),
                Kind::Watch => last.watch = Some(began),
                Kind::User | Kind::Command => {}
            }
        }
        Outcome::Reported {
            report: Box::new(report(has_read)),
            exit: if has_read { 0 } else { 4 },
        }
    }

    async fn close(&self) {
        *self.0.closed.lock().unwrap() += 1;
    }
}

pub(super) fn report(facts_read: bool) -> Report {
    let config = OrganizationConfig {
        name: "contoso".to_owned(),
        mode: Mode::Enforce,
        policy: Policy::default(),
        limits: Limits::default(),
        lanes: 1,
        tries: 3,
        precautions: crate::Precautions::default(),
        accept_shrunken: Default::default(),
    };
    Report {
        facts_read,
        ..Report::begin(&config, Kind::Full)
    }
}
