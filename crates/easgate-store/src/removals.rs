//! How many devices had entries of ours taken back within a day, without any effect on their access.

use time::{Duration, OffsetDateTime};

use crate::convert::{count, to_micros};
use crate::organization::{Organization, StoreError, reading};

impl Organization {
    /// The devices whose entries were taken back in the 24 hours before `now`, where nothing was put in their place
    /// and nobody's access changed. What may have been carried out counts as done.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn removals(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let devices: i64 = sqlx::query_scalar(
            "SELECT COUNT(DISTINCT mailbox || ' ' || LOWER(device)) FROM journal \
             WHERE organization = $1 AND intended > $2 AND outcome <> 'failed' AND effect = 'none' \
             AND (allow_edit = 'remove' OR block_edit = 'remove') AND allow_edit <> 'add' AND block_edit <> 'add'",
        )
        .bind(self.id())
        .bind(to_micros(now - Duration::hours(24)))
        .fetch_one(self.pool())
        .await
        .map_err(reading("the journal"))?;
        Ok(count(devices))
    }
}
