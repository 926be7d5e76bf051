//! The view of one organisation, and the errors of reading and writing it.

use sqlx::sqlite::SqlitePool;

use crate::audit::{Actor, Anchor, AnchorError};
use crate::lock::{Lock, LockError};
use crate::open::Store;

/// One organisation of the store, to read. Any number of processes may hold one.
#[derive(Debug, Clone)]
pub struct Organization {
    store: Store,
    id: i64,
    name: String,
}

impl Organization {
    pub(crate) async fn find_or_add(store: Store, name: &str) -> Result<Self, StoreError> {
        let found = |pool: SqlitePool| async move {
            sqlx::query_scalar::<_, i64>("SELECT id FROM organizations WHERE name = ?")
                .bind(name)
                .fetch_optional(&pool)
                .await
                .map_err(reading("the organisation"))
        };
        let id = if let Some(id) = found(store.pool().clone()).await? {
            id
        } else {
            sqlx::query("INSERT INTO organizations (name) VALUES (?) ON CONFLICT DO NOTHING")
                .bind(name)
                .execute(store.pool())
                .await
                .map_err(writing("the organisation"))?;
            found(store.pool().clone())
                .await?
                .ok_or_else(|| StoreError::Corrupt {
                    column: "organizations.name",
                    value: name.to_owned(),
                })?
        };
        Ok(Self {
            store,
            id,
            name: name.to_owned(),
        })
    }

    /// The name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes the right to write this organisation, until the [`Writer`] is dropped or the process ends.
    ///
    /// # Errors
    /// Another holds it, here or in another process of this machine, or its file cannot be made.
    pub fn lock(&self) -> Result<Writer, LockError> {
        let lock = Lock::take(self.store.path(), self.id, &self.name)?;
        Ok(Writer {
            organization: self.clone(),
            actor: Actor::program(),
            _lock: lock,
        })
    }

    pub(crate) const fn id(&self) -> i64 {
        self.id
    }

    /// Where heads of the audit are sealed.
    pub(crate) const fn anchor(&self) -> Option<&Anchor> {
        self.store.anchor()
    }

    pub(crate) const fn pool(&self) -> &SqlitePool {
        self.store.pool()
    }
}

/// The only one that writes an organisation.
#[derive(Debug)]
pub struct Writer {
    organization: Organization,
    actor: Actor,
    _lock: Lock,
}

impl Writer {
    /// Writes on behalf of `actor` from now on, by the audit; without this, on behalf of the program.
    #[must_use]
    pub fn acting_as(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    /// Who writes, by the audit.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The view to read.
    #[must_use]
    pub const fn organization(&self) -> &Organization {
        &self.organization
    }

    pub(crate) const fn id(&self) -> i64 {
        self.organization.id
    }

    pub(crate) const fn pool(&self) -> &SqlitePool {
        self.organization.pool()
    }
}

/// Why the store could not be read or written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum StoreError {
    #[error("could not read {what} from the store")]
    Read { what: &'static str, source: sqlx::Error },
    #[error("could not write {what} to the store")]
    Write { what: &'static str, source: sqlx::Error },
    #[error("the store holds {value:?} in {column}, which this version did not write")]
    Corrupt { column: &'static str, value: String },
    #[error("the audit cannot be sealed")]
    Seal(#[source] AnchorError),
}

pub(crate) fn reading(what: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Read { what, source }
}

pub(crate) fn writing(what: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Write { what, source }
}
