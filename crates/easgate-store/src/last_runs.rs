//! When the latest runs were, by their kind.

use time::OffsetDateTime;

use crate::convert::to_time;
use crate::organization::{Organization, StoreError, reading};

/// The latest runs of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// The kind, as `start_run` was told.
    pub kind: String,
    /// When the latest one began.
    pub begun: OffsetDateTime,
    /// When the latest one began that read everything, whether or not every change could be made.
    pub good: Option<OffsetDateTime>,
}

impl Organization {
    /// When the first run of all began that is still known.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn first_run(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        let first: Option<i64> = sqlx::query_scalar("SELECT MIN(started) FROM runs WHERE organization = $1")
            .bind(self.id())
            .fetch_one(self.pool())
            .await
            .map_err(reading("the runs"))?;
        first.map(|at| to_time(at, "runs.started")).transpose()
    }

    /// The latest runs of each kind that has run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn last_runs(&self) -> Result<Vec<LastRun>, StoreError> {
        let rows: Vec<(String, i64, Option<i64>)> = sqlx::query_as(
            "SELECT kind, MAX(started), \
                    MAX(CASE WHEN result IN ('succeeded', 'held', 'failed') THEN started END) \
             FROM runs WHERE organization = $1 GROUP BY kind ORDER BY kind",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the runs"))?;
        rows.into_iter()
            .map(|(kind, begun, good)| {
                Ok(LastRun {
                    kind,
                    begun: to_time(begun, "runs.started")?,
                    good: good.map(|at| to_time(at, "runs.started")).transpose()?,
                })
            })
            .collect()
    }
}
