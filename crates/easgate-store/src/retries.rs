//! Changes that failed and are looked at again, each from fresh facts. When, the caller says.

use easgate_model::{DeviceId, MailboxId};
use sqlx::{AnyConnection, Row};
use time::OffsetDateTime;

use crate::convert::{count, key, parse, text, to_micros, to_time, to_uuid};
use crate::organization::{Organization, StoreError, Writer, reading, writing};

/// A device whose change failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Whose lists.
    pub mailbox: MailboxId,
    /// The device.
    pub device: DeviceId,
    /// The mailbox's address, by which one person is synced.
    pub address: String,
    /// What failed, by the stable name of a report.
    pub cause: String,
    /// When it failed first.
    pub first_failed: OffsetDateTime,
    /// How often it has failed.
    pub attempts: u64,
    /// When it is looked at again; `None` when it is not, until a run decides about it anyway.
    pub due: Option<OffsetDateTime>,
}

impl Organization {
    /// Every device whose change failed and was not made since, by mailbox and device.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn retries(&self) -> Result<Vec<Retry>, StoreError> {
        let rows = sqlx::query(
            "SELECT mailbox, device, address, cause, first_failed, attempts, due FROM retries \
             WHERE organization = $1 ORDER BY mailbox, device_key",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("what is to be tried again"))?;
        let retry = |row: &sqlx::any::AnyRow| {
            let due: Option<i64> = row.get("due");
            Ok(Retry {
                mailbox: MailboxId(to_uuid(row.get("mailbox"), "retries.mailbox")?),
                device: parse(row.get("device"), "retries.device")?,
                address: row.get("address"),
                cause: row.get("cause"),
                first_failed: to_time(row.get("first_failed"), "retries.first_failed")?,
                attempts: count(row.get("attempts")),
                due: due.map(|at| to_time(at, "retries.due")).transpose()?,
            })
        };
        rows.iter().map(retry).collect()
    }

    /// Those that are due at `now`, the one that is due first at first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn due_retries(&self, now: OffsetDateTime) -> Result<Vec<Retry>, StoreError> {
        let mut due = self.retries().await?;
        due.retain(|retry| retry.due.is_some_and(|at| at <= now));
        due.sort_by_key(|retry| retry.due);
        Ok(due)
    }
}

impl Writer {
    /// Keeps `retries` in place of what was kept for their devices, and drops those of `done`.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn keep_retries(
        &self,
        retries: &[Retry],
        done: &[(MailboxId, DeviceId)],
    ) -> Result<(), StoreError> {
        const WHAT: &str = "what is to be tried again";
        if retries.is_empty() && done.is_empty() {
            return Ok(());
        }
        let wrong = writing(WHAT);
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for (mailbox, device) in done {
            sqlx::query("DELETE FROM retries WHERE organization = $1 AND mailbox = $2 AND device_key = $3")
                .bind(self.id())
                .bind(mailbox.0.to_string())
                .bind(key(device))
                .execute(&mut *transaction)
                .await
                .map_err(&wrong)?;
        }
        for retry in retries {
            put(&mut transaction, self.id(), retry).await.map_err(&wrong)?;
        }
        transaction.commit().await.map_err(|error| error.writing(WHAT))
    }
}

async fn put(connection: &mut AnyConnection, organization: i64, retry: &Retry) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO retries (organization, mailbox, device_key, device, address, cause, first_failed, attempts, due) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (organization, mailbox, device_key) DO UPDATE SET device = excluded.device, \
         address = excluded.address, cause = excluded.cause, first_failed = excluded.first_failed, \
         attempts = excluded.attempts, due = excluded.due",
    )
    .bind(organization)
    .bind(retry.mailbox.0.to_string())
    .bind(key(&retry.device))
    .bind(text(retry.device.as_str()))
    .bind(text(&retry.address))
    .bind(&retry.cause)
    .bind(to_micros(retry.first_failed))
    .bind(i64::try_from(retry.attempts).unwrap_or(i64::MAX))
    .bind(retry.due.map(to_micros))
    .execute(connection)
    .await
    .map(drop)
}
