//! The one policy of trying again.

use std::time::Duration;

use crate::clock::Clock;
use crate::ports::{CallError, CallErrorKind};

/// The waits before the second and the third attempt; there is no fourth.
pub(crate) const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// The longest wait that a server may ask for.
const LONGEST: Duration = Duration::from_secs(60);

/// Makes `call` up to three times, as long as its errors are transient.
///
/// # Errors
/// The last error; it may have run when any of the attempts may have.
pub(crate) async fn retry<T, F>(clock: &dyn Clock, call: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>> + Send,
{
    retry_up_to(WAITS.len() + 1, clock, call).await
}

/// Makes `call` up to `tries` times, as long as its errors are transient; the waits become four times as long each time.
///
/// Every call that a cycle makes may be made twice: lists are read, and an entry that is added or removed again
/// stays as it is.
///
/// # Errors
/// The last error; it may have run when any of the attempts may have.
pub(crate) async fn retry_up_to<T, F>(
    tries: usize,
    clock: &dyn Clock,
    mut call: impl FnMut() -> F,
) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>> + Send,
{
    let mut may_have_run = false;
    let mut wait = WAITS[0];
    for _ in 1..tries {
        match call().await {
            Err(error) if error.is_transient() => {
                may_have_run |= error.may_have_run;
                tracing::debug!(%error, "Trying again");
                clock.sleep(pause(error.kind, wait)).await;
                wait *= 4;
            }
            result => return result.map_err(|error| earlier(error, may_have_run)),
        }
    }
    call().await.map_err(|error| earlier(error, may_have_run))
}

/// How long to wait after an error of `kind`, when `wait` is the custom.
pub(crate) fn pause(kind: CallErrorKind, wait: Duration) -> Duration {
    let asked = match kind {
        CallErrorKind::Transient { retry_after } | CallErrorKind::Throttled { retry_after } => {
            retry_after.unwrap_or(wait)
        }
        CallErrorKind::TooManyShells
        | CallErrorKind::Connection
        | CallErrorKind::Unauthorized
        | CallErrorKind::NotGranted
        | CallErrorKind::ListFull
        | CallErrorKind::Refused
        | CallErrorKind::Incomplete
        | CallErrorKind::Stopped => wait,
    };
    asked.min(LONGEST)
}

pub(crate) fn earlier(error: CallError, may_have_run: bool) -> CallError {
    CallError {
        may_have_run: error.may_have_run || may_have_run,
        ..error
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use time::OffsetDateTime;

    use super::*;

    /// A clock that notes the waits and takes no time.
    #[derive(Default)]
    struct Noted(Mutex<Vec<u64>>);

    #[async_trait]
    impl Clock for Noted {
        fn now(&self) -> OffsetDateTime {
            OffsetDateTime::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }

        fn since_boot(&self) -> Duration {
            self.elapsed()
        }

        async fn sleep(&self, wait: Duration) {
            self.0.lock().unwrap().push(wait.as_secs());
        }
    }

    #[tokio::test]
    async fn a_list_is_read_as_often_as_is_configured_and_no_more() {
        for (tries, failures, waits, arrives) in [
            (1, 1, vec![], false),
            (3, 2, vec![1, 4], true),
            (3, 3, vec![1, 4], false),
            (6, 5, vec![1, 4, 16, 60, 60], true),
        ] {
            let clock = Noted::default();
            let calls = Mutex::new(0);
            let read = retry_up_to(tries, &clock, || async {
                let mut calls = calls.lock().unwrap();
                *calls += 1;
                if *calls <= failures {
                    Err(CallError::new(CallErrorKind::Connection, "lost"))
                } else {
                    Ok(())
                }
            });
            assert_eq!(read.await.is_ok(), arrives, "{tries} {failures}");
            assert_eq!(*clock.0.lock().unwrap(), waits, "{tries} {failures}");
        }
    }
}
