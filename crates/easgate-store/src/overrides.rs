//! What people decided about single devices: to allow or to block them, whatever device management says.

use easgate_model::{DeviceId, MailboxId};
use sqlx::Row;
use sqlx::any::AnyRow;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::audit::{Actor, AuditAction, AuditEvent, append};
use crate::convert::{key, parse, text, to_micros, to_optional_time, to_time, to_uid, to_uuid};
use crate::organization::{Organization, StoreError, Writer, reading, writing};

/// The number of an override within its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OverrideId(pub i64);

/// What somebody decided about one device of one mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOverride {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The mailbox's address, for people.
    pub address: String,
    /// The device.
    pub device: DeviceId,
    /// What it gets, by its stable name.
    pub access: String,
    /// Why, in the words of whoever decided. Escape it before showing.
    pub note: String,
    /// Who decided.
    pub by: Actor,
    /// When.
    pub made: OffsetDateTime,
    /// Until when; `None` until somebody clears it.
    pub until: Option<OffsetDateTime>,
}

impl NewOverride {
    /// What it gives and until when, as the audit tells it.
    fn value(&self) -> String {
        let seconds = self
            .until
            .map(|until| until.replace_nanosecond(0).unwrap_or(until));
        let until = seconds.and_then(|until| until.format(&Rfc3339).ok());
        until.map_or_else(
            || format!("{} until cleared", self.access),
            |until| format!("{} until {until}", self.access),
        )
    }

    fn event(&self) -> AuditEvent {
        AuditEvent {
            mailbox: Some(self.mailbox),
            address: Some(self.address.clone()),
            device: Some(self.device.clone()),
            after: Some(self.value()),
            reason: Some(self.note.clone()),
            ..AuditEvent::new(AuditAction::OverrideSet, self.by.clone(), self.made)
        }
    }
}

/// An override as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOverride {
    /// Its number.
    pub id: OverrideId,
    /// What was decided.
    pub what: NewOverride,
    /// When a run last made Exchange agree with it, or with its end; `None` while that is to be done.
    pub acted: Option<OffsetDateTime>,
    /// When and how it ended; `None` while it stands.
    pub ended: Option<OverrideEnd>,
}

impl StoredOverride {
    fn end_event(&self, by: Actor, at: OffsetDateTime, why: &str) -> AuditEvent {
        AuditEvent {
            mailbox: Some(self.what.mailbox),
            address: Some(self.what.address.clone()),
            device: Some(self.what.device.clone()),
            before: Some(self.what.value()),
            reason: Some(why.to_owned()),
            ..AuditEvent::new(AuditAction::OverrideRemoved, by, at)
        }
    }
}

/// How an override ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideEnd {
    /// When.
    pub at: OffsetDateTime,
    /// The stable name: `cleared`, `replaced` or `expired`.
    pub how: String,
    /// Who ended it; `None` when its time was over.
    pub by: Option<Actor>,
    /// What they said.
    pub note: Option<String>,
}

