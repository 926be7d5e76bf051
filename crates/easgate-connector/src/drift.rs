//! What others changed in Exchange since the last full sync: found, kept and told.

use std::collections::{BTreeMap, BTreeSet};

use easgate_compliance::{Drift, LastKnown, Setting, drift};
use easgate_model::{DeviceId, MailboxId};
use easgate_store::{
    DriftRow, DriftSeen, Edit, List, Look, Observed, Organization, Outcome, OwnedEntry, RunId, StoreError,
    Writer,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::cycle::{Planned, by_id};
use crate::ownership::{planned_entry, stored_list};

const FOREIGN_ALLOW: &str = "foreignAllow";
const TAKEN_OUT: &str = "takenOut";

/// What others changed, as one full sync saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriftReport {
    /// What is new since the last full sync.
    pub new: Vec<DriftSeen>,
    /// How many findings nobody has acknowledged, those among them.
    pub open: u64,
}

impl DriftReport {
    /// What somebody should know; the default level and what was taken out are told elsewhere.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let count = |what: fn(&DriftSeen) -> bool| self.new.iter().filter(|seen| what(seen)).count();
        let foreign = count(|seen| seen.kind == FOREIGN_ALLOW);
        let refused = count(|seen| seen.kind == FOREIGN_ALLOW && seen.contradicts);
        let rules = count(|seen| seen.kind == "accessRule");
        let mut warnings = Vec::new();
        if foreign > 0 {
            warnings.push(format!(
                "{foreign} devices were put on allow lists by somebody else since the last full sync, {refused} of \
                 them refused by the policy; `easgate drift` lists them"
            ));
        }
        if rules > 0 {
            warnings.push(format!(
                "{rules} device access rules were changed by somebody else since the last full sync; `easgate drift` \
                 lists them"
            ));
        }
        warnings
    }

    /// The findings as JSON with stable names.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "new": self.new.iter().map(seen_json).collect::<Vec<_>>(),
            "open": self.open,
        })
    }
}

/// What was seen, as an object with stable names.
#[must_use]
pub fn seen_json(seen: &DriftSeen) -> Value {
    json!({
        "kind": seen.kind,
        "subject": seen.subject,
        "mailbox_guid": seen.mailbox.map(|mailbox| mailbox.to_string()),
        "list": seen.list.map(|list| list.to_string()),
        "device_id": seen.device.as_ref().map(DeviceId::as_str),
        "before": seen.before,
        "after": seen.after,
        "contradicts": seen.contradicts,
    })
}

/// Compares what a full sync read with what the last one had read, and keeps both the findings and what was read.
///
/// The first look finds nothing: whatever is there then is what the organisation begins with.
pub(crate) async fn look(
    writer: &Writer,
    run: RunId,
    planned: &Planned,
    taken_out: &[OwnedEntry],
    now: OffsetDateTime,
) -> Result<DriftReport, StoreError> {
    let organization = writer.organization();
    let known = LastKnown::of(&planned.facts.exchange, &planned.plan.foreign);
    let before = organization.last_known().await?.map(last_known);
    let before = before.as_ref().unwrap_or(&known);
    let rows = organization.all_drift().await?;
    let again = put_in_again(organization, &rows).await?;
    let missing: Vec<_> = taken_out.iter().map(planned_entry).collect();
    let found = drift(before, &known, &planned.plan.foreign, &missing);

    let (mut still, mut over) = (Vec::new(), Vec::new());
    let mut standing = BTreeSet::new();
    for row in rows.iter().filter(|row| row.over.is_none()) {
        if stands(row, &known, taken_out) && !again.contains(&row.id) && !is_changed_again(row, &found) {
            standing.extend(key(&row.seen));
            still.push(row.id);
        } else {
            over.push(row.id);
        }
    }
    let mailboxes = by_id(&planned.facts.exchange);
    let named = |id: MailboxId| {
        mailboxes
            .get(&id)
            .map_or_else(|| id.to_string(), |mailbox| mailbox.title())
    };
    let new: Vec<DriftSeen> = found
        .into_iter()
        .map(|found| seen(found, named))
        .filter(|seen| key(seen).is_none_or(|key| !standing.contains(&key)))
        .collect();
    let look = Look {
        observed: observed(&known),
        new,
        still,
        over,
    };
    writer.record_look(&look, run, now).await?;
    let open = rows.iter().filter(|row| row.acknowledged.is_none()).count();
    Ok(DriftReport {
        open: u64::try_from(open + look.new.len()).unwrap_or(u64::MAX),
        new: look.new,
    })
}

