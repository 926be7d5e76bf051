//! Leases: one writer for each organisation, over all processes and nodes that share the store.
//!
//! A lease is a row with a token that only grows. Whoever writes proves in the same transaction that its token is still
//! the newest, so that a node that was suspended cannot write over the one that took over. Leases end by the clock of
//! the database, never by that of a node. SQLite has a lock on a file besides, which the kernel ends with the process:
//! there a lease cannot be taken from a process that lives.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::AnyConnection;
use sqlx::{AssertSqlSafe, Row};
use time::OffsetDateTime;

use crate::convert::to_time;
use crate::lock::Lock;
use crate::open::Store;
use crate::organization::{Organization, StoreError, Writer, reading, writing};
use crate::write::{Database, WriteError};

/// How long the lease of [`Organization::lock`] lasts: for a command that writes once and ends.
const ONCE: Duration = Duration::from_secs(60);

/// What may be taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Take {
    /// A lease that nobody holds.
    Free,
    /// Also one that somebody holds.
    Held,
}

/// What a writer knows of the time of its lease, by a clock that counts while the machine is suspended.
#[derive(Debug)]
pub(crate) struct Term {
    acquired: Duration,
    /// Microseconds.
    until: AtomicU64,
}

/// Who wants to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// What tells one process from another on its node.
    pub id: String,
    /// The name of the machine.
    pub node: String,
}

impl Holder {
    /// This process on this machine.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self {
            id: format!("process {}", std::process::id()),
            node: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        }
    }
}

/// A lease as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it; `None` after a clean hand-over.
    pub holder: Option<String>,
    /// The machine of whoever holds it or held it last.
    pub node: String,
    /// The fencing token.
    pub token: i64,
    /// When it was given, by the clock of the database.
    pub granted: OffsetDateTime,
    /// When it ends unless it is renewed, by the clock of the database.
    pub expires: OffsetDateTime,
    /// Whether it is held now: by the clock of the database, or by the lock of the file.
    pub is_held: bool,
}

/// Another took the lease over: nothing of what was to be written is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("another easgate has taken over the organisation {organization:?}, so nothing more is written here")]
pub struct Lost {
    /// The organisation.
    pub organization: String,
}

impl Organization {
    /// Takes the lease for `ttl`. It is kept by renewing it and given back by [`Writer::hand_over`].
    ///
    /// `now` is the time since some moment by a clock that counts while the machine is suspended, read just before.
    ///
    /// # Errors
    /// Another holds it, or the store or the file of its lock cannot be used.
    pub async fn acquire(&self, holder: &Holder, ttl: Duration, now: Duration) -> Result<Writer, LeaseError> {
        self.take(holder, ttl, Some(now), Take::Free).await
    }

    /// Takes the lease also from a node that holds it, which writes nothing more from then on.
    ///
    /// A store in a file can only be taken from a process that has ended: its lock ends with it.
    ///
    /// # Errors
    /// As [`Organization::acquire`].
    pub async fn replace(&self, holder: &Holder, ttl: Duration, now: Duration) -> Result<Writer, LeaseError> {
        self.take(holder, ttl, Some(now), Take::Held).await
    }

    /// Takes the right to write this organisation in the store for one short command, until the [`Writer`] is
    /// dropped. On a server nothing may be sent to Exchange by it: it does not know how much of its lease is left.
    ///
    /// # Errors
    /// As [`Organization::acquire`].
    pub async fn lock(&self) -> Result<Writer, LeaseError> {
        self.take(&Holder::of_this_process(), ONCE, None, Take::Free)
            .await
    }

    async fn take(
        &self,
        holder: &Holder,
        ttl: Duration,
        now: Option<Duration>,
        take: Take,
    ) -> Result<Writer, LeaseError> {
        self.store().release_dropped().await;
        let lock = match self.store().path() {
            Some(path) => Some(Lock::take(path, self.id(), self.name())?),
            None => None,
        };
        let free = match (self.store().database(), take) {
            // Whoever has the lock of a file is the only living process, whatever the row says.
            (Database::Sqlite, _) | (Database::Postgres, Take::Held) => "TRUE",
            (Database::Postgres, Take::Free) => "leases.holder IS NULL OR leases.expires <= {now}",
        };
        let statement = self.with_now(&format!(
            "INSERT INTO leases (organization, token, holder, node, granted, expires, taken_over) \
             VALUES ($1, 1, $2, $3, {{now}}, {{now}} + $4, 0) \
             ON CONFLICT (organization) DO UPDATE SET token = leases.token + 1, holder = excluded.holder, \
             node = excluded.node, granted = excluded.granted, expires = excluded.expires, \
             taken_over = CASE WHEN leases.holder IS NULL THEN 0 ELSE 1 END \
             WHERE {free} RETURNING token, taken_over"
        ));
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(self.id())
            .bind(&holder.id)
            .bind(&holder.node)
            .bind(micros(ttl))
            .fetch_optional(self.pool())
            .await
            .map_err(writing("the lease"))?;
        let Some(row) = row else {
            return Err(self.held().await?);
        };
        let taken_over = row.get::<i64, _>("taken_over") != 0;
        let term = now.map(|now| Term {
            acquired: now,
            until: AtomicU64::new(clock(now + ttl)),
        });
        Ok(Writer::new(
            self.clone(),
            row.get("token"),
            taken_over,
            term,
            lock,
        ))
    }

