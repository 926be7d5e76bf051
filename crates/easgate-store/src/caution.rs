//! Why nothing is written to Exchange until an administrator says so.

use std::fmt;
use std::str::FromStr;

use sqlx::Row;
use time::OffsetDateTime;

use crate::audit::{Actor, AuditAction, AuditEvent, Checkpoint, append};
use crate::convert::{key, parse, text, to_micros, to_time};
use crate::open::Store;
use crate::organization::{Organization, StoreError, Writer, reading, writing};
use crate::owned::{List, OwnedEntry};

/// How long a second undoing of an entry counts as one after the first.
const CONTEST: time::Duration = time::Duration::hours(24);

/// What makes a state of the store doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CautionKind {
    /// The store is a copy of an earlier time: entries that were made since look like those of somebody else.
    Restored,
    /// Somebody else undoes our entries: another connector works on the organisation.
    Contested,
    /// The store knows nothing of the organisation, whose lists hold entries: they may be those of a store that was lost.
    Unknown,
}

impl CautionKind {
    const ALL: [Self; 3] = [Self::Restored, Self::Contested, Self::Unknown];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Contested => "contested",
            Self::Unknown => "unknown",
        }
    }

    const fn raised(self) -> AuditAction {
        match self {
            Self::Restored => AuditAction::StoreRestored,
            Self::Contested => AuditAction::Contested,
            Self::Unknown => AuditAction::EntriesUnknown,
        }
    }

    const fn ended(self) -> AuditAction {
        match self {
            Self::Restored | Self::Unknown => AuditAction::Resumed,
            Self::Contested => AuditAction::ContestEnded,
        }
    }
}

impl fmt::Display for CautionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CautionKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(())
    }
}

/// That nothing is written to Exchange until an administrator says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caution {
    /// Why.
    pub kind: CautionKind,
    /// Since when.
    pub since: OffsetDateTime,
    /// What was found, in a sentence.
    pub detail: String,
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "nothing is written to Exchange until an administrator says so: {}",
            self.detail
        )
    }
}

impl Organization {
    /// What stands in the way of writing.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn caution(&self) -> Result<Option<Caution>, StoreError> {
        let row = sqlx::query("SELECT kind, since, detail FROM cautions WHERE organization = $1")
            .bind(self.id())
            .fetch_optional(self.pool())
            .await
            .map_err(reading("what stands in the way of writing"))?;
        row.map(|row| {
            Ok(Caution {
                kind: parse(row.get("kind"), "cautions.kind")?,
                since: to_time(row.get("since"), "cautions.since")?,
                detail: row.get("detail"),
            })
        })
        .transpose()
    }

    /// Whether the store is older than what was last sealed of its audit, beside the key: it was emptied, or an earlier
    /// copy was put in its place by hand.
    ///
    /// # Errors
    /// The store or the file of checkpoints cannot be read.
    async fn is_older_than_its_seal(&self) -> Result<bool, StoreError> {
        let Some(anchor) = self.anchor() else {
            return Ok(false);
        };
        let Some(secret) = anchor.key().map_err(StoreError::Seal)? else {
            return Ok(false);
        };
        let mut last = None;
        let ours = |one: &Checkpoint| one.organization == self.name() && secret.has_sealed(one);
        anchor
            .read(|line| {
                if let Ok(checkpoint) = line
                    && ours(&checkpoint)
                {
                    last = Some(checkpoint);
                }
            })
            .map_err(StoreError::Seal)?;
        let Some(last) = last else { return Ok(false) };
        let kept: Option<String> =
            sqlx::query_scalar("SELECT hash FROM audit WHERE organization = $1 AND sequence = $2")
                .bind(self.id())
                .bind(last.sequence)
                .fetch_optional(self.pool())
                .await
                .map_err(reading("the audit"))?;
        Ok(kept.as_ref() != Some(&last.hash))
    }

    /// Lets nothing be written when the store is older than its seal, unless something stands in the way already.
    ///
    /// Before a run begins: at its end it seals the audit anew, and nobody could tell any more.
    pub(crate) async fn doubt_if_old(&self, by: &Actor, now: OffsetDateTime) -> Result<(), StoreError> {
        if self.caution().await?.is_some() || !self.is_older_than_its_seal().await? {
            return Ok(());
        }
        let caution = Caution {
            kind: CautionKind::Restored,
            since: now,
            detail: "the store is older than the last seal of its audit: it was emptied, or an earlier copy was put in \
                     its place, and entries of ours in the lists look like those of somebody else"
                .to_owned(),
        };
        self.raise_caution(&caution, by).await
    }

    /// Lets nothing be written from now on, in every process that uses this store. What stands already stays.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn raise_caution(&self, caution: &Caution, by: &Actor) -> Result<(), StoreError> {
        let wrong = writing("what stands in the way of writing");
        let mut transaction = self.store().begin().await.map_err(&wrong)?;
        let raised = sqlx::query(
            "INSERT INTO cautions (organization, kind, since, detail) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (organization) DO NOTHING",
        )
        .bind(self.id())
        .bind(caution.kind.name())
        .bind(to_micros(caution.since))
        .bind(text(&caution.detail))
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        if raised.rows_affected() > 0 {
            let event = AuditEvent {
                reason: Some(caution.detail.clone()),
                ..AuditEvent::new(caution.kind.raised(), by.clone(), caution.since)
            };
            append(&mut transaction, self, &event).await.map_err(&wrong)?;
        }
        transaction.commit().await.map_err(wrong)
    }

    /// Lets writing go on, and gives what stood in its way.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn end_caution(&self, by: &Actor, now: OffsetDateTime) -> Result<Option<Caution>, StoreError> {
        let Some(ended) = self.caution().await? else {
            return Ok(None);
        };
        let wrong = writing("what stands in the way of writing");
        let mut transaction = self.store().begin().await.map_err(&wrong)?;
        for statement in [
            "DELETE FROM cautions WHERE organization = $1",
            "DELETE FROM undone WHERE organization = $1",
        ] {
            sqlx::query(statement)
                .bind(self.id())
                .execute(&mut *transaction)
                .await
                .map_err(&wrong)?;
        }
        let event = AuditEvent {
            reason: Some(ended.detail.clone()),
            ..AuditEvent::new(ended.kind.ended(), by.clone(), now)
        };
        append(&mut transaction, self, &event).await.map_err(&wrong)?;
        transaction.commit().await.map_err(wrong)?;
        Ok(Some(ended))
    }
}

