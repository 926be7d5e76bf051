//! The ownership registry, rebuilt from the audit.

use std::collections::{BTreeMap, BTreeSet};

use easgate_model::{DeviceId, MailboxId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{AuditAction, AuditEvent, AuditRecord, append};
use crate::convert::to_time;
use crate::organization::{StoreError, Writer, writing};
use crate::owned::{List, OwnedEntry, OwnedRow, own};
use crate::runs::RunId;

/// An entry that was ours by the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The entry.
    pub entry: OwnedEntry,
    /// The decision that it carries out; nil where the audit names none.
    pub decision: Uuid,
    /// When it became ours.
    pub added: OffsetDateTime,
}

/// Reads a chain, record by record, for what was ours at its end. Nothing that was only intended counts.
#[derive(Debug, Default)]
pub struct Rebuild {
    ours: BTreeMap<OwnedEntry, Recorded>,
    pending: BTreeSet<(MailboxId, DeviceId)>,
}

impl Rebuild {
    /// Takes the next record.
    ///
    /// # Errors
    /// It is of a change or an entry and does not tell which.
    pub fn next(&mut self, record: &AuditRecord) -> Result<(), RebuildError> {
        let Ok(action) = record.action.parse::<AuditAction>() else {
            return Ok(());
        };
        let is_of_entry = matches!(
            action,
            AuditAction::Adopted | AuditAction::Released | AuditAction::Forgotten
        );
        if !action.is_change() && !is_of_entry {
            return Ok(());
        }
        let about = About::of(record)?;
        let key = (about.mailbox, about.device.clone());
        if action == AuditAction::ChangeIntended {
            self.pending.insert(key);
        } else if action.is_change() {
            self.pending.remove(&key);
        }
        if action == AuditAction::ChangeApplied {
            self.disown(&about, about.before.difference(&about.after));
            self.own(&about, about.after.difference(&about.before));
        } else if action == AuditAction::ChangeUnknown {
            // What was to be removed stays ours, so that it is removed again.
            self.own(&about, about.before.difference(&about.after));
        } else if action == AuditAction::Adopted {
            self.own(&about, about.after.iter());
        } else if is_of_entry {
            self.disown(&about, about.before.iter());
        }
        Ok(())
    }

    /// What was ours, by mailbox, list and device.
    pub fn ours(&self) -> impl Iterator<Item = &Recorded> {
        self.ours.values()
    }

    /// How many devices have a change that was intended, and of which nothing more is known.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    fn own<'l>(&mut self, about: &About, lists: impl Iterator<Item = &'l List>) {
        for list in lists {
            let entry = about.entry(*list);
            let recorded = Recorded {
                entry: entry.clone(),
                decision: about.decision,
                added: about.at,
            };
            self.ours.entry(entry).or_insert(recorded);
        }
    }

    fn disown<'l>(&mut self, about: &About, lists: impl Iterator<Item = &'l List>) {
        for list in lists {
            self.ours.remove(&about.entry(*list));
        }
    }
}

/// What a record is about.
struct About {
    mailbox: MailboxId,
    device: DeviceId,
    decision: Uuid,
    at: OffsetDateTime,
    before: BTreeSet<List>,
    after: BTreeSet<List>,
}

impl About {
    fn of(record: &AuditRecord) -> Result<Self, RebuildError> {
        let wrong = || RebuildError {
            sequence: record.sequence,
        };
        let mailbox = record.mailbox.as_deref().ok_or_else(wrong)?;
        let device = record.device.as_deref().ok_or_else(wrong)?;
        let decision = record.decision.as_deref().map(Uuid::parse_str);
        Ok(Self {
            mailbox: MailboxId(Uuid::parse_str(mailbox).map_err(|_| wrong())?),
            device: device.parse().map_err(|_| wrong())?,
            decision: decision.transpose().map_err(|_| wrong())?.unwrap_or_default(),
            at: to_time(record.at, "audit.recorded").map_err(|_| wrong())?,
            before: lists(record.before.as_deref()).ok_or_else(wrong)?,
            after: lists(record.after.as_deref()).ok_or_else(wrong)?,
        })
    }

    fn entry(&self, list: List) -> OwnedEntry {
        OwnedEntry {
            mailbox: self.mailbox,
            list,
            device: self.device.clone(),
        }
    }
}

/// The lists of a value, such as `allow, block`.
fn lists(value: Option<&str>) -> Option<BTreeSet<List>> {
    match value {
        None | Some("none") => Some(BTreeSet::new()),
        Some(value) => value.split(", ").map(|list| list.parse().ok()).collect(),
    }
}

/// A record that should tell a mailbox, a device and lists does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence} of the audit does not tell which entry it is about")]
pub struct RebuildError {
    sequence: i64,
}

impl Writer {
    /// Writes that `entries` are ours, in `run`, and records it for each of them. What is ours already stays as it
    /// is.
    ///
    /// # Errors
    /// The store cannot be written: nothing of it was.
    pub async fn rebuild_registry(
        &self,
        entries: &[Recorded],
        run: RunId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        const WHAT: &str = "the ownership registry";
        let wrong = writing(WHAT);
        let mut transaction = self.begin().await.map_err(&wrong)?;
        let summary = AuditEvent {
            run: Some(run),
            after: Some(format!("{} entries", entries.len())),
            ..AuditEvent::new(AuditAction::RegistryRebuilt, self.actor().clone(), now)
        };
        append(&mut transaction, self.organization(), &summary)
            .await
            .map_err(&wrong)?;
        for recorded in entries {
            let row = OwnedRow {
                entry: recorded.entry.clone(),
                decision: recorded.decision,
                run,
                added: recorded.added,
            };
            own(&mut transaction, self.id(), &row).await.map_err(&wrong)?;
            let event = AuditEvent {
                run: Some(run),
                decision: Some(recorded.decision),
                reason: Some("rebuilt from an export of the audit".to_owned()),
                ..AuditEvent::of_entry(AuditAction::Adopted, self.actor().clone(), now, &recorded.entry)
            };
            append(&mut transaction, self.organization(), &event)
                .await
                .map_err(&wrong)?;
        }
        transaction.commit().await.map_err(|error| error.writing(WHAT))
    }
}
