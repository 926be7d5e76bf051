//! The audit: who did what, why, and what came of it, in a chain of records for each organisation.
//!
//! A record is only added, and holds the hash of the one before, so that a record that is changed, taken out or
//! put in shows. What shows that the end was cut or written anew stands outside of the store: the head in the
//! system log, and checkpoints under a key.

mod action;
mod anchor;
mod checkpoint;
mod encoding;
mod event;
mod line;
mod record;

pub(crate) use record::of_row;
mod seal;
mod verify;

pub use action::AuditAction;
pub use anchor::{Anchor, AnchorError};
pub use encoding::{AuditHash, AuditHead, ParseHeadError};
pub use event::{Actor, AuditEvent};
pub use line::{AuditLine, LineError};
pub use record::AuditRecord;
pub use seal::{AuditKey, Checkpoint};
pub use verify::{ChainCheck, Fault, FaultKind, Verdict, Voucher, Witness};

use sqlx::{AnyConnection, Row};
use time::OffsetDateTime;

use crate::convert::to_micros;
use crate::organization::{Organization, StoreError, reading, writing};

impl Organization {
    /// Adds one record to the audit, in a transaction of its own, and returns the new head.
    ///
    /// What changes the store adds its record in its own transaction instead.
    ///
    /// # Errors
    /// The audit cannot be written: what was to be recorded must not be done.
    pub async fn record(&self, event: &AuditEvent) -> Result<AuditHead, StoreError> {
        let wrong = writing("the audit");
        let mut transaction = self.store().begin().await.map_err(&wrong)?;
        let head = append(&mut transaction, self, event).await.map_err(&wrong)?;
        transaction.commit().await.map_err(wrong)?;
        Ok(head)
    }

    /// The head of the audit: its last record. `None` while it is empty.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn audit_head(&self) -> Result<Option<AuditHead>, StoreError> {
        let row = sqlx::query("SELECT sequence, hash FROM audit_heads WHERE organization = $1")
            .bind(self.id())
            .fetch_optional(self.pool())
            .await
            .map_err(reading("the audit"))?;
        row.map(|row| {
            let hash: String = row.get("hash");
            Ok(AuditHead {
                sequence: row.get("sequence"),
                hash: AuditHash::parse(&hash).ok_or(StoreError::Corrupt {
                    column: "audit_heads.hash",
                    value: hash,
                })?,
            })
        })
        .transpose()
    }

    /// The records after the one with the number `after`, in their order, at most `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn audit(&self, after: i64, limit: u32) -> Result<Vec<AuditRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT sequence, recorded, actor, actor_uid, action, decision, run, mailbox, address, device, command, \
             value_before, value_after, outcome, reason, server, request, previous, hash FROM audit \
             WHERE organization = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
        )
        .bind(self.id())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .map_err(reading("the audit"))?;
        Ok(rows.iter().map(|row| of_row(self.name(), row)).collect())
    }

    /// The number of the first record that was made at `since` or later.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn first_audit_since(&self, since: OffsetDateTime) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar("SELECT MIN(sequence) FROM audit WHERE organization = $1 AND recorded >= $2")
            .bind(self.id())
            .bind(to_micros(since))
            .fetch_one(self.pool())
            .await
            .map_err(reading("the audit"))
    }
}

/// Adds one record to the audit inside the transaction that `connection` is in, and returns the new head.
pub(crate) async fn append(
    connection: &mut AnyConnection,
    organization: &Organization,
    event: &AuditEvent,
) -> Result<AuditHead, sqlx::Error> {
    // The row of the head is locked from here to the end of the transaction, on every database.
    let row = sqlx::query(
        "INSERT INTO audit_heads (organization, sequence, hash) VALUES ($1, 1, $2) \
         ON CONFLICT (organization) DO UPDATE SET sequence = audit_heads.sequence + 1 RETURNING sequence, hash",
    )
    .bind(organization.id())
    .bind(AuditHash::NONE.to_string())
    .fetch_one(&mut *connection)
    .await?;
    let record = event.following(organization.name(), row.get("sequence"), row.get("hash"));
    record::insert(connection, organization.id(), &record).await?;
    sqlx::query("UPDATE audit_heads SET hash = $2 WHERE organization = $1")
        .bind(organization.id())
        .bind(&record.hash)
        .execute(&mut *connection)
        .await?;
    Ok(AuditHead {
        sequence: record.sequence,
        hash: record.digest(),
    })
}
