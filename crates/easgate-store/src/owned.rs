//! The ownership registry: which list entries are ours.

use std::fmt;
use std::str::FromStr;

use easgate_model::{DeviceId, MailboxId};
use sqlx::AnyConnection;
use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{AuditAction, AuditEvent, append};
use crate::convert::{key, parse, text, to_micros, to_time, to_uuid};
use crate::organization::{Organization, StoreError, Writer, reading, writing};
use crate::runs::RunId;

/// One of the two lists of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum List {
    /// `ActiveSyncAllowedDeviceIDs`.
    Allow,
    /// `ActiveSyncBlockedDeviceIDs`.
    Block,
}

impl List {
    const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for List {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Allow, Self::Block]
            .into_iter()
            .find(|list| list.name() == text)
            .ok_or(())
    }
}

/// A list entry, by its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnedEntry {
    /// The mailbox that has the list.
    pub mailbox: MailboxId,
    /// Which list.
    pub list: List,
    /// The entry, compared without ASCII case.
    pub device: DeviceId,
}

/// A list entry that we added, and when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedRow {
    /// The entry.
    pub entry: OwnedEntry,
    /// The decision that it carries out.
    pub decision: Uuid,
    /// The run that added it.
    pub run: RunId,
    /// When.
    pub added: OffsetDateTime,
}

impl Organization {
    /// Every entry that is ours, by mailbox, list and device.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn owned(&self) -> Result<Vec<OwnedRow>, StoreError> {
        self.owned_where(None).await
    }

    /// The entries of one mailbox that are ours, by list and device.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn owned_of(&self, mailbox: MailboxId) -> Result<Vec<OwnedRow>, StoreError> {
        self.owned_where(Some(mailbox)).await
    }

    async fn owned_where(&self, mailbox: Option<MailboxId>) -> Result<Vec<OwnedRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT mailbox, list, device, decision, run, added FROM owned WHERE organization = $1 \
             AND ($2 = '' OR mailbox = $2) ORDER BY mailbox, list, device_key",
        )
        .bind(self.id())
        .bind(mailbox.map(|mailbox| mailbox.0.to_string()).unwrap_or_default())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the ownership registry"))?;
        rows.iter()
            .map(|row| {
                Ok(OwnedRow {
                    entry: OwnedEntry {
                        mailbox: MailboxId(to_uuid(row.get("mailbox"), "owned.mailbox")?),
                        list: parse(row.get("list"), "owned.list")?,
                        device: parse(row.get("device"), "owned.device")?,
                    },
                    decision: to_uuid(row.get("decision"), "owned.decision")?,
                    run: RunId(row.get("run")),
                    added: to_time(row.get("added"), "owned.added")?,
                })
            })
            .collect()
    }
}

impl Writer {
    /// Gives up `entries`: somebody else took them out of the lists. Exchange is not asked.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn forget(&self, entries: &[OwnedEntry], now: OffsetDateTime) -> Result<(), StoreError> {
        let wrong = writing("the ownership registry");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for entry in entries {
            disown(&mut transaction, self.id(), entry).await.map_err(&wrong)?;
            let event = AuditEvent::of_entry(AuditAction::Forgotten, self.actor().clone(), now, entry);
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

/// Writes that `entry` is ours. What is ours already keeps its first decision and time.
pub(crate) async fn own(
    connection: &mut AnyConnection,
    organization: i64,
    row: &OwnedRow,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO owned (organization, mailbox, list, device_key, device, decision, run, added) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(organization)
    .bind(row.entry.mailbox.0.to_string())
    .bind(row.entry.list.name())
    .bind(key(&row.entry.device))
    .bind(text(row.entry.device.as_str()))
    .bind(row.decision.to_string())
    .bind(row.run.0)
    .bind(to_micros(row.added))
    .execute(connection)
    .await
    .map(drop)
}

/// Writes that `entry` is not ours any more.
pub(crate) async fn disown(
    connection: &mut AnyConnection,
    organization: i64,
    entry: &OwnedEntry,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM owned WHERE organization = $1 AND mailbox = $2 AND list = $3 AND device_key = $4",
    )
    .bind(organization)
    .bind(entry.mailbox.0.to_string())
    .bind(entry.list.name())
    .bind(key(&entry.device))
    .execute(connection)
    .await
    .map(drop)
}
