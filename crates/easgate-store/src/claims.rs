//! Entries that become ours, or are given up, without any change of a list.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::actor::Actor;
use crate::organization::{StoreError, Writer, writing};
use crate::owned::{OwnedEntry, OwnedRow, disown, own};
use crate::runs::RunId;

/// Entries that somebody takes over or gives up, and in which run.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The run that does it.
    pub run: RunId,
    /// Who wants it.
    pub by: &'a Actor,
    /// When.
    pub at: OffsetDateTime,
}

impl Writer {
    /// Takes `entries` over: they are ours from now on, each by the decision that it carries out. All of them or
    /// none. Exchange is not asked.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn adopt(&self, entries: &[(OwnedEntry, Uuid)], claim: Claim<'_>) -> Result<(), StoreError> {
        let wrong = writing("the ownership registry");
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await.map_err(&wrong)?;
        for (entry, decision) in entries {
            let row = OwnedRow {
                entry: entry.clone(),
                decision: *decision,
                run: claim.run,
                added: claim.at,
            };
            own(&mut transaction, self.id(), &row).await.map_err(&wrong)?;
        }
        transaction.commit().await.map_err(wrong)
    }

    /// Gives `entries` up: they stay in the lists, and are somebody else's from now on. All of them or none.
    /// Exchange is not asked.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn release(&self, entries: &[OwnedEntry], claim: Claim<'_>) -> Result<(), StoreError> {
        let wrong = writing("the ownership registry");
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await.map_err(&wrong)?;
        for entry in entries {
            disown(&mut transaction, self.id(), entry).await.map_err(&wrong)?;
        }
        transaction.commit().await.map_err(wrong)
    }
}
