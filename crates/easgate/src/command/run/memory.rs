//! Once a day, the store forgets what it has kept for long enough.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use easgate_config::Retention;
use easgate_connector::service::events;
use easgate_store::{Prune, StoreError, Writer};
use time::OffsetDateTime;

use crate::every::Every;
use crate::output;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// When something was forgotten last, and how much is kept.
#[derive(Debug)]
pub(super) struct Memory {
    retention: Retention,
    daily: Mutex<Every>,
}

impl Memory {
    pub(super) const fn new(retention: Retention) -> Self {
        Self {
            retention,
            daily: Mutex::new(Every::new(DAY)),
        }
    }

    /// Whether it is time, at `elapsed`; it then counts from now on.
    pub(super) fn is_due(&self, elapsed: Duration) -> bool {
        let mut daily = self.daily.lock().unwrap_or_else(PoisonError::into_inner);
        daily.is_due(elapsed)
    }

    /// Forgets, and tells the log how much.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(super) async fn forget(&self, writer: &Writer, now: OffsetDateTime) -> Result<(), StoreError> {
        let ago = |span: Duration| now.checked_sub(time::Duration::try_from(span).ok()?);
        let (Some(history), Some(gone)) = (ago(self.retention.history), ago(self.retention.vanished_devices))
        else {
            // So long ago that there was nothing.
            return Ok(());
        };
        let forgotten = writer.prune(&Prune { history, gone }).await?;
        if !forgotten.is_nothing() {
            tracing::info!(
                event = events::STORE_FORGOT,
                organization = writer.organization().name(),
                runs = forgotten.runs,
                changes = forgotten.changes,
                held_plans = forgotten.held_plans,
                overrides = forgotten.overrides,
                drift = forgotten.drift,
                devices = forgotten.devices,
                "Store has forgotten what was kept for long enough"
            );
        }
        Ok(())
    }
}

/// That the store could not forget is no failure of a run.
pub(super) fn tell(organization: &str, error: &(dyn std::error::Error + 'static)) {
    let error = output::chain(error);
    tracing::warn!(
        event = events::STORE_UNFORGETTING,
        organization,
        error,
        "Store could not forget"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_first_and_then_once_a_day() {
        let memory = Memory::new(Retention {
            history: DAY * 400,
            vanished_devices: DAY * 90,
        });
        let due: Vec<bool> = [0, 1, 23, 24, 25, 47, 49]
            .into_iter()
            .map(|hours| memory.is_due(Duration::from_secs(hours * 3600)))
            .collect();
        assert_eq!(due, [true, false, false, true, false, false, true]);
    }
}
