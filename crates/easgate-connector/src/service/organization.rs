//! The loop of one organisation.

mod ended;
mod retries;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::clock::Clock;
use crate::kind::Kind;
use crate::progress::{Progress, ProgressSink};
use crate::schedule::{LastRuns, Schedule, Times};
use crate::service::queue::{Crowded, Queue, Waiting};
use crate::service::{
    Broken, By, Job, LoopStatus, Outcome, Role, Runner, Running, Setup, Stop, TimeLimits, Work, events,
};

/// Whoever waits for an outcome.
pub(crate) type Waiter = oneshot::Sender<Arc<Outcome>>;

/// What a loop is told.
pub(crate) enum Command {
    /// Do a job, and tell how it ended.
    Do(Job, Option<Waiter>),
    /// Look at the store.
    Wake,
}

/// The longest time without a look at the clock: a computer that slept has lost time that no timer counted.
const LOOK: Duration = Duration::from_secs(30);

/// How long a question to the store or to whoever leads may take.
const QUESTION: Duration = Duration::from_secs(10);

/// How long a job that was told to stop may take to end.
const GRACE: Duration = Duration::from_secs(30);

/// The same when the service ends, and how long letting go may then take: less than ten seconds together.
const END: Duration = Duration::from_secs(6);
const CLOSE: Duration = Duration::from_secs(2);

/// What runs beside what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Track {
    /// Commands, full, quick and users' syncs, one at a time.
    Main,
    /// Watch passes.
    Watch,
}

const fn track(kind: Kind) -> Track {
    match kind {
        Kind::Full | Kind::Quick | Kind::User | Kind::Command => Track::Main,
        Kind::Watch => Track::Watch,
    }
}

/// A job that runs.
struct Active {
    task: AbortHandle,
    job: Job,
    since: OffsetDateTime,
    /// When it is told to stop, and after that, when it is ended.
    deadline: Duration,
    stop: Stop,
    has_timed_out: bool,
    waiters: Vec<Waiter>,
}

/// The loop of one organisation.
pub(crate) struct Loop {
    clock: Arc<dyn Clock>,
    limits: TimeLimits,
    schedule: Schedule,
    runner: Arc<dyn Runner>,
    /// What is to be used once nothing runs.
    replacement: Option<Setup>,
    commands: mpsc::Receiver<Command>,
    replacements: watch::Receiver<Option<Setup>>,
    status: watch::Sender<LoopStatus>,
    progress: Arc<watch::Sender<Option<Progress>>>,
    stop: Stop,
    name: String,
    queue: Queue<Waiter>,
    /// At most one for each track.
    active: Vec<Active>,
    tasks: JoinSet<Outcome>,
    last: LastRuns,
    /// When what is due, as of the last turn.
    next: Times,
    role: Role,
    not_before: Option<OffsetDateTime>,
    failures: u32,
    paused_until: Option<OffsetDateTime>,
    ended: u64,
    /// When it is asked again which changes that failed are due, by the clock's count.
    retries_at: Duration,
}

