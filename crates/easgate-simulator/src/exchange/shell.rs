//! One shell: a runspace pool and the pipelines in it.

mod pipeline;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use easgate_psrp::message::RunspaceAnswer;
use easgate_psrp::server::{PoolConfig, PoolEvent, RunspacePool};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use uuid::Uuid;

use super::cmdlets::Session;
use super::service::Service;
use pipeline::Running;

/// What a fragment costs besides its bytes: the `Stream` element around it.
const STREAM_BYTES: usize = 160;

pub(super) struct Shell {
    pub(super) id: String,
    pub(super) back_end: usize,
    session: Arc<Session>,
    full: bool,
    inner: Mutex<Inner>,
    changed: Notify,
}

struct Inner {
    pool: RunspacePool,
    pipelines: HashMap<String, Running>,
    /// Commands that wait for a runspace, oldest first.
    waiting: VecDeque<String>,
    last_used: Instant,
    receiving: usize,
    ended: bool,
    /// The connection is to break after what was done now.
    dies: bool,
}

/// What a Receive finds.
pub(super) enum Output {
    Ready {
        fragments: Vec<Vec<u8>>,
        done: bool,
    },
    /// Nothing yet; not before that time, when one is known.
    Later(Option<Instant>),
    /// There is no such command (any more).
    Gone,
    /// The shell has ended.
    Ended,
    /// The connection breaks, by a fault on demand.
    Broken,
}

impl Shell {
    /// Opens the runspace pool that `creation` asks for.
    pub(super) fn open(
        service: &Service,
        id: &str,
        back_end: usize,
        full: bool,
        creation: &[u8],
    ) -> Result<Self, String> {
        let config = PoolConfig {
            version: service.config.version.protocol(),
            max_runspaces: service.config.max_runspaces,
            ..PoolConfig::default()
        };
        let mut pool = RunspacePool::new(config);
        pool.handle(creation).map_err(|error| error.to_string())?;
        let inner = Inner {
            pool,
            pipelines: HashMap::new(),
            waiting: VecDeque::new(),
            last_used: Instant::now(),
            receiving: 0,
            ended: false,
            dies: false,
        };
        let shell = Self {
            id: id.to_owned(),
            back_end,
            session: Arc::default(),
            full: full || service.config.full_serialization,
            inner: Mutex::new(inner),
            changed: Notify::new(),
        };
        shell.inner().pool_events();
        Ok(shell)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes when something changes from now on.
    pub(super) fn news(&self) -> Notified<'_> {
        self.changed.notified()
    }

    pub(super) fn touch(&self) {
        self.inner().last_used = Instant::now();
    }

    pub(super) fn is_idle_for(&self, time: Duration) -> bool {
        let inner = self.inner();
        inner.receiving == 0 && inner.last_used.elapsed() >= time
    }

    /// Ends the shell: waiting Receives are told so.
    pub(super) fn end(&self) {
        self.inner().ended = true;
        self.changed.notify_waiters();
    }

    pub(super) fn take_death(&self) -> bool {
        std::mem::take(&mut self.inner().dies)
    }

    /// Starts a command, or lets it wait for a runspace.
    pub(super) fn command(&self, service: &Service, id: &str, fragments: &[u8]) -> Result<(), String> {
        let mut inner = self.inner();
        if inner.pipelines.contains_key(id) {
            return Err("The command id is in use.".to_owned());
        }
        let uuid = id.parse::<Uuid>().unwrap_or_else(|_| Uuid::new_v4());
        let running = Running::new(inner.pool.pipeline(uuid));
        inner.pipelines.insert(id.to_owned(), running);
        drop(inner);
        self.input(service, Some(id), fragments)
    }

    /// Takes input of a command, or of the pool.
    pub(super) fn input(&self, service: &Service, command: Option<&str>, bytes: &[u8]) -> Result<(), String> {
        let mut inner = self.inner();
        let Some(id) = command.map(str::to_ascii_uppercase) else {
            inner.pool.handle(bytes).map_err(|error| error.to_string())?;
            inner.pool_events();
            inner.answer_questions();
            drop(inner);
            self.changed.notify_waiters();
            return Ok(());
        };
        let Some(running) = inner.pipelines.get_mut(&id) else {
            return Err("The command was not found in the shell.".to_owned());
        };
        running.handle(bytes)?;
        if running.is_ready() && !inner.waiting.contains(&id) {
            inner.waiting.push_back(id);
        }
        self.start_waiting(service, &mut inner);
        inner.answer_questions();
        drop(inner);
        self.changed.notify_waiters();
        Ok(())
    }

