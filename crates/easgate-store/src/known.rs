//! What device management and Exchange were last seen to hold, and what of it changed since somebody acted.

mod all;
mod content;
mod read;
mod work;

use std::collections::{BTreeSet, HashMap};

use easgate_model::{DeviceId, DirectoryUser, EmailAddress, Enrollment};
use sqlx::AnyConnection;
use sqlx::Row;
use time::OffsetDateTime;

use crate::convert::to_micros;
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
            learned: Some(&mut learned),
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
    /// Who wants to know what changed.
    learned: Option<&'l mut Learned>,
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
        match rows {
            Rows::All(rows) => {
                self.all_records(rows.iter().map(|(id, record)| (id.clone(), record)))
                    .await?;
            }
            Rows::Some(rows) => {
                for (id, record) in rows {
                    self.record(id, record).await?;
                }
            }
        }
        self.forget_records(gone).await
    }

    async fn record(&mut self, id: &str, record: &Enrollment) -> Result<(), sqlx::Error> {
        let old = self.known_records(id).await?.remove(id);
        let digest = content::digest_of_record(record);
        if old.as_ref().is_some_and(|old| old.digest == digest) {
            return Ok(());
        }
        self.touch(old.and_then(|old| old.device));
        self.touch(record.eas_device_id.as_ref().map(ToString::to_string));
        self.write_record(id, record, digest).await
    }

    async fn known_records(&mut self, id: &str) -> Result<HashMap<String, Old>, sqlx::Error> {
        let rows =
            sqlx::query("SELECT id, digest, device FROM known_records WHERE organization = $1 AND id = $2")
                .bind(self.organization)
                .bind(id)
                .fetch_all(&mut *self.connection)
                .await?;
        let old = |row: &sqlx::any::AnyRow| Old {
            digest: row.get("digest"),
            device: row.get("device"),
        };
        Ok(rows.iter().map(|row| (row.get("id"), old(row))).collect())
    }

    /// Notes that a record is gone.
    fn vanished(&mut self, old: Old) {
        if let Some(learned) = self.learned.as_deref_mut() {
            learned.vanished += 1;
            let device = old.device.as_deref().and_then(|device| device.parse().ok());
            learned.gone.extend(device);
        }
        self.touch(old.device);
    }

    fn touch(&mut self, device: Option<String>) {
        let device = device.and_then(|device| device.parse().ok());
        if let Some(learned) = self.learned.as_deref_mut() {
            learned.devices.extend(device);
        }
    }

    async fn users(&mut self, rows: &Rows<DirectoryUser>, gone: &[String]) -> Result<(), sqlx::Error> {
        match rows {
            Rows::All(rows) => self.all_users(rows.iter()).await?,
            Rows::Some(rows) => {
                for user in rows {
                    self.user(user).await?;
                }
            }
        }
        self.forget_users(gone).await
    }

    async fn user(&mut self, user: &DirectoryUser) -> Result<(), sqlx::Error> {
        let content = content::of_user(user);
        let digest = content::digest(&content);
        let old: Option<i64> =
            sqlx::query_scalar("SELECT digest FROM known_users WHERE organization = $1 AND id = $2")
                .bind(self.organization)
                .bind(&user.id)
                .fetch_optional(&mut *self.connection)
                .await?;
        if old == Some(digest) {
            return Ok(());
        }
        self.write_user(user, content, digest).await
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
        if let Some(learned) = self.learned.as_deref_mut() {
            let addresses = rows
                .iter()
                .filter_map(|row| row.get::<String, _>("address").parse().ok());
            learned.addresses.extend(addresses);
        }
        Ok(())
    }
}
