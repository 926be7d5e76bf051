//! The service while it runs: what it holds, and how it acts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use easgate_config::Organization;
use easgate_connector::service::{By, Handle, Job, LoopStatus, Order, Role, Service, Work, events};
use easgate_connector::{Clock, Kind};
use easgate_model::escape;
use easgate_store::{AuditAction, AuditEvent, Store, StoreError};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::follow::follow;
use super::listen::Asked;
use super::notify::Notifier;
use super::reload::{Loaded, ReloadError};
use super::runner::SiteRunner;
use crate::control::{Answer, OrderRequest, Request, SyncRequest};
use crate::installation::Own;
use crate::metrics::{self, Maker, Textfile};
use crate::render::{count, time};
use crate::who;
use crate::{logging, output};

/// The service while it runs.
pub(super) struct Running {
    loaded: Loaded,
    service: Service,
    store: Store,
    clock: Arc<dyn Clock>,
    notifier: Notifier,
    since: OffsetDateTime,
    /// Those who wait for the end of runs.
    followers: JoinSet<()>,
    is_stuck: bool,
    /// Those of the configuration in use.
    organizations: Vec<Arc<Organization>>,
    /// Where the figures are written, if they are.
    textfile: Option<Textfile>,
}

impl Running {
    pub(super) fn new(
        loaded: Loaded,
        service: Service,
        store: Store,
        clock: Arc<dyn Clock>,
        notifier: Notifier,
    ) -> Self {
        let since = clock.now();
        let metrics_file = loaded.configuration.service.metrics_file.clone();
        Self {
            loaded,
            service,
            store,
            clock,
            notifier,
            since,
            followers: JoinSet::new(),
            is_stuck: false,
            organizations: Vec::new(),
            textfile: metrics_file.map(Textfile::new),
        }
    }

    /// Starts every loop, and tells that the service is there.
    ///
    /// With `replacing`, the right to write is taken from whoever has it.
    pub(super) fn begin(&mut self, replacing: bool) {
        self.start_all(replacing);
        self.notifier.ready(&self.summary());
    }

    /// Starts the loop of each organisation of the file, or gives it what the file says.
    fn start_all(&mut self, replacing: bool) {
        let organizations = std::mem::take(&mut self.loaded.configuration.organizations);
        self.organizations = organizations.into_iter().map(Arc::new).collect();
        let retention = self.loaded.configuration.retention;
        for organization in &self.organizations {
            let runner = SiteRunner::new(Arc::clone(organization), self.store.clone(), retention, replacing);
            let schedule = organization.schedule.clone();
            self.service.start(&organization.name, schedule, Arc::new(runner));
        }
    }

    /// Asks every organisation for a quick sync, or for a full one where quick ones are not known.
    pub(super) fn nudge_quick(&self) {
        self.service.handles().values().for_each(Handle::wake);
    }

    /// Asks every organisation for a full sync.
    pub(super) fn nudge_full(&self) {
        for handle in self.service.handles().values() {
            handle.nudge(Job::new(Work::Full, By::Signal));
        }
    }

    /// Looks whether every loop lives, and tells the service manager.
    pub(super) fn look(&mut self) {
        while self.followers.try_join_next().is_some() {}
        let is_stuck = !self.service.is_alive();
        if is_stuck && !self.is_stuck {
            tracing::error!(event = events::SERVICE_STUCK, "A loop gives no sign of life");
        }
        self.is_stuck = is_stuck;
        if !is_stuck {
            self.notifier.send(&["WATCHDOG=1"]);
        }
        self.notifier.status(&self.summary());
        self.write_metrics();
    }

    /// Writes the figures to their file, when it is time.
    fn write_metrics(&mut self) {
        let now = self.clock.elapsed();
        let Some(path) = self.textfile.as_mut().and_then(|file| file.due(now)) else {
            return;
        };
        let page = self.page();
        self.followers.spawn(async move {
            let written = match page.await {
                Ok(page) => metrics::write(&path, &page).map_err(|error| output::chain(&error)),
                Err(error) => Err(output::chain(&error)),
            };
            if let Err(error) = written {
                tracing::error!(event = events::METRICS_UNWRITTEN, error, "Metrics not written");
            }
        });
    }

    /// The figures, as they are once they are asked for.
    fn page(&self) -> impl Future<Output = Result<String, StoreError>> + Send + use<> {
        let (store, service, now) = (self.store.clone(), self.status(), self.clock.now());
        let organizations = self.organizations.clone();
        async move {
            let maker = Maker {
                store: &store,
                organizations: &organizations,
                service: Some(&service),
                now,
            };
            maker.page().await
        }
    }

    /// Whether another installation has taken the place of this one. Where the store does not answer nobody knows, and
    /// nothing is written either.
    pub(super) async fn is_replaced(&self, own: &Own) -> bool {
        // It answers within seconds, or the next time.
        let asked = timeout(Duration::from_secs(3), own.replaced_by(&self.store)).await;
        let Ok(Ok(Some(other))) = asked else { return false };
        tracing::error!(
            event = events::INSTALLATION_REPLACED,
            installation = %other.id,
            node = escape(&other.node),
            since = time(other.since),
            "Another installation has taken the place of this one"
        );
        true
    }

