//! That a server could not be reached: kept, so that a restart does not begin again with short waits.

use sqlx::Row;
use time::OffsetDateTime;

use crate::convert::{text, to_micros, to_time};
use crate::organization::{Organization, StoreError, reading, writing};

/// A server that could not be reached when it was last tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Its endpoint.
    pub server: String,
    /// When it could not be reached for the first time since it last could.
    pub since: OffsetDateTime,
    /// How many trials in a row failed, of those that count.
    pub failures: u32,
    /// When the last of them was.
    pub tried: OffsetDateTime,
    /// What happened then.
    pub cause: String,
}

impl Organization {
    /// The servers that could not be reached when they were last tried, by endpoint.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn outages(&self) -> Result<Vec<Outage>, StoreError> {
        let rows = sqlx::query(
            "SELECT server, since, failures, tried, cause FROM outages WHERE organization = $1 ORDER BY server",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the servers that could not be reached"))?;
        rows.into_iter()
            .map(|row| {
                let failures: i64 = row.get("failures");
                Ok(Outage {
                    server: row.get("server"),
                    since: to_time(row.get("since"), "outages.since")?,
                    failures: u32::try_from(failures).map_err(|_| StoreError::Corrupt {
                        column: "outages.failures",
                        value: failures.to_string(),
                    })?,
                    tried: to_time(row.get("tried"), "outages.tried")?,
                    cause: row.get("cause"),
                })
            })
            .collect()
    }

    /// Keeps that a server could not be reached, in place of what was known of it. A reader may do so too.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn record_outage(&self, outage: &Outage) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO outages (organization, server, since, failures, tried, cause) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (organization, server) DO UPDATE SET since = excluded.since, failures = excluded.failures, \
             tried = excluded.tried, cause = excluded.cause",
        )
        .bind(self.id())
        .bind(text(&outage.server))
        .bind(to_micros(outage.since))
        .bind(i64::from(outage.failures))
        .bind(to_micros(outage.tried))
        .bind(text(&outage.cause))
        .execute(self.pool())
        .await
        .map_err(writing("that a server could not be reached"))?;
        Ok(())
    }

    /// Forgets that the server could not be reached.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn forget_outage(&self, server: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM outages WHERE organization = $1 AND server = $2")
            .bind(self.id())
            .bind(server)
            .execute(self.pool())
            .await
            .map_err(writing("that a server can be reached"))?;
        Ok(())
    }
}
