//! The view of one organisation, and the errors of reading and writing it.

use std::sync::Arc;

use sqlx::AnyPool;

use crate::audit::{Actor, Anchor, AnchorError};
use crate::lease::{Lost, Term};
use crate::lock::Lock;
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
        let found = |pool: AnyPool| async move {
            sqlx::query_scalar::<_, i64>("SELECT id FROM organizations WHERE name = $1")
                .bind(name)
                .fetch_optional(&pool)
                .await
                .map_err(reading("the organisation"))
        };
        let id = if let Some(id) = found(store.pool().clone()).await? {
            id
        } else {
            sqlx::query("INSERT INTO organizations (name) VALUES ($1) ON CONFLICT DO NOTHING")
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

    pub(crate) const fn id(&self) -> i64 {
        self.id
    }

    /// The store that it is in.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Where heads of the audit are sealed.
    pub(crate) const fn anchor(&self) -> Option<&Anchor> {
        self.store.anchor()
    }

    pub(crate) const fn pool(&self) -> &AnyPool {
        self.store.pool()
    }
}

/// The only one that writes an organisation, by its lease.
///
/// # Guarantees
/// Everything that it writes is refused once another has the lease. Dropped, it leaves the lease to the next one that
/// uses this store in this process, and to any other when its time is over; [`Writer::hand_over`] gives it back.
#[derive(Debug)]
pub struct Writer {
    organization: Organization,
    actor: Actor,
    token: i64,
    taken_over: bool,
    given_back: bool,
    term: Option<Arc<Term>>,
    lock: Option<Arc<Lock>>,
}

impl Writer {
    pub(crate) fn new(
        organization: Organization,
        token: i64,
        taken_over: bool,
        term: Option<Term>,
        lock: Option<Lock>,
    ) -> Self {
        Self {
            organization,
            actor: Actor::program(),
            token,
            taken_over,
            given_back: false,
            term: term.map(Arc::new),
            lock: lock.map(Arc::new),
        }
    }

    /// The same right to write, on behalf of `actor` by the audit; this one goes on as it is, and gives the right back.
    #[must_use]
    pub fn for_actor(&self, actor: Actor) -> Self {
        Self {
            organization: self.organization.clone(),
            actor,
            token: self.token,
            taken_over: self.taken_over,
            given_back: true,
            term: self.term.clone(),
            lock: self.lock.clone(),
        }
    }

    /// Writes on behalf of `actor` from now on, by the audit; without this, on behalf of the program.
    #[must_use]
    pub fn acting_as(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    /// Who writes, by the audit.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The fencing token, which is greater than that of every writer before.
    #[must_use]
    pub const fn token(&self) -> i64 {
        self.token
    }

    /// Whether the writer before did not hand over: what it had under way may still arrive at Exchange.
    #[must_use]
    pub const fn took_over(&self) -> bool {
        self.taken_over
    }

    /// As the end of its process does, without the end of its process.
    #[cfg(test)]
    pub(crate) fn release_file_lock(&mut self) {
        self.lock = None;
    }

    pub(crate) fn term(&self) -> Option<&Term> {
        self.term.as_deref()
    }

    /// Leaves nothing to do when it is dropped.
    pub(crate) const fn give_back(&mut self) {
        self.given_back = true;
    }

    /// The view to read.
    #[must_use]
    pub const fn organization(&self) -> &Organization {
        &self.organization
    }

    pub(crate) const fn id(&self) -> i64 {
        self.organization.id
    }

    pub(crate) const fn pool(&self) -> &AnyPool {
        self.organization.pool()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.given_back {
            self.organization
                .store
                .dropped
                .push(self.organization.id, self.token);
        }
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
    #[error(transparent)]
    Lost(#[from] Lost),
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
