//! What device management and Exchange were last seen to hold, and what of it changed since somebody acted.

mod content;
mod read;
mod work;

use std::collections::{BTreeSet, HashMap};

use easgate_model::{DeviceId, DirectoryUser, EmailAddress, Enrollment};
use sqlx::AnyConnection;
use sqlx::Row;
use time::OffsetDateTime;

use crate::convert::{key, text, to_micros};
use crate::marks::{self, Marks};
use crate::organization::{StoreError, Writer, writing};

pub use read::KnownPartnership;
pub use work::Work;

/// Rows of a kind: all there are, or some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows<T> {
    /// All: what is not among them is gone.
    All(Vec<T>),
    /// Those that were asked for; the others stay as they are known.
    Some(Vec<T>),
}

impl<T> Rows<T> {
    fn rows(&self) -> &[T] {
        match self {
            Self::All(rows) | Self::Some(rows) => rows,
        }
    }
}

/// What a run learned from device management.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// Records, each with the key by which it is known from run to run.
    pub records: Rows<(String, Enrollment)>,
    /// The keys of records that are gone.
    pub gone_records: Vec<String>,
    /// Users.
    pub users: Rows<DirectoryUser>,
    /// The ids of users that are gone.
    pub gone_users: Vec<String>,
    /// Where the next run goes on.
    pub marks: Marks,
}

/// What a lesson changed of what was known, as far as decisions rest on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned {
    /// The ids of devices whose records came, went or changed.
    pub devices: BTreeSet<DeviceId>,
    /// The addresses of users who came, went or changed.
    pub addresses: BTreeSet<EmailAddress>,
    /// How many records are gone.
    pub vanished: u64,
    /// The ids of their devices.
    pub gone: BTreeSet<DeviceId>,
}

impl Writer {
    /// Keeps `lesson`, and returns what it changed. With `to_do` the changes are open work from now on, in the same
    /// transaction: a run that ends before it acted leaves them to the next.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn learn(
        &self,
        lesson: &Lesson,
        to_do: bool,
        now: OffsetDateTime,
    ) -> Result<Learned, StoreError> {
        let wrong = writing("what device management holds");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        let mut learned = Learned::default();
        let mut to = Learner {
            connection: &mut transaction,
            organization: self.id(),
            learned: &mut learned,
        };
        to.records(&lesson.records, &lesson.gone_records)
            .await
            .map_err(&wrong)?;
        to.users(&lesson.users, &lesson.gone_users)
            .await
            .map_err(&wrong)?;
        marks::set(&mut transaction, self.id(), &lesson.marks)
            .await
            .map_err(&wrong)?;
        if to_do {
            let devices = learned.devices.iter().cloned().map(Work::Device);
            let addresses = learned.addresses.iter().cloned().map(Work::Address);
            for work in devices.chain(addresses) {
                work::open(&mut transaction, self.id(), &work, to_micros(now))
                    .await
                    .map_err(&wrong)?;
            }
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("what device management holds"))?;
        Ok(learned)
    }
}

/// Rows on their way into the store.
struct Learner<'l> {
    connection: &'l mut AnyConnection,
    organization: i64,
    learned: &'l mut Learned,
}

/// What is known of a record without its content.
struct Old {
    digest: i64,
    device: Option<String>,
}

