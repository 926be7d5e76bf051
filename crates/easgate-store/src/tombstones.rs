//! Devices whose enrolment record vanished together with many others, and what is known of records.

use easgate_model::{DeviceId, MailboxId};
use sqlx::Row;
use time::OffsetDateTime;

use crate::convert::{key, parse, text, to_micros, to_time, to_uuid};
use crate::organization::{Organization, StoreError, Writer, reading, writing};

/// A device that is held although its record is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The device.
    pub device: DeviceId,
    /// The mailbox's address, for people.
    pub address: String,
    /// The record that vanished.
    pub record: String,
    /// When that was seen.
    pub since: OffsetDateTime,
    /// Until when the device is held.
    pub until: OffsetDateTime,
}

impl Organization {
    /// The devices that are held, by address and device; those too whose time is over, until they are acted on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn tombstones(&self) -> Result<Vec<Tombstone>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM tombstones WHERE organization = $1 ORDER BY address, device_key")
                .bind(self.id())
                .fetch_all(self.pool())
                .await
                .map_err(reading("the tombstones"))?;
        rows.iter()
            .map(|row| {
                Ok(Tombstone {
                    mailbox: MailboxId(to_uuid(row.get("mailbox"), "tombstones.mailbox")?),
                    device: parse(row.get("device"), "tombstones.device")?,
                    address: row.get("address"),
                    record: row.get("record"),
                    since: to_time(row.get("since"), "tombstones.since")?,
                    until: to_time(row.get("expires"), "tombstones.expires")?,
                })
            })
            .collect()
    }

    /// The record of device management that an earlier run tied to each device.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn records(&self) -> Result<Vec<(MailboxId, DeviceId, String)>, StoreError> {
        let rows = sqlx::query(
            "SELECT mailbox, device, record FROM devices WHERE organization = $1 AND record IS NOT NULL",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the devices"))?;
        rows.iter()
            .map(|row| {
                let mailbox = MailboxId(to_uuid(row.get("mailbox"), "devices.mailbox")?);
                Ok((
                    mailbox,
                    parse(row.get("device"), "devices.device")?,
                    row.get("record"),
                ))
            })
            .collect()
    }

    /// Every device that a run has ever seen.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn seen_devices(&self) -> Result<Vec<(MailboxId, DeviceId)>, StoreError> {
        let rows = sqlx::query("SELECT mailbox, device FROM devices WHERE organization = $1")
            .bind(self.id())
            .fetch_all(self.pool())
            .await
            .map_err(reading("the devices"))?;
        rows.iter()
            .map(|row| {
                let mailbox = MailboxId(to_uuid(row.get("mailbox"), "devices.mailbox")?);
                Ok((mailbox, parse(row.get("device"), "devices.device")?))
            })
            .collect()
    }
}

impl Organization {
    /// Every device of `mailbox` that a run has ever seen.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn seen_devices_of(&self, mailbox: MailboxId) -> Result<Vec<DeviceId>, StoreError> {
        let rows = sqlx::query("SELECT device FROM devices WHERE organization = $1 AND mailbox = $2")
            .bind(self.id())
            .bind(mailbox.0.to_string())
            .fetch_all(self.pool())
            .await
            .map_err(reading("the devices"))?;
        let devices = rows.iter();
        devices
            .map(|row| parse(row.get("device"), "devices.device"))
            .collect()
    }
}

impl Writer {
    /// Holds the devices of `new`, and lets those of `ended` go. A device that is held already keeps its time.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn keep_tombstones(
        &self,
        new: &[Tombstone],
        ended: &[(MailboxId, DeviceId)],
    ) -> Result<(), StoreError> {
        if new.is_empty() && ended.is_empty() {
            return Ok(());
        }
        let wrong = writing("the tombstones");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for (mailbox, device) in ended {
            sqlx::query(
                "DELETE FROM tombstones WHERE organization = $1 AND mailbox = $2 AND device_key = $3",
            )
            .bind(self.id())
            .bind(mailbox.0.to_string())
            .bind(key(device))
            .execute(&mut *transaction)
            .await
            .map_err(&wrong)?;
        }
        for stone in new {
            sqlx::query(
                "INSERT INTO tombstones (organization, mailbox, device_key, device, address, record, since, \
                 expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                 ON CONFLICT (organization, mailbox, device_key) DO NOTHING",
            )
            .bind(self.id())
            .bind(stone.mailbox.0.to_string())
            .bind(key(&stone.device))
            .bind(text(stone.device.as_str()))
            .bind(text(&stone.address))
            .bind(text(&stone.record))
            .bind(to_micros(stone.since))
            .bind(to_micros(stone.until))
            .execute(&mut *transaction)
            .await
            .map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the tombstones"))
    }
}
