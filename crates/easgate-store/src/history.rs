//! Looking back: single runs, and the journal by time, by device and by number.

use easgate_model::DeviceId;
use time::OffsetDateTime;

use crate::audit::{AuditRecord, of_row};
use crate::convert::{key, text, to_micros};
use crate::journal::{IntentId, JournalEntry, entry};
use crate::organization::{Organization, StoreError, reading};
use crate::runs::{Run, RunId, run};

impl Organization {
    /// One run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let row = sqlx::query("SELECT * FROM runs WHERE organization = $1 AND id = $2")
            .bind(self.id())
            .bind(id.0)
            .fetch_optional(self.pool())
            .await
            .map_err(reading("the runs"))?;
        row.as_ref().map(run).transpose()
    }

    /// The journal since a time, of every run, in the order of its intents.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn journal_since(&self, at: OffsetDateTime) -> Result<Vec<JournalEntry>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM journal WHERE organization = $1 AND intended >= $2 ORDER BY id")
                .bind(self.id())
                .bind(to_micros(at))
                .fetch_all(self.pool())
                .await
                .map_err(reading("the journal"))?;
        rows.iter().map(entry).collect()
    }

    /// The journal from an intent on, of every run, in the order of its intents.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn journal_from(&self, first: IntentId) -> Result<Vec<JournalEntry>, StoreError> {
        let rows = sqlx::query("SELECT * FROM journal WHERE organization = $1 AND id >= $2 ORDER BY id")
            .bind(self.id())
            .bind(first.0)
            .fetch_all(self.pool())
            .await
            .map_err(reading("the journal"))?;
        rows.iter().map(entry).collect()
    }

    /// The latest entries of one mailbox, newest first, at most `limit`; of one device of it, or of all.
    ///
    /// `mailbox` is its Guid, or its address when it was changed, without regard to case.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn journal_of(
        &self,
        mailbox: &str,
        device: Option<&DeviceId>,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM journal WHERE organization = $1 AND (mailbox = $2 OR LOWER(address) = $2) \
             AND ($3 = '' OR LOWER(device) = $3) ORDER BY id DESC LIMIT $4",
        )
        .bind(self.id())
        .bind(text(mailbox).to_ascii_lowercase())
        .bind(device.map_or_else(String::new, key))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .map_err(reading("the journal"))?;
        rows.iter().map(entry).collect()
    }

    /// What one run took over, gave up or found taken out, by the audit, in its order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn claims(&self, run: RunId) -> Result<Vec<AuditRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT sequence, recorded, actor, actor_uid, action, decision, run, mailbox, address, device, command, \
             value_before, value_after, outcome, reason, server, request, previous, hash FROM audit \
             WHERE organization = $1 AND run = $2 AND action IN ('adopted', 'released', 'forgotten') \
             ORDER BY sequence",
        )
        .bind(self.id())
        .bind(run.0)
        .fetch_all(self.pool())
        .await
        .map_err(reading("the audit"))?;
        Ok(rows.iter().map(|row| of_row(self.name(), row)).collect())
    }
}
