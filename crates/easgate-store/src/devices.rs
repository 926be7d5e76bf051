//! Devices last seen, with what was decided.

use std::collections::{BTreeMap, BTreeSet};

use easgate_model::{DeviceId, MailboxId};
use sqlx::AnyConnection;
use sqlx::Row;
use sqlx::any::AnyRow;
use time::OffsetDateTime;

use crate::convert::{count, flag, key, parse, text, to_micros, to_time, to_uuid};
use crate::digests::{Digests, Standing, Table};
use crate::organization::{Organization, StoreError, Writer, reading, writing};
use crate::statement::Statement;

/// How many rows one statement takes: 19 values each, under SQLite's limit of 32,766 a statement.
const BATCH: usize = 500;

/// One device of one mailbox, and what a run decided about it.
///
/// The texts of the phone are kept as they came: escape them before showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The device.
    pub device: DeviceId,
    /// The mailbox's address, for people.
    pub address: String,
    /// `DeviceType`.
    pub device_type: String,
    /// `DeviceModel`.
    pub model: String,
    /// `DeviceOS`.
    pub os: String,
    /// `FriendlyName`.
    pub friendly_name: String,
    /// `ClientType`, where Exchange tells it.
    pub client_type: Option<String>,
    /// What Exchange does with it, by Exchange's name.
    pub state: String,
    /// Why, by Exchange's name.
    pub state_reason: String,
    /// What was decided, by its stable name.
    pub access: String,
    /// Why, by its stable name.
    pub reason: String,
    /// Whether the decision refuses the device for what it is, rather than lets it wait or in; `None` when
    /// nothing was decided, which leaves what an earlier run said.
    pub refused: Option<bool>,
    /// The record of device management that the decision rests on; `None` when there is none, which leaves the
    /// one that an earlier run saw.
    pub record: Option<String>,
    /// When the phone first synchronised.
    pub first_sync: Option<OffsetDateTime>,
}

/// A device as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDevice {
    /// The device.
    pub row: DeviceRow,
    /// When anything of it last changed.
    pub changed: OffsetDateTime,
}

/// Which devices are asked for; everything that is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// The mailbox's address contains this, without ASCII case.
    pub address: Option<String>,
    /// The device id equals this, without ASCII case.
    pub device: Option<String>,
    /// The decided access, by its stable name, without ASCII case.
    pub access: Option<String>,
    /// The reason, by its stable name, without ASCII case.
    pub reason: Option<String>,
    /// Exchange's state, by Exchange's name, without ASCII case.
    pub state: Option<String>,
}

/// Where a page ended, to ask for the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCursor {
    address: String,
    mailbox: MailboxId,
    device: DeviceId,
}

/// Some devices in the order of their mailboxes' addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePage {
    /// The devices.
    pub devices: Vec<StoredDevice>,
    /// Where to go on; `None` when there are no more.
    pub next: Option<DeviceCursor>,
}

