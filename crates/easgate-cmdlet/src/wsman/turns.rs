//! Who may log on when: a password that is not proven is tried by one lane alone.

use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::lane::Refusal;

/// How many log-ons may be under way at once.
const PARALLEL: usize = 4;

/// The order of the log-ons of one transport.
#[derive(Debug)]
pub(super) struct Turns {
    state: Mutex<State>,
    alone: tokio::sync::Mutex<()>,
    shared: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    /// The secret with which a log-on has succeeded.
    proven: Option<SecretString>,
    /// How often a secret was refused, and the last time.
    refusals: u64,
    last: Option<(SecretString, Refusal)>,
}

/// The right to log on with one secret.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    secret: SecretString,
    _alone: Option<tokio::sync::MutexGuard<'a, ()>>,
    _shared: Option<SemaphorePermit<'a>>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            alone: tokio::sync::Mutex::new(()),
            shared: Semaphore::new(PARALLEL),
        }
    }

    /// Waits until a log-on with `secret` may begin.
    ///
    /// # Errors
    ///
    /// When the secret was refused while this one waited: it is not tried again.
    pub(super) async fn take(&self, secret: SecretString) -> Result<Turn<'_>, Refusal> {
        let seen = self.state().refusals;
        let mut alone = None;
        if !self.is_proven(&secret) {
            let guard = self.alone.lock().await;
            if !self.is_proven(&secret) {
                self.refused_since(seen, &secret)?;
                alone = Some(guard);
            }
        }
        let shared = match alone {
            Some(_) => None,
            // Nobody closes it.
            None => self.shared.acquire().await.ok(),
        };
        Ok(Turn {
            turns: self,
            secret,
            _alone: alone,
            _shared: shared,
        })
    }

    fn refused_since(&self, seen: u64, secret: &SecretString) -> Result<(), Refusal> {
        let state = self.state();
        match &state.last {
            Some((refused, why)) if state.refusals > seen && is_same(refused, secret) => Err(why.clone()),
            Some(_) | None => Ok(()),
        }
    }

    fn is_proven(&self, secret: &SecretString) -> bool {
        let state = self.state();
        state
            .proven
            .as_ref()
            .is_some_and(|proven| is_same(proven, secret))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The log-on has succeeded: others may go in parallel now.
    pub(super) fn succeeded(self) {
        self.turns.state().proven = Some(self.secret);
    }

    /// The secret was refused: nobody who waits tries it.
    pub(super) fn refused(self, why: Refusal) {
        let mut state = self.turns.state();
        state.proven = None;
        state.refusals += 1;
        state.last = Some((self.secret, why));
    }
}

fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::task::JoinSet;

    use super::*;
    use crate::AuthenticationError;

    fn refusal() -> Refusal {
        let username = "ana".to_owned();
        Refusal::of(&AuthenticationError::WrongPassword { username }).unwrap()
    }

    /// Eight lanes log on at once; gives how many really did, and how many of them at once at most.
    async fn eight(turns: &Arc<Turns>, good: bool) -> (usize, usize) {
        let (tried, now, most) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
        );
        let mut lanes = JoinSet::new();
        for _ in 0..8 {
            let (turns, tried, now, most) = (
                Arc::clone(turns),
                Arc::clone(&tried),
                Arc::clone(&now),
                Arc::clone(&most),
            );
            lanes.spawn(async move {
                let Ok(turn) = turns.take("secret".to_owned().into()).await else {
                    return;
                };
                tried.fetch_add(1, Ordering::SeqCst);
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                if good {
                    turn.succeeded();
                } else {
                    turn.refused(refusal());
                }
            });
        }
        lanes.join_all().await;
        (tried.load(Ordering::SeqCst), most.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_wrong_secret_is_tried_once_by_eight_lanes() {
        let turns = Arc::new(Turns::new());
        assert_eq!(eight(&turns, false).await, (1, 1));
        // Somebody who comes later may try again; the account may have been unlocked.
        assert_eq!(eight(&turns, false).await, (1, 1));
    }

    #[tokio::test]
    async fn a_proven_secret_goes_four_at_once_and_a_changed_one_alone_again() {
        let turns = Arc::new(Turns::new());
        turns.take("secret".to_owned().into()).await.unwrap().succeeded();
        assert_eq!(eight(&turns, true).await, (8, 4));
        let changed = turns.take("changed".to_owned().into()).await.unwrap();
        assert!(changed._alone.is_some());
    }
}
