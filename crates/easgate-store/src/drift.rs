//! What others changed in Exchange, as it was seen.

use std::collections::BTreeMap;
use std::str::FromStr;

use easgate_model::{DeviceId, MailboxId};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use sqlx::Row;
use sqlx::any::AnyRow;
use time::OffsetDateTime;

use crate::audit::Actor;
use crate::convert::{flag, parse, text, to_micros, to_time, to_uuid};
use crate::organization::{Organization, StoreError, Writer, reading, writing};
use crate::owned::List;
use crate::runs::RunId;

/// What the last full sync saw of that which others can change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observed {
    /// Settings: the kind, the name within it, and the value as text.
    pub settings: Vec<(String, String, String)>,
    /// Allow entries of others, by the mailbox's Guid.
    pub foreign_allows: BTreeMap<String, Vec<String>>,
}

impl FromStr for Observed {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

/// The number of a finding within its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DriftId(pub i64);

/// Something that somebody else changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftSeen {
    /// What kind of change, by its stable name.
    pub kind: String,
    /// The mailbox whose list it is.
    pub mailbox: Option<MailboxId>,
    /// The mailbox's address, or the name of the setting, for people.
    pub subject: String,
    /// Which list.
    pub list: Option<List>,
    /// Which device.
    pub device: Option<DeviceId>,
    /// The value before.
    pub before: Option<String>,
    /// The value after.
    pub after: Option<String>,
    /// Whether it stands against what the policy wants.
    pub contradicts: bool,
}

/// A finding as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftRow {
    /// Its number.
    pub id: DriftId,
    /// What was seen.
    pub seen: DriftSeen,
    /// The last run that saw it.
    pub run: RunId,
    /// When it was first seen.
    pub first_seen: OffsetDateTime,
    /// When it was last seen.
    pub last_seen: OffsetDateTime,
    /// When it was first not seen any more.
    pub over: Option<OffsetDateTime>,
    /// Who looked at it.
    pub acknowledged: Option<Acknowledged>,
}

/// Who looked at a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// When.
    pub at: OffsetDateTime,
    /// Who.
    pub by: Actor,
    /// What they say to it.
    pub note: String,
}

/// What one look at Exchange found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// What is to be compared next time.
    pub observed: Observed,
    /// What is new.
    pub new: Vec<DriftSeen>,
    /// Earlier findings that still stand.
    pub still: Vec<DriftId>,
    /// Earlier findings that do not stand any more.
    pub over: Vec<DriftId>,
}

impl Organization {
    /// What the last full sync saw; `None` before the first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn last_known(&self) -> Result<Option<Observed>, StoreError> {
        let content: Option<String> =
            sqlx::query_scalar("SELECT content FROM last_known WHERE organization = $1")
                .bind(self.id())
                .fetch_optional(self.pool())
                .await
                .map_err(reading("what was last seen"))?;
        content.map(|text| parse(&text, "last_known.content")).transpose()
    }

    /// Every finding that is acknowledged by nobody, or that still stands; oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn drift(&self) -> Result<Vec<DriftRow>, StoreError> {
        self.drift_where("AND (acknowledged IS NULL OR ended IS NULL)")
            .await
    }

    /// Every finding there was, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn all_drift(&self) -> Result<Vec<DriftRow>, StoreError> {
        self.drift_where("").await
    }

    async fn drift_where(&self, condition: &'static str) -> Result<Vec<DriftRow>, StoreError> {
        let text = format!("SELECT * FROM drift WHERE organization = $1 {condition} ORDER BY id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(self.id())
            .fetch_all(self.pool())
            .await
            .map_err(reading("what others changed"))?;
        rows.iter().map(row).collect()
    }

    /// Notes that somebody looked at findings, and returns how many of them nobody had looked at. A reader may do so
    /// too.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn acknowledge_drift(
        &self,
        findings: &[DriftId],
        acknowledged: &Acknowledged,
    ) -> Result<u64, StoreError> {
        let wrong = writing("who looked at what others changed");
        let mut transaction = self.store().begin().await.map_err(&wrong)?;
        let mut count = 0;
        for id in findings {
            let done = sqlx::query(
                "UPDATE drift SET acknowledged = $1, acknowledged_by = $2, acknowledged_by_uid = $3, note = $4 \
                 WHERE organization = $5 AND id = $6 AND acknowledged IS NULL",
            )
            .bind(to_micros(acknowledged.at))
            .bind(text(&acknowledged.by.name))
            .bind(acknowledged.by.uid.map(i64::from))
            .bind(text(&acknowledged.note))
            .bind(self.id())
            .bind(id.0)
            .execute(&mut *transaction)
            .await
            .map_err(&wrong)?;
            count += done.rows_affected();
        }
        transaction.commit().await.map_err(wrong)?;
        Ok(count)
    }
}

