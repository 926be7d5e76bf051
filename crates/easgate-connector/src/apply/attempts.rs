//! The attempts of one change, each through the gate.

use easgate_exchange::ListChange;

use super::Apply;
use crate::gate::{Gate, Pass};
use crate::leadership::may_send;
use crate::pace::Signal;
use crate::ports::{CallError, CallErrorKind, Load};
use crate::retry::{WAITS, earlier, pause};

impl Apply<'_> {
    /// Sends `command` up to three times, as long as its errors are transient and the gate lets it through.
    ///
    /// An entry that is added or removed again stays as it is, so a change whose outcome is not known may be sent
    /// again.
    pub(super) async fn attempts(
        &self,
        gate: &Gate<'_>,
        first: Pass<'_>,
        command: &ListChange,
    ) -> Result<(), CallError> {
        let mut pass = first;
        let mut may_have_run = false;
        for wait in WAITS {
            let error = match self.attempt(pass, command).await {
                Err(error) if error.is_transient() => error,
                result => return result.map_err(|error| earlier(error, may_have_run)),
            };
            may_have_run |= error.may_have_run;
            tracing::debug!(%error, "Trying again");
            if !is_told_to_all(error.kind) {
                self.clock.sleep(pause(error.kind, wait)).await;
            }
            let Some(next) = gate.enter().await else {
                return Err(earlier(error, may_have_run));
            };
            pass = next;
        }
        self.attempt(pass, command)
            .await
            .map_err(|error| earlier(error, may_have_run))
    }

    async fn attempt(&self, pass: Pass<'_>, command: &ListChange) -> Result<(), CallError> {
        // The last thing before the command is sent, whatever it has waited for.
        let result = match may_send(self.writer, self.clock) {
            Ok(()) => self.exchange.apply(command).await,
            Err(ends) => Err(CallError::new(CallErrorKind::Stopped, ends)),
        };
        pass.leave(match &result {
            Ok(Load::Fine) => Signal::Fine,
            Ok(Load::Slowed) => Signal::Slowed,
            Err(error) => signal(error.kind),
        });
        result.map(|_| ())
    }
}

/// Whether the gate makes every lane wait for it, so that the lane itself need not.
const fn is_told_to_all(kind: CallErrorKind) -> bool {
    matches!(
        kind,
        CallErrorKind::Throttled { .. } | CallErrorKind::TooManyShells
    )
}

const fn signal(kind: CallErrorKind) -> Signal {
    match kind {
        CallErrorKind::Throttled { retry_after } => Signal::Throttled(retry_after),
        CallErrorKind::TooManyShells => Signal::TooManyShells,
        CallErrorKind::Transient { .. } | CallErrorKind::Connection => Signal::Slowed,
        CallErrorKind::Unauthorized
        | CallErrorKind::NotGranted
        | CallErrorKind::ListFull
        | CallErrorKind::Refused
        | CallErrorKind::Incomplete
        | CallErrorKind::Stopped => Signal::Fine,
    }
}
