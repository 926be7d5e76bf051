//! What is done every so long.

use std::time::Duration;

/// Every so long, by a clock that counts; at first at once.
#[derive(Debug)]
pub(crate) struct Every {
    period: Duration,
    last: Option<Duration>,
}

impl Every {
    pub(crate) const fn new(period: Duration) -> Self {
        Self { period, last: None }
    }

    /// Whether it is time, at `now`; it then counts from now on.
    pub(crate) fn is_due(&mut self, now: Duration) -> bool {
        let is_due = self
            .last
            .is_none_or(|last| now.saturating_sub(last) >= self.period);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}