impl Organization {
    /// The overrides that stand, by address and device. Whether one has expired is the caller's to say.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn overrides(&self) -> Result<Vec<StoredOverride>, StoreError> {
        self.overrides_where(
            "SELECT * FROM overrides WHERE organization = $1 AND ended IS NULL ORDER BY address, device_key",
        )
        .await
    }

    /// Every override, those that ended too, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn all_overrides(&self) -> Result<Vec<StoredOverride>, StoreError> {
        self.overrides_where("SELECT * FROM overrides WHERE organization = $1 ORDER BY id DESC")
            .await
    }

    /// The overrides that began or ended, and that no run has acted on yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn waiting_overrides(&self) -> Result<Vec<StoredOverride>, StoreError> {
        self.overrides_where("SELECT * FROM overrides WHERE organization = $1 AND acted IS NULL ORDER BY id")
            .await
    }

    async fn overrides_where(&self, query: &'static str) -> Result<Vec<StoredOverride>, StoreError> {
        let rows = sqlx::query(query)
            .bind(self.id())
            .fetch_all(self.pool())
            .await
            .map_err(reading("the overrides"))?;
        rows.iter().map(stored).collect()
    }

    /// Keeps what somebody decided, in place of an earlier override of the same device. Whoever is at the help desk
    /// may do so beside a running service.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn add_override(&self, new: &NewOverride) -> Result<OverrideId, StoreError> {
        let wrong = writing("the override");
        let mut transaction = self.store().begin().await.map_err(&wrong)?;
        sqlx::query(
            "UPDATE overrides SET ended = $1, ended_how = 'replaced', ended_name = $2, ended_uid = $3, acted = $1 \
             WHERE organization = $4 AND mailbox = $5 AND device_key = $6 AND ended IS NULL",
        )
        .bind(to_micros(new.made))
        .bind(text(&new.by.name))
        .bind(new.by.uid.map(i64::from))
        .bind(self.id())
        .bind(new.mailbox.0.to_string())
        .bind(key(&new.device))
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        let id = sqlx::query_scalar(
            "INSERT INTO overrides (organization, mailbox, device_key, device, address, access, note, name, uid, \
             made, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        )
        .bind(self.id())
        .bind(new.mailbox.0.to_string())
        .bind(key(&new.device))
        .bind(text(new.device.as_str()))
        .bind(text(&new.address))
        .bind(&new.access)
        .bind(text(&new.note))
        .bind(text(&new.by.name))
        .bind(new.by.uid.map(i64::from))
        .bind(to_micros(new.made))
        .bind(new.until.map(to_micros))
        .fetch_one(&mut *transaction)
        .await
        .map_err(&wrong)?;
        append(&mut transaction, self, &new.event())
            .await
            .map_err(&wrong)?;
        transaction.commit().await.map_err(wrong)?;
        Ok(OverrideId(id))
    }

    /// Ends `standing`, and leaves it to a run to decide anew about the device. `false` when it had ended already.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn clear_override(
        &self,
        standing: &StoredOverride,
        by: &Actor,
        note: &str,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let wrong = writing("the override");
        let mut transaction = self.store().begin().await.map_err(&wrong)?;
        let done = sqlx::query(
            "UPDATE overrides SET ended = $1, ended_how = 'cleared', ended_name = $2, ended_uid = $3, \
             ended_note = $4, acted = NULL WHERE organization = $5 AND id = $6 AND ended IS NULL",
        )
        .bind(to_micros(now))
        .bind(text(&by.name))
        .bind(by.uid.map(i64::from))
        .bind(text(note))
        .bind(self.id())
        .bind(standing.id.0)
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let event = standing.end_event(by.clone(), now, note);
        append(&mut transaction, self, &event).await.map_err(&wrong)?;
        transaction.commit().await.map_err(wrong)?;
        Ok(true)
    }
}

impl Writer {
    /// Ends overrides whose time is over. The run that does so decides anew about their devices.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn expire_overrides(
        &self,
        expired: &[StoredOverride],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        if expired.is_empty() {
            return Ok(());
        }
        let wrong = writing("the overrides");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for one in expired {
            let done = sqlx::query(
                "UPDATE overrides SET ended = $1, ended_how = 'expired', acted = $1 \
                 WHERE organization = $2 AND id = $3 AND ended IS NULL",
            )
            .bind(to_micros(now))
            .bind(self.id())
            .bind(one.id.0)
            .execute(&mut *transaction)
            .await
            .map_err(&wrong)?;
            if done.rows_affected() > 0 {
                let event = one.end_event(self.actor().clone(), now, "its time was over");
                append(&mut transaction, self.organization(), &event)
                    .await
                    .map_err(&wrong)?;
            }
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the overrides"))
    }

    /// Notes that a run has acted on overrides, as they stand or as they ended.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn acted_on_overrides(
        &self,
        ids: &[OverrideId],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let wrong = writing("the overrides");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for id in ids {
            sqlx::query("UPDATE overrides SET acted = $1 WHERE organization = $2 AND id = $3")
                .bind(to_micros(now))
                .bind(self.id())
                .bind(id.0)
                .execute(&mut *transaction)
                .await
                .map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the overrides"))
    }
}

fn stored(row: &AnyRow) -> Result<StoredOverride, StoreError> {
    let ended = to_optional_time(row.get("ended"), "overrides.ended")?;
    let ended_name: Option<String> = row.get("ended_name");
    let ended_uid = to_uid(row.get("ended_uid"), "overrides.ended_uid")?;
    Ok(StoredOverride {
        id: OverrideId(row.get("id")),
        what: NewOverride {
            mailbox: MailboxId(to_uuid(row.get("mailbox"), "overrides.mailbox")?),
            address: row.get("address"),
            device: parse(row.get("device"), "overrides.device")?,
            access: row.get("access"),
            note: row.get("note"),
            by: Actor {
                name: row.get("name"),
                uid: to_uid(row.get("uid"), "overrides.uid")?,
            },
            made: to_time(row.get("made"), "overrides.made")?,
            until: to_optional_time(row.get("expires"), "overrides.expires")?,
        },
        acted: to_optional_time(row.get("acted"), "overrides.acted")?,
        ended: ended.map(|at| OverrideEnd {
            at,
            how: row.get::<Option<String>, _>("ended_how").unwrap_or_default(),
            by: ended_name.map(|name| Actor { name, uid: ended_uid }),
            note: row.get("ended_note"),
        }),
    })
}
