//! The journal: what is about to be done, and what became of it.

use std::fmt;
use std::str::FromStr;

use easgate_model::{DeviceId, MailboxId};
use sqlx::AnyConnection;
use sqlx::Row;
use sqlx::any::AnyRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{AuditEvent, append};
use crate::convert::{flag, parse, text, to_micros, to_time, to_uuid};
use crate::lease::Lost;
use crate::organization::{Organization, StoreError, Writer, reading};
use crate::owned::{List, OwnedEntry, OwnedRow, disown, own};
use crate::runs::RunId;
use crate::superseded::close_older;
use crate::write::WriteError;

/// The number of an intent within its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IntentId(pub i64);

/// What happens to one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Nothing.
    Keep,
    /// The device is added.
    Add,
    /// The device is taken out.
    Remove,
}

/// What a change means for the device, by Exchange's own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It had access, and has none afterwards.
    Lost,
    /// It had none, and has access afterwards.
    Gained,
    /// Neither.
    None,
}

/// One change of one mailbox's lists, before its cmdlet is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The run that wants it.
    pub run: RunId,
    /// Whose lists.
    pub mailbox: MailboxId,
    /// The mailbox's address, for people.
    pub address: String,
    /// The device.
    pub device: DeviceId,
    /// The edit of the allow list.
    pub allow: Edit,
    /// Whether the allow list held the device before.
    pub allow_existed: bool,
    /// The edit of the block list.
    pub block: Edit,
    /// Whether the block list held the device before.
    pub block_existed: bool,
    /// The access that was decided, by its stable name.
    pub access: String,
    /// Why, by its stable name.
    pub reason: String,
    /// The decision that it carries out.
    pub decision: Uuid,
    /// What it means for the device.
    pub effect: Effect,
    /// What is sent, as an administrator would type it.
    pub command: String,
    /// The endpoint that it is sent to.
    pub server: Option<String>,
    /// When it was intended.
    pub at: OffsetDateTime,
}

impl Intent {
    /// The edits that change something: the list, the edit, and whether the list held the device before.
    pub fn edits(&self) -> impl Iterator<Item = (List, Edit, bool)> {
        [
            (List::Allow, self.allow, self.allow_existed),
            (List::Block, self.block, self.block_existed),
        ]
        .into_iter()
        .filter(|(_, edit, _)| *edit != Edit::Keep)
    }

    /// The lists that held the device: `none`, `allow`, `block` or `allow, block`.
    pub(crate) fn lists_before(&self) -> String {
        lists(self.allow_existed, self.block_existed)
    }

    /// The lists that hold it when the change is made.
    pub(crate) fn lists_after(&self) -> String {
        let holds = |edit, existed| match edit {
            Edit::Keep => existed,
            Edit::Add => true,
            Edit::Remove => false,
        };
        lists(
            holds(self.allow, self.allow_existed),
            holds(self.block, self.block_existed),
        )
    }

    fn entry(&self, list: List) -> OwnedEntry {
        OwnedEntry {
            mailbox: self.mailbox,
            list,
            device: self.device.clone(),
        }
    }

    fn row(&self, list: List) -> OwnedRow {
        OwnedRow {
            entry: self.entry(list),
            decision: self.decision,
            run: self.run,
            added: self.at,
        }
    }
}

/// What became of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The cmdlet succeeded, or the lists show the change.
    Applied,
    /// Exchange refused it, or it was never sent: it has no effect.
    Failed(String),
    /// It may have been carried out, and the lists do not show it: it may still come.
    Unknown(String),
}

impl Outcome {
    const fn name(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
        }
    }

    pub(crate) const fn detail(&self) -> Option<&String> {
        match self {
            Self::Applied => None,
            Self::Failed(detail) | Self::Unknown(detail) => Some(detail),
        }
    }
}

/// An intent as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its number.
    pub id: IntentId,
    /// What was intended.
    pub intent: Intent,
    /// What became of it; `None` while that is not known at all.
    pub outcome: Option<Outcome>,
    /// When the outcome was written.
    pub settled: Option<OffsetDateTime>,
}