    /// Reads the configuration again; `uid` is who asked over the control socket.
    ///
    /// # Errors
    /// The configuration stays as it is.
    pub(super) async fn reload(&mut self, uid: Option<u32>) -> Result<(), ReloadError> {
        self.notifier.send(&["RELOADING=1"]);
        let again = self.loaded.again();
        let done = match again {
            Ok((next, differences)) => {
                for difference in &differences {
                    let difference = escape(&difference.to_string());
                    tracing::info!(
                        event = events::RELOAD_CHANGED,
                        difference,
                        "Configuration changed"
                    );
                }
                let changed = differences.len();
                self.take(next, uid).await;
                tracing::info!(event = events::RELOAD_DONE, changed, "Configuration read again");
                Ok(())
            }
            Err(error) => {
                let message = output::chain(&error);
                tracing::error!(
                    event = events::RELOAD_REFUSED,
                    error = message,
                    "Configuration refused"
                );
                Err(error)
            }
        };
        self.notifier.ready(&self.summary());
        done
    }

    /// Uses another configuration from the next runs on.
    async fn take(&mut self, next: Loaded, uid: Option<u32>) {
        if next.configuration.service != self.loaded.configuration.service {
            tracing::warn!(
                event = events::RELOAD_CHANGED,
                "[service] takes effect at the next start"
            );
        }
        let (before, after) = (self.loaded.digest(), next.digest());
        let known: Vec<String> = self.service.handles().keys().cloned().collect();
        for name in known {
            if next
                .configuration
                .organization(&name)
                .is_none_or(|one| one.name != name)
            {
                self.service.remove(&name);
            }
        }
        if before != after {
            for organization in &next.configuration.organizations {
                self.record_change(&organization.name, &before, &after, uid).await;
            }
        }
        let service = std::mem::take(&mut self.loaded.configuration.service);
        self.loaded = next;
        self.loaded.configuration.service = service;
        self.start_all(false);
    }

    async fn record_change(&self, organization: &str, before: &str, after: &str, uid: Option<u32>) {
        let actor = who::peer(uid, None);
        let event = AuditEvent {
            before: Some(format!("sha256 {before}")),
            after: Some(format!("sha256 {after}")),
            ..AuditEvent::new(AuditAction::ConfigChanged, actor, self.clock.now())
        };
        let recorded = async {
            let organization = self.store.organization(organization).await?;
            organization.record(&event).await
        };
        if let Err(error) = recorded.await {
            // Without an audit no run changes anything, so nothing is done under it unrecorded.
            tracing::error!(%organization, error = output::chain(&error), "The audit could not be written");
        }
    }

    /// Answers a request, or sees to it that it is answered.
    pub(super) async fn answer(&mut self, asked: Asked) {
        let Asked {
            request,
            body,
            uid,
            answers,
        } = asked;
        let answer = match request {
            Request::Status { configuration } => {
                self.refuse_other(configuration.as_deref())
                    .unwrap_or_else(|| Answer::Status {
                        status: self.status(),
                    })
            }
            Request::Metrics { configuration } => match self.refuse_other(configuration.as_deref()) {
                Some(answer) => answer,
                None => {
                    self.followers.spawn(tell_page(self.page(), answers));
                    return;
                }
            },
            Request::Sync(request) => match self.sync(&request, uid) {
                Ok(waits) => {
                    self.followers.spawn(follow(waits, answers));
                    return;
                }
                Err(answer) => answer,
            },
            Request::Order(request) => match self.order(&request, body, uid) {
                Ok(waits) => {
                    self.followers.spawn(follow(waits, answers));
                    return;
                }
                Err(answer) => answer,
            },
            Request::Reload => match self.reload(Some(uid)).await {
                Ok(()) => Answer::Done,
                Err(error) => Answer::refused("reload", output::chain(&error)),
            },
            Request::Wake { organization } => match self.meant(organization.as_deref()) {
                Ok(handles) => {
                    handles.into_iter().for_each(|(_, handle)| handle.wake());
                    Answer::Done
                }
                Err(answer) => answer,
            },
            Request::Log { filter } => change_log(&filter, uid),
        };
        // A visitor who has gone needs no answer.
        let _ = answers.try_send(answer);
    }

