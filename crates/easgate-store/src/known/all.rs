//! Everything that there is: what differs from what is known is written, many rows a statement, and what is not among it is gone.

use std::collections::BTreeMap;

use easgate_model::{DirectoryUser, Enrollment};
use sqlx::AnyConnection;

use super::{KnownPartnership, Learned, Learner, content};
use crate::convert::{key, text};
use crate::digests::{Digests, Standing, Table};
use crate::marks::{self, Marks};
use crate::organization::{StoreError, Writer, writing};
use crate::statement::Statement;

/// How many rows one statement takes: at most 7 values each, under SQLite's limit of 32,766 a statement.
const BATCH: usize = 1_000;

const RECORDS: Table = Table {
    rows: "SELECT id AS k, digest AS v, id FROM known_records WHERE organization = ",
    key: &["id"],
};

const USERS: Table = Table {
    rows: "SELECT id AS k, digest AS v, id FROM known_users WHERE organization = ",
    key: &["id"],
};

/// The stamp tells of the state and of the device, too.
const PARTNERSHIPS: Table = Table {
    rows: "SELECT id AS k, mailbox || ' ' || stamp AS v, id FROM known_partnerships WHERE organization = ",
    key: &["id"],
};

impl Writer {
    /// Keeps all that device management holds, and where the next run goes on. The rows are taken one after the other
    /// and none is kept but until it is written.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn learn_all<'r>(
        &self,
        records: impl Iterator<Item = (String, &'r Enrollment)> + Send,
        users: impl Iterator<Item = &'r DirectoryUser> + Send,
        marks: &Marks,
    ) -> Result<(), StoreError> {
        let wrong = writing("what device management holds");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        let mut to = Learner {
            connection: &mut transaction,
            organization: self.id(),
            learned: None,
        };
        to.all_records(records).await.map_err(&wrong)?;
        to.all_users(users).await.map_err(&wrong)?;
        marks::set(&mut transaction, self.id(), marks)
            .await
            .map_err(&wrong)?;
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("what device management holds"))
    }

    /// Keeps all partnerships of the organisation, taken one after the other.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn know_all_partnerships(
        &self,
        rows: impl Iterator<Item = KnownPartnership> + Send,
    ) -> Result<(), StoreError> {
        let wrong = writing("the known partnerships");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        all_partnerships(&mut transaction, self.id(), rows)
            .await
            .map_err(&wrong)?;
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the known partnerships"))
    }
}

async fn all_partnerships(
    connection: &mut AnyConnection,
    organization: i64,
    rows: impl Iterator<Item = KnownPartnership> + Send,
) -> Result<(), sqlx::Error> {
    let mut known = Digests::read(connection, organization, &PARTNERSHIPS).await?;
    let mut changed = BTreeMap::new();
    for row in rows {
        let value = format!("{} {}", row.mailbox, row.stamp);
        if known.see(&row.id.to_string(), &value) == Standing::Same {
            continue;
        }
        changed.insert(row.id, row);
        if changed.len() == BATCH {
            write_partnerships(connection, organization, std::mem::take(&mut changed).values()).await?;
        }
    }
    write_partnerships(connection, organization, changed.values()).await?;
    let gone = known.unseen(connection, organization, &PARTNERSHIPS).await?;
    delete(
        connection,
        "DELETE FROM known_partnerships WHERE organization = ",
        organization,
        &gone,
    )
    .await
}

/// Writes `rows`, of which no two have one Guid.
pub(super) async fn write_partnerships<'r>(
    connection: &mut AnyConnection,
    organization: i64,
    rows: impl ExactSizeIterator<Item = &'r KnownPartnership>,
) -> Result<(), sqlx::Error> {
    if rows.len() == 0 {
        return Ok(());
    }
    Statement::new(
        "INSERT INTO known_partnerships (organization, id, mailbox, device, state, stamp) VALUES ",
    )
    .rows(rows, |values, row| {
        values
            .bind(organization)
            .bind(row.id.0.to_string())
            .bind(row.mailbox.0.to_string())
            .bind(key(&row.device))
            .bind(row.state.as_str())
            .bind(row.stamp.as_str())
    })
    .push(
        " ON CONFLICT (organization, id) DO UPDATE SET mailbox = excluded.mailbox, device = excluded.device, \
         state = excluded.state, stamp = excluded.stamp",
    )
    .build()
    .execute(connection)
    .await
    .map(drop)
}

