//! Whether this process may write an organisation.
//!
//! On a store that several nodes share, the lease is kept as long as the service runs, and whoever has it not looks on. On a
//! file no other node can come, so that the right is held by runs alone: between them other commands of this machine may write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use easgate_connector::service::{Role, Stop};
use easgate_connector::{CycleError, SystemClock, leadership};
use easgate_store::{LeaseError, Organization, Store, StoreError, Writer};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::output;

/// How often a node that looks on asks whether it may lead, and one that leads asks the other way round.
const AGAIN: Duration = Duration::from_secs(3);

/// The right to write one organisation.
pub(super) struct Lead {
    shared: Arc<Shared>,
    /// The task that keeps the lease, once it is wanted.
    keeper: tokio::sync::Mutex<JoinSet<()>>,
    /// What was told last.
    told: Mutex<Option<Role>>,
}

struct Shared {
    store: Store,
    name: String,
    clock: SystemClock,
    stop: Stop,
    /// Whether the lease is to be taken from whoever has it, once.
    replacing: AtomicBool,
    /// `None` until the lease was asked for.
    role: watch::Sender<Option<Role>>,
    /// As long as this node leads a store that is shared.
    kept: Mutex<Option<Arc<Writer>>>,
    /// As long as a run holds it, on a file.
    lent: tokio::sync::Mutex<Weak<Writer>>,
}

impl Lead {
    /// With `replacing`, the lease is first taken from whoever has it.
    pub(super) fn new(store: Store, name: &str, replacing: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                name: name.to_owned(),
                clock: SystemClock::new(),
                stop: Stop::new(),
                replacing: AtomicBool::new(replacing),
                role: watch::Sender::new(None),
                kept: Mutex::new(None),
                lent: tokio::sync::Mutex::new(Weak::new()),
            }),
            keeper: tokio::sync::Mutex::new(JoinSet::new()),
            told: Mutex::new(None),
        }
    }

    /// What this node is; the first call begins to keep the lease where it has to be kept.
    pub(super) async fn role(&self) -> Role {
        if self.shared.is_alone() {
            return Role::Leader;
        }
        {
            let mut keeper = self.keeper.lock().await;
            if keeper.is_empty() && !self.shared.stop.is_requested() {
                keeper.spawn(Arc::clone(&self.shared).keep());
            }
        }
        let mut roles = self.shared.role.subscribe();
        let role = roles.wait_for(Option::is_some).await;
        let role = role.ok().and_then(|role| role.clone());
        locked(&self.told).clone_from(&role);
        role.unwrap_or(Role::Observer { leader: None })
    }

    /// Waits until the role is another than the one that was told last.
    pub(super) async fn changed(&self) {
        let told = locked(&self.told).clone();
        let mut roles = self.shared.role.subscribe();
        if self.shared.is_alone() || roles.wait_for(|role| *role != told).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The right to write, which the runs of this process share.
    pub(super) async fn writer(&self) -> Result<Arc<Writer>, CycleError> {
        if let Some(writer) = locked(&self.shared.kept).clone() {
            return Ok(writer);
        }
        let mut lent = self.shared.lent.lock().await;
        if let Some(writer) = lent.upgrade() {
            return Ok(writer);
        }
        let organization = self.shared.organization().await?;
        let writer = Arc::new(leadership::take(&organization, &self.shared.clock).await?);
        *lent = Arc::downgrade(&writer);
        Ok(writer)
    }

    /// Gives back what a run was lent, when no other run has it.
    pub(super) async fn done_with(&self, writer: Arc<Writer>) {
        let _nobody_takes_it = self.shared.lent.lock().await;
        // As long as the lease is kept, that is not the last.
        if let Some(writer) = Arc::into_inner(writer) {
            self.shared.hand_over(writer).await;
        }
    }

    /// Gives the right back, when nothing runs any more.
    pub(super) async fn give_back(&self) {
        self.shared.stop.request();
        let mut keeper = self.keeper.lock().await;
        while keeper.join_next().await.is_some() {}
    }
}

impl Shared {
    /// Whether no other node can come.
    fn is_alone(&self) -> bool {
        self.store.path().is_some()
    }

    async fn organization(&self) -> Result<Organization, StoreError> {
        self.store.organization(&self.name).await
    }

    /// Takes the lease whenever it is free, and keeps it, until it is to be given back.
    async fn keep(self: Arc<Self>) {
        while !self.stop.is_requested() {
            match self.take().await {
                Ok(writer) => self.lead(writer).await,
                Err(LeaseError::Held { by, .. }) => self.tell(Role::Observer { leader: Some(by) }),
                Err(error) => {
                    tracing::warn!(organization = %self.name, error = output::chain(&error), "Lease not asked for");
                    self.tell(Role::Observer { leader: None });
                }
            }
            tokio::select! {
                () = self.stop.requested() => {}
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    async fn take(&self) -> Result<Writer, LeaseError> {
        let organization = self.organization().await?;
        if !self.replacing.load(Ordering::Acquire) {
            return leadership::take(&organization, &self.clock).await;
        }
        let writer = leadership::replace(&organization, &self.clock).await?;
        self.replacing.store(false, Ordering::Release);
        Ok(writer)
    }

    /// Leads until the lease is lost or to be given back.
    async fn lead(&self, writer: Writer) {
        let writer = Arc::new(writer);
        *locked(&self.kept) = Some(Arc::clone(&writer));
        self.tell(Role::Leader);
        let lost = tokio::select! {
            lost = leadership::keep(&writer, &self.clock) => Some(lost),
            () = self.stop.requested() => None,
        };
        *locked(&self.kept) = None;
        self.tell(Role::Observer { leader: None });
        match (lost, Arc::try_unwrap(writer)) {
            (None, Ok(writer)) => self.hand_over(writer).await,
            // A run that could not be ended holds it, so it ends by its own time.
            (None, Err(_)) => {
                tracing::warn!(organization = %self.name, "Lease not handed over: a run holds it");
            }
            (Some(lost), _) => {
                tracing::error!(organization = %self.name, error = output::chain(&lost), "Lease lost");
            }
        }
    }

    async fn hand_over(&self, writer: Writer) {
        if let Err(error) = writer.hand_over().await {
            let error = output::chain(&error);
            tracing::warn!(organization = %self.name, error, "Lease not handed over; it ends when its time is over");
        }
    }

    fn tell(&self, role: Role) {
        self.role.send_if_modified(|now| {
            let is_other = now.as_ref() != Some(&role);
            *now = Some(role);
            is_other
        });
    }
}

/// No invariant spans these locks, so a panic under one leaves nothing half done.
fn locked<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
