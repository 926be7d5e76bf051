//! How many changes may be under way at once, and when: a state machine that is told what the server said.

#[cfg(test)]
mod tests;

use std::time::Duration;

/// How long lanes stay away from a server that throttles without saying for how long.
const UNTOLD: Duration = Duration::from_secs(5);

/// The longest wait that a server may ask for.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The number of lanes, between one and the most that the account's shells allow.
///
/// A window of answers without complaint adds a lane, and throttling halves them (additive increase, multiplicative
/// decrease). Times are since any moment that stays the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pace {
    /// INVARIANT: `1 <= lanes <= ceiling`.
    lanes: usize,
    /// INVARIANT: at least 1. Falls when the server gives no more shells, and does not rise again.
    ceiling: usize,
    /// Answers without complaint since the number of lanes last changed.
    good: usize,
    /// Before this moment nothing is sent.
    resume: Duration,
    /// What was sent before this moment tells nothing about the present number of lanes.
    changed: Duration,
}

/// What a server said about how much it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Nothing.
    Fine,
    /// It delayed the call a little.
    Slowed,
    /// It did not make the call, and wants to be left alone for so long.
    Throttled(Option<Duration>),
    /// It gives the account no more shells.
    TooManyShells,
}

impl Pace {
    /// Begins with `most` lanes, at least one.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            lanes: most,
            ceiling: most,
            good: 0,
            resume: Duration::ZERO,
            changed: Duration::ZERO,
        }
    }

    /// How many calls may be under way.
    pub(crate) const fn lanes(&self) -> usize {
        self.lanes
    }

    /// When the next call may be sent.
    pub(crate) const fn resume(&self) -> Duration {
        self.resume
    }

    /// Notes what the server said at `now` to a call that was sent at `sent`.
    ///
    /// Several lanes that hit one limit at once are one event: only what was sent after the last decrease counts.
    pub(crate) fn handle(&mut self, signal: Signal, sent: Duration, now: Duration) {
        match signal {
            Signal::Fine => self.handle_good(),
            Signal::Slowed => self.good = 0,
            Signal::Throttled(wait) => {
                self.leave_alone(now, wait.unwrap_or(UNTOLD));
                self.decrease(self.lanes / 2, sent, now);
            }
            Signal::TooManyShells => {
                self.leave_alone(now, UNTOLD);
                if self.decrease(self.lanes - 1, sent, now) {
                    self.ceiling = self.lanes;
                }
            }
        }
    }

    fn handle_good(&mut self) {
        self.good += 1;
        if self.good >= self.lanes && self.lanes < self.ceiling {
            self.lanes += 1;
            self.good = 0;
        }
    }

    /// Every lane waits, and not only the one that was told.
    fn leave_alone(&mut self, now: Duration, wait: Duration) {
        self.resume = self.resume.max(now.saturating_add(wait.min(LONGEST)));
    }

    fn decrease(&mut self, lanes: usize, sent: Duration, now: Duration) -> bool {
        self.good = 0;
        let counts = sent >= self.changed;
        if counts {
            self.lanes = lanes.max(1);
            // The lanes send again when they resume; what they had sent before is of the old number.
            self.changed = self.resume.max(now);
        }
        counts
    }
}