impl Learner<'_> {
    async fn records(
        &mut self,
        rows: &Rows<(String, Enrollment)>,
        gone: &[String],
    ) -> Result<(), sqlx::Error> {
        let mut known = match rows {
            Rows::All(_) => self.known_records(None).await?,
            Rows::Some(_) => HashMap::new(),
        };
        for (id, record) in rows.rows() {
            let old = match rows {
                Rows::All(_) => known.remove(id),
                Rows::Some(_) => self.known_records(Some(id)).await?.remove(id),
            };
            let digest = content::digest_of_record(record);
            if old.as_ref().is_some_and(|old| old.digest == digest) {
                continue;
            }
            self.touch(old.and_then(|old| old.device));
            self.touch(record.eas_device_id.as_ref().map(ToString::to_string));
            self.write_record(id, record, digest).await?;
        }
        for id in gone {
            known.extend(self.known_records(Some(id)).await?);
        }
        for (id, old) in known {
            self.learned.vanished += 1;
            let device = old.device.as_deref().and_then(|device| device.parse().ok());
            self.learned.gone.extend(device);
            self.touch(old.device);
            sqlx::query("DELETE FROM known_records WHERE organization = $1 AND id = $2")
                .bind(self.organization)
                .bind(id)
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }

    async fn known_records(&mut self, id: Option<&str>) -> Result<HashMap<String, Old>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT id, digest, device FROM known_records WHERE organization = $1 AND ($2 = '' OR id = $2)",
        )
        .bind(self.organization)
        .bind(id.unwrap_or_default())
        .fetch_all(&mut *self.connection)
        .await?;
        let old = |row: &sqlx::any::AnyRow| Old {
            digest: row.get("digest"),
            device: row.get("device"),
        };
        Ok(rows.iter().map(|row| (row.get("id"), old(row))).collect())
    }

    fn touch(&mut self, device: Option<String>) {
        let device = device.and_then(|device| device.parse().ok());
        self.learned.devices.extend(device);
    }

    async fn write_record(&mut self, id: &str, record: &Enrollment, digest: i64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO known_records (organization, id, owner, device, compliance, digest, content) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (organization, id) DO UPDATE SET \
             owner = excluded.owner, device = excluded.device, compliance = excluded.compliance, \
             digest = excluded.digest, content = excluded.content",
        )
        .bind(self.organization)
        .bind(id)
        .bind(text(&content::owner(record)))
        .bind(record.eas_device_id.as_ref().map(key))
        .bind(record.compliance.name())
        .bind(digest)
        .bind(content::of_record(record))
        .execute(&mut *self.connection)
        .await
        .map(drop)
    }

    async fn users(&mut self, rows: &Rows<DirectoryUser>, gone: &[String]) -> Result<(), sqlx::Error> {
        let mut known = match rows {
            Rows::All(_) => self.known_users(None).await?,
            Rows::Some(_) => HashMap::new(),
        };
        for user in rows.rows() {
            let old = match rows {
                Rows::All(_) => known.remove(&user.id),
                Rows::Some(_) => self.known_users(Some(&user.id)).await?.remove(&user.id),
            };
            let content = content::of_user(user);
            let digest = content::digest(&content);
            if old == Some(digest) {
                continue;
            }
            self.write_user(user, &content, digest).await?;
        }
        for id in gone {
            known.extend(self.known_users(Some(id)).await?);
        }
        for id in known.into_keys() {
            self.forget_addresses(&id).await?;
            sqlx::query("DELETE FROM known_users WHERE organization = $1 AND id = $2")
                .bind(self.organization)
                .bind(id)
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }

    async fn known_users(&mut self, id: Option<&str>) -> Result<HashMap<String, i64>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT id, digest FROM known_users WHERE organization = $1 AND ($2 = '' OR id = $2)",
        )
        .bind(self.organization)
        .bind(id.unwrap_or_default())
        .fetch_all(&mut *self.connection)
        .await?;
        Ok(rows
            .iter()
            .map(|row| (row.get("id"), row.get("digest")))
            .collect())
    }

    async fn write_user(
        &mut self,
        user: &DirectoryUser,
        content: &str,
        digest: i64,
    ) -> Result<(), sqlx::Error> {
        self.forget_addresses(&user.id).await?;
        sqlx::query(
            "INSERT INTO known_users (organization, id, digest, content) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (organization, id) DO UPDATE SET digest = excluded.digest, content = excluded.content",
        )
        .bind(self.organization)
        .bind(text(&user.id))
        .bind(digest)
        .bind(content)
        .execute(&mut *self.connection)
        .await?;
        for address in std::iter::once(&user.user_principal_name).chain(&user.addresses) {
            self.learned.addresses.insert(address.clone());
            sqlx::query(
                "INSERT INTO known_addresses (organization, address, user_id) VALUES ($1, $2, $3) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(self.organization)
            .bind(address.as_str().to_ascii_lowercase())
            .bind(text(&user.id))
            .execute(&mut *self.connection)
            .await?;
        }
        Ok(())
    }

    /// Takes the user's addresses out: whoever has them is looked at again.
    async fn forget_addresses(&mut self, user: &str) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(
            "DELETE FROM known_addresses WHERE organization = $1 AND user_id = $2 RETURNING address",
        )
        .bind(self.organization)
        .bind(user)
        .fetch_all(&mut *self.connection)
        .await?;
        let addresses = rows
            .iter()
            .filter_map(|row| row.get::<String, _>("address").parse().ok());
        self.learned.addresses.extend(addresses);
        Ok(())
    }
}