impl Organization {
    /// The devices of the last run that `filter` lets through, at most `limit` from `after` on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn devices(
        &self,
        filter: &DeviceFilter,
        after: Option<&DeviceCursor>,
        limit: u32,
    ) -> Result<DevicePage, StoreError> {
        let mut query =
            Statement::new("SELECT * FROM devices WHERE gone IS NULL AND organization = ").bind(self.id());
        if let Some(address) = filter.address.as_ref().filter(|address| !address.is_empty()) {
            // What is left of a text without what is looked for is shorter only if it was there, on both databases.
            query = query
                .push(" AND LOWER(address) <> REPLACE(LOWER(address), ")
                .bind(text(address).to_ascii_lowercase())
                .push(", '')");
        }
        for (column, value) in [
            (" AND device_key = ", &filter.device),
            (" AND LOWER(access) = ", &filter.access),
            (" AND LOWER(reason) = ", &filter.reason),
            (" AND LOWER(state) = ", &filter.state),
        ] {
            if let Some(value) = value {
                query = query.push(column).bind(text(value).to_ascii_lowercase());
            }
        }
        if let Some(after) = after {
            // What the comparison of three says already; SQLite finds its place in the index by this alone.
            query = query
                .push(" AND LOWER(address) >= ")
                .bind(after.address.to_ascii_lowercase())
                .push(" AND (LOWER(address), mailbox, device_key) > (")
                .bind(after.address.to_ascii_lowercase())
                .push(", ")
                .bind(after.mailbox.0.to_string())
                .push(", ")
                .bind(key(&after.device))
                .push(")");
        }
        let rows = query
            .push(" ORDER BY LOWER(address), mailbox, device_key LIMIT ")
            .bind(i64::from(limit))
            .build()
            .fetch_all(self.pool())
            .await
            .map_err(reading("the devices"))?;
        let devices = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        let full = u32::try_from(devices.len()).is_ok_and(|found| found == limit);
        let next = devices.last().filter(|_| full).map(|last| DeviceCursor {
            address: last.row.address.clone(),
            mailbox: last.row.mailbox,
            device: last.row.device.clone(),
        });
        Ok(DevicePage { devices, next })
    }

    /// The devices that an earlier run refused for what they are.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn refused(&self) -> Result<BTreeSet<(MailboxId, DeviceId)>, StoreError> {
        let rows = sqlx::query("SELECT mailbox, device FROM devices WHERE organization = $1 AND refused = 1")
            .bind(self.id())
            .fetch_all(self.pool())
            .await
            .map_err(reading("the devices"))?;
        rows.iter()
            .map(|row| {
                Ok((
                    MailboxId(to_uuid(row.get("mailbox"), "devices.mailbox")?),
                    parse(row.get("device"), "devices.device")?,
                ))
            })
            .collect()
    }

    /// The record of device management that an earlier run tied to the device.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn record_of(
        &self,
        mailbox: MailboxId,
        device: &DeviceId,
    ) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(
            "SELECT record FROM devices WHERE organization = $1 AND mailbox = $2 AND device_key = $3",
        )
        .bind(self.id())
        .bind(mailbox.0.to_string())
        .bind(key(device))
        .fetch_optional(self.pool())
        .await
        .map(Option::flatten)
        .map_err(reading("the devices"))
    }

    /// How many devices of the last run have each access and reason: `(access, reason)` to a number.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn decision_counts(&self) -> Result<BTreeMap<(String, String), u64>, StoreError> {
        let rows = sqlx::query(
            "SELECT access, reason, COUNT(*) AS devices FROM devices \
             WHERE organization = $1 AND gone IS NULL GROUP BY access, reason",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the devices"))?;
        Ok(rows
            .iter()
            .map(|row| ((row.get("access"), row.get("reason")), count(row.get("devices"))))
            .collect())
    }

    /// How many devices of the last run are in each state, by Exchange's names.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn state_counts(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows = sqlx::query(
            "SELECT state, COUNT(*) AS devices FROM devices \
             WHERE organization = $1 AND gone IS NULL GROUP BY state",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the devices"))?;
        Ok(rows
            .iter()
            .map(|row| (row.get("state"), count(row.get("devices"))))
            .collect())
    }
}

impl Writer {
    /// Writes every device of a run, in one transaction: rows that have not changed are not touched, and devices
    /// that are not among `rows` are marked as gone.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn record_devices(
        &self,
        rows: impl IntoIterator<Item = DeviceRow>,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.write_devices(rows, true, now).await
    }

    /// Writes the devices that a run looked at; the others stay as they are.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn record_some_devices(
        &self,
        rows: impl IntoIterator<Item = DeviceRow>,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.write_devices(rows, false, now).await
    }

    async fn write_devices(
        &self,
        rows: impl IntoIterator<Item = DeviceRow>,
        all: bool,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let wrong = writing("the devices");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        let mut known = match all {
            true => Some(
                Digests::read(&mut transaction, self.id(), &DEVICES)
                    .await
                    .map_err(&wrong)?,
            ),
            false => None,
        };
        let mut batch = Batch::new();
        for row in rows {
            let key = (row.mailbox, key(&row.device));
            let digest = digest(&row);
            let is_known = known
                .as_mut()
                .is_some_and(|known| known.see(&place(&key), &digest.to_string()) == Standing::Same);
            if is_known {
                continue;
            }
            batch.insert(key, (row, digest));
            if batch.len() == BATCH {
                upsert(&mut transaction, self.id(), &std::mem::take(&mut batch), now)
                    .await
                    .map_err(&wrong)?;
            }
        }
        upsert(&mut transaction, self.id(), &batch, now)
            .await
            .map_err(&wrong)?;
        if let Some(known) = known {
            let gone = known
                .unseen(&mut transaction, self.id(), &DEVICES)
                .await
                .map_err(&wrong)?;
            mark_gone(&mut transaction, self.id(), &gone, now)
                .await
                .map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the devices"))
    }
}

/// What a device is known by.
type Key = (MailboxId, String);

/// Rows of one statement, which may touch a row once, with their digests.
type Batch = BTreeMap<Key, (DeviceRow, i64)>;

/// The devices that are there.
const DEVICES: Table = Table {
    rows: "SELECT mailbox || ' ' || device_key AS k, digest AS v, mailbox, device_key FROM devices \
           WHERE gone IS NULL AND organization = ",
    key: &["mailbox", "device_key"],
};

/// A key as [`DEVICES`] gives it.
fn place((mailbox, key): &Key) -> String {
    format!("{mailbox} {key}")
}

