//! What is to be recorded.

use easgate_model::{DeviceId, MailboxId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{AuditAction, AuditRecord};
use crate::convert::to_micros;
use crate::journal::{Intent, Outcome};
use crate::owned::OwnedEntry;
use crate::runs::RunId;

/// The most characters of one text of a record: what a server says does not set the size of the audit.
const MAX_CHARS: usize = 4096;

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name that was given; `easgate` is the program itself.
    pub name: String,
    /// The user of the operating system.
    pub uid: Option<u32>,
}

impl Actor {
    /// The program itself.
    #[must_use]
    pub fn program() -> Self {
        Self {
            name: "easgate".to_owned(),
            uid: None,
        }
    }
}

/// One thing that was done, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// What.
    pub action: AuditAction,
    /// Who.
    pub actor: Actor,
    /// When.
    pub at: OffsetDateTime,
    /// The decision that it carries out.
    pub decision: Option<Uuid>,
    /// The run that it belongs to.
    pub run: Option<RunId>,
    /// The mailbox that it is about.
    pub mailbox: Option<MailboxId>,
    /// The mailbox's address, for people.
    pub address: Option<String>,
    /// The device that it is about.
    pub device: Option<DeviceId>,
    /// What was sent, with its parameters, as an administrator would type it.
    pub command: Option<String>,
    /// The value before. Of a change: the lists that hold the device, such as `allow`, or `none`.
    pub before: Option<String>,
    /// The value after, likewise.
    pub after: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The server that was asked.
    pub server: Option<String>,
    /// How the server calls the request.
    pub request: Option<String>,
}

impl AuditEvent {
    /// `action` by `actor`, with nothing else said.
    #[must_use]
    pub const fn new(action: AuditAction, actor: Actor, at: OffsetDateTime) -> Self {
        Self {
            action,
            actor,
            at,
            decision: None,
            run: None,
            mailbox: None,
            address: None,
            device: None,
            command: None,
            before: None,
            after: None,
            outcome: None,
            reason: None,
            server: None,
            request: None,
        }
    }

    /// What is recorded when `entry` becomes ours ([`AuditAction::Adopted`]), or is given up.
    ///
    /// Its list is the value after when the entry is ours then, and the value before otherwise. A registry is
    /// rebuilt from these records, so whatever changes the registry has to make them.
    #[must_use]
    pub fn of_entry(action: AuditAction, actor: Actor, at: OffsetDateTime, entry: &OwnedEntry) -> Self {
        let list = Some(entry.list.to_string());
        let (before, after) = if action == AuditAction::Adopted {
            (None, list)
        } else {
            (list, None)
        };
        Self {
            mailbox: Some(entry.mailbox),
            device: Some(entry.device.clone()),
            before,
            after,
            ..Self::new(action, actor, at)
        }
    }

    /// An intent, before its command is sent.
    pub(crate) fn of_intent(intent: &Intent, actor: Actor) -> Self {
        Self {
            decision: Some(intent.decision),
            run: Some(intent.run),
            mailbox: Some(intent.mailbox),
            address: Some(intent.address.clone()),
            device: Some(intent.device.clone()),
            command: Some(intent.command.clone()).filter(|command| !command.is_empty()),
            before: Some(intent.lists_before()),
            after: Some(intent.lists_after()),
            reason: Some(intent.reason.clone()),
            server: intent.server.clone(),
            ..Self::new(AuditAction::ChangeIntended, actor, intent.at)
        }
    }

    /// What became of an intent.
    pub(crate) fn of_outcome(intent: &Intent, outcome: &Outcome, actor: Actor, at: OffsetDateTime) -> Self {
        let action = match outcome {
            Outcome::Applied => AuditAction::ChangeApplied,
            Outcome::Failed(_) => AuditAction::ChangeFailed,
            Outcome::Unknown(_) => AuditAction::ChangeUnknown,
        };
        Self {
            action,
            at,
            outcome: outcome.detail().cloned(),
            ..Self::of_intent(intent, actor)
        }
    }

    /// The record that this becomes at its place in the chain of `organization`.
    pub(super) fn following(&self, organization: &str, sequence: i64, previous: String) -> AuditRecord {
        let text = |text: &Option<String>| text.as_deref().map(kept);
        let mut record = AuditRecord {
            organization: organization.to_owned(),
            sequence,
            at: to_micros(self.at),
            actor: kept(&self.actor.name),
            actor_uid: self.actor.uid.map(i64::from),
            action: self.action.name().to_owned(),
            decision: self.decision.map(|id| id.to_string()),
            run: self.run.map(|run| run.0),
            mailbox: self.mailbox.map(|mailbox| mailbox.0.to_string()),
            address: text(&self.address),
            device: self.device.as_ref().map(|device| kept(device.as_str())),
            command: text(&self.command),
            before: text(&self.before),
            after: text(&self.after),
            outcome: text(&self.outcome),
            reason: text(&self.reason),
            server: text(&self.server),
            request: text(&self.request),
            previous,
            hash: String::new(),
        };
        record.hash = record.digest().to_string();
        record
    }
}

/// A text as every database keeps it: without NUL, and not longer than 4,096 characters.
fn kept(text: &str) -> String {
    let mut chars = text.chars();
    let mut kept: String = chars
        .by_ref()
        .take(MAX_CHARS)
        .map(|char| if char == '\0' { '\u{fffd}' } else { char })
        .collect();
    if chars.next().is_some() {
        kept.push('…');
    }
    kept
}
