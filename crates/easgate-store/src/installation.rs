//! Whose store it is: one installation, of one node or of several.

use sqlx::Row;
use sqlx::any::AnyRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{Actor, AuditAction, AuditEvent, append};
use crate::convert::{parse, text, to_micros, to_time};
use crate::open::Store;
use crate::organization::{StoreError, reading, writing};

const WHOSE: &str = "whose store it is";

/// The installation that a store belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// What tells it from others.
    pub id: Uuid,
    /// The machine that worked with the store last.
    pub node: String,
    /// Since when the store is its own.
    pub since: OffsetDateTime,
    /// When it worked with the store last.
    pub seen: OffsetDateTime,
}

impl Store {
    /// The installation that the store belongs to; `None` as long as nobody works with it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn installation(&self) -> Result<Option<Installation>, StoreError> {
        let row = sqlx::query("SELECT id, node, since, seen FROM installation WHERE one = 1")
            .fetch_optional(self.pool())
            .await
            .map_err(reading(WHOSE))?;
        row.as_ref().map(installation).transpose()
    }

    /// Notes that `node` of the installation `id` works with the store, which becomes its own when it is nobody's. Gives
    /// whose it is.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn work_as(
        &self,
        id: Uuid,
        node: &str,
        now: OffsetDateTime,
    ) -> Result<Installation, StoreError> {
        let row = sqlx::query(
            "INSERT INTO installation (one, id, node, since, seen) VALUES (1, $1, $2, $3, $3) \
             ON CONFLICT (one) DO UPDATE SET \
             node = CASE WHEN installation.id = excluded.id THEN excluded.node ELSE installation.node END, \
             seen = CASE WHEN installation.id = excluded.id THEN excluded.seen ELSE installation.seen END \
             RETURNING id, since, node, seen",
        )
        .bind(id.to_string())
        .bind(text(node))
        .bind(to_micros(now))
        .fetch_one(self.pool())
        .await
        .map_err(writing(WHOSE))?;
        installation(&row)
    }

    /// Makes the store that of the installation `id` from now on, whosever it was. Nobody else writes to Exchange by it any
    /// more, once its leases are taken too.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn replace_installation(
        &self,
        id: Uuid,
        node: &str,
        by: &Actor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let wrong = writing(WHOSE);
        let organizations = self.organizations().await?;
        let before = self.installation().await?;
        let mut transaction = self.begin().await.map_err(&wrong)?;
        sqlx::query(
            "INSERT INTO installation (one, id, node, since, seen) VALUES (1, $1, $2, $3, $3) \
             ON CONFLICT (one) DO UPDATE SET id = excluded.id, node = excluded.node, since = excluded.since, \
             seen = excluded.seen",
        )
        .bind(id.to_string())
        .bind(text(node))
        .bind(to_micros(now))
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        for organization in &organizations {
            let event = AuditEvent {
                before: before.as_ref().map(|one| format!("{} on {}", one.id, one.node)),
                after: Some(format!("{id} on {node}")),
                ..AuditEvent::new(AuditAction::InstallationReplaced, by.clone(), now)
            };
            append(&mut transaction, organization, &event)
                .await
                .map_err(&wrong)?;
        }
        transaction.commit().await.map_err(wrong)
    }
}

fn installation(row: &AnyRow) -> Result<Installation, StoreError> {
    Ok(Installation {
        id: parse(row.get("id"), "installation.id")?,
        node: row.get("node"),
        since: to_time(row.get("since"), "installation.since")?,
        seen: to_time(row.get("seen"), "installation.seen")?,
    })
}
