//! Figures that outlive the process: what is counted, and how long single changes took.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::{AnyConnection, Row};
use time::OffsetDateTime;

use crate::convert::{count, text, to_micros};
use crate::organization::{Organization, StoreError, Writer, reading, writing};
use crate::runs::RunId;

/// For how long single changes are kept, and how many of them at the most.
const WINDOW: time::Duration = time::Duration::days(7);
const MOST: i64 = 10_000;

const WHAT: &str = "the figures";

/// What is counted: the name of a figure and the value of its labels, and how many there were.
pub type Tallies = BTreeMap<(String, String), u64>;

impl Organization {
    /// Everything that is counted.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn tallies(&self) -> Result<Tallies, StoreError> {
        let rows = sqlx::query("SELECT name, label, value FROM tallies WHERE organization = $1")
            .bind(self.id())
            .fetch_all(self.pool())
            .await
            .map_err(reading(WHAT))?;
        let tally = |row: &sqlx::any::AnyRow| ((row.get("name"), row.get("label")), count(row.get("value")));
        Ok(rows.iter().map(tally).collect())
    }

    /// How long each change since `since` took, in no order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn latencies(&self, since: OffsetDateTime) -> Result<Vec<Duration>, StoreError> {
        let took: Vec<i64> =
            sqlx::query_scalar("SELECT took FROM latencies WHERE organization = $1 AND at > $2")
                .bind(self.id())
                .bind(to_micros(since))
                .fetch_all(self.pool())
                .await
                .map_err(reading(WHAT))?;
        Ok(took
            .into_iter()
            .map(|took| Duration::from_micros(count(took)))
            .collect())
    }

    /// The changes of one run, by the access that was decided and by what became of them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn outcomes(&self, run: RunId) -> Result<BTreeMap<(String, String), u64>, StoreError> {
        let rows = sqlx::query(
            "SELECT access, outcome, COUNT(*) AS changes FROM journal WHERE organization = $1 AND run = $2 \
             GROUP BY access, outcome",
        )
        .bind(self.id())
        .bind(run.0)
        .fetch_all(self.pool())
        .await
        .map_err(reading(WHAT))?;
        let outcome =
            |row: &sqlx::any::AnyRow| ((row.get("access"), row.get("outcome")), count(row.get("changes")));
        Ok(rows.iter().map(outcome).collect())
    }

    /// How many list entries are ours.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn owned_count(&self) -> Result<u64, StoreError> {
        sqlx::query_scalar("SELECT COUNT(*) FROM owned WHERE organization = $1")
            .bind(self.id())
            .fetch_one(self.pool())
            .await
            .map(count)
            .map_err(reading(WHAT))
    }
}

impl Writer {
    /// Adds `more` to what is counted, and keeps how long the changes that were seen `at` this time took.
    ///
    /// Single changes are kept for a week, and the latest ten thousand of them.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn count(
        &self,
        more: &Tallies,
        took: &[Duration],
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let wrong = writing(WHAT);
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for ((name, label), value) in more {
            sqlx::query(
                "INSERT INTO tallies (organization, name, label, value) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (organization, name, label) DO UPDATE SET value = tallies.value + excluded.value",
            )
            .bind(self.id())
            .bind(name)
            .bind(text(label))
            .bind(i64::try_from(*value).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await
            .map_err(&wrong)?;
        }
        for took in took {
            sqlx::query("INSERT INTO latencies (organization, at, took) VALUES ($1, $2, $3)")
                .bind(self.id())
                .bind(to_micros(at))
                .bind(i64::try_from(took.as_micros()).unwrap_or(i64::MAX))
                .execute(&mut *transaction)
                .await
                .map_err(&wrong)?;
        }
        if !took.is_empty() {
            self.forget_latencies(&mut transaction, at)
                .await
                .map_err(&wrong)?;
        }
        transaction.commit().await.map_err(|error| error.writing(WHAT))
    }

    async fn forget_latencies(
        &self,
        connection: &mut AnyConnection,
        now: OffsetDateTime,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM latencies WHERE organization = $1 AND at < $2")
            .bind(self.id())
            .bind(to_micros(now - WINDOW))
            .execute(&mut *connection)
            .await?;
        sqlx::query(
            "DELETE FROM latencies WHERE organization = $1 AND id <= \
             (SELECT id FROM latencies WHERE organization = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
        )
        .bind(self.id())
        .bind(MOST)
        .execute(&mut *connection)
        .await
        .map(drop)
    }
}
