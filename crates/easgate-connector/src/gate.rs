//! The gate that every change passes on its way out: as many at once, and as early, as the pace allows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::pace::Signal;
use crate::queue::WriteQueue;

/// Holds the calls of one run to the pace that their server can bear, which all runs share.
pub(crate) struct Gate<'a> {
    clock: &'a dyn Clock,
    queue: &'a WriteQueue,
    /// Nobody of this run enters any more.
    shut: AtomicBool,
}

/// The right to make one call.
pub(crate) struct Pass<'g> {
    gate: &'g Gate<'g>,
    /// When it was given.
    entered: Duration,
}

/// What the gate says to one who wants to enter.
enum Answer {
    Enter,
    Sleep(Duration, Duration),
    Wait,
    Shut,
}

impl<'a> Gate<'a> {
    /// The gate of one run, in front of `queue`.
    pub(crate) const fn new(queue: &'a WriteQueue, clock: &'a dyn Clock) -> Self {
        Self {
            clock,
            queue,
            shut: AtomicBool::new(false),
        }
    }

    /// Waits until a call may be made; `None` once the gate is shut.
    pub(crate) async fn enter(&self) -> Option<Pass<'_>> {
        // A clock that does not move in a test still passes a moment by waiting for it.
        let mut waited_for = Duration::ZERO;
        loop {
            let changed = self.queue.notified();
            match self.ask(waited_for) {
                Answer::Enter => {
                    let entered = self.clock.elapsed().max(waited_for);
                    return Some(Pass { gate: self, entered });
                }
                Answer::Sleep(duration, resume) => {
                    self.clock.sleep(duration).await;
                    waited_for = resume;
                }
                Answer::Wait => changed.await,
                Answer::Shut => return None,
            }
        }
    }

    /// Lets nobody in any more. Who is inside finishes.
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::Relaxed);
        self.queue.wake();
    }

    /// Whether nobody gets in any more.
    pub(crate) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Relaxed)
    }

    fn ask(&self, waited_for: Duration) -> Answer {
        let now = self.clock.elapsed();
        let mut state = self.queue.state();
        let resume = state.pace.resume();
        if self.is_shut() {
            Answer::Shut
        } else if resume > now.max(waited_for) {
            state.turn = (state.turn + 1) % SPREAD;
            let jitter = STEP * state.turn;
            Answer::Sleep(resume - now + jitter, resume)
        } else if state.inside < state.pace.lanes() {
            state.inside += 1;
            Answer::Enter
        } else {
            Answer::Wait
        }
    }
}

impl Pass<'_> {
    /// Ends the call, to which the server said `signal`.
    pub(crate) fn leave(self, signal: Signal) {
        let now = self.gate.clock.elapsed().max(self.entered);
        self.gate.queue.state().pace.handle(signal, self.entered, now);
        drop(self);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.queue.state().inside -= 1;
        self.gate.queue.wake();
    }
}

/// Lanes that were told to wait for one moment come back one by one, a step apart.
const STEP: Duration = Duration::from_millis(50);
const SPREAD: u32 = 16;
