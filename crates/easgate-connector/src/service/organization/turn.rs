//! One turn of a loop: what is due is begun, what takes too long is ended.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::{Active, CLOSE, GRACE, LOOK, Loop, QUESTION, Track, answer};
use crate::kind::Kind;
use crate::schedule::Times;
use crate::service::queue::Waiting;
use crate::service::{Broken, By, Job, Outcome, Role, Standing, Work, events};

impl Loop {
    /// Looks at everything once.
    pub(super) async fn turn(&mut self) {
        self.replace().await;
        self.take_standing().await;
        self.enforce_limits();
        match &self.role {
            Role::Leader => self.start_due().await,
            Role::Observer { leader } => {
                let message = match leader {
                    Some(leader) => format!("{leader} leads the organisation: run the command there"),
                    None => "another node leads the organisation".to_owned(),
                };
                let refused = Arc::new(Outcome::broken(Broken::Observer, message));
                for waiting in self.queue.drain() {
                    waiting
                        .waiters
                        .into_iter()
                        .for_each(|waiter| answer(Some(waiter), &refused));
                }
            }
        }
        self.next = self.times(self.clock.now());
        self.publish();
    }

    /// How long until something is due, or somebody takes too long.
    pub(super) fn next_look(&self) -> Duration {
        let now = self.clock.now();
        let held_until = self.not_before();
        let due = [
            (Track::Main, self.next.full),
            (Track::Main, self.next.quick),
            (Track::Watch, self.next.watch),
        ];
        let begins = due
            .into_iter()
            .filter(|(track, _)| self.is_free(*track))
            .filter_map(|(_, at)| at.max(held_until.filter(|_| at.is_some())))
            .map(|at| Duration::try_from(at - now).unwrap_or(Duration::ZERO));
        let ends = self
            .active
            .iter()
            .map(|active| active.deadline.saturating_sub(self.clock.elapsed()));
        // Something that is due already and did not begin waits for a role or a replacement: no need to hurry.
        let wait = begins
            .chain(ends)
            .filter(|wait| !wait.is_zero())
            .min()
            .unwrap_or(LOOK);
        wait.min(LOOK)
    }

    /// When what is due, as far as this organisation knows it.
    pub(super) fn times(&self, now: OffsetDateTime) -> Times {
        let times = self.schedule.times(&self.last, now);
        Times {
            full: times.full.filter(|_| self.runner.knows(Kind::Full)),
            quick: times.quick.filter(|_| self.runner.knows(Kind::Quick)),
            watch: times.watch.filter(|_| self.runner.knows(Kind::Watch)),
        }
    }

    /// Until when the schedule starts nothing.
    pub(super) fn not_before(&self) -> Option<OffsetDateTime> {
        self.not_before.max(self.paused_until)
    }

    /// Takes the new schedule and the new parts, once nothing runs.
    async fn replace(&mut self) {
        if !self.active.is_empty() {
            return;
        }
        let Some((schedule, runner)) = self.replacement.take() else {
            return;
        };
        self.schedule = schedule;
        let old = std::mem::replace(&mut self.runner, runner);
        // What was wrong may be mended by it.
        self.failures = 0;
        self.paused_until = None;
        if self.in_time(CLOSE, old.close()).await.is_none() {
            tracing::warn!(organization = %self.name, "The sessions of before could not be closed in time");
        }
        self.refresh().await;
    }

    /// Asks whether this node leads, and whether Exchange is to be left alone.
    async fn take_standing(&mut self) {
        let runner = Arc::clone(&self.runner);
        // Whoever does not know whether it leads does not.
        let unknown = Standing {
            role: Role::Observer { leader: None },
            not_before: None,
        };
        let asked = self.in_time(QUESTION, runner.standing()).await;
        let Standing { role, not_before } = asked.unwrap_or(unknown);
        self.not_before = not_before;
        if role == self.role {
            return;
        }
        tracing::warn!(event = events::ROLE_CHANGED, organization = %self.name, role = ?role, "Role changed");
        if role == Role::Leader {
            // Another node may have run since this one looked.
            self.refresh().await;
        } else {
            for active in &self.active {
                active.stop.request();
            }
        }
        self.role = role;
    }

    /// Begins what waits or is due, as far as its track is free.
    async fn start_due(&mut self) {
        // What is to be replaced begins nothing, so that its turn comes.
        if self.replacement.is_some() {
            return;
        }
        let times = self.times(self.clock.now());
        if self.is_free(Track::Watch) {
            if let Some(waiting) = self.queue.next_watch() {
                self.begin(waiting);
            } else if self.is_due(times.watch) {
                self.begin(by_schedule(Work::Watch));
            }
        }
        if self.is_free(Track::Main) {
            self.start_main(times).await;
        }
    }

    /// Begins what excludes the others: what is wished for, then what is due, then what failed and is looked at again.
    async fn start_main(&mut self, times: Times) {
        if let Some(waiting) = self.queue.next_main() {
            self.begin(waiting);
            return;
        }
        if self.due_sync(times).is_some() {
            // Somebody else may have run it, so that is asked first.
            if !self.refresh().await {
                return;
            }
            if let Some(work) = self.due_sync(self.times(self.clock.now())) {
                self.begin(by_schedule(work));
                return;
            }
        }
        self.push_due_retries().await;
        if let Some(waiting) = self.queue.next_main() {
            self.begin(waiting);
        }
    }

    fn due_sync(&self, times: Times) -> Option<Work> {
        if self.is_due(times.full) {
            Some(Work::Full)
        } else if self.is_due(times.quick) {
            Some(Work::Quick)
        } else {
            None
        }
    }

    pub(super) fn is_due(&self, at: Option<OffsetDateTime>) -> bool {
        let now = self.clock.now();
        at.is_some_and(|at| at <= now) && self.not_before().is_none_or(|until| until <= now)
    }

    /// Tells jobs that take too long to stop, and ends those that do not.
    fn enforce_limits(&mut self) {
        let now = self.clock.elapsed();
        for active in &mut self.active {
            if now < active.deadline {
                continue;
            }
            if active.stop.is_requested() {
                active.has_timed_out = true;
                active.task.abort();
            } else {
                let Active { job, .. } = &*active;
                tracing::error!(
                    event = events::SYNC_TIMED_OUT,
                    organization = %self.name,
                    kind = %job.kind(),
                    "Sync takes too long and is told to stop"
                );
                active.has_timed_out = true;
                active.stop.request();
            }
            active.deadline = now + GRACE;
        }
    }
}

const fn by_schedule(work: Work) -> Waiting<super::Waiter> {
    Waiting {
        job: Job::new(work, By::Schedule),
        waiters: Vec::new(),
    }
}
