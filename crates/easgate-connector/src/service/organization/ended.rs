//! What follows from the end of a job.

use std::sync::Arc;

use tokio::task::{Id, JoinError};

use super::{Active, Loop, Track, answer, track};
use crate::config::Mode;
use crate::kind::Kind;
use crate::report::Report;
use crate::schedule::pause_after;
use crate::service::{Broken, By, Job, Outcome, Work, events};

impl Loop {
    /// Takes note of the end of a job, and tells those who wait.
    pub(super) fn ended(&mut self, ended: Result<(Id, Outcome), JoinError>) {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, outcome),
            Err(error) => (error.id(), of_join_error(error)),
        };
        let Some(place) = self.active.iter().position(|active| active.task.id() == id) else {
            return;
        };
        let active = self.active.swap_remove(place);
        self.ended += 1;
        self.log(&active, &outcome);
        self.count(&active, &outcome);
        if let (By::Retry, Outcome::Broken { .. }) = (active.job.by, &outcome) {
            self.leave_retries_alone();
        }
        if track(active.job.kind()) == Track::Main {
            self.progress.send_replace(None);
        }
        let outcome = Arc::new(outcome);
        for waiter in active.waiters {
            answer(Some(waiter), &outcome);
        }
    }

    /// What the end says about the next time.
    fn count(&mut self, active: &Active, outcome: &Outcome) {
        let kind = active.job.kind();
        if kind == Kind::Command {
            return;
        }
        let began = Some(active.since);
        if outcome.needs_full() {
            self.full_is_needed();
            return;
        }
        if !outcome.has_read() {
            // A user who is not there says nothing about Exchange, nor does a run that was told to stop.
            let was_stopped = active.stop.is_requested() && !active.has_timed_out;
            if kind != Kind::User && !was_stopped {
                self.failed();
            }
            return;
        }
        match kind {
            Kind::Full => self.last.full = self.last.full.max(began),
            Kind::Quick => self.last.quick = self.last.quick.max(began),
            Kind::Watch => self.last.watch = self.last.watch.max(began),
            Kind::User | Kind::Command => {}
        }
        self.failures = 0;
        self.paused_until = None;
    }

    /// Lets a full sync come next, unless one runs already, or the schedule pauses because runs fail.
    fn full_is_needed(&mut self) {
        let runs = self.active.iter().any(|active| active.job.kind() == Kind::Full);
        if runs || self.paused_until.is_some_and(|until| until > self.clock.now()) {
            return;
        }
        // A full sync is never refused for the number of those that wait.
        drop(self.queue.push(Job::new(Work::Full, By::Schedule), None));
    }

    fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        let until = self.clock.now() + pause_after(self.failures);
        self.paused_until = Some(until);
        tracing::warn!(
            event = events::SYNC_PAUSED,
            organization = %self.name,
            failures = self.failures,
            %until,
            "The schedule pauses"
        );
    }

    /// What somebody has to look at although the run ended well.
    fn log_alarms(&self, report: &Report) {
        let organization = &self.name;
        let full = report.errors.iter().filter(|error| error.kind == "listFull");
        let full = full.count();
        if full > 0 {
            tracing::error!(event = events::LIST_FULL, %organization, changes = full, "Device lists are full");
        }
        if report.mode == Mode::Enforce && report.changes.held > 0 {
            let changes = report.changes.held;
            tracing::warn!(event = events::GUARD_HELD, %organization, changes, "The guard holds changes");
        }
    }

    fn log(&self, active: &Active, outcome: &Outcome) {
        let (organization, kind) = (&self.name, active.job.kind());
        match outcome {
            Outcome::Reported { report, exit } if report.facts_read => {
                let Report { changes, .. } = &**report;
                tracing::info!(
                    event = events::SYNC_ENDED,
                    %organization,
                    %kind,
                    result = %report.result(),
                    exit,
                    devices = report.devices,
                    planned = changes.planned,
                    applied = changes.applied,
                    failed = changes.failed,
                    held = changes.held,
                    errors = report.errors.len(),
                    milliseconds = u64::try_from(report.durations.total.as_millis()).unwrap_or(u64::MAX),
                    "Sync ended"
                );
                self.log_alarms(report);
            }
            Outcome::Reported { report, exit } => {
                let error = report.errors.first().map(|error| error.message.as_str());
                let error = error.unwrap_or_default();
                tracing::error!(event = events::SYNC_UNREAD, %organization, %kind, exit, error, "Sync could not read");
            }
            Outcome::Told { exit, .. } => {
                let command = command_of(&active.job);
                tracing::info!(event = events::COMMAND_ENDED, %organization, command, exit, by = %active.job.by, "Command ended");
            }
            Outcome::Broken { why, message } => {
                let why = why.name();
                tracing::error!(event = events::SYNC_BROKEN, %organization, %kind, why, %message, "Sync broken");
            }
        }
    }
}

fn command_of(job: &Job) -> &'static str {
    match &job.work {
        Work::Order(order) => order.what.name(),
        Work::Full | Work::Quick | Work::Watch | Work::User(_) => job.kind().name(),
    }
}

fn of_join_error(error: JoinError) -> Outcome {
    match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            let text = text.unwrap_or_else(|| "no message".to_owned());
            Outcome::broken(
                Broken::Panicked,
                format!("the program failed, which is a mistake in it; please report this: {text}"),
            )
        }
        Err(_) => Outcome::broken(
            Broken::TimedOut,
            "it did not end although it was told to; the next run finds out what it changed",
        ),
    }
}
