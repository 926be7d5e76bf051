//! Looking up what is known.

use std::collections::{BTreeSet, HashMap};

use easgate_model::{DeviceId, DirectoryUser, EmailAddress, Enrollment, MailboxId, PartnershipId};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::all::write_partnerships;
use super::content;
use crate::convert::{count, key, parse, to_uuid};
use crate::organization::{Organization, StoreError, Writer, reading, writing};

/// A partnership as a run last saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPartnership {
    /// The Guid of the device object.
    pub id: PartnershipId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// Which device.
    pub device: DeviceId,
    /// What Exchange does with it, by Exchange's name.
    pub state: String,
    /// What else tells that it changed.
    pub stamp: String,
}

impl Organization {
    /// The records of `device`, whoever's they are, with the keys by which they are known.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn records_of_device(
        &self,
        device: &DeviceId,
    ) -> Result<Vec<(String, Enrollment)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, content FROM known_records WHERE organization = $1 AND device = $2 ORDER BY id",
        )
        .bind(self.id())
        .bind(key(device))
        .fetch_all(self.pool())
        .await
        .map_err(reading("the known records"))?;
        rows.iter()
            .map(|row| {
                Ok((
                    row.get("id"),
                    content::to_record(&row.get::<String, _>("content"))?,
                ))
            })
            .collect()
    }

    /// The keys of the records with this compliance state, by Graph's name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn records_in_state(&self, compliance: &str) -> Result<BTreeSet<String>, StoreError> {
        let rows = sqlx::query("SELECT id FROM known_records WHERE organization = $1 AND compliance = $2")
            .bind(self.id())
            .bind(compliance)
            .fetch_all(self.pool())
            .await
            .map_err(reading("the known records"))?;
        Ok(rows.iter().map(|row| row.get("id")).collect())
    }

    /// How many records are known; none before the first full sync.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn known_records(&self) -> Result<u64, StoreError> {
        sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM known_records WHERE organization = $1")
            .bind(self.id())
            .fetch_one(self.pool())
            .await
            .map(count)
            .map_err(reading("the known records"))
    }

    /// Every user who has one of `addresses`, each once.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn users_at(
        &self,
        addresses: &BTreeSet<EmailAddress>,
    ) -> Result<Vec<DirectoryUser>, StoreError> {
        let mut users = Vec::new();
        let mut seen = BTreeSet::new();
        for address in addresses {
            let rows = sqlx::query(
                "SELECT u.id AS id, u.content AS content FROM known_addresses a JOIN known_users u \
                 ON u.organization = a.organization AND u.id = a.user_id \
                 WHERE a.organization = $1 AND a.address = $2 ORDER BY u.id",
            )
            .bind(self.id())
            .bind(address.as_str().to_ascii_lowercase())
            .fetch_all(self.pool())
            .await
            .map_err(reading("the known users"))?;
            for row in &rows {
                if seen.insert(row.get::<String, _>("id")) {
                    users.push(content::to_user(&row.get::<String, _>("content"))?);
                }
            }
        }
        Ok(users)
    }

    /// Every user that is known.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn known_users(&self) -> Result<Vec<DirectoryUser>, StoreError> {
        let rows = sqlx::query("SELECT content FROM known_users WHERE organization = $1 ORDER BY id")
            .bind(self.id())
            .fetch_all(self.pool())
            .await
            .map_err(reading("the known users"))?;
        rows.iter()
            .map(|row| content::to_user(&row.get::<String, _>("content")))
            .collect()
    }

    /// The mailboxes that have a device with this id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn mailboxes_with(&self, device: &DeviceId) -> Result<BTreeSet<MailboxId>, StoreError> {
        let rows = sqlx::query(
            "SELECT mailbox FROM known_partnerships WHERE organization = $1 AND device = $2 \
             UNION SELECT mailbox FROM owned WHERE organization = $1 AND device_key = $2",
        )
        .bind(self.id())
        .bind(key(device))
        .fetch_all(self.pool())
        .await
        .map_err(reading("the known partnerships"))?;
        mailboxes(&rows)
    }

    /// The mailboxes that have devices and this address as their primary one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn mailboxes_at(&self, address: &EmailAddress) -> Result<BTreeSet<MailboxId>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT mailbox FROM devices WHERE organization = $1 AND LOWER(address) = $2 AND gone IS NULL",
        )
        .bind(self.id())
        .bind(address.as_str().to_ascii_lowercase())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the devices"))?;
        mailboxes(&rows)
    }

    /// Every partnership as it was last seen, by its Guid.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn known_partnerships(&self) -> Result<HashMap<PartnershipId, KnownPartnership>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, mailbox, device, state, stamp FROM known_partnerships WHERE organization = $1",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the known partnerships"))?;
        rows.iter()
            .map(|row| partnership(row).map(|known| (known.id, known)))
            .collect()
    }

    /// One partnership as it was last seen.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn known_partnership(&self, id: PartnershipId) -> Result<Option<KnownPartnership>, StoreError> {
        let row = sqlx::query(
            "SELECT id, mailbox, device, state, stamp FROM known_partnerships \
             WHERE organization = $1 AND id = $2",
        )
        .bind(self.id())
        .bind(id.0.to_string())
        .fetch_optional(self.pool())
        .await
        .map_err(reading("the known partnerships"))?;
        row.as_ref().map(partnership).transpose()
    }

    /// The mailboxes that have partnerships, or entries of ours.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn mailboxes_with_partnerships(&self) -> Result<BTreeSet<MailboxId>, StoreError> {
        let rows = sqlx::query(
            "SELECT mailbox FROM known_partnerships WHERE organization = $1 \
             UNION SELECT mailbox FROM owned WHERE organization = $1",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the known partnerships"))?;
        mailboxes(&rows)
    }
}

fn partnership(row: &AnyRow) -> Result<KnownPartnership, StoreError> {
    Ok(KnownPartnership {
        id: PartnershipId(to_uuid(&row.get::<String, _>("id"), "known_partnerships.id")?),
        mailbox: MailboxId(to_uuid(
            &row.get::<String, _>("mailbox"),
            "known_partnerships.mailbox",
        )?),
        device: parse(&row.get::<String, _>("device"), "known_partnerships.device")?,
        state: row.get("state"),
        stamp: row.get("stamp"),
    })
}

fn mailboxes(rows: &[AnyRow]) -> Result<BTreeSet<MailboxId>, StoreError> {
    rows.iter()
        .map(|row| Ok(MailboxId(to_uuid(&row.get::<String, _>("mailbox"), "mailbox")?)))
        .collect()
}

impl Writer {
    /// Keeps what was seen of partnerships: those of the mailboxes `of` are all that these have, others
    /// stay as they are.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn know_partnerships(
        &self,
        rows: Vec<KnownPartnership>,
        of: &BTreeSet<MailboxId>,
    ) -> Result<(), StoreError> {
        let wrong = writing("the known partnerships");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for mailbox in of {
            sqlx::query("DELETE FROM known_partnerships WHERE organization = $1 AND mailbox = $2")
                .bind(self.id())
                .bind(mailbox.0.to_string())
                .execute(&mut *transaction)
                .await
                .map_err(&wrong)?;
        }
        for row in &rows {
            write_partnerships(&mut transaction, self.id(), std::iter::once(row))
                .await
                .map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the known partnerships"))
    }
}
