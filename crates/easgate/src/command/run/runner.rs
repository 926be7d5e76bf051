//! What the loop of one organisation works with.

use std::sync::Arc;

use async_trait::async_trait;
use easgate_config::{Organization, Retention};
use easgate_connector::schedule::LastRuns;
use easgate_connector::service::{
    Broken, By, Job, Order, Outcome, Runner, Standing, Stop, Stoppable, Work, events,
};
use easgate_connector::{
    Clock as _, Cycle, CycleError, FactsError, Kind, OrganizationConfig, ProgressSink, Report, SystemClock,
    UndoError, put_off_due,
};
use easgate_store::{AuditAction, AuditEvent, Store, StoreError, Writer};
use tokio::sync::{RwLock, RwLockReadGuard};

use super::lead::Lead;
use super::memory::{self, Memory};
use super::order::carry_out;
use crate::command::Failure;
use crate::command::sync::{conclude, lost_its_server};
use crate::command::undo::Told;
use crate::command::wiring::Site;
use crate::exit::Exit;
use crate::output::{self, Words, caught};
use crate::who;

/// One organisation with its sessions. They are made when they are first needed, and anew for each full sync, so that changed
/// secrets, certificates and servers are seen.
pub(super) struct SiteRunner {
    organization: Arc<Organization>,
    store: Store,
    clock: SystemClock,
    site: RwLock<Option<Site>>,
    lead: Lead,
    memory: Memory,
}

impl SiteRunner {
    /// With `replacing`, the right to write is taken from whoever has it.
    pub(super) fn new(
        organization: Arc<Organization>,
        store: Store,
        retention: Retention,
        replacing: bool,
    ) -> Self {
        Self {
            lead: Lead::new(store.clone(), &organization.name, replacing),
            organization,
            store,
            clock: SystemClock::new(),
            site: RwLock::new(None),
            memory: Memory::new(retention),
        }
    }

    /// The sessions; new ones where `anew` and nobody else uses them.
    async fn site(&self, anew: bool) -> Result<RwLockReadGuard<'_, Option<Site>>, Failure> {
        if let Ok(mut place) = self.site.try_write() {
            if let Some(old) = place.take_if(|_| anew) {
                old.close().await;
            }
            if place.is_none() {
                let site = Site::new(&self.organization, &self.store).await?;
                site.progress.clear();
                *place = Some(site);
            }
            return Ok(place.downgrade());
        }
        // A run that goes on has made them.
        Ok(self.site.read().await)
    }

    /// Records who asked for a run.
    async fn record(&self, job: &Job) -> Result<(), StoreError> {
        // Whoever gives an order stands in the audit with all that follows from it.
        let (By::Peer { uid }, false) = (job.by, job.kind() == Kind::Command) else {
            return Ok(());
        };
        let organization = self.store.organization(&self.organization.name).await?;
        let actor = who::peer(Some(uid), None);
        let event = AuditEvent {
            reason: Some(job.kind().name().to_owned()),
            ..AuditEvent::new(AuditAction::SyncRequested, actor, self.clock.now())
        };
        organization.record(&event).await.map(|_| ())
    }

    /// The settings, with the wishes of the job.
    async fn config(&self, site: &Site, job: &Job) -> Result<OrganizationConfig, StoreError> {
        let mut config = site.config.clone();
        if job.accept_shrunken {
            let organization = self.store.organization(&config.name).await?;
            let baseline = organization.baseline().await?.unwrap_or_default();
            config.accept_shrunken.extend(baseline.sizes.into_keys());
        }
        Ok(config)
    }

    /// Carries an order out on behalf of whoever gave it; what there is to tell them.
    async fn order(&self, cycle: &Cycle<'_>, by: By, order: &Order) -> (Told, Words) {
        let writer = match self.lead.writer().await {
            Ok(writer) => writer,
            Err(error) => return caught(|| Told::refused(&UndoError::Cycle(error))),
        };
        let uid = match by {
            By::Peer { uid } => Some(uid),
            By::Schedule | By::Retry | By::Signal => None,
        };
        let behalf = writer.for_actor(who::peer(uid, order.by.as_deref()));
        let done = carry_out(cycle, &behalf, &order.what).await;
        drop(behalf);
        self.lead.done_with(writer).await;
        done
    }

    /// Puts off what the run of a retry was to look at and did not.
    async fn after_retry(&self, job: &Job) {
        let (By::Retry, Work::User(address)) = (job.by, &job.work) else {
            return;
        };
        let done = async {
            let writer = self.lead.writer().await?;
            let put_off = put_off_due(&writer, address, self.clock.now()).await;
            self.lead.done_with(writer).await;
            Ok::<_, CycleError>(put_off?)
        };
        if let Err(error) = done.await {
            let (organization, error) = (&self.organization.name, output::chain(&error));
            tracing::error!(event = events::RETRY_UNREADABLE, %organization, error, "Retries not put off");
        }
    }

    /// Lets the store forget what is old.
    async fn forget(&self) {
        let forgotten = async {
            let writer = self.lead.writer().await?;
            let forgotten = self.memory.forget(&writer, self.clock.now()).await;
            self.lead.done_with(writer).await;
            Ok::<_, CycleError>(forgotten?)
        };
        if let Err(error) = forgotten.await {
            memory::tell(&self.organization.name, &error);
        }
    }

    async fn once(&self, cycle: &Cycle<'_>, job: &Job) -> Result<Report, CycleError> {
        let writer = self.lead.writer().await?;
        let report = work(cycle, job, &writer).await;
        self.lead.done_with(writer).await;
        report
    }

    async fn try_run(&self, job: &Job, stop: &Stop, progress: &dyn ProgressSink) -> Outcome {
        let place = match self.site(job.kind() == Kind::Full).await {
            Ok(place) => place,
            Err(error) => return Outcome::broken(Broken::Setup, output::chain(error.as_ref())),
        };
        let Some(site) = place.as_ref() else {
            return Outcome::broken(
                Broken::Setup,
                "the sessions of this organisation could not be made",
            );
        };
        let done = self.job(site, job, stop, progress).await;
        done.unwrap_or_else(|error| Outcome::broken(Broken::Setup, output::chain(&error)))
    }

    /// Does the job; when the server goes away, it begins anew, once, at the next one.
    async fn job(
        &self,
        site: &Site,
        job: &Job,
        stop: &Stop,
        progress: &dyn ProgressSink,
    ) -> Result<Outcome, StoreError> {
        self.record(job).await?;
        if job.log_on_again {
            site.forget_refusal(&self.store).await?;
        }
        let config = self.config(site, job).await?;
        if job.by.is_somebody() {
            site.try_every_server();
        } else if let Some(until) = site.hold_off().await? {
            return Ok(Outcome::Reported {
                report: Box::new(Report::held_off(&config, job.kind(), &until)),
                exit: Exit::Unread.code(),
            });
        }
        let whole = site.cycle(&self.store);
        let ports = Stoppable {
            exchange: whole.exchange,
            source: whole.source,
            clock: whole.clock,
            stop,
        };
        let cycle = Cycle {
            exchange: &ports,
            source: &ports,
            clock: &ports,
            config: &config,
            progress,
            ..whole
        };
        if let Work::Order(order) = &job.work {
            let (told, words) = self.order(&cycle, job.by, order).await;
            site.note_reached().await;
            return Ok(tell(told, words));
        }
        let mut outcome = self.once(&cycle, job).await;
        if lost_its_server(&outcome) && !stop.is_requested() && site.choose_anew() {
            tracing::warn!(organization = %config.name, "The server went away; the run begins anew at the next one");
            outcome = self.once(&cycle, job).await;
        }
        site.note_reached().await;
        let (report, exit) = conclude(&config, job.kind(), outcome);
        Ok(Outcome::Reported {
            report: Box::new(report),
            exit: exit.code(),
        })
    }
}

