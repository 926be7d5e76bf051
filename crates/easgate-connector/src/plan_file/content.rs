//! What stands in the file.

use std::collections::{BTreeMap, HashMap};

use easgate_compliance::{Change, HeldBy, ListEdit};
use easgate_model::{DeviceId, Mailbox, MailboxId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::inputs::inputs;
use crate::config::OrganizationConfig;
use crate::cycle::Planned;
use crate::lists::list_change;

/// A plan, by stable names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    pub(super) organization: String,
    pub(super) exchange_organization: Uuid,
    pub(super) made: String,
    mode: String,
    /// The SHA-256 of the facts that it was made from.
    inputs: String,
    guard: Guard,
    /// How many changes there are for which reason.
    reasons: BTreeMap<String, u64>,
    pub(super) changes: Vec<FileChange>,
}

/// What the guard said, and by which figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Guard {
    go: u64,
    held: u64,
    devices: u64,
    loses_access: u64,
    gains_access: u64,
    lost_in_24_hours: u64,
    gained_in_24_hours: u64,
    matched: u64,
    matchable: u64,
}

/// One change of a plan in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// The mailbox's Guid.
    pub mailbox: Uuid,
    /// Its address, for people.
    pub address: String,
    /// The device.
    #[serde(with = "device")]
    pub device_id: DeviceId,
    /// What the policy wants, by its stable name.
    pub access: String,
    /// Why, by its stable name.
    pub reason: String,
    /// What Exchange gave the device when the plan was made.
    pub before: String,
    /// What it gives once the change is made.
    pub after: String,
    /// The allow list as it was.
    pub allowed: Vec<String>,
    /// The block list as it was.
    pub blocked: Vec<String>,
    /// What happens to the allow list.
    pub allow: FileEdit,
    /// What happens to the block list.
    pub block: FileEdit,
    /// Why the guard held it, if it did.
    pub held_by: Option<String>,
    /// The decision.
    pub decision_id: Uuid,
    /// What is sent.
    pub command: String,
}

/// What happens to one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileEdit {
    /// Nothing.
    Keep,
    /// The device is added.
    Add,
    /// The device is taken out.
    Remove,
}

impl From<ListEdit> for FileEdit {
    fn from(edit: ListEdit) -> Self {
        match edit {
            ListEdit::Keep => Self::Keep,
            ListEdit::Add => Self::Add,
            ListEdit::Remove => Self::Remove,
        }
    }
}

impl FileEdit {
    /// Whether the list holds the device afterwards, when it did or did not before.
    pub(super) const fn holds(self, before: bool) -> bool {
        match self {
            Self::Keep => before,
            Self::Add => true,
            Self::Remove => false,
        }
    }
}

impl Content {
    pub(super) fn new(config: &OrganizationConfig, planned: &Planned, now: OffsetDateTime) -> Self {
        let exchange = &planned.facts.exchange;
        let mailboxes: HashMap<MailboxId, &Mailbox> = exchange
            .mailboxes
            .iter()
            .map(|mailbox| (mailbox.id, mailbox))
            .collect();
        let held: HashMap<Uuid, HeldBy> = planned
            .verdict
            .held
            .iter()
            .map(|held| (held.change.decision_id, held.by))
            .collect();
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        for change in &planned.plan.changes {
            *reasons.entry(change.reason.name().to_owned()).or_default() += 1;
        }
        let now = now.replace_nanosecond(0).unwrap_or(now);
        Self {
            organization: config.name.clone(),
            exchange_organization: exchange.settings.id.0,
            made: now.format(&Rfc3339).unwrap_or_else(|_| now.to_string()),
            mode: config.mode.name().to_owned(),
            inputs: inputs(&planned.facts),
            guard: Guard::of(planned),
            reasons,
            changes: planned
                .plan
                .changes
                .iter()
                .map(|change| {
                    let mailbox = mailboxes.get(&change.mailbox).copied();
                    FileChange::new(change, mailbox, held.get(&change.decision_id).copied())
                })
                .collect(),
        }
    }
}

impl Guard {
    fn of(planned: &Planned) -> Self {
        let figures = &planned.verdict.figures;
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Self {
            go: count(planned.verdict.go.len()),
            held: count(planned.verdict.held.len()),
            devices: figures.devices,
            loses_access: figures.loses,
            gains_access: figures.gains,
            lost_in_24_hours: figures.window.lost,
            gained_in_24_hours: figures.window.gained,
            matched: figures.match_rate.matched,
            matchable: figures.match_rate.of,
        }
    }
}

impl FileChange {
    fn new(change: &Change, mailbox: Option<&Mailbox>, held_by: Option<HeldBy>) -> Self {
        let texts = |ids: &[DeviceId]| ids.iter().map(ToString::to_string).collect();
        Self {
            mailbox: change.mailbox.0,
            address: change.address.clone(),
            device_id: change.device.clone(),
            access: change.access.name().to_owned(),
            reason: change.reason.name().to_owned(),
            before: change.before.name().to_owned(),
            after: change.after.name().to_owned(),
            allowed: mailbox.map_or_else(Vec::new, |mailbox| texts(&mailbox.allowed)),
            blocked: mailbox.map_or_else(Vec::new, |mailbox| texts(&mailbox.blocked)),
            allow: change.allow.into(),
            block: change.block.into(),
            held_by: held_by.map(|by| by.name().to_owned()),
            decision_id: change.decision_id,
            command: list_change(change, mailbox).to_powershell(),
        }
    }

    /// Whose lists.
    #[must_use]
    pub const fn mailbox_id(&self) -> MailboxId {
        MailboxId(self.mailbox)
    }
}

/// A device id as its text, which is checked when it is read.
mod device {
    use easgate_model::DeviceId;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(id: &DeviceId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DeviceId, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
