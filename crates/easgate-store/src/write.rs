//! Transactions that write, on either database.

use std::ops::{Deref, DerefMut};

use sqlx::{Any, AnyConnection};
use sqlx::{AnyPool, Transaction};

use crate::lease::{Lost, still_ours};
use crate::open::Store;
use crate::organization::{StoreError, Writer};

/// Which database is under the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Store {
    /// Begins a transaction that will write.
    ///
    /// SQLite takes its lock at once: a transaction that first reads and then wants to write could only fail.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        let pool: &AnyPool = self.pool();
        match self.database() {
            Database::Sqlite => pool.begin_with("BEGIN IMMEDIATE").await,
            Database::Postgres => pool.begin().await,
        }
    }
}

impl Writer {
    /// Begins a transaction that is committed only if this writer's lease is still the newest.
    pub(crate) async fn begin(&self) -> Result<Write<'_>, sqlx::Error> {
        Ok(Write {
            writer: self,
            transaction: self.organization().store().begin().await?,
        })
    }
}

/// A transaction of a [`Writer`]. Dropped, it is taken back.
pub(crate) struct Write<'w> {
    writer: &'w Writer,
    transaction: Transaction<'static, Any>,
}

impl Write<'_> {
    /// Commits, unless another has taken the lease over: then nothing of it is written.
    ///
    /// The lease is looked at last, so that its row is locked for no longer than the commit takes.
    pub(crate) async fn commit(mut self) -> Result<(), WriteError> {
        still_ours(self.writer, &mut self.transaction).await?;
        self.transaction.commit().await.map_err(WriteError::Database)
    }
}

impl Deref for Write<'_> {
    type Target = AnyConnection;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

impl DerefMut for Write<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.transaction
    }
}

/// Why a transaction was not committed.
#[derive(Debug)]
pub(crate) enum WriteError {
    Lost(Lost),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl WriteError {
    /// As an error of writing `what`.
    pub(crate) fn writing(self, what: &'static str) -> StoreError {
        match self {
            Self::Lost(lost) => StoreError::Lost(lost),
            Self::Database(source) => StoreError::Write { what, source },
        }
    }
}
