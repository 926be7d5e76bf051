//! A mode that stands above the one of the configuration, until somebody ends it.

use sqlx::Row;
use time::OffsetDateTime;

use crate::audit::{Actor, AuditAction, AuditEvent, append};
use crate::convert::{text, to_micros, to_time};
use crate::organization::{Organization, StoreError, Writer, reading, writing};
use crate::runs::RunId;

/// The mode that an organisation is kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForcedMode {
    /// The most that runs may do, by the stable name of the mode.
    pub mode: String,
    /// Why.
    pub reason: String,
    /// Who did what led to it.
    pub by: Actor,
    /// Since when.
    pub since: OffsetDateTime,
    /// The run that led to it.
    pub run: Option<RunId>,
}

impl Organization {
    /// The mode that is forced now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn forced_mode(&self) -> Result<Option<ForcedMode>, StoreError> {
        let row = sqlx::query(
            "SELECT mode, reason, by_name, by_uid, since, run FROM forced_modes WHERE organization = $1",
        )
        .bind(self.id())
        .fetch_optional(self.pool())
        .await
        .map_err(reading("the forced mode"))?;
        row.map(|row| {
            Ok(ForcedMode {
                mode: row.get("mode"),
                reason: row.get("reason"),
                by: Actor::of_columns(row.get("by_name"), row.get("by_uid")),
                since: to_time(row.get("since"), "forced_modes.since")?,
                run: row.get::<Option<i64>, _>("run").map(RunId),
            })
        })
        .transpose()
    }

    /// Ends the forced mode, so that the one of the configuration counts again, and returns what stood. A reader may
    /// do so too: nothing is written to Exchange by it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn end_forced_mode(
        &self,
        by: Actor,
        now: OffsetDateTime,
    ) -> Result<Option<ForcedMode>, StoreError> {
        let Some(stood) = self.forced_mode().await? else {
            return Ok(None);
        };
        let wrong = writing("the forced mode");
        let mut transaction = self.store().begin().await.map_err(&wrong)?;
        sqlx::query("DELETE FROM forced_modes WHERE organization = $1")
            .bind(self.id())
            .execute(&mut *transaction)
            .await
            .map_err(&wrong)?;
        let event = AuditEvent {
            before: Some(stood.mode.clone()),
            reason: Some(stood.reason.clone()),
            ..AuditEvent::new(AuditAction::ModeChanged, by, now)
        };
        append(&mut transaction, self, &event).await.map_err(&wrong)?;
        transaction.commit().await.map_err(wrong)?;
        Ok(Some(stood))
    }
}

impl Writer {
    /// Keeps the organisation in a mode, in place of an earlier one.
    ///
    /// # Errors
    /// The store cannot be written: what makes it necessary must not be done.
    pub async fn force_mode(&self, forced: &ForcedMode) -> Result<(), StoreError> {
        let wrong = writing("the forced mode");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        sqlx::query(
            "INSERT INTO forced_modes (organization, mode, reason, by_name, by_uid, since, run) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (organization) DO UPDATE SET mode = excluded.mode, \
             reason = excluded.reason, by_name = excluded.by_name, by_uid = excluded.by_uid, \
             since = excluded.since, run = excluded.run",
        )
        .bind(self.id())
        .bind(text(&forced.mode))
        .bind(text(&forced.reason))
        .bind(text(&forced.by.name))
        .bind(forced.by.uid.map(i64::from))
        .bind(to_micros(forced.since))
        .bind(forced.run.map(|run| run.0))
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        let event = AuditEvent {
            run: forced.run,
            after: Some(forced.mode.clone()),
            reason: Some(forced.reason.clone()),
            ..AuditEvent::new(AuditAction::ModeChanged, forced.by.clone(), forced.since)
        };
        append(&mut transaction, self.organization(), &event)
            .await
            .map_err(&wrong)?;
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the forced mode"))
    }
}

impl Actor {
    pub(crate) fn of_columns(name: String, uid: Option<i64>) -> Self {
        Self {
            name,
            uid: uid.and_then(|uid| u32::try_from(uid).ok()),
        }
    }
}
