//! Runs: when, of what kind, and how they ended.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use time::OffsetDateTime;

use crate::audit::{AuditAction, AuditEvent, AuditHead, append};
use crate::baseline::Baseline;
use crate::convert::{parse, to_micros, to_time};
use crate::organization::{Organization, StoreError, Writer, reading, writing};

/// The kind of run that comes every minute: only one that does something, or that fails, is in the audit.
const WATCH: &str = "watch";

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
        let rows = sqlx::query("SELECT * FROM runs WHERE organization = $1 ORDER BY id DESC LIMIT $2")
            .bind(self.id())
            .bind(i64::from(limit))
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
            "SELECT * FROM runs WHERE organization = $1 AND result IN ('succeeded', 'held', 'failed') \
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
    /// Begins a run, and records that in the audit. Runs that another process left open are closed as interrupted.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn start_run(&self, kind: &str, mode: &str, now: OffsetDateTime) -> Result<RunId, StoreError> {
        self.start_run_beside(&BTreeSet::new(), kind, mode, now).await
    }

    /// Begins a run beside those of this process that are still `live`, which are not closed. When the store is older
    /// than the last seal of its audit, nothing is written to Exchange from then on ([`Organization::caution`]).
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn start_run_beside(
        &self,
        live: &BTreeSet<RunId>,
        kind: &str,
        mode: &str,
        now: OffsetDateTime,
    ) -> Result<RunId, StoreError> {
        let wrong = writing("the run");
        let sealing = self.prepare_seal()?;
        self.organization().doubt_if_old(self.actor(), now).await?;
        let mut transaction = self.begin().await.map_err(&wrong)?;
        self.interrupt(&mut transaction, live, now)
            .await
            .map_err(&wrong)?;
        let id = sqlx::query_scalar(
            "INSERT INTO runs (organization, kind, mode, started) VALUES ($1, $2, $3, $4) RETURNING id",
        )
        .bind(self.id())
        .bind(kind)
        .bind(mode)
        .bind(to_micros(now))
        .fetch_one(&mut *transaction)
        .await
        .map(RunId)
        .map_err(&wrong)?;
        if let Some(made) = sealing {
            let event = AuditEvent {
                after: Some(made),
                ..self.of_run(AuditAction::KeyMade, id, now)
            };
            append(&mut transaction, self.organization(), &event)
                .await
                .map_err(&wrong)?;
        }
        if kind != WATCH {
            let event = AuditEvent {
                after: Some(mode.to_owned()),
                reason: Some(kind.to_owned()),
                ..self.of_run(AuditAction::RunBegun, id, now)
            };
            append(&mut transaction, self.organization(), &event)
                .await
                .map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the run"))?;
        Ok(id)
    }

    /// Closes the runs that nobody finished and that are not `live`.
    async fn interrupt(
        &self,
        connection: &mut AnyConnection,
        live: &BTreeSet<RunId>,
        now: OffsetDateTime,
    ) -> Result<(), sqlx::Error> {
        let open: Vec<i64> =
            sqlx::query_scalar("SELECT id FROM runs WHERE organization = $1 AND result IS NULL ORDER BY id")
                .bind(self.id())
                .fetch_all(&mut *connection)
                .await?;
        for id in open.into_iter().filter(|id| !live.contains(&RunId(*id))) {
            sqlx::query(
                "UPDATE runs SET result = 'interrupted', finished = $2 WHERE organization = $1 AND id = $3",
            )
            .bind(self.id())
            .bind(to_micros(now))
            .bind(id)
            .execute(&mut *connection)
            .await?;
            let event = AuditEvent {
                outcome: Some(RunResult::Interrupted.name().to_owned()),
                ..self.of_run(AuditAction::RunEnded, RunId(id), now)
            };
            append(connection, self.organization(), &event).await?;
        }
        Ok(())
    }

    /// Ends a run, records that in the audit, and keeps what the run saw when it saw everything.
    ///
    /// Returns the new head of the audit, which the caller tells the system log, and which is sealed when the
    /// store is anchored. `None` after a watch pass that did nothing.
    ///
    /// # Errors
    /// The store or the file of checkpoints cannot be written.
    pub async fn finish_run(&self, run: RunId, finish: &Finish) -> Result<Option<AuditHead>, StoreError> {
        let wrong = writing("the run");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        let kind: Option<String> = sqlx::query_scalar(
            "UPDATE runs SET finished = $1, result = $2, server = $3, figures = $4 \
             WHERE organization = $5 AND id = $6 RETURNING kind",
        )
        .bind(to_micros(finish.at))
        .bind(finish.result.name())
        .bind(&finish.server)
        .bind(finish.figures.to_string())
        .bind(self.id())
        .bind(run.0)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(&wrong)?;
        if let Some(baseline) = &finish.baseline {
            self.keep(&mut transaction, run, baseline).await.map_err(&wrong)?;
        }
        let did_nothing = kind.as_deref() == Some(WATCH)
            && finish.result == RunResult::Succeeded
            && !self.intended(&mut transaction, run).await.map_err(&wrong)?;
        let mut sealed = None;
        if !did_nothing {
            let event = AuditEvent {
                outcome: Some(finish.result.name().to_owned()),
                reason: kind,
                server: finish.server.clone(),
                ..self.of_run(AuditAction::RunEnded, run, finish.at)
            };
            let head = append(&mut transaction, self.organization(), &event)
                .await
                .map_err(&wrong)?;
            let checkpoint = self.seal(&mut transaction, head, finish.at).await?;
            sealed = Some((head, checkpoint));
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the run"))?;
        let Some((head, checkpoint)) = sealed else {
            return Ok(None);
        };
        self.keep_outside(checkpoint.as_ref())?;
        Ok(Some(head))
    }

    async fn keep(
        &self,
        connection: &mut AnyConnection,
        run: RunId,
        baseline: &Baseline,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO baselines (organization, run, content) VALUES ($1, $2, $3) \
             ON CONFLICT (organization) DO UPDATE SET run = excluded.run, content = excluded.content",
        )
        .bind(self.id())
        .bind(run.0)
        .bind(baseline.to_json())
        .execute(connection)
        .await
        .map(drop)
    }

    /// Whether `run` intended a change.
    async fn intended(&self, connection: &mut AnyConnection, run: RunId) -> Result<bool, sqlx::Error> {
        let changes: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM journal WHERE organization = $1 AND run = $2")
                .bind(self.id())
                .bind(run.0)
                .fetch_one(connection)
                .await?;
        Ok(changes > 0)
    }

    fn of_run(&self, action: AuditAction, run: RunId, at: OffsetDateTime) -> AuditEvent {
        AuditEvent {
            run: Some(run),
            ..AuditEvent::new(action, self.actor().clone(), at)
        }
    }
}

pub(crate) fn run(row: &AnyRow) -> Result<Run, StoreError> {
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
