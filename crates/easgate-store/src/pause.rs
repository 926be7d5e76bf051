//! The emergency stop: while it stands, nothing is written to Exchange.

use sqlx::Row;
use time::OffsetDateTime;

use crate::audit::{Actor, AuditAction, AuditEvent, append};
use crate::convert::{text, to_micros, to_time, to_uid};
use crate::journal::{Intent, IntentId, JournalError};
use crate::organization::{Organization, StoreError, Writer, reading, writing};

/// That writing is paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub since: OffsetDateTime,
    /// Why, in the words of whoever paused it. Escape it before showing.
    pub reason: String,
    /// Who paused it.
    pub by: Actor,
}

impl Organization {
    /// The pause that stands.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn paused(&self) -> Result<Option<Pause>, StoreError> {
        let row = sqlx::query("SELECT since, reason, name, uid FROM pauses WHERE organization = $1")
            .bind(self.id())
            .fetch_optional(self.pool())
            .await
            .map_err(reading("the pause"))?;
        row.map(|row| {
            Ok(Pause {
                since: to_time(row.get("since"), "pauses.since")?,
                reason: row.get("reason"),
                by: Actor {
                    name: row.get("name"),
                    uid: to_uid(row.get("uid"), "pauses.uid")?,
                },
            })
        })
        .transpose()
    }

    /// Stops all writing, in every process that uses this store, and gives the pause that stands: an earlier one
    /// stays as it is.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn pause_writing(&self, pause: &Pause) -> Result<Pause, StoreError> {
        let wrong = writing("the pause");
        let mut transaction = self.store().begin().await.map_err(&wrong)?;
        let done = sqlx::query(
            "INSERT INTO pauses (organization, since, reason, name, uid) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (organization) DO NOTHING",
        )
        .bind(self.id())
        .bind(to_micros(pause.since))
        .bind(text(&pause.reason))
        .bind(text(&pause.by.name))
        .bind(pause.by.uid.map(i64::from))
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        if done.rows_affected() > 0 {
            let event = AuditEvent {
                reason: Some(pause.reason.clone()),
                ..AuditEvent::new(AuditAction::Paused, pause.by.clone(), pause.since)
            };
            append(&mut transaction, self, &event).await.map_err(&wrong)?;
        }
        transaction.commit().await.map_err(wrong)?;
        Ok(self.paused().await?.unwrap_or_else(|| pause.clone()))
    }

    /// Lets writing go on, and gives the pause that ended, if there was one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn resume_writing(&self, by: &Actor, now: OffsetDateTime) -> Result<Option<Pause>, StoreError> {
        let Some(ended) = self.paused().await? else {
            return Ok(None);
        };
        let wrong = writing("the pause");
        let mut transaction = self.store().begin().await.map_err(&wrong)?;
        sqlx::query("DELETE FROM pauses WHERE organization = $1")
            .bind(self.id())
            .execute(&mut *transaction)
            .await
            .map_err(&wrong)?;
        let event = AuditEvent {
            reason: Some(ended.reason.clone()),
            ..AuditEvent::new(AuditAction::Resumed, by.clone(), now)
        };
        append(&mut transaction, self, &event).await.map_err(&wrong)?;
        transaction.commit().await.map_err(wrong)?;
        Ok(Some(ended))
    }
}

impl Writer {
    /// Writes an intent, durably, unless writing is paused. Its cmdlet may be sent only after this has succeeded:
    /// everything that changes Exchange comes through here.
    ///
    /// # Errors
    /// Writing is paused, or the journal cannot be written: nothing may be changed.
    pub async fn intend_unless_paused(&self, intent: &Intent) -> Result<IntentId, IntendError> {
        if let Some(pause) = self.organization().paused().await? {
            return Err(IntendError::Paused(pause));
        }
        Ok(self.intend(intent).await?)
    }
}

/// Why nothing may be changed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum IntendError {
    #[error("writing is paused")]
    Paused(Pause),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}
