//! The shells of one transport, and who may use which.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::dialer::Dialer;
use super::shell::Shell;
use crate::{Config, ConfigError, InvokeError};

/// Up to [`Config::runspaces`] places for commands, spread over shells.
#[derive(Debug)]
pub(super) struct Shells {
    config: Config,
    dialer: Arc<Dialer>,
    session_id: Uuid,
    closing: CancellationToken,
    permits: Arc<Semaphore>,
    /// The places nobody uses, as indices into `slots`; the one used last comes first, so that others fall idle.
    free: Mutex<Vec<usize>>,
    slots: Vec<Slot>,
}

/// Where a shell is kept while it is usable. The lock is held while the shell opens.
type Slot = tokio::sync::Mutex<Option<Arc<Shell>>>;

/// The right to run one command in the shell of one slot.
#[derive(Debug)]
pub(super) struct Place {
    shells: Arc<Shells>,
    slot: usize,
    _permit: OwnedSemaphorePermit,
}

/// A shell for one command.
pub(super) struct Entered {
    pub(super) shell: Arc<Shell>,
    /// Whether it was opened for this command.
    pub(super) fresh: bool,
}

impl Shells {
    pub(super) fn new(config: Config, session_id: Uuid) -> Result<Self, ConfigError> {
        let dialer = Arc::new(Dialer::new(&config)?);
        let shells = if config.setup.is_empty() {
            1
        } else {
            config.runspaces
        };
        let slots: Vec<_> = std::iter::repeat_with(Slot::default).take(shells).collect();
        let free = (0..config.runspaces).map(|place| place % shells).rev().collect();
        Ok(Self {
            permits: Arc::new(Semaphore::new(config.runspaces)),
            free: Mutex::new(free),
            slots,
            dialer,
            session_id,
            closing: CancellationToken::new(),
            config,
        })
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    pub(super) const fn dialer(&self) -> &Arc<Dialer> {
        &self.dialer
    }

    pub(super) const fn session_id(&self) -> Uuid {
        self.session_id
    }

    /// How many runspaces one shell has.
    pub(super) fn runspaces_of_a_shell(&self) -> usize {
        self.config.runspaces / self.slots.len()
    }

    /// The address without its query, for people.
    pub(super) fn endpoint(&self) -> String {
        let mut url = self.config.url.clone();
        url.set_query(None);
        url.to_string()
    }

    pub(super) fn begin_closing(&self) {
        self.closing.cancel();
    }

    pub(super) const fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// Waits for a place; `None` when the transport closes.
    pub(super) async fn place(self: &Arc<Self>) -> Option<Place> {
        let permit = tokio::select! {
            permit = Arc::clone(&self.permits).acquire_owned() => permit.ok()?,
            () = self.closing.cancelled() => return None,
        };
        let slot = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Place {
            shells: Arc::clone(self),
            slot,
            _permit: permit,
        })
    }
}

impl Place {
    /// Gives the place's shell, which is opened and prepared if there is none.
    pub(super) async fn enter(&self, cmdlet: &str) -> Result<Entered, InvokeError> {
        let mut slot = self.slot().lock().await;
        if let Some(shell) = slot.as_ref().filter(|shell| !shell.is_lost()) {
            return Ok(Entered {
                shell: Arc::clone(shell),
                fresh: false,
            });
        }
        if let Some(lost) = slot.take() {
            lost.release().await;
        }
        let shell = Arc::new(Shell::open(&self.shells, cmdlet).await?);
        if let Err(error) = super::task::prepare(&shell, &self.shells).await {
            shell.release().await;
            return Err(error);
        }
        *slot = Some(Arc::clone(&shell));
        Ok(Entered { shell, fresh: true })
    }

    /// Ends the use of `shell`; a lost one is taken out of its slot, and deleted when its last command has left.
    pub(super) async fn leave(&self, shell: Arc<Shell>) {
        if shell.is_lost() {
            let mut slot = self.slot().lock().await;
            if let Some(kept) = slot.take_if(|kept| Arc::ptr_eq(kept, &shell)) {
                drop(slot);
                kept.release().await;
            }
        }
        shell.release().await;
    }

    fn slot(&self) -> &Slot {
        self.shells
            .slots
            .get(self.slot)
            .expect("free holds indices into slots only")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shells
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.slot);
    }
}

/// Ends shells that lie idle, and all that are left once the transport closes.
pub(super) async fn end_idle_shells(shells: Arc<Shells>) {
    let pause = (shells.config.idle_timeout / 4).max(Duration::from_millis(100));
    while tokio::time::timeout(pause, shells.closing.cancelled())
        .await
        .is_err()
    {
        for slot in &shells.slots {
            // A slot that is locked is opening its shell; that one is not idle.
            let Ok(mut slot) = slot.try_lock() else { continue };
            let idle = |shell: &mut Arc<Shell>| {
                Arc::strong_count(shell) == 1 && shell.idle_for() >= shells.config.idle_timeout
            };
            if let Some(shell) = slot.take_if(idle) {
                drop(slot);
                shell.release().await;
            }
        }
    }
    for slot in &shells.slots {
        let shell = slot.lock().await.take();
        if let Some(shell) = shell {
            shell.release().await;
        }
    }
}
