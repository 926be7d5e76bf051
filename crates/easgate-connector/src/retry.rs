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
/// Every call that a cycle makes may be made twice: lists are read, and an entry that is added or removed again
/// stays as it is.
///
/// # Errors
/// The last error; it may have run when any of the attempts may have.
pub(crate) async fn retry<T, F>(clock: &dyn Clock, mut call: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>> + Send,
{
    let mut may_have_run = false;
    for wait in WAITS {
        match call().await {
            Err(error) if error.is_transient() => {
                may_have_run |= error.may_have_run;
                tracing::debug!(%error, "Trying again");
                clock.sleep(pause(error.kind, wait)).await;
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
