//! A refused account is not tried again: not by the next call, and not by the next process.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use easgate_model::escape;
use easgate_store::{Organization, Refusal, StoreError};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::clock::Clock;
use crate::ports::{CallError, CallErrorKind};
use crate::report::chain;
use crate::service::events;

/// Digests the secret with a salt; `None` when the secret cannot be read now.
pub type SecretMark = Box<dyn Fn(Uuid) -> Option<u16> + Send + Sync>;

/// Keeps an account from being locked: once it was refused, nothing logs on until its secret changes or an
/// administrator forgets the refusal.
pub struct Breaker {
    organization: Organization,
    mark: SecretMark,
    clock: Box<dyn Clock>,
    /// What is known in this process.
    known: Mutex<Known>,
}

#[derive(Debug, Clone)]
enum Known {
    /// The store has not been asked.
    Nothing,
    Closed,
    Open(Refusal),
}

impl Breaker {
    /// The breaker of `organization`, whose secret is digested by `mark`.
    #[must_use]
    pub fn new(organization: Organization, mark: SecretMark, clock: Box<dyn Clock>) -> Self {
        Self {
            organization,
            mark,
            clock,
            known: Mutex::new(Known::Nothing),
        }
    }

    /// Why nothing logs on, with the cure; `None` when a log-on may be tried.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn holds_back(&self) -> Result<Option<CallError>, StoreError> {
        Ok(match self.ask().await? {
            Known::Open(refusal) => Some(held_back(&refusal)),
            Known::Nothing | Known::Closed => None,
        })
    }

    /// Keeps that `server` refused the account, for `cause`.
    pub async fn note_refusal(&self, server: &str, cause: String) {
        let salt = Uuid::new_v4();
        let Some(mark) = (self.mark)(salt) else { return };
        let refusal = Refusal {
            server: server.to_owned(),
            since: self.clock.now(),
            cause,
            salt,
            mark,
        };
        tracing::error!(
            event = events::ACCOUNT_REFUSED,
            organization = self.organization.name(),
            server,
            "Exchange refused the account; nothing logs on until its password changes or somebody says so"
        );
        if let Err(error) = self.organization.record_refusal(&refusal).await {
            tracing::error!(error = %chain(&error), "The refusal of the account could not be kept");
        }
        *self.known() = Known::Open(refusal);
    }

    /// Whether a call may be made.
    pub(super) async fn admit(&self) -> Result<(), CallError> {
        let known = self.known().clone();
        let known = match known {
            Known::Nothing => {
                let asked = self
                    .ask()
                    .await
                    .map_err(|error| CallError::new(CallErrorKind::Unauthorized, error))?;
                self.known().clone_from(&asked);
                asked
            }
            known @ (Known::Closed | Known::Open(_)) => known,
        };
        match known {
            Known::Nothing | Known::Closed => Ok(()),
            Known::Open(refusal) => Err(held_back(&refusal)),
        }
    }

    async fn ask(&self) -> Result<Known, StoreError> {
        let Some(refusal) = self.organization.refusal().await? else {
            return Ok(Known::Closed);
        };
        if (self.mark)(refusal.salt) == Some(refusal.mark) {
            return Ok(Known::Open(refusal));
        }
        self.organization.forget_refusal().await?;
        Ok(Known::Closed)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

fn held_back(refusal: &Refusal) -> CallError {
    let error = HeldBack {
        server: escape(&refusal.server),
        since: refusal.since,
        cause: escape(&refusal.cause),
    };
    CallError {
        cure: Some(
            "correct the password, or run `easgate sync --full --log-on-again` once the account is in order"
                .to_owned(),
        ),
        ..CallError::new(CallErrorKind::Unauthorized, error)
    }
}

/// The account is not tried, because it was refused and its secret is the same.
#[derive(Debug, thiserror::Error)]
#[error(
    "{server} refused the account at {} UTC, and its password has not changed, so nothing logs on: {cause}",
    minute(.since)
)]
struct HeldBack {
    server: String,
    since: OffsetDateTime,
    cause: String,
}

fn minute(time: &OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    format!("{} {:02}:{:02}", time.date(), time.hour(), time.minute())
}