/// A digest of all that a run says of a device.
fn digest(row: &DeviceRow) -> i64 {
    let texts = [
        Some(row.device.as_str()),
        Some(&row.address),
        Some(&row.device_type),
        Some(&row.model),
        Some(&row.os),
        Some(&row.friendly_name),
        row.client_type.as_deref(),
        Some(&row.state),
        Some(&row.state_reason),
        Some(&row.access),
        Some(&row.reason),
        row.record.as_deref(),
    ];
    let mut whole = String::with_capacity(256);
    for text in texts {
        // The length tells where each ends.
        let length = text.map_or_else(|| "-".to_owned(), |text| text.len().to_string());
        whole.push_str(&length);
        whole.push(' ');
        whole.push_str(text.unwrap_or_default());
    }
    let first_sync = row.first_sync.map(to_micros);
    whole.push_str(&format!("{:?} {first_sync:?}", row.refused));
    crate::convert::digest(&whole)
}

/// Marks the devices at these places as gone.
async fn mark_gone(
    connection: &mut AnyConnection,
    organization: i64,
    places: &[String],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    for places in places.chunks(BATCH) {
        Statement::new("UPDATE devices SET gone = ")
            .bind(to_micros(now))
            .push(" WHERE gone IS NULL AND organization = ")
            .bind(organization)
            .push(" AND (mailbox, device_key) IN (VALUES ")
            .rows(places, |values, place| {
                let (mailbox, key) = place.split_once(' ').unwrap_or((place, ""));
                values.bind(mailbox).bind(key)
            })
            .push(")")
            .build()
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn upsert(
    connection: &mut AnyConnection,
    organization: i64,
    batch: &Batch,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    if batch.is_empty() {
        return Ok(());
    }
    Statement::new(
        "INSERT INTO devices (organization, mailbox, device_key, device, address, device_type, model, os, \
         friendly_name, client_type, state, state_reason, access, reason, refused, record, first_sync, changed, \
         digest) VALUES ",
    )
    .rows(batch, |values, ((mailbox, key), (row, digest))| {
        values
            .bind(organization)
            .bind(mailbox.0.to_string())
            .bind(key.as_str())
            .bind(text(row.device.as_str()))
            .bind(text(&row.address))
            .bind(text(&row.device_type))
            .bind(text(&row.model))
            .bind(text(&row.os))
            .bind(text(&row.friendly_name))
            .bind(row.client_type.as_deref().map(text))
            .bind(text(&row.state))
            .bind(text(&row.state_reason))
            .bind(text(&row.access))
            .bind(text(&row.reason))
            .bind(row.refused.map(flag))
            .bind(row.record.as_deref().map(text))
            .bind(row.first_sync.map(to_micros))
            .bind(to_micros(now))
            .bind(*digest)
    })
    .push(
        " ON CONFLICT (organization, mailbox, device_key) DO UPDATE SET address = excluded.address, \
         device_type = excluded.device_type, model = excluded.model, os = excluded.os, \
         friendly_name = excluded.friendly_name, client_type = excluded.client_type, state = excluded.state, \
         state_reason = excluded.state_reason, access = excluded.access, reason = excluded.reason, \
         refused = COALESCE(excluded.refused, devices.refused), \
         record = COALESCE(excluded.record, devices.record), first_sync = excluded.first_sync, \
         digest = excluded.digest, gone = NULL, \
         changed = CASE WHEN devices.gone IS NOT NULL OR (devices.address, devices.device_type, devices.model, \
         devices.os, devices.friendly_name, devices.client_type, devices.state, devices.state_reason, \
         devices.access, devices.reason, devices.refused, devices.record, devices.first_sync) IS DISTINCT FROM \
         (excluded.address, excluded.device_type, excluded.model, excluded.os, excluded.friendly_name, \
         excluded.client_type, excluded.state, excluded.state_reason, excluded.access, excluded.reason, \
         COALESCE(excluded.refused, devices.refused), COALESCE(excluded.record, devices.record), \
         excluded.first_sync) THEN excluded.changed ELSE devices.changed END",
    )
    .build()
    .execute(connection)
    .await
    .map(drop)
}

fn stored(row: &AnyRow) -> Result<StoredDevice, StoreError> {
    let first_sync: Option<i64> = row.get("first_sync");
    Ok(StoredDevice {
        row: DeviceRow {
            mailbox: MailboxId(to_uuid(row.get("mailbox"), "devices.mailbox")?),
            device: parse(row.get("device"), "devices.device")?,
            address: row.get("address"),
            device_type: row.get("device_type"),
            model: row.get("model"),
            os: row.get("os"),
            friendly_name: row.get("friendly_name"),
            client_type: row.get("client_type"),
            state: row.get("state"),
            state_reason: row.get("state_reason"),
            access: row.get("access"),
            reason: row.get("reason"),
            refused: row.get::<Option<i64>, _>("refused").map(|refused| refused != 0),
            record: row.get("record"),
            first_sync: first_sync
                .map(|at| to_time(at, "devices.first_sync"))
                .transpose()?,
        },
        changed: to_time(row.get("changed"), "devices.changed")?,
    })
}
