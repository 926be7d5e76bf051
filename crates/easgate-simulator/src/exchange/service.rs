//! What every request sees: shells, their number, the log.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::shell::Shell;
use super::start::{ExchangeConfig, LoggedCommand};
use super::{Faults, Organization};

/// The most commands that the log keeps.
const MAX_LOG: usize = 100_000;

pub(super) struct Service {
    pub(super) config: ExchangeConfig,
    pub(super) organization: Organization,
    pub(super) faults: Faults,
    /// Which server of the organisation this is, from 0.
    number: usize,
    shells: Mutex<HashMap<String, Arc<Shell>>>,
    /// What all servers have in common besides the organisation.
    log: Arc<Mutex<VecDeque<LoggedCommand>>>,
    /// Counts shells, so that back ends take turns.
    opened: AtomicUsize,
    /// Raised when the cookies given so far become worthless.
    epoch: AtomicUsize,
    failed_logons: Arc<AtomicUsize>,
}

impl Service {
    pub(super) fn new(config: ExchangeConfig) -> Self {
        Self {
            organization: Organization::new(&config),
            faults: Faults::default(),
            number: 0,
            shells: Mutex::default(),
            log: Arc::default(),
            opened: AtomicUsize::new(0),
            epoch: AtomicUsize::new(0),
            failed_logons: Arc::default(),
            config,
        }
    }

    /// The server with this number of the same organisation.
    pub(super) fn beside(&self, number: usize) -> Self {
        Self {
            config: self.config.clone(),
            organization: self.organization.clone(),
            faults: self.faults.clone(),
            number,
            shells: Mutex::default(),
            log: Arc::clone(&self.log),
            opened: AtomicUsize::new(0),
            epoch: AtomicUsize::new(0),
            failed_logons: Arc::clone(&self.failed_logons),
        }
    }

    /// The server's full name.
    pub(super) fn name(&self) -> String {
        self.machine(self.number)
    }

    /// The server's short name, as it calls itself in headers.
    pub(super) fn front_end(&self) -> String {
        format!("EX{:02}", self.number + 1)
    }

    fn shells(&self) -> MutexGuard<'_, HashMap<String, Arc<Shell>>> {
        let mut shells = self.shells.lock().unwrap_or_else(PoisonError::into_inner);
        if self.faults.take_lost_shells() {
            for (_, shell) in shells.drain() {
                shell.end();
            }
        }
        let idle = self.config.idle_timeout;
        shells.retain(|_, shell| {
            let alive = !shell.is_idle_for(idle);
            if !alive {
                shell.end();
            }
            alive
        });
        shells
    }

    /// The name of a back end.
    pub(super) fn machine(&self, back_end: usize) -> String {
        format!("ex{:02}.{}", back_end + 1, self.config.world.domain)
    }

    /// The back end whose turn it is.
    pub(super) fn next_back_end(&self) -> usize {
        self.opened.fetch_add(1, Ordering::Relaxed) % 2
    }

    /// The cookie that leads to a back end.
    pub(super) fn cookie(&self, back_end: usize) -> String {
        let name = self.config.account.rsplit('\\').next().unwrap_or_default();
        let epoch = self.epoch.load(Ordering::Relaxed);
        let way = base64_simd::URL_SAFE_NO_PAD
            .encode_to_string(format!("{back_end}~{epoch}~{}", self.machine(back_end)));
        format!("{name}={way}")
    }

    /// Whether `cookie` leads to the back end.
    pub(super) fn leads_to(&self, cookie: Option<&str>, back_end: usize) -> bool {
        if self.faults.take_lost_cookies() {
            self.epoch.fetch_add(1, Ordering::Relaxed);
        }
        !self.config.require_cookie || cookie == Some(self.cookie(back_end).as_str())
    }

    pub(super) fn add(&self, shell: Arc<Shell>) {
        self.shells().insert(shell.id.clone(), shell);
    }

    pub(super) fn shell(&self, id: &str) -> Option<Arc<Shell>> {
        let shell = self.shells().get(&id.to_ascii_uppercase()).cloned()?;
        shell.touch();
        Some(shell)
    }

    pub(super) fn remove(&self, id: &str) -> Option<Arc<Shell>> {
        let shell = self.shells().remove(&id.to_ascii_uppercase())?;
        shell.end();
        Some(shell)
    }

    pub(super) fn open_shells(&self) -> usize {
        self.shells().len()
    }

    /// Ends every shell.
    pub(super) fn close(&self) {
        for (_, shell) in self.shells().drain() {
            shell.end();
        }
    }

    pub(super) fn note(&self, command: LoggedCommand) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == MAX_LOG {
            log.pop_front();
        }
        log.push_back(command);
    }

    pub(super) fn log(&self) -> Vec<LoggedCommand> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    pub(super) fn forget(&self) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn note_failed_logon(&self) {
        self.failed_logons.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed_logons(&self) -> usize {
        self.failed_logons.load(Ordering::Relaxed)
    }
}
