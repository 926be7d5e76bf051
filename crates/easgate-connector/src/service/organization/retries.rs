//! Changes that failed, each looked at again in a run for its mailbox.

use std::sync::Arc;
use std::time::Duration;

use super::{LOOK, Loop, QUESTION};
use crate::service::{By, Job, Work, events};

/// How many mailboxes are taken up at a time. What the schedule says comes between them.
const BATCH: usize = 8;

/// For how long none is begun after a run that broke: what it was to put off is still due.
const AFTER_BROKEN: Duration = Duration::from_secs(15 * 60);

impl Loop {
    /// Lets the mailboxes wait for their runs that are due, unless the schedule pauses. Nothing else waits here.
    pub(super) async fn push_due_retries(&mut self) {
        let now = self.clock.elapsed();
        if now < self.retries_at || !self.is_due(Some(self.clock.now())) {
            return;
        }
        self.retries_at = now + LOOK;
        let runner = Arc::clone(&self.runner);
        let asked = self.in_time(QUESTION, runner.due_retries(BATCH)).await;
        match asked.unwrap_or_else(|| Err("no answer within 10 seconds".to_owned())) {
            Ok(addresses) => {
                if addresses.len() >= BATCH {
                    // There may be more, which are asked for as soon as these are done.
                    self.retries_at = now;
                }
                for address in addresses {
                    self.push(Job::new(Work::User(address), By::Retry), None);
                }
            }
            Err(error) => {
                let organization = &self.name;
                tracing::error!(event = events::RETRY_UNREADABLE, %organization, %error, "Retries not read");
            }
        }
    }

    /// Takes up nothing for a while.
    pub(super) fn leave_retries_alone(&mut self) {
        self.retries_at = self.clock.elapsed() + AFTER_BROKEN;
    }
}
