//! Sealing the head at the end of a run.

use sqlx::AnyConnection;
use sqlx::Row;
use time::OffsetDateTime;

use super::{AuditHead, Checkpoint};
use crate::convert::to_micros;
use crate::organization::{Organization, StoreError, Writer, reading, writing};

impl Organization {
    /// The checkpoints that the store holds, in the order of their records, at most `limit` after the record
    /// `after`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn checkpoints(&self, after: i64, limit: u32) -> Result<Vec<Checkpoint>, StoreError> {
        let rows = sqlx::query(
            "SELECT sequence, hash, sealed, key_id, seal FROM audit_checkpoints \
             WHERE organization = $1 AND sequence > $2 ORDER BY sequence, key_id LIMIT $3",
        )
        .bind(self.id())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .map_err(reading("the checkpoints of the audit"))?;
        Ok(rows
            .iter()
            .map(|row| Checkpoint {
                organization: self.name().to_owned(),
                sequence: row.get("sequence"),
                hash: row.get("hash"),
                at: row.get("sealed"),
                key: row.get("key_id"),
                seal: row.get("seal"),
            })
            .collect())
    }
}

impl Writer {
    /// Makes sure that the run can be sealed at its end, and returns the name of the key when it was made for it.
    pub(crate) fn prepare_seal(&self) -> Result<Option<String>, StoreError> {
        let Some(anchor) = self.organization().anchor() else {
            return Ok(None);
        };
        let (key, made) = anchor.ready().map_err(StoreError::Seal)?;
        Ok(made.then(|| key.id()))
    }

    /// Seals `head` into the store.
    pub(crate) async fn seal(
        &self,
        connection: &mut AnyConnection,
        head: AuditHead,
        at: OffsetDateTime,
    ) -> Result<Option<Checkpoint>, StoreError> {
        let organization = self.organization();
        let Some(anchor) = organization.anchor() else {
            return Ok(None);
        };
        let (key, _) = anchor.key_or_new().map_err(StoreError::Seal)?;
        let checkpoint = key.seal(organization.name(), head, to_micros(at));
        sqlx::query(
            "INSERT INTO audit_checkpoints (organization, sequence, hash, sealed, key_id, seal) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(organization.id())
        .bind(checkpoint.sequence)
        .bind(&checkpoint.hash)
        .bind(checkpoint.at)
        .bind(&checkpoint.key)
        .bind(&checkpoint.seal)
        .execute(connection)
        .await
        .map_err(writing("a checkpoint of the audit"))?;
        Ok(Some(checkpoint))
    }

    /// Keeps `checkpoint` beside the key too. It is in the store by then: a file that knew more than the store would
    /// look like a store that was cut.
    pub(crate) fn keep_outside(&self, checkpoint: Option<&Checkpoint>) -> Result<(), StoreError> {
        match (self.organization().anchor(), checkpoint) {
            (Some(anchor), Some(checkpoint)) => anchor.keep(checkpoint).map_err(StoreError::Seal),
            (None, _) | (_, None) => Ok(()),
        }
    }
}