/// The findings of entries taken out that this program has put in again since: if they are missing, somebody has
/// taken them out once more.
async fn put_in_again(
    organization: &Organization,
    rows: &[DriftRow],
) -> Result<BTreeSet<easgate_store::DriftId>, StoreError> {
    let taken_out = || {
        rows.iter()
            .filter(|row| row.over.is_none() && row.seen.kind == TAKEN_OUT)
    };
    let Some(since) = taken_out().map(|row| row.last_seen).min() else {
        return Ok(BTreeSet::new());
    };
    let mut added: BTreeMap<(MailboxId, List, DeviceId), RunId> = BTreeMap::new();
    for entry in organization.journal_since(since).await? {
        if entry.outcome == Some(Outcome::Applied) {
            for (list, edit, _) in entry.intent.edits() {
                if edit == Edit::Add {
                    added.insert(
                        (entry.intent.mailbox, list, entry.intent.device.clone()),
                        entry.intent.run,
                    );
                }
            }
        }
    }
    Ok(taken_out()
        .filter(|row| {
            key(&row.seen)
                .and_then(|key| added.get(&key))
                // A run looks before it writes.
                .is_some_and(|run| *run >= row.run)
        })
        .map(|row| row.id)
        .collect())
}

/// Whether Exchange still shows what was found.
fn stands(row: &DriftRow, known: &LastKnown, taken_out: &[OwnedEntry]) -> bool {
    let seen = &row.seen;
    match (seen.mailbox, seen.list, &seen.device) {
        (Some(mailbox), Some(list), Some(device)) if seen.kind == TAKEN_OUT => taken_out
            .iter()
            .any(|entry| entry.mailbox == mailbox && entry.list == list && entry.device == *device),
        (Some(mailbox), _, Some(device)) => known.foreign_allows.contains(&(mailbox, device.clone())),
        _ => Setting::from_parts(&seen.kind, &seen.subject)
            .is_some_and(|setting| known.settings.get(&setting) == seen.after.as_ref()),
    }
}

/// Whether the setting of a finding was changed once more.
fn is_changed_again(row: &DriftRow, found: &[Drift]) -> bool {
    found.iter().any(|found| match found {
        Drift::Setting { setting, .. } => {
            setting.kind() == row.seen.kind && setting.name() == row.seen.subject
        }
        Drift::ForeignAllow { .. } | Drift::TakenOut { .. } => false,
    })
}

fn key(seen: &DriftSeen) -> Option<(MailboxId, List, DeviceId)> {
    Some((seen.mailbox?, seen.list?, seen.device.clone()?))
}

fn seen(found: Drift, named: impl Fn(MailboxId) -> String) -> DriftSeen {
    let of_entry = |kind: &str, entry: easgate_compliance::OwnedEntry, contradicts| DriftSeen {
        kind: kind.to_owned(),
        mailbox: Some(entry.mailbox),
        subject: named(entry.mailbox),
        list: Some(stored_list(entry.list)),
        device: Some(entry.device),
        before: None,
        after: None,
        contradicts,
    };
    match found {
        Drift::ForeignAllow { entry, contradicts } => of_entry(FOREIGN_ALLOW, entry, contradicts),
        Drift::TakenOut { entry } => of_entry(TAKEN_OUT, entry, false),
        Drift::Setting {
            setting,
            before,
            after,
        } => DriftSeen {
            kind: setting.kind().to_owned(),
            mailbox: None,
            subject: setting.name().to_owned(),
            list: None,
            device: None,
            before,
            after,
            contradicts: false,
        },
    }
}

fn observed(known: &LastKnown) -> Observed {
    let mut foreign_allows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (mailbox, device) in &known.foreign_allows {
        foreign_allows
            .entry(mailbox.to_string())
            .or_default()
            .push(device.as_str().to_owned());
    }
    let settings = known.settings.iter().map(|(setting, value)| {
        (
            setting.kind().to_owned(),
            setting.name().to_owned(),
            value.clone(),
        )
    });
    Observed {
        settings: settings.collect(),
        foreign_allows,
    }
}

/// What was kept. What this version does not understand is left out, and is found anew.
fn last_known(observed: Observed) -> LastKnown {
    let settings = observed
        .settings
        .into_iter()
        .filter_map(|(kind, name, value)| Some((Setting::from_parts(&kind, &name)?, value)));
    let allows = observed.foreign_allows.iter().flat_map(|(mailbox, devices)| {
        let mailbox = uuid::Uuid::try_parse(mailbox).ok().map(MailboxId);
        devices
            .iter()
            .filter_map(move |device| Some((mailbox?, device.parse::<DeviceId>().ok()?)))
    });
    LastKnown {
        settings: settings.collect(),
        foreign_allows: allows.collect(),
    }
}
