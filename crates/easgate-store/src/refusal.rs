//! That Exchange refused the account: kept, so that a restart does not try again until the account is locked.

use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{text, to_micros, to_time, to_uuid};
use crate::organization::{Organization, StoreError, reading, writing};

/// A refused log-on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The endpoint that refused.
    pub server: String,
    /// When.
    pub since: OffsetDateTime,
    /// What it said.
    pub cause: String,
    /// What was digested together with the secret.
    pub salt: Uuid,
    /// The 16 bits of the digest that are kept.
    pub mark: u16,
}

impl Organization {
    /// The refusal that stands.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn refusal(&self) -> Result<Option<Refusal>, StoreError> {
        let row =
            sqlx::query("SELECT server, since, cause, salt, mark FROM refusals WHERE organization = $1")
                .bind(self.id())
                .fetch_optional(self.pool())
                .await
                .map_err(reading("the last refusal"))?;
        row.map(|row| {
            let mark: i64 = row.get("mark");
            Ok(Refusal {
                server: row.get("server"),
                since: to_time(row.get("since"), "refusals.since")?,
                cause: row.get("cause"),
                salt: to_uuid(row.get("salt"), "refusals.salt")?,
                mark: u16::try_from(mark).map_err(|_| StoreError::Corrupt {
                    column: "refusals.mark",
                    value: mark.to_string(),
                })?,
            })
        })
        .transpose()
    }

    /// Keeps a refusal in place of an earlier one. A reader may do so too: whoever was refused has to say it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn record_refusal(&self, refusal: &Refusal) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO refusals (organization, server, since, cause, salt, mark) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization) DO UPDATE SET server = excluded.server, \
             since = excluded.since, cause = excluded.cause, salt = excluded.salt, mark = excluded.mark",
        )
        .bind(self.id())
        .bind(text(&refusal.server))
        .bind(to_micros(refusal.since))
        .bind(text(&refusal.cause))
        .bind(refusal.salt.to_string())
        .bind(i64::from(refusal.mark))
        .execute(self.pool())
        .await
        .map_err(writing("the refusal"))?;
        Ok(())
    }

    /// Forgets the refusal, so that the next call logs on again.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn forget_refusal(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM refusals WHERE organization = $1")
            .bind(self.id())
            .execute(self.pool())
            .await
            .map_err(writing("the refusal"))?;
        Ok(())
    }
}
