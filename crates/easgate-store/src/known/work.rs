//! What changed and has not been acted upon.

use easgate_model::{DeviceId, EmailAddress, MailboxId};
use sqlx::AnyConnection;
use sqlx::Row;
use time::OffsetDateTime;

use crate::convert::{key, parse, to_micros, to_time, to_uuid};
use crate::organization::{Organization, StoreError, Writer, reading, writing};

/// What has to be decided anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Every device with this id, whoever has it.
    Device(DeviceId),
    /// Every device of the mailbox with this address.
    Address(EmailAddress),
    /// Every device of this mailbox.
    Mailbox(MailboxId),
}

impl Work {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Device(_) => "device",
            Self::Address(_) => "address",
            Self::Mailbox(_) => "mailbox",
        }
    }

    fn value(&self) -> String {
        match self {
            Self::Device(device) => key(device),
            Self::Address(address) => address.as_str().to_ascii_lowercase(),
            Self::Mailbox(mailbox) => mailbox.0.to_string(),
        }
    }
}

impl Organization {
    /// The work that is open, and since when.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn open_work(&self) -> Result<Vec<(Work, OffsetDateTime)>, StoreError> {
        let rows = sqlx::query(
            "SELECT kind, value, since FROM open_work WHERE organization = $1 ORDER BY since, kind, value",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the open work"))?;
        rows.iter()
            .map(|row| {
                let value: String = row.get("value");
                let work = match row.get::<String, _>("kind").as_str() {
                    "device" => Work::Device(parse(&value, "open_work.value")?),
                    "address" => Work::Address(parse(&value, "open_work.value")?),
                    "mailbox" => Work::Mailbox(MailboxId(to_uuid(&value, "open_work.value")?)),
                    other => {
                        return Err(StoreError::Corrupt {
                            column: "open_work.kind",
                            value: other.to_owned(),
                        });
                    }
                };
                Ok((work, to_time(row.get("since"), "open_work.since")?))
            })
            .collect()
    }
}

impl Writer {
    /// Notes that `work` is to be done. What is open already is open since now.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn open_work(
        &self,
        work: impl IntoIterator<Item = Work>,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let wrong = writing("the open work");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for work in work {
            open(&mut transaction, self.id(), &work, to_micros(now))
                .await
                .map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the open work"))
    }

    /// Notes that `work` is done as it was open at the time beside it: what opened later stays open.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn close_work(&self, work: &[(Work, OffsetDateTime)]) -> Result<(), StoreError> {
        let wrong = writing("the open work");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for (work, since) in work {
            sqlx::query(
                "DELETE FROM open_work WHERE organization = $1 AND kind = $2 AND value = $3 AND since <= $4",
            )
            .bind(self.id())
            .bind(work.kind())
            .bind(work.value())
            .bind(to_micros(*since))
            .execute(&mut *transaction)
            .await
            .map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the open work"))
    }
}

pub(super) async fn open(
    connection: &mut AnyConnection,
    organization: i64,
    work: &Work,
    since: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO open_work (organization, kind, value, since) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organization, kind, value) DO UPDATE SET since = excluded.since",
    )
    .bind(organization)
    .bind(work.kind())
    .bind(work.value())
    .bind(since)
    .execute(connection)
    .await
    .map(drop)
}