    /// The lease, when there has ever been one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn lease(&self) -> Result<Option<Lease>, StoreError> {
        let statement = self.with_now(
            "SELECT token, holder, node, granted, expires, CASE WHEN holder IS NOT NULL AND expires > {now} \
             THEN 1 ELSE 0 END AS held FROM leases WHERE organization = $1",
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(self.id())
            .fetch_optional(self.pool())
            .await
            .map_err(reading("the lease"))?;
        row.map(|row| {
            Ok(Lease {
                holder: row.get("holder"),
                node: row.get("node"),
                token: row.get("token"),
                granted: to_time(row.get("granted"), "leases.granted")?,
                expires: to_time(row.get("expires"), "leases.expires")?,
                is_held: match self.store().path() {
                    Some(path) => Lock::is_taken(path, self.id()),
                    None => row.get::<i64, _>("held") != 0,
                },
            })
        })
        .transpose()
    }

    async fn held(&self) -> Result<LeaseError, StoreError> {
        let lease = self.lease().await?;
        Ok(LeaseError::Held {
            organization: self.name().to_owned(),
            by: lease.map_or_else(
                || "somebody".to_owned(),
                |lease| {
                    format!(
                        "{} on {}",
                        lease.holder.as_deref().unwrap_or("somebody"),
                        lease.node
                    )
                },
            ),
        })
    }

    fn with_now(&self, statement: &str) -> String {
        statement.replace("{now}", self.store().database().now())
    }
}

impl Writer {
    /// How much of the lease is left at `now`, by the clock of [`Organization::acquire`].
    ///
    /// A lease with a lock on a file lasts as long as its process.
    #[must_use]
    pub fn remaining(&self, now: Duration) -> Duration {
        match (self.organization().store().database(), self.term()) {
            (Database::Sqlite, _) => Duration::MAX,
            (Database::Postgres, None) => Duration::ZERO,
            (Database::Postgres, Some(term)) => {
                Duration::from_micros(term.until.load(Ordering::Acquire)).saturating_sub(now)
            }
        }
    }

    /// How much of the time `longest` since the lease was taken over is still to pass at `now`; nothing after a
    /// clean hand-over.
    #[must_use]
    pub fn settling(&self, now: Duration, longest: Duration) -> Duration {
        match self.term() {
            Some(term) if self.took_over() => (term.acquired + longest).saturating_sub(now),
            Some(_) | None => Duration::ZERO,
        }
    }

    /// Whether the lease has to be renewed: one with a lock on a file need not.
    #[must_use]
    pub const fn is_renewed(&self) -> bool {
        matches!(self.organization().store().database(), Database::Postgres)
    }

    /// Keeps the lease for `ttl` from `now` on, also when it has just ended and nobody has taken it.
    ///
    /// # Errors
    /// Another has taken it over, or the store cannot be written; the lease then ends when its time is over.
    pub async fn renew(&self, ttl: Duration, now: Duration) -> Result<(), StoreError> {
        let organization = self.organization();
        let statement = organization.with_now(
            "UPDATE leases SET expires = {now} + $1 WHERE organization = $2 AND token = $3 AND holder IS NOT NULL",
        );
        let renewed = sqlx::query(AssertSqlSafe(statement))
            .bind(micros(ttl))
            .bind(self.id())
            .bind(self.token())
            .execute(self.pool())
            .await
            .map_err(writing("the lease"))?;
        if renewed.rows_affected() == 0 {
            return Err(StoreError::Lost(self.lost()));
        }
        if let Some(term) = self.term() {
            term.until.store(clock(now + ttl), Ordering::Release);
        }
        Ok(())
    }

    /// Gives the lease back, so that another can take it at once, and need not wait for what is under way here:
    /// the caller says by this that nothing is.
    ///
    /// # Errors
    /// The store cannot be written; the lease then ends when its time is over.
    pub async fn hand_over(mut self) -> Result<(), StoreError> {
        let (organization, token) = (self.id(), self.token());
        self.give_back();
        self.organization().store().release(organization, token).await
    }

    pub(crate) fn lost(&self) -> Lost {
        Lost {
            organization: self.organization().name().to_owned(),
        }
    }
}

/// Fails unless the lease of `writer` is the newest; until the transaction ends nobody can take it over.
pub(crate) async fn still_ours(writer: &Writer, connection: &mut AnyConnection) -> Result<(), WriteError> {
    let proof = sqlx::query("UPDATE leases SET token = token WHERE organization = $1 AND token = $2")
        .bind(writer.id())
        .bind(writer.token())
        .execute(connection)
        .await?;
    if proof.rows_affected() == 0 {
        return Err(WriteError::Lost(writer.lost()));
    }
    Ok(())
}

/// The leases of writers that were dropped, to be given back by whoever uses the store next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dropped(Arc<Mutex<Vec<(i64, i64)>>>);

impl Dropped {
    pub(crate) fn push(&self, organization: i64, token: i64) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((organization, token));
    }

    fn take(&self) -> Vec<(i64, i64)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store {
    /// Gives back what was dropped. What cannot be given back ends when its time is over.
    pub(crate) async fn release_dropped(&self) {
        for (organization, token) in self.dropped.take() {
            if self.release(organization, token).await.is_err() {
                return;
            }
        }
    }

    async fn release(&self, organization: i64, token: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE leases SET holder = NULL WHERE organization = $1 AND token = $2")
            .bind(organization)
            .bind(token)
            .execute(self.pool())
            .await
            .map(drop)
            .map_err(writing("the lease"))
    }
}

impl Database {
    /// The database's own time, in microseconds since 1970.
    const fn now(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000000.0 AS INTEGER)",
            Self::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
        }
    }
}

/// A time of the caller's clock, in microseconds.
fn clock(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4)
}

/// Why the right to write an organisation was not given.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum LeaseError {
    #[error("another easgate is working on the organisation {organization:?} now: {by}")]
    Held { organization: String, by: String },
    #[error("could not lock the file {path}")]
    File {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}