impl Writer {
    /// Writes what a look at Exchange found, all of it or nothing.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn record_look(&self, look: &Look, run: RunId, now: OffsetDateTime) -> Result<(), StoreError> {
        let wrong = writing("what others changed");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        let content = serde_json::to_string(&look.observed).expect("texts under text keys are JSON");
        sqlx::query(
            "INSERT INTO last_known (organization, run, content) VALUES ($1, $2, $3) \
             ON CONFLICT (organization) DO UPDATE SET run = excluded.run, content = excluded.content",
        )
        .bind(self.id())
        .bind(run.0)
        .bind(text(&content))
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        for id in &look.still {
            sqlx::query("UPDATE drift SET last_seen = $1, run = $2 WHERE organization = $3 AND id = $4")
                .bind(to_micros(now))
                .bind(run.0)
                .bind(self.id())
                .bind(id.0)
                .execute(&mut *transaction)
                .await
                .map_err(&wrong)?;
        }
        for id in &look.over {
            sqlx::query("UPDATE drift SET ended = $1 WHERE organization = $2 AND id = $3")
                .bind(to_micros(now))
                .bind(self.id())
                .bind(id.0)
                .execute(&mut *transaction)
                .await
                .map_err(&wrong)?;
        }
        for seen in &look.new {
            self.add_drift(seen, run, now, &mut transaction)
                .await
                .map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("what others changed"))
    }

    async fn add_drift(
        &self,
        seen: &DriftSeen,
        run: RunId,
        now: OffsetDateTime,
        connection: &mut AnyConnection,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO drift (organization, run, kind, mailbox, subject, list, device, value_before, value_after, \
             contradicts, first_seen, last_seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        )
        .bind(self.id())
        .bind(run.0)
        .bind(text(&seen.kind))
        .bind(seen.mailbox.map(|mailbox| mailbox.0.to_string()))
        .bind(text(&seen.subject))
        .bind(seen.list.map(|list| list.to_string()))
        .bind(seen.device.as_ref().map(|device| text(device.as_str())))
        .bind(seen.before.as_deref().map(text))
        .bind(seen.after.as_deref().map(text))
        .bind(flag(seen.contradicts))
        .bind(to_micros(now))
        .execute(connection)
        .await
        .map(drop)
    }
}

fn row(row: &AnyRow) -> Result<DriftRow, StoreError> {
    let column_text = |column| row.get::<Option<String>, _>(column);
    let time = |column| row.get::<Option<i64>, _>(column);
    let mailbox = column_text("mailbox");
    let list = column_text("list");
    let device = column_text("device");
    let acknowledged = time("acknowledged");
    Ok(DriftRow {
        id: DriftId(row.get("id")),
        run: RunId(row.get("run")),
        seen: DriftSeen {
            kind: row.get("kind"),
            mailbox: mailbox
                .map(|guid| to_uuid(&guid, "drift.mailbox").map(MailboxId))
                .transpose()?,
            subject: row.get("subject"),
            list: list.map(|list| parse(&list, "drift.list")).transpose()?,
            device: device.map(|device| parse(&device, "drift.device")).transpose()?,
            before: column_text("value_before"),
            after: column_text("value_after"),
            contradicts: row.get::<i64, _>("contradicts") != 0,
        },
        first_seen: to_time(row.get("first_seen"), "drift.first_seen")?,
        last_seen: to_time(row.get("last_seen"), "drift.last_seen")?,
        over: time("ended").map(|at| to_time(at, "drift.ended")).transpose()?,
        acknowledged: acknowledged
            .map(|at| {
                Ok::<_, StoreError>(Acknowledged {
                    at: to_time(at, "drift.acknowledged")?,
                    by: Actor::of_columns(
                        column_text("acknowledged_by").unwrap_or_default(),
                        time("acknowledged_by_uid"),
                    ),
                    note: column_text("note").unwrap_or_default(),
                })
            })
            .transpose()?,
    })
}
