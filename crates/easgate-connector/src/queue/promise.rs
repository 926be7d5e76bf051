//! What runs are about to do, for the guard of the others.
//!
//! A run counts what the last day has brought, and then takes long to add to it. Another run that counts in the meantime
//! would find nothing of that in the journal, and both together would take more than the guard lets.

use std::collections::BTreeSet;

use easgate_compliance::{Change, Window};

use super::{Begun, Key, WriteQueue};

impl WriteQueue {
    /// What the runs of this process have promised, and not done yet.
    pub(crate) fn promised(&self) -> Window {
        let mut all = Window::default();
        for promise in self.state().promises.values() {
            all.lost = all.lost.saturating_add(promise.lost);
            all.gained = all.gained.saturating_add(promise.gained);
            all.removed = all.removed.saturating_add(promise.removed);
        }
        all
    }
}

impl Begun<'_> {
    /// Plans while no other run counts what the day has brought, and promises what `go` gives of the plan, as far as it
    /// counts; `refused` are the devices that an earlier run refused.
    pub(crate) async fn promising<P, E>(
        &self,
        refused: &BTreeSet<Key>,
        planning: impl Future<Output = Result<P, E>> + Send,
        go: impl FnOnce(&P) -> &[Change] + Send,
    ) -> Result<P, E>
    where
        P: Send,
        E: Send,
    {
        let _counting = self.queue.counting.lock().await;
        let planned = planning.await?;
        self.promises(go(&planned), refused);
        Ok(planned)
    }

    pub(super) fn promises(&self, changes: &[Change], refused: &BTreeSet<Key>) {
        let mut promise = Window::default();
        for change in changes {
            let is_gain = refused.contains(&(change.mailbox, change.device.clone()));
            let counts = counts(change, is_gain);
            promise.lost += counts.lost;
            promise.gained += counts.gained;
            promise.removed += counts.removed;
        }
        self.queue.state().promises.insert(self.age, promise);
    }

    /// One of the promised changes, until the journal tells it or nothing will come of it.
    pub(crate) fn promised(&self, change: &Change, is_gain: bool) -> Promised<'_> {
        Promised {
            begun: self,
            counts: counts(change, is_gain),
        }
    }
}

/// A promised change; when it is dropped it counts no more.
pub(crate) struct Promised<'b> {
    begun: &'b Begun<'b>,
    counts: Window,
}

impl Drop for Promised<'_> {
    fn drop(&mut self) {
        let mut state = self.begun.queue.state();
        if let Some(promise) = state.promises.get_mut(&self.begun.age) {
            promise.lost = promise.lost.saturating_sub(self.counts.lost);
            promise.gained = promise.gained.saturating_sub(self.counts.gained);
            promise.removed = promise.removed.saturating_sub(self.counts.removed);
        }
    }
}

/// As what a change counts for the guard.
fn counts(change: &Change, is_gain: bool) -> Window {
    Window {
        lost: u64::from(change.loses_access()),
        gained: u64::from(change.gains_access() && is_gain),
        removed: u64::from(change.only_removes()),
    }
}