impl Store {
    /// Every organisation that the store knows, by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let names: Vec<String> = sqlx::query_scalar("SELECT name FROM organizations ORDER BY name")
            .fetch_all(self.pool())
            .await
            .map_err(reading("the organisations"))?;
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            found.push(self.organization(&name).await?);
        }
        Ok(found)
    }
}

impl Writer {
    /// Notes that somebody else took `entries` of ours out of the lists, and gives the first of them to which that
    /// happened twice in 24 hours, each time after we had added it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn note_undone(
        &self,
        entries: &[OwnedEntry],
        now: OffsetDateTime,
    ) -> Result<Option<OwnedEntry>, StoreError> {
        let wrong = writing("what somebody else undid");
        let mut twice = None;
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for entry in entries {
            let undone = undone(self.id(), entry, now);
            undone.note(&mut transaction).await.map_err(&wrong)?;
            if twice.is_none() && undone.times(&mut transaction).await.map_err(&wrong)? > 1 {
                twice = Some(entry.clone());
            }
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("what somebody else undid"))?;
        Ok(twice)
    }
}

/// One entry that is not where we had put it.
struct Undone<'e> {
    organization: i64,
    entry: &'e OwnedEntry,
    now: OffsetDateTime,
}

const fn undone(organization: i64, entry: &OwnedEntry, now: OffsetDateTime) -> Undone<'_> {
    Undone {
        organization,
        entry,
        now,
    }
}

impl Undone<'_> {
    /// One row for each time that we had added it: what is still missing is not undone again.
    async fn note(&self, connection: &mut sqlx::AnyConnection) -> Result<(), sqlx::Error> {
        let added = match self.entry.list {
            List::Allow => {
                "SELECT COALESCE(MAX(id), 0) FROM journal WHERE organization = $1 AND mailbox = $2 \
                 AND LOWER(device) = $3 AND outcome = 'applied' AND allow_edit = 'add'"
            }
            List::Block => {
                "SELECT COALESCE(MAX(id), 0) FROM journal WHERE organization = $1 AND mailbox = $2 \
                 AND LOWER(device) = $3 AND outcome = 'applied' AND block_edit = 'add'"
            }
        };
        let intent: i64 = sqlx::query_scalar(added)
            .bind(self.organization)
            .bind(self.entry.mailbox.0.to_string())
            .bind(key(&self.entry.device))
            .fetch_one(&mut *connection)
            .await?;
        sqlx::query(
            "INSERT INTO undone (organization, mailbox, list, device_key, intent, seen) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(self.organization)
        .bind(self.entry.mailbox.0.to_string())
        .bind(self.entry.list.to_string())
        .bind(key(&self.entry.device))
        .bind(intent)
        .bind(to_micros(self.now))
        .execute(connection)
        .await
        .map(drop)
    }

    async fn times(&self, connection: &mut sqlx::AnyConnection) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM undone WHERE organization = $1 AND mailbox = $2 AND list = $3 \
             AND device_key = $4 AND seen > $5",
        )
        .bind(self.organization)
        .bind(self.entry.mailbox.0.to_string())
        .bind(self.entry.list.to_string())
        .bind(key(&self.entry.device))
        .bind(to_micros(self.now - CONTEST))
        .fetch_one(connection)
        .await
    }
}
