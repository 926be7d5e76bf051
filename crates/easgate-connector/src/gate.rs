//! The gate that every change passes on its way out: as many at once, and as early, as the pace allows.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::pace::{Pace, Signal};

/// Holds calls to the pace that their server can bear.
pub(crate) struct Gate<'a> {
    clock: &'a dyn Clock,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    /// How many are inside.
    inside: usize,
    /// Nobody enters any more.
    shut: bool,
    /// Spreads the lanes that wait for one moment.
    turn: u32,
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
    /// Lets up to `lanes` through at once.
    pub(crate) fn new(lanes: usize, clock: &'a dyn Clock) -> Self {
        let state = State {
            pace: Pace::new(lanes),
            inside: 0,
            shut: false,
            turn: 0,
        };
        Self {
            clock,
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    /// Waits until a call may be made; `None` once the gate is shut.
    pub(crate) async fn enter(&self) -> Option<Pass<'_>> {
        // A clock that does not move in a test still passes a moment by waiting for it.
        let mut waited_for = Duration::ZERO;
        loop {
            let changed = self.changed.notified();
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
        self.state().shut = true;
        self.changed.notify_waiters();
    }

    /// Whether nobody gets in any more.
    pub(crate) fn is_shut(&self) -> bool {
        self.state().shut
    }

    fn ask(&self, waited_for: Duration) -> Answer {
        let now = self.clock.elapsed();
        let mut state = self.state();
        let resume = state.pace.resume();
        if state.shut {
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

    /// No invariant spans the lock, so a panic under it leaves nothing half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// Ends the call, to which the server said `signal`.
    pub(crate) fn leave(self, signal: Signal) {
        let now = self.gate.clock.elapsed().max(self.entered);
        self.gate.state().pace.handle(signal, self.entered, now);
        drop(self);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.state().inside -= 1;
        self.gate.changed.notify_waiters();
    }
}

/// Lanes that were told to wait for one moment come back one by one, a step apart.
const STEP: Duration = Duration::from_millis(50);
const SPREAD: u32 = 16;