fn tell(told: Told, words: Words) -> Outcome {
    Outcome::Told {
        exit: told.exit.code(),
        report: told.json.unwrap_or_default(),
        lines: words.lines,
        notes: words.notes,
    }
}

/// Does what the job asks for.
async fn work(cycle: &Cycle<'_>, job: &Job, writer: &Writer) -> Result<Report, CycleError> {
    match &job.work {
        Work::Full => cycle.full_sync_with(writer).await,
        Work::Quick => cycle.quick_sync_with(writer).await,
        Work::Watch => cycle.watch_with(writer).await,
        Work::User(address) => {
            let address = address.parse().map_err(|_| FactsError::NoMailbox {
                address: address.clone(),
            })?;
            cycle.sync_user_with(writer, &address).await
        }
        Work::Order(order) => Err(CycleError::Store(
            format!("`{}` is no sync", order.what.name()).into(),
        )),
    }
}

#[async_trait]
impl Runner for SiteRunner {
    fn knows(&self, _: Kind) -> bool {
        true
    }

    async fn last_runs(&self) -> Result<LastRuns, String> {
        let read = async {
            let organization = self.store.organization(&self.organization.name).await?;
            organization.last_runs().await
        };
        let runs = read.await.map_err(|error| output::chain(&error))?;
        let good = |kind: Kind| runs.iter().find(|run| run.kind == kind.name())?.good;
        Ok(LastRuns {
            full: good(Kind::Full),
            quick: good(Kind::Quick),
            watch: good(Kind::Watch),
        })
    }

    async fn standing(&self) -> Standing {
        Standing {
            role: self.lead.role().await,
            not_before: None,
        }
    }

    async fn standing_changed(&self) {
        self.lead.changed().await;
    }

    async fn due_retries(&self, most: usize) -> Result<Vec<String>, String> {
        let read = async {
            let organization = self.store.organization(&self.organization.name).await?;
            organization.due_retries(self.clock.now()).await
        };
        let due = read.await.map_err(|error| output::chain(&error))?;
        let mut addresses: Vec<String> = Vec::new();
        for retry in due {
            if addresses.len() == most {
                break;
            }
            if !addresses.contains(&retry.address) {
                addresses.push(retry.address);
            }
        }
        Ok(addresses)
    }

    async fn run(&self, job: &Job, stop: &Stop, progress: &dyn ProgressSink) -> Outcome {
        let outcome = self.try_run(job, stop, progress).await;
        self.after_retry(job).await;
        if outcome.has_read() && self.memory.is_due(self.clock.elapsed()) {
            self.forget().await;
        }
        outcome
    }

    async fn close(&self) {
        if let Some(site) = self.site.write().await.take() {
            site.close().await;
        }
        self.lead.give_back().await;
    }
}