impl Loop {
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one end of what `Service::start` makes"
    )]
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        limits: TimeLimits,
        (schedule, runner): Setup,
        commands: mpsc::Receiver<Command>,
        replacements: watch::Receiver<Option<Setup>>,
        status: watch::Sender<LoopStatus>,
        progress: Arc<watch::Sender<Option<Progress>>>,
        stop: Stop,
    ) -> Self {
        let name = status.borrow().organization.clone();
        Self {
            clock,
            limits,
            schedule,
            runner,
            replacement: None,
            commands,
            replacements,
            status,
            progress,
            stop,
            name,
            queue: Queue::new(),
            active: Vec::new(),
            tasks: JoinSet::new(),
            last: LastRuns::default(),
            next: Times::default(),
            role: Role::Leader,
            not_before: None,
            failures: 0,
            paused_until: None,
            ended: 0,
            retries_at: Duration::ZERO,
        }
    }

    /// Runs until it is told to stop.
    pub(crate) async fn run(mut self) {
        self.refresh().await;
        while !self.stop.is_requested() {
            self.turn().await;
            self.wait().await;
        }
        self.end().await;
    }

    /// Waits for whatever comes first: a command, the end of a job, or the next time to look.
    async fn wait(&mut self) {
        let clock = Arc::clone(&self.clock);
        let runner = Arc::clone(&self.runner);
        let sleep = self.next_look();
        tokio::select! {
            () = self.stop.requested() => {}
            Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
            Some(command) = self.commands.recv() => self.command(command).await,
            Ok(()) = self.replacements.changed() => {
                self.replacement = self.replacements.borrow_and_update().clone();
            }
            () = runner.standing_changed() => {}
            () = clock.sleep(sleep) => {}
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Do(job, waiter) => self.push(job, waiter),
            Command::Wake => {
                self.refresh().await;
                let work = if self.runner.knows(Kind::Quick) {
                    Work::Quick
                } else {
                    Work::Full
                };
                self.push(Job::new(work, By::Signal), None);
            }
        }
    }

    fn push(&mut self, job: Job, waiter: Option<Waiter>) {
        if !self.runner.knows(job.kind()) {
            let message = format!(
                "a run of the kind {} is not known for this organisation",
                job.kind()
            );
            answer(waiter, &Arc::new(Outcome::broken(Broken::Unknown, message)));
        } else if let Err(Crowded(waiter)) = self.queue.push(job, waiter) {
            answer(
                waiter,
                &Arc::new(Outcome::broken(Broken::Crowded, "too many requests wait")),
            );
        }
    }

    /// Begins a job on its free track.
    fn begin(&mut self, waiting: Waiting<Waiter>) {
        let Waiting { job, waiters } = waiting;
        let stop = Stop::new();
        let kind = job.kind();
        tracing::info!(event = events::SYNC_STARTED, organization = %self.name, %kind, by = %job.by, "Sync begins");
        let runner = Arc::clone(&self.runner);
        let relay = Relay {
            to: Arc::clone(&self.progress),
            is_shown: track(kind) == Track::Main,
        };
        let (task_job, task_stop) = (job.clone(), stop.clone());
        let task = self
            .tasks
            .spawn(async move { runner.run(&task_job, &task_stop, &relay).await });
        self.active.push(Active {
            task,
            job,
            since: self.clock.now(),
            deadline: self.clock.elapsed() + self.limits.of(kind),
            stop,
            has_timed_out: false,
            waiters,
        });
    }

    fn is_free(&self, wanted: Track) -> bool {
        self.active
            .iter()
            .all(|active| track(active.job.kind()) != wanted)
    }

    /// Asks the store when the last runs were. What this loop knows itself stays, so that nothing runs twice.
    async fn refresh(&mut self) -> bool {
        let runner = Arc::clone(&self.runner);
        let asked = self.in_time(QUESTION, runner.last_runs()).await;
        match asked.unwrap_or_else(|| Err("no answer within 10 seconds".to_owned())) {
            Ok(last) => {
                self.last.full = self.last.full.max(last.full);
                self.last.quick = self.last.quick.max(last.quick);
                self.last.watch = self.last.watch.max(last.watch);
                true
            }
            Err(error) => {
                tracing::error!(event = events::STORE_UNREADABLE, organization = %self.name, %error, "Store not read");
                false
            }
        }
    }

    /// The result of `work`, unless it takes longer than `limit`.
    async fn in_time<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.clock.sleep(limit) => None,
        }
    }

    /// Lets what is under way finish, and lets go of everything.
    async fn end(mut self) {
        self.commands.close();
        let refused = Arc::new(Outcome::broken(Broken::Stopping, "the service ends"));
        for waiting in self.queue.drain() {
            waiting
                .waiters
                .into_iter()
                .for_each(|waiter| answer(Some(waiter), &refused));
        }
        for active in &self.active {
            active.stop.request();
        }
        let clock = Arc::clone(&self.clock);
        let end = clock.sleep(END);
        tokio::pin!(end);
        loop {
            tokio::select! {
                ended = self.tasks.join_next_with_id() => match ended {
                    Some(ended) => self.ended(ended),
                    None => break,
                },
                () = &mut end => break,
            }
        }
        self.tasks.abort_all();
        let runner = Arc::clone(&self.runner);
        let closed = self.in_time(CLOSE, runner.close()).await;
        if closed.is_none() || !self.tasks.is_empty() {
            tracing::warn!(organization = %self.name, "Not everything could be ended in time");
        }
    }

    /// Tells how the loop stands, and that it lives.
    fn publish(&self) {
        let now = self.clock.now();
        let running = |active: &Active| Running {
            kind: active.job.kind(),
            since: active.since,
            by: active.job.by,
        };
        self.status.send_replace(LoopStatus {
            organization: self.name.clone(),
            role: self.role.clone(),
            running: self.active.iter().map(running).collect(),
            waiting: self.queue.kinds(),
            next: self.next,
            not_before: self.not_before().filter(|until| *until > now),
            failures: self.failures,
            ended: self.ended,
            beat: self.clock.elapsed(),
        });
    }
}

/// Passes progress on to whoever watches the organisation.
struct Relay {
    to: Arc<watch::Sender<Option<Progress>>>,
    is_shown: bool,
}

impl ProgressSink for Relay {
    fn progress(&self, progress: Progress) {
        if self.is_shown {
            self.to.send_replace(Some(progress));
        }
    }
}

/// Tells an outcome to somebody, who may have gone.
fn answer(waiter: Option<Waiter>, outcome: &Arc<Outcome>) {
    if let Some(waiter) = waiter {
        let _ = waiter.send(Arc::clone(outcome));
    }
}
