//! The one way to the device lists of an organisation, for every run of this process.

mod promise;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use easgate_compliance::Window;
use easgate_model::{DeviceId, MailboxId};
use easgate_store::RunId;
use tokio::sync::Notify;

use crate::pace::Pace;

/// What a decision is about.
pub(crate) type Key = (MailboxId, DeviceId);

/// The changes of one organisation that wait or are under way, over all runs of this process.
///
/// # Guarantees
/// One mailbox is changed by one run at a time. All runs share the lanes that the server bears. What was decided by
/// newer facts about a device replaces what waits by older ones. Nobody loses access while somebody waits to get it.
/// What a run is about to do counts for the guard of every other.
pub struct WriteQueue {
    state: Mutex<State>,
    changed: Notify,
    /// Whose turn it is to count what the day has brought and to promise what is added to it.
    counting: tokio::sync::Mutex<()>,
}

pub(crate) struct State {
    pub(crate) pace: Pace,
    /// How many calls are under way.
    pub(crate) inside: usize,
    /// Spreads the lanes that wait for one moment.
    pub(crate) turn: u32,
    /// Mailboxes that are being changed.
    busy: HashSet<MailboxId>,
    /// Changes that let somebody in and have not ended.
    letting_in: usize,
    /// The newest facts by which a device was decided, as far as an older run could still write.
    newest: HashMap<Key, Age>,
    /// The same of devices whose mailbox the newer run does not know: an older one may be the first to see it.
    newest_ids: HashMap<DeviceId, Age>,
    last: Age,
    /// What runs have promised and not done yet.
    promises: BTreeMap<Age, Window>,
    runs: BTreeMap<Age, Option<RunId>>,
}

/// How new facts are: a run that began to read later has newer ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Age(u64);

/// A run that reads, decides and writes now.
pub(crate) struct Begun<'q> {
    queue: &'q WriteQueue,
    age: Age,
    /// When it began to read, by the clock that never goes back.
    pub(crate) at: Duration,
}

impl WriteQueue {
    /// An empty queue whose changes go out in up to `lanes` lanes at once, at least one.
    #[must_use]
    pub fn new(lanes: usize) -> Self {
        Self {
            state: Mutex::new(State {
                pace: Pace::new(lanes),
                inside: 0,
                turn: 0,
                busy: HashSet::new(),
                letting_in: 0,
                newest: HashMap::new(),
                newest_ids: HashMap::new(),
                last: Age::default(),
                promises: BTreeMap::new(),
                runs: BTreeMap::new(),
            }),
            changed: Notify::new(),
            counting: tokio::sync::Mutex::new(()),
        }
    }

    /// The runs of this process that have not ended.
    pub(crate) fn live(&self) -> BTreeSet<RunId> {
        self.state().runs.values().copied().flatten().collect()
    }

    /// Notes that a run begins to read at `now`.
    pub(crate) fn begin(&self, now: Duration) -> Begun<'_> {
        let mut state = self.state();
        state.last.0 += 1;
        let age = state.last;
        state.runs.insert(age, None);
        Begun {
            queue: self,
            age,
            at: now,
        }
    }

    pub(crate) fn notified(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    pub(crate) fn wake(&self) {
        self.changed.notify_waiters();
    }

    /// No invariant spans the lock, so a panic under it leaves nothing half done.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for WriteQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("WriteQueue")
            .field("runs", &state.runs.len())
            .field("busy", &state.busy.len())
            .field("inside", &state.inside)
            .finish_non_exhaustive()
    }
}

impl<'q> Begun<'q> {
    /// The run's row in the store, once it has one.
    pub(crate) fn run(&self) -> Option<RunId> {
        self.queue.state().runs.get(&self.age).copied().flatten()
    }

    /// Notes the run's row in the store.
    pub(crate) fn has_row(&self, run: RunId) {
        self.queue.state().runs.insert(self.age, Some(run));
    }

    /// Where the run's changes go.
    pub(crate) const fn queue(&self) -> &'q WriteQueue {
        self.queue
    }

    /// Notes that this run decided about `keys`, also where it changes nothing: older decisions have no more say.
    pub(crate) fn decided(&self, keys: impl IntoIterator<Item = Key>) {
        if !self.has_older() {
            return;
        }
        let mut state = self.queue.state();
        for key in keys {
            let newest = state.newest.entry(key).or_default();
            *newest = self.age.max(*newest);
        }
    }

    /// Notes that this run knows newer facts about `devices`, whichever mailbox they are at.
    pub(crate) fn knows(&self, devices: impl IntoIterator<Item = DeviceId>) {
        let mut state = self.queue.state();
        for device in devices {
            let newest = state.newest_ids.entry(device).or_default();
            *newest = self.age.max(*newest);
        }
    }

    /// Whether a run is there that began earlier: only such a one can hold an older decision.
    pub(crate) fn has_older(&self) -> bool {
        self.queue.state().runs.keys().next() < Some(&self.age)
    }

    /// Whether a run with newer facts has decided about anything that this one may still change.
    pub(crate) fn has_newer(&self) -> bool {
        let state = self.queue.state();
        !state.newest.is_empty() || !state.newest_ids.is_empty()
    }

    /// Whether a run with newer facts has decided about `key`.
    pub(crate) fn is_replaced(&self, key: &Key) -> bool {
        let state = self.queue.state();
        let newest = [state.newest.get(key), state.newest_ids.get(&key.1)];
        newest.into_iter().flatten().any(|newest| *newest > self.age)
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.runs.remove(&self.age);
        state.promises.remove(&self.age);
        // What is older than every run that is left can replace nothing any more.
        match state.runs.keys().next().copied() {
            None => {
                state.newest = HashMap::new();
                state.newest_ids = HashMap::new();
            }
            Some(oldest) => {
                state.newest.retain(|_, newest| *newest > oldest);
                state.newest_ids.retain(|_, newest| *newest > oldest);
            }
        }
    }
}