impl Organization {
    /// The intents that a crash, a time-out or a lost session left open: those without an outcome, and those
    /// whose outcome is not known. Oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn unsettled(&self) -> Result<Vec<JournalEntry>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM journal WHERE organization = $1 AND outcome IN ('pending', 'unknown') ORDER BY id",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the journal"))?;
        rows.iter().map(entry).collect()
    }

    /// The journal of one run, in the order of its intents.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn journal(&self, run: RunId) -> Result<Vec<JournalEntry>, StoreError> {
        let rows = sqlx::query("SELECT * FROM journal WHERE organization = $1 AND run = $2 ORDER BY id")
            .bind(self.id())
            .bind(run.0)
            .fetch_all(self.pool())
            .await
            .map_err(reading("the journal"))?;
        rows.iter().map(entry).collect()
    }
}

impl Writer {
    /// Writes an intent, durably, to the journal and to the audit. Its cmdlet may be sent only after this has
    /// succeeded.
    ///
    /// # Errors
    /// The journal or the audit cannot be written: nothing may be changed.
    pub(crate) async fn intend(&self, intent: &Intent) -> Result<IntentId, JournalError> {
        let wrong = |source| JournalError::writing("an intent", source);
        let mut transaction = self.begin().await.map_err(wrong)?;
        let id = self.insert(&mut transaction, intent).await.map_err(wrong)?;
        let event = AuditEvent::of_intent(intent, self.actor().clone());
        append(&mut transaction, self.organization(), &event)
            .await
            .map_err(wrong)?;
        transaction
            .commit()
            .await
            .map_err(|error| JournalError::of("an intent", error))?;
        Ok(id)
    }

    async fn insert(&self, connection: &mut AnyConnection, intent: &Intent) -> Result<IntentId, sqlx::Error> {
        sqlx::query_scalar(
            "INSERT INTO journal (organization, run, mailbox, address, device, allow_edit, allow_existed, \
             block_edit, block_existed, access, reason, decision, effect, command, server, intended) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id",
        )
        .bind(self.id())
        .bind(intent.run.0)
        .bind(intent.mailbox.0.to_string())
        .bind(text(&intent.address))
        .bind(text(intent.device.as_str()))
        .bind(intent.allow.name())
        .bind(flag(intent.allow_existed))
        .bind(intent.block.name())
        .bind(flag(intent.block_existed))
        .bind(text(&intent.access))
        .bind(text(&intent.reason))
        .bind(intent.decision.to_string())
        .bind(intent.effect.name())
        .bind(text(&intent.command))
        .bind(intent.server.as_deref().map(text))
        .bind(to_micros(intent.at))
        .fetch_one(connection)
        .await
        .map(IntentId)
    }

    /// Writes what became of an intent, and in the same transaction what that means for the ownership of its
    /// entries, and its record in the audit.
    ///
    /// - Applied: entries that it added and that did not exist before are ours; those that it removed are not
    ///   ours any more. Older intents for the same device that were still open have no more say, but for those whose
    ///   entry may still come.
    /// - Unknown: entries that it was to remove stay ours, so that they are removed again.
    /// - Failed: nothing changes.
    ///
    /// # Errors
    /// The journal cannot be written: nothing more may be changed.
    pub async fn settle(
        &self,
        id: IntentId,
        intent: &Intent,
        outcome: &Outcome,
        now: OffsetDateTime,
    ) -> Result<(), JournalError> {
        self.settle_answered(id, intent, outcome, None, now).await
    }