    /// Gives free runspaces to the commands that wait.
    fn start_waiting(&self, service: &Service, inner: &mut Inner) {
        let (_, most) = inner.pool.runspaces();
        let most = usize::try_from(most).unwrap_or(1).max(1);
        while inner.busy() < most {
            let Some(id) = inner.waiting.pop_front() else {
                return;
            };
            if let Some(running) = inner.pipelines.get_mut(&id) {
                inner.dies |= running.start(service, self);
            }
        }
    }

    /// Stops a command: its pipeline ends as stopped.
    pub(super) fn stop(&self, service: &Service, id: &str) -> bool {
        let mut inner = self.inner();
        let id = id.to_ascii_uppercase();
        inner.waiting.retain(|waiting| *waiting != id);
        let Some(running) = inner.pipelines.get_mut(&id) else {
            return false;
        };
        running.stop();
        self.start_waiting(service, &mut inner);
        drop(inner);
        self.changed.notify_waiters();
        true
    }

    /// Forgets a command.
    pub(super) fn release(&self, service: &Service, id: &str) -> bool {
        let mut inner = self.inner();
        let id = id.to_ascii_uppercase();
        inner.waiting.retain(|waiting| *waiting != id);
        // A client may release a command that its last Receive already ended.
        inner.pipelines.remove(&id);
        self.start_waiting(service, &mut inner);
        drop(inner);
        self.changed.notify_waiters();
        true
    }

    /// Takes at most `budget` bytes of output, the overhead of each fragment counted.
    pub(super) fn output(&self, service: &Service, command: Option<&str>, budget: usize) -> Output {
        let mut inner = self.inner();
        if inner.ended {
            return Output::Ended;
        }
        let Some(id) = command.map(str::to_ascii_uppercase) else {
            let fragments = pack(budget, |room| inner.pool.next_fragment(room));
            return match fragments.is_empty() {
                true => Output::Later(None),
                false => Output::Ready {
                    fragments,
                    done: false,
                },
            };
        };
        let full = self.full;
        let Some(running) = inner.pipelines.get_mut(&id) else {
            return Output::Gone;
        };
        if running.is_gone() {
            return Output::Gone;
        }
        if let Some(at) = running.not_before() {
            return Output::Later(Some(at));
        }
        running.produce(service, full, budget);
        let fragments = pack(budget, |room| running.next_fragment(room));
        if fragments.is_empty() {
            return if running.dies() {
                Output::Broken
            } else {
                Output::Later(None)
            };
        }
        let done = running.is_drained();
        if done {
            running.leave();
            self.start_waiting(service, &mut inner);
            drop(inner);
            self.changed.notify_waiters();
        }
        Output::Ready { fragments, done }
    }
}

fn pack(budget: usize, mut next: impl FnMut(usize) -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut left = budget;
    let mut fragments = Vec::new();
    while left > 512 {
        let Some(fragment) = next(left.min(32_768)) else {
            break;
        };
        left = left.saturating_sub(fragment.len() + STREAM_BYTES);
        fragments.push(fragment);
    }
    fragments
}

impl Inner {
    /// How many runspaces have a pipeline.
    fn busy(&self) -> usize {
        self.pipelines
            .values()
            .filter(|running| running.is_busy())
            .count()
    }

    fn pool_events(&mut self) {
        while let Some(event) = self.pool.poll_event() {
            match event {
                PoolEvent::Init(_) => self.pool.open(None),
                PoolEvent::Connect(_) => self.pool.reconnect(None),
                PoolEvent::GetAvailableRunspaces { call_id } => {
                    let (_, most) = self.pool.runspaces();
                    let busy = i64::try_from(self.busy()).unwrap_or(i64::MAX);
                    self.pool.answer(
                        call_id,
                        RunspaceAnswer::Free(i64::from(most).saturating_sub(busy)),
                    );
                }
                PoolEvent::ResetRunspaceState { call_id } => {
                    self.pool.answer(call_id, RunspaceAnswer::Done(true));
                }
                PoolEvent::HostResponse {
                    pipeline: Some(pipeline),
                    response,
                } => {
                    let asking = self
                        .pipelines
                        .values_mut()
                        .find(|running| running.id() == pipeline);
                    if let Some(running) = asking {
                        running.take_answer(response);
                    }
                }
                PoolEvent::Negotiated { .. }
                | PoolEvent::HostResponse { pipeline: None, .. }
                | PoolEvent::RunspacesSet { .. }
                | PoolEvent::PublicKey(_)
                | PoolEvent::Unknown { .. }
                | PoolEvent::Undecodable { .. } => {}
            }
        }
    }

    fn answer_questions(&mut self) {
        for running in self.pipelines.values_mut() {
            running.answer();
        }
    }
}