    /// Starts what `request` asks for.
    fn sync(&self, request: &SyncRequest, uid: u32) -> Result<Vec<super::follow::Wait>, Answer> {
        if let Some(answer) = self.refuse_other(request.configuration.as_deref()) {
            return Err(answer);
        }
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == request.kind);
        let work = match (kind, &request.user) {
            (Some(Kind::Full), None) => Work::Full,
            (Some(Kind::Quick), None) => Work::Quick,
            (Some(Kind::Watch), None) => Work::Watch,
            (Some(Kind::User), Some(user)) => Work::User(user.clone()),
            (Some(_) | None, _) => {
                return Err(Answer::refused(
                    "request",
                    "no such kind of sync, or no address for it",
                ));
            }
        };
        let job = Job {
            accept_shrunken: request.accept_shrunken,
            log_on_again: request.log_on_again,
            ..Job::new(work, By::Peer { uid })
        };
        self.asked(request.organization.as_deref(), &job)
    }

    /// Starts the command that `request` asks for; `body` is what followed it.
    fn order(
        &self,
        request: &OrderRequest,
        body: String,
        uid: u32,
    ) -> Result<Vec<super::follow::Wait>, Answer> {
        if let Some(answer) = self.refuse_other(request.configuration.as_deref()) {
            return Err(answer);
        }
        let what = request.order.ordered(body);
        let order = Order {
            what: what.map_err(|message| Answer::refused("request", message))?,
            by: request.by.clone(),
        };
        let job = Job::new(Work::Order(Arc::new(order)), By::Peer { uid });
        self.asked(Some(&request.organization), &job)
    }

    /// Asks the organisations that are meant for `job`.
    fn asked(&self, organization: Option<&str>, job: &Job) -> Result<Vec<super::follow::Wait>, Answer> {
        let handles = self.meant(organization)?;
        let wait = |(name, handle): (&String, &Handle)| super::follow::Wait {
            organization: name.clone(),
            outcome: handle.trigger(job.clone()),
            progress: handle.watch_progress(),
            status: handle.watch_status(),
        };
        Ok(handles.into_iter().map(wait).collect())
    }

    /// The loops that are meant.
    fn meant(&self, organization: Option<&str>) -> Result<Vec<(&String, &Handle)>, Answer> {
        let is_meant = |name: &str| organization.is_none_or(|wanted| wanted.eq_ignore_ascii_case(name));
        let handles = self.service.handles().iter();
        let meant: Vec<_> = handles.filter(|(name, _)| is_meant(name)).collect();
        if meant.is_empty() {
            return Err(Answer::refused(
                "organization",
                "the service has no such organisation",
            ));
        }
        Ok(meant)
    }

    /// Refuses whoever means another configuration.
    fn refuse_other(&self, wanted: Option<&Path>) -> Option<Answer> {
        let wanted = wanted?;
        let own = self
            .loaded
            .canonical()
            .unwrap_or_else(|_| self.loaded.path.clone());
        (own != wanted).then(|| {
            let message = format!("the service runs with {}", own.display());
            Answer::refused("configuration", message)
        })
    }

    /// Lets everything under way finish; takes less than ten seconds.
    pub(super) async fn end(self) {
        tracing::info!(event = events::SERVICE_STOPPING, "Service stops");
        self.notifier.send(&["STOPPING=1", "STATUS=stopping"]);
        self.service.stop().await;
        let mut followers = self.followers;
        let last = async { while followers.join_next().await.is_some() {} };
        let _ = timeout(Duration::from_millis(500), last).await;
        self.store.close().await;
    }

    /// One line for people.
    fn summary(&self) -> String {
        let all: Vec<LoopStatus> = self.service.handles().values().map(Handle::status).collect();
        let running = all.iter().filter(|one| !one.running.is_empty()).count();
        let failing = all.iter().filter(|one| one.failures > 0).count();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        format!(
            "{}, {running} at work, {failing} that cannot be read",
            count(number(all.len()), "organisation")
        )
    }

    /// The service and its organisations.
    fn status(&self) -> Value {
        let organizations = self
            .service
            .handles()
            .values()
            .map(|handle| organization(&handle.status()));
        json!({
            "process": std::process::id(),
            "version": env!("CARGO_PKG_VERSION"),
            "since": time(self.since),
            "configuration": self.loaded.path.display().to_string(),
            "organizations": organizations.collect::<Vec<_>>(),
        })
    }
}

async fn tell_page(
    page: impl Future<Output = Result<String, StoreError>> + Send,
    answers: mpsc::Sender<Answer>,
) {
    let answer = match page.await {
        Ok(page) => Answer::Metrics { page },
        Err(error) => Answer::refused("store", output::chain(&error)),
    };
    let _ = answers.send(answer).await;
}

fn change_log(filter: &str, uid: u32) -> Answer {
    if let Err(error) = logging::change(filter) {
        return Answer::refused("filter", output::chain(&error));
    }
    tracing::warn!(
        event = events::LOG_CHANGED,
        filter = escape(filter),
        uid,
        "Log changed"
    );
    Answer::Done
}

fn organization(status: &LoopStatus) -> Value {
    let running = status.running.iter().map(|running| {
        json!({ "kind": running.kind.name(), "since": time(running.since), "by": running.by.to_string() })
    });
    let (role, leader) = match &status.role {
        Role::Leader => ("leader", None),
        Role::Observer { leader } => ("observer", leader.as_deref()),
    };
    json!({
        "organization": status.organization,
        "role": role,
        "leader": leader,
        "running": running.collect::<Vec<_>>(),
        "waiting": status.waiting.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "next": {
            "full": status.next.full.map(time),
            "quick": status.next.quick.map(time),
            "watch": status.next.watch.map(time),
        },
        "not_before": status.not_before.map(time),
        "failures_in_a_row": status.failures,
    })
}