    /// As [`Writer::settle`], where the server told how it calls the request that led to the outcome.
    ///
    /// # Errors
    /// As [`Writer::settle`].
    pub async fn settle_answered(
        &self,
        id: IntentId,
        intent: &Intent,
        outcome: &Outcome,
        request: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<(), JournalError> {
        let wrong = |source| JournalError::writing("an outcome", source);
        let mut transaction = self.begin().await.map_err(wrong)?;
        sqlx::query(
            "UPDATE journal SET outcome = $1, detail = $2, settled = $3 WHERE organization = $4 AND id = $5",
        )
        .bind(outcome.name())
        .bind(outcome.detail().map(|detail| text(detail)))
        .bind(to_micros(now))
        .bind(self.id())
        .bind(id.0)
        .execute(&mut *transaction)
        .await
        .map_err(wrong)?;
        self.settle_ownership(&mut transaction, intent, outcome)
            .await
            .map_err(wrong)?;
        if *outcome == Outcome::Applied {
            close_older(&mut transaction, self.id(), (id, intent), now)
                .await
                .map_err(wrong)?;
        }
        let event = AuditEvent {
            request: request.map(str::to_owned),
            ..AuditEvent::of_outcome(intent, outcome, self.actor().clone(), now)
        };
        append(&mut transaction, self.organization(), &event)
            .await
            .map_err(wrong)?;
        transaction
            .commit()
            .await
            .map_err(|error| JournalError::of("an outcome", error))
    }

    async fn settle_ownership(
        &self,
        connection: &mut AnyConnection,
        intent: &Intent,
        outcome: &Outcome,
    ) -> Result<(), sqlx::Error> {
        for (list, edit, existed) in intent.edits() {
            match (outcome, edit) {
                (Outcome::Applied, Edit::Add) if !existed => {
                    own(connection, self.id(), &intent.row(list)).await?;
                }
                (Outcome::Applied, Edit::Remove) => {
                    disown(connection, self.id(), &intent.entry(list)).await?;
                }
                (Outcome::Unknown(_), Edit::Remove) => {
                    own(connection, self.id(), &intent.row(list)).await?;
                }
                (Outcome::Applied | Outcome::Failed(_) | Outcome::Unknown(_), _) => {}
            }
        }
        Ok(())
    }
}

/// The journal could not be written: nothing may be changed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum JournalError {
    #[error("could not write {what} to the journal, so nothing more is changed")]
    Write { what: &'static str, source: sqlx::Error },
    #[error(transparent)]
    Lost(#[from] Lost),
}

impl JournalError {
    const fn writing(what: &'static str, source: sqlx::Error) -> Self {
        Self::Write { what, source }
    }

    fn of(what: &'static str, error: WriteError) -> Self {
        match error {
            WriteError::Lost(lost) => Self::Lost(lost),
            WriteError::Database(source) => Self::Write { what, source },
        }
    }
}

impl Edit {
    const ALL: [Self; 3] = [Self::Keep, Self::Add, Self::Remove];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Add => "add",
            Self::Remove => "remove",
        }
    }
}

impl FromStr for Edit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|edit| edit.name() == text).ok_or(())
    }
}

impl Effect {
    const ALL: [Self; 3] = [Self::Lost, Self::Gained, Self::None];

    const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Gained => "gained",
            Self::None => "none",
        }
    }
}

impl FromStr for Effect {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|effect| effect.name() == text)
            .ok_or(())
    }
}

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn lists(allow: bool, block: bool) -> String {
    match (allow, block) {
        (false, false) => "none",
        (true, false) => "allow",
        (false, true) => "block",
        (true, true) => "allow, block",
    }
    .to_owned()
}

pub(crate) fn entry(row: &AnyRow) -> Result<JournalEntry, StoreError> {
    let settled: Option<i64> = row.get("settled");
    let detail = || row.get::<Option<String>, _>("detail").unwrap_or_default();
    let outcome = match row.get::<&str, _>("outcome") {
        "pending" => None,
        "applied" => Some(Outcome::Applied),
        "failed" => Some(Outcome::Failed(detail())),
        "unknown" => Some(Outcome::Unknown(detail())),
        "superseded" => Some(Outcome::Unknown(
            "a later change of the same device was carried out".to_owned(),
        )),
        other => {
            return Err(StoreError::Corrupt {
                column: "journal.outcome",
                value: other.to_owned(),
            });
        }
    };
    Ok(JournalEntry {
        id: IntentId(row.get("id")),
        intent: Intent {
            run: RunId(row.get("run")),
            mailbox: MailboxId(to_uuid(row.get("mailbox"), "journal.mailbox")?),
            address: row.get("address"),
            device: parse(row.get("device"), "journal.device")?,
            allow: parse(row.get("allow_edit"), "journal.allow_edit")?,
            allow_existed: row.get::<i64, _>("allow_existed") != 0,
            block: parse(row.get("block_edit"), "journal.block_edit")?,
            block_existed: row.get::<i64, _>("block_existed") != 0,
            access: row.get("access"),
            reason: row.get("reason"),
            decision: to_uuid(row.get("decision"), "journal.decision")?,
            effect: parse(row.get("effect"), "journal.effect")?,
            command: row.get("command"),
            server: row.get("server"),
            at: to_time(row.get("intended"), "journal.intended")?,
        },
        outcome,
        settled: settled.map(|at| to_time(at, "journal.settled")).transpose()?,
    })
}
