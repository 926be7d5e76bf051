//! What is undone, before and after.

pub(crate) mod claims;
pub(crate) mod drift;
pub(crate) mod history;

use std::collections::HashMap;

use easgate_compliance::{Change, HeldBy, ListEdit, OwnedEntry};
use easgate_connector::{PlannedUndo, UndoReport, list_change};
use easgate_model::{escape, escape_long};
use serde_json::{Value, json};

use crate::output;
use crate::render::count;

/// The plan as an object with stable names, and what became of it.
pub(crate) fn json(organization: &str, planned: &PlannedUndo, report: Option<&UndoReport>) -> Value {
    let held = held(planned);
    let mailboxes: HashMap<_, _> = planned
        .exchange
        .mailboxes
        .iter()
        .map(|mailbox| (mailbox.id, mailbox))
        .collect();
    let changes = planned.undo.plan.changes.iter().map(|change| {
        let command = list_change(change, mailboxes.get(&change.mailbox).copied());
        json!({
            "mailbox": change.address,
            "device_id": change.device.as_str(),
            "allow": edit_name(change.allow),
            "block": edit_name(change.block),
            "before": change.before.name(),
            "after": change.after.name(),
            "held_by": held.get(&change.decision_id).map(|by| by.name()),
            "command": command.to_powershell(),
        })
    });
    let figures = &planned.verdict.figures;
    json!({
        "organization": organization,
        "kind": planned.undoing.name(),
        "changes": changes.collect::<Vec<_>>(),
        "given_up": planned.undo.missing.iter().map(entry_json).collect::<Vec<_>>(),
        "skipped": planned.undo.skipped.iter().map(|skipped| json!({
            "mailbox": skipped.address,
            "device_id": skipped.device.as_str(),
            "why": skipped.why.name(),
            "explanation": skipped.why.explain(),
        })).collect::<Vec<_>>(),
        "guard": {
            "devices": figures.devices,
            "loses": figures.loses,
            "gains": gains(planned),
            "lost_in_24_hours": figures.window.lost,
            "gained_in_24_hours": figures.window.gained,
            "held": planned.verdict.held.len(),
        },
        "done": report.map(UndoReport::to_json),
    })
}

/// A table of the changes, then what is skipped, what the guard says, and what was done.
pub(crate) fn text(planned: &PlannedUndo, report: Option<&UndoReport>) {
    let changes = &planned.undo.plan.changes;
    let held = held(planned);
    if changes.is_empty() {
        output::line("No list would change.");
    } else {
        let rows = changes.iter().map(|change| {
            [
                change.address.clone(),
                change.device.as_str().to_owned(),
                edits(change),
                format!("{} -> {}", change.before.name(), change.after.name()),
                held.get(&change.decision_id)
                    .map_or(String::new(), |by| format!("held: {}", by.name())),
            ]
        });
        output::table(["mailbox", "device", "lists", "Exchange gives", "guard"], rows);
    }
    if !planned.undo.missing.is_empty() {
        let entries = entries(length(&planned.undo.missing));
        output::line(&format!(
            "{entries} of easgate, which somebody else has taken out, would only be given up."
        ));
    }
    skipped(planned);
    guard(planned);
    match report {
        None => output::line(
            "Nothing was changed. The same with --yes carries it out, and keeps the organisation in mode plan until \
             `easgate resume`.",
        ),
        Some(report) => done(report),
    }
}

fn skipped(planned: &PlannedUndo) {
    let skipped = &planned.undo.skipped;
    if skipped.is_empty() {
        return;
    }
    output::line("");
    output::line(&format!("{} stay as they are:", count(length(skipped), "device")));
    let rows = skipped.iter().map(|skipped| {
        [
            skipped.address.clone(),
            skipped.device.as_str().to_owned(),
            skipped.why.explain().to_owned(),
        ]
    });
    output::table(["mailbox", "device", "why"], rows);
}

fn guard(planned: &PlannedUndo) {
    let figures = &planned.verdict.figures;
    output::line("");
    output::line(&format!(
        "{} of {}: {} would lose mail, {} would get it.",
        count(length(&planned.undo.plan.changes), "change"),
        count(figures.devices, "device"),
        figures.loses,
        gains(planned)
    ));
    if !planned.verdict.held.is_empty() {
        output::line(&format!(
            "The guard holds it, with {} lost and {} gained in the last 24 hours: nothing at all is changed then.",
            figures.window.lost, figures.window.gained
        ));
    }
}

/// What was done.
fn done(report: &UndoReport) {
    let changes = &report.changes;
    output::line(&format!(
        "Run {}: {} applied, {} failed, {} held by the guard.",
        report.run, changes.applied, changes.failed, changes.held
    ));
    for plan in &report.held_plans {
        output::line(&escape_long(&plan.sentence(&report.organization)));
    }
    if let Some(forced) = &report.forced {
        output::line(&format!(
            "The organisation is kept in mode {} until `easgate resume`.",
            escape(&forced.mode)
        ));
    }
    errors(report);
}

fn errors(report: &UndoReport) {
    for error in &report.errors {
        let place = [error.mailbox.as_deref(), error.device.as_deref()];
        let place: Vec<String> = place.into_iter().flatten().map(escape).collect();
        let place = if place.is_empty() {
            String::new()
        } else {
            format!("{}: ", place.join(" "))
        };
        output::note(&format!("error: {place}{}", escape_long(&error.message)));
    }
}

fn held(planned: &PlannedUndo) -> HashMap<uuid::Uuid, HeldBy> {
    let held = planned.verdict.held.iter();
    held.map(|held| (held.change.decision_id, held.by)).collect()
}

/// How many devices would get mail, whether an earlier run refused them or not.
fn gains(planned: &PlannedUndo) -> usize {
    let changes = planned.undo.plan.changes.iter();
    changes.filter(|change| change.gains_access()).count()
}

fn edits(change: &Change) -> String {
    let edit = |edit, list: &str| match edit {
        ListEdit::Keep => None,
        ListEdit::Add => Some(format!("+{list}")),
        ListEdit::Remove => Some(format!("-{list}")),
    };
    let edits = [edit(change.allow, "allow"), edit(change.block, "block")];
    edits.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

const fn edit_name(edit: ListEdit) -> &'static str {
    match edit {
        ListEdit::Keep => "keep",
        ListEdit::Add => "add",
        ListEdit::Remove => "remove",
    }
}

fn entry_json(entry: &OwnedEntry) -> Value {
    json!({
        "mailbox_guid": entry.mailbox.to_string(),
        "list": entry.list.name(),
        "device_id": entry.device.as_str(),
    })
}

fn entries(number: u64) -> String {
    if number == 1 {
        "1 entry".to_owned()
    } else {
        format!("{number} entries")
    }
}

fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}