/// Deletes the rows with these ids from the table of `statement`.
async fn delete(
    connection: &mut AnyConnection,
    statement: &'static str,
    organization: i64,
    ids: &[String],
) -> Result<(), sqlx::Error> {
    for ids in ids.chunks(BATCH) {
        Statement::new(statement)
            .bind(organization)
            .push(" AND id IN (VALUES ")
            .rows(ids, |values, id| values.bind(id.as_str()))
            .push(")")
            .build()
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Rows of one statement: it may touch a row once, so the last of those with one id stands.
type Batch<T> = BTreeMap<String, T>;

impl Learner<'_> {
    /// Keeps `records` as all that there are.
    pub(super) async fn all_records<'r>(
        &mut self,
        records: impl Iterator<Item = (String, &'r Enrollment)> + Send,
    ) -> Result<(), sqlx::Error> {
        let mut known = Digests::read(self.connection, self.organization, &RECORDS).await?;
        let mut changed: Batch<(&Enrollment, i64)> = Batch::new();
        for (id, record) in records {
            let digest = content::digest_of_record(record);
            let standing = known.see(&id, &digest.to_string());
            if standing == Standing::Same {
                continue;
            }
            if self.learned.is_some() {
                if standing == Standing::Differs || !known.was_empty() {
                    let old = self.known_records(&id).await?.remove(&id);
                    self.touch(old.and_then(|old| old.device));
                }
                self.touch(record.eas_device_id.as_ref().map(ToString::to_string));
            }
            changed.insert(id, (record, digest));
            if changed.len() == BATCH {
                self.write_records(&std::mem::take(&mut changed)).await?;
            }
        }
        self.write_records(&changed).await?;
        let gone = known.unseen(self.connection, self.organization, &RECORDS).await?;
        self.forget_records(&gone).await
    }

    /// Takes the records with these ids out.
    pub(super) async fn forget_records(&mut self, ids: &[String]) -> Result<(), sqlx::Error> {
        for id in ids {
            if self.learned.is_none() {
                break;
            }
            for old in self.known_records(id).await?.into_values() {
                self.vanished(old);
            }
        }
        let statement = "DELETE FROM known_records WHERE organization = ";
        delete(self.connection, statement, self.organization, ids).await
    }

    async fn write_records(&mut self, records: &Batch<(&Enrollment, i64)>) -> Result<(), sqlx::Error> {
        if records.is_empty() {
            return Ok(());
        }
        let organization = self.organization;
        Statement::new(
            "INSERT INTO known_records (organization, id, owner, device, compliance, digest, content) VALUES ",
        )
        .rows(records, |values, (id, (record, digest))| {
            values
                .bind(organization)
                .bind(id.as_str())
                .bind(text(&content::owner(record)))
                .bind(record.eas_device_id.as_ref().map(key))
                .bind(record.compliance.name())
                .bind(*digest)
                .bind(content::of_record(record))
        })
        .push(
            " ON CONFLICT (organization, id) DO UPDATE SET owner = excluded.owner, device = excluded.device, \
             compliance = excluded.compliance, digest = excluded.digest, content = excluded.content",
        )
        .build()
        .execute(&mut *self.connection)
        .await
        .map(drop)
    }

    pub(super) async fn write_record(
        &mut self,
        id: &str,
        record: &Enrollment,
        digest: i64,
    ) -> Result<(), sqlx::Error> {
        self.write_records(&Batch::from([(id.to_owned(), (record, digest))]))
            .await
    }

    /// Keeps `users` as all that there are.
    pub(super) async fn all_users<'r>(
        &mut self,
        users: impl Iterator<Item = &'r DirectoryUser> + Send,
    ) -> Result<(), sqlx::Error> {
        let mut known = Digests::read(self.connection, self.organization, &USERS).await?;
        let mut changed: Batch<(&DirectoryUser, String, i64)> = Batch::new();
        for user in users {
            let content = content::of_user(user);
            let digest = content::digest(&content);
            let standing = known.see(&user.id, &digest.to_string());
            if standing == Standing::Same {
                continue;
            }
            if !known.was_empty() {
                self.forget_addresses(&user.id).await?;
            }
            changed.insert(text(&user.id), (user, content, digest));
            if changed.len() == BATCH {
                self.write_users(&std::mem::take(&mut changed)).await?;
            }
        }
        self.write_users(&changed).await?;
        let gone = known.unseen(self.connection, self.organization, &USERS).await?;
        self.forget_users(&gone).await
    }

    /// Takes the users with these ids out.
    pub(super) async fn forget_users(&mut self, ids: &[String]) -> Result<(), sqlx::Error> {
        for id in ids {
            self.forget_addresses(id).await?;
        }
        let statement = "DELETE FROM known_users WHERE organization = ";
        delete(self.connection, statement, self.organization, ids).await
    }

    async fn write_users(&mut self, users: &Batch<(&DirectoryUser, String, i64)>) -> Result<(), sqlx::Error> {
        if users.is_empty() {
            return Ok(());
        }
        let organization = self.organization;
        Statement::new("INSERT INTO known_users (organization, id, digest, content) VALUES ")
            .rows(users, |values, (id, (_, content, digest))| {
                values
                    .bind(organization)
                    .bind(id.as_str())
                    .bind(*digest)
                    .bind(content.as_str())
            })
            .push(
                " ON CONFLICT (organization, id) DO UPDATE SET digest = excluded.digest, \
                 content = excluded.content",
            )
            .build()
            .execute(&mut *self.connection)
            .await?;
        let addresses: Vec<_> = users
            .iter()
            .flat_map(|(id, (user, ..))| addresses(user).map(move |address| (id, address)))
            .collect();
        for addresses in addresses.chunks(BATCH) {
            Statement::new("INSERT INTO known_addresses (organization, address, user_id) VALUES ")
                .rows(addresses, |values, (id, address)| {
                    values
                        .bind(organization)
                        .bind(address.as_str().to_ascii_lowercase())
                        .bind(id.as_str())
                })
                .push(" ON CONFLICT DO NOTHING")
                .build()
                .execute(&mut *self.connection)
                .await?;
        }
        if let Some(Learned { addresses, .. }) = self.learned.as_deref_mut() {
            for (user, ..) in users.values() {
                addresses.extend(self::addresses(user).cloned());
            }
        }
        Ok(())
    }

    pub(super) async fn write_user(
        &mut self,
        user: &DirectoryUser,
        content: String,
        digest: i64,
    ) -> Result<(), sqlx::Error> {
        self.forget_addresses(&user.id).await?;
        self.write_users(&Batch::from([(text(&user.id), (user, content, digest))]))
            .await
    }
}

fn addresses(user: &DirectoryUser) -> impl Iterator<Item = &easgate_model::EmailAddress> {
    std::iter::once(&user.user_principal_name).chain(&user.addresses)
}
