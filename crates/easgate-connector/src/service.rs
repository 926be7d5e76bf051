//! The service: one loop for each organisation, by schedule and on demand.
//!
//! A [`Service`] has one loop for each organisation, with tasks and time limits of its own: what is slow, broken or panics in
//! one never delays another. Each loop starts what its [`Schedule`] says and what its [`Handle`] is asked for, through a
//! [`Runner`]. Commands, full, quick and users' syncs exclude each other, and a watch pass runs beside them.
//!
//! **Invariants.** Nothing waits for ever and nothing piles up: jobs have time limits, and those that wait are bounded and
//! coalesce. A loop never does the work itself, so that its beat tells whether it lives.

pub mod events;
mod job;
mod order;
mod organization;
mod queue;
mod status;
mod stop;
mod stoppable;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::kind::Kind;
use crate::progress::Progress;
use crate::schedule::Schedule;
use organization::{Command, Loop};

pub use job::{Broken, By, Job, Outcome, Role, Runner, Standing, Work};
pub use order::{Order, Ordered};
pub use status::{LoopStatus, Running};
pub use stop::Stop;
pub use stoppable::Stoppable;

/// What a loop works by.
type Setup = (Schedule, Arc<dyn Runner>);

/// How many commands may be on their way to a loop.
const COMMANDS: usize = 64;

/// A loop that has given no sign for so long is taken for dead.
const DEAD: Duration = Duration::from_secs(90);

/// How long jobs may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// A full sync, or a command.
    pub full: Duration,
    /// A quick sync.
    pub quick: Duration,
    /// A watch pass.
    pub watch: Duration,
    /// A user's sync.
    pub user: Duration,
}

impl TimeLimits {
    pub(crate) const fn of(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Full | Kind::Command => self.full,
            Kind::Quick => self.quick,
            Kind::Watch => self.watch,
            Kind::User => self.user,
        }
    }
}

impl Default for TimeLimits {
    /// Ample times: the first full sync of a very large organisation changes a hundred thousand lists.
    fn default() -> Self {
        Self {
            full: Duration::from_secs(20 * 3600),
            quick: Duration::from_secs(2 * 3600),
            watch: Duration::from_secs(10 * 60),
            user: Duration::from_secs(10 * 60),
        }
    }
}

/// The loops of all organisations.
pub struct Service {
    clock: Arc<dyn Clock>,
    limits: TimeLimits,
    loops: JoinSet<()>,
    handles: BTreeMap<String, Handle>,
}

impl Service {
    /// A service without organisations.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, limits: TimeLimits) -> Self {
        Self {
            clock,
            limits,
            loops: JoinSet::new(),
            handles: BTreeMap::new(),
        }
    }

    /// Starts the loop of the organisation called `name`. One that runs already gets the new `schedule` and `runner` as soon
    /// as it does nothing.
    pub fn start(&mut self, name: &str, schedule: Schedule, runner: Arc<dyn Runner>) {
        while self.loops.try_join_next().is_some() {}
        if let Some(handle) = self.handles.get(name) {
            handle.replacement.send_replace(Some((schedule, runner)));
            return;
        }
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let status = watch::Sender::new(LoopStatus::new(name, self.clock.elapsed()));
        let progress = Arc::new(watch::Sender::new(None));
        let stop = Stop::new();
        let replacement = Arc::new(watch::Sender::new(None));
        let replacements = replacement.subscribe();
        let handle = Handle {
            commands,
            status: status.subscribe(),
            progress: progress.subscribe(),
            replacement,
            stop: stop.clone(),
        };
        let clock = Arc::clone(&self.clock);
        let one = Loop::new(
            clock,
            self.limits,
            (schedule, runner),
            receiver,
            replacements,
            status,
            progress,
            stop,
        );
        self.loops.spawn(one.run());
        self.handles.insert(name.to_owned(), handle);
    }

    /// Lets the loop of the organisation called `name` end, after what it has under way.
    pub fn remove(&mut self, name: &str) {
        if let Some(handle) = self.handles.remove(name) {
            handle.stop.request();
        }
    }

    /// The organisations, by name.
    #[must_use]
    pub const fn handles(&self) -> &BTreeMap<String, Handle> {
        &self.handles
    }

    /// Whether every loop has given a sign of life lately.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let now = self.clock.elapsed();
        self.handles
            .values()
            .all(|handle| now.saturating_sub(handle.status.borrow().beat) < DEAD)
    }

    /// Ends every loop: a change that is under way is finished and kept, sessions are closed. Takes less than ten seconds.
    pub async fn stop(mut self) {
        for handle in self.handles.values() {
            handle.stop.request();
        }
        while self.loops.join_next().await.is_some() {}
    }
}

/// The way to the loop of one organisation.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<LoopStatus>,
    progress: watch::Receiver<Option<Progress>>,
    replacement: Arc<watch::Sender<Option<Setup>>>,
    stop: Stop,
}

impl Handle {
    /// Asks for a job, and tells how it ends. One of the same kind that waits already is the same one.
    ///
    /// Whoever is not interested may drop what is returned; it fails when the loop ends first.
    pub fn trigger(&self, job: Job) -> oneshot::Receiver<Arc<Outcome>> {
        let (sender, receiver) = oneshot::channel();
        self.send(Command::Do(job, Some(sender)));
        receiver
    }

    /// Asks for a job whose end interests nobody.
    pub fn nudge(&self, job: Job) {
        self.send(Command::Do(job, None));
    }

    /// Tells that something was written to the store that the loop should look at now.
    pub fn wake(&self) {
        self.send(Command::Wake);
    }

    /// How the loop stands.
    #[must_use]
    pub fn status(&self) -> LoopStatus {
        self.status.borrow().clone()
    }

    /// Changes whenever the loop stands in another way.
    #[must_use]
    pub fn watch_status(&self) -> watch::Receiver<LoopStatus> {
        self.status.clone()
    }

    /// How far the sync is that runs, if one does.
    #[must_use]
    pub fn watch_progress(&self) -> watch::Receiver<Option<Progress>> {
        self.progress.clone()
    }

    /// A loop that does not take its commands is busy or dead; whoever waits for an answer is told.
    fn send(&self, command: Command) {
        if let Err(mpsc::error::TrySendError::Full(Command::Do(_, Some(waiter)))) =
            self.commands.try_send(command)
        {
            let _ = waiter.send(Arc::new(Outcome::broken(
                Broken::Crowded,
                "too many requests wait",
            )));
        }
    }
}
