//! What changed for devices within a day.

use sqlx::Row;
use time::{Duration, OffsetDateTime};

use crate::convert::{count, parse, to_micros};
use crate::journal::Effect;
use crate::organization::{Organization, StoreError, reading};

/// How many devices lost and gained access within 24 hours, over all kinds of run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// Devices that lost access.
    pub lost: u64,
    /// Devices that gained access.
    pub gained: u64,
}

impl Organization {
    /// The changes of access in the 24 hours before `now`. What may have been carried out counts as done.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn window(&self, now: OffsetDateTime) -> Result<Window, StoreError> {
        let rows = sqlx::query(
            "SELECT effect, COUNT(DISTINCT mailbox || ' ' || LOWER(device)) AS devices FROM journal \
             WHERE organization = $1 AND intended > $2 AND outcome <> 'failed' GROUP BY effect",
        )
        .bind(self.id())
        .bind(to_micros(now - Duration::hours(24)))
        .fetch_all(self.pool())
        .await
        .map_err(reading("the journal"))?;
        let mut window = Window::default();
        for row in &rows {
            let devices = count(row.get("devices"));
            match parse(row.get("effect"), "journal.effect")? {
                Effect::Lost => window.lost = devices,
                Effect::Gained => window.gained = devices,
                Effect::None => {}
            }
        }
        Ok(window)
    }
}
