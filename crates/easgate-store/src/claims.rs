//! Entries that become ours, or are given up, without any change of a list.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{AuditAction, AuditEvent, append};
use crate::organization::{StoreError, Writer, writing};
use crate::owned::{OwnedEntry, OwnedRow, disown, own};
use crate::runs::RunId;

/// An entry that somebody else made and that is taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// The entry.
    pub entry: OwnedEntry,
    /// The mailbox's address, for people.
    pub address: String,
    /// The decision that it carries out.
    pub decision: Uuid,
}

impl Writer {
    /// Takes `entries` over: they are ours from now on. All of them or none. Exchange is not asked.
    ///
    /// The audit says when, and on whose behalf.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn adopt(
        &self,
        entries: &[TakenOver],
        run: RunId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let wrong = writing("the ownership registry");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for taken in entries {
            let row = OwnedRow {
                entry: taken.entry.clone(),
                decision: taken.decision,
                run,
                added: now,
            };
            own(&mut transaction, self.id(), &row).await.map_err(&wrong)?;
            let event = AuditEvent {
                run: Some(run),
                address: Some(taken.address.clone()),
                decision: Some(taken.decision),
                ..AuditEvent::of_entry(AuditAction::Adopted, self.actor().clone(), now, &taken.entry)
            };
            append(&mut transaction, self.organization(), &event)
                .await
                .map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the ownership registry"))
    }

    /// Gives `entries` up: they stay in the lists, and are somebody else's from now on. All of them or none.
    /// Exchange is not asked.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn release(
        &self,
        entries: &[OwnedEntry],
        run: RunId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let wrong = writing("the ownership registry");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for entry in entries {
            disown(&mut transaction, self.id(), entry).await.map_err(&wrong)?;
            let event = AuditEvent {
                run: Some(run),
                ..AuditEvent::of_entry(AuditAction::Released, self.actor().clone(), now, entry)
            };
            append(&mut transaction, self.organization(), &event)
                .await
                .map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the ownership registry"))
    }
}
