//! Runs: when, of what kind, and how they ended.

use std::fmt;
use std::str::FromStr;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use crate::baseline::Baseline;
use crate::convert::{parse, to_micros, to_time};
use crate::organization::{Organization, StoreError, Writer, reading, writing};

/// The number of a run within its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunResult {
    /// Everything was read, and every change was made that was to be made.
    Succeeded,
    /// Everything was read, and the guard held changes.
    Held,
    /// Everything was read, and something could not be done.
    Failed,
    /// The facts could not be read: nothing was changed.
    Unread,
    /// The process ended before the run did.
    Interrupted,
}

impl RunResult {
    const ALL: [Self; 5] = [
        Self::Succeeded,
        Self::Held,
        Self::Failed,
        Self::Unread,
        Self::Interrupted,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Unread => "unread",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for RunResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RunResult {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|result| result.name() == text)
            .ok_or(())
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// `full`, later other kinds too.
    pub kind: String,
    /// `observe`, `plan` or `enforce`.
    pub mode: String,
    /// When it began.
    pub started: OffsetDateTime,
    /// When it ended; `None` while it runs.
    pub finished: Option<OffsetDateTime>,
    /// How it ended; `None` while it runs.
    pub result: Option<RunResult>,
    /// The endpoint that answered.
    pub server: Option<String>,
    /// The figures of its report, as the report's JSON.
    pub figures: Option<serde_json::Value>,
}

/// What is written when a run ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Finish {
    /// When.
    pub at: OffsetDateTime,
    /// How.
    pub result: RunResult,
    /// The endpoint that answered.
    pub server: Option<String>,
    /// The figures of its report.
    pub figures: serde_json::Value,
    /// What it saw, when it read everything: the next run is compared with it.
    pub baseline: Option<Baseline>,
}

impl Organization {
    /// The latest runs, newest first, at most `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Run>, StoreError> {
        let rows = sqlx::query("SELECT * FROM runs WHERE organization = ? ORDER BY id DESC LIMIT ?")
            .bind(self.id())
            .bind(limit)
            .fetch_all(self.pool())
            .await
            .map_err(reading("the runs"))?;
        rows.iter().map(run).collect()
    }

    /// The latest sync that read everything, whether or not every change could be made.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn last_good_run(&self) -> Result<Option<Run>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM runs WHERE organization = ? AND result IN ('succeeded', 'held', 'failed') \
             AND kind NOT IN ('adopt', 'release', 'revert', 'rollback') ORDER BY id DESC LIMIT 1",
        )
        .bind(self.id())
        .fetch_optional(self.pool())
        .await
        .map_err(reading("the runs"))?;
        row.as_ref().map(run).transpose()
    }
}

impl Writer {
    /// Begins a run. Runs that another process left open are closed as interrupted.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn start_run(&self, kind: &str, mode: &str, now: OffsetDateTime) -> Result<RunId, StoreError> {
        let wrong = writing("the run");
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await.map_err(&wrong)?;
        sqlx::query(
            "UPDATE runs SET result = 'interrupted', finished = ? WHERE organization = ? AND result IS NULL",
        )
        .bind(to_micros(now))
        .bind(self.id())
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        let id = sqlx::query_scalar(
            "INSERT INTO runs (organization, kind, mode, started) VALUES (?, ?, ?, ?) RETURNING id",
        )
        .bind(self.id())
        .bind(kind)
        .bind(mode)
        .bind(to_micros(now))
        .fetch_one(&mut *transaction)
        .await
        .map_err(&wrong)?;
        transaction.commit().await.map_err(wrong)?;
        Ok(RunId(id))
    }

    /// Ends a run, and keeps what it saw when it saw everything.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn finish_run(&self, run: RunId, finish: &Finish) -> Result<(), StoreError> {
        let wrong = writing("the run");
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await.map_err(&wrong)?;
        sqlx::query(
            "UPDATE runs SET finished = ?, result = ?, server = ?, figures = ? WHERE organization = ? AND id = ?",
        )
        .bind(to_micros(finish.at))
        .bind(finish.result.name())
        .bind(&finish.server)
        .bind(finish.figures.to_string())
        .bind(self.id())
        .bind(run.0)
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        if let Some(baseline) = &finish.baseline {
            sqlx::query(
                "INSERT INTO baselines (organization, run, content) VALUES (?, ?, ?) \
                 ON CONFLICT (organization) DO UPDATE SET run = excluded.run, content = excluded.content",
            )
            .bind(self.id())
            .bind(run.0)
            .bind(baseline.to_json())
            .execute(&mut *transaction)
            .await
            .map_err(&wrong)?;
        }
        transaction.commit().await.map_err(wrong)
    }
}

pub(crate) fn run(row: &SqliteRow) -> Result<Run, StoreError> {
    let result: Option<&str> = row.get("result");
    let finished: Option<i64> = row.get("finished");
    let figures: Option<&str> = row.get("figures");
    Ok(Run {
        id: RunId(row.get("id")),
        kind: row.get("kind"),
        mode: row.get("mode"),
        started: to_time(row.get("started"), "runs.started")?,
        finished: finished.map(|at| to_time(at, "runs.finished")).transpose()?,
        result: result.map(|text| parse(text, "runs.result")).transpose()?,
        server: row.get("server"),
        figures: figures.map(|text| parse(text, "runs.figures")).transpose()?,
    })
}
