//! Runs, and what they changed.

use easgate_model::escape;
use easgate_store::{AuditRecord, Edit, JournalEntry, Outcome, Run};
use serde_json::{Value, json};

use crate::output;
use crate::render::time;

/// The runs as an object.
pub(crate) fn runs_json(organization: &str, runs: &[Run]) -> Value {
    json!({
        "organization": organization,
        "runs": runs.iter().map(run).collect::<Vec<_>>(),
    })
}

/// A table of runs, newest first.
pub(crate) fn runs_text(organization: &str, runs: &[Run]) {
    output::line(&format!("{}:", escape(organization)));
    let rows = runs.iter().map(|run| {
        let figure = |name: &str| {
            let figures = run.figures.as_ref();
            let number = figures.and_then(|figures| figures["changes"][name].as_u64());
            number.map_or(String::new(), |number| number.to_string())
        };
        [
            run.id.to_string(),
            time(run.started),
            run.kind.clone(),
            run.mode.clone(),
            run.result
                .map_or("still running", |result| result.name())
                .to_owned(),
            figure("planned"),
            figure("applied"),
            figure("held"),
        ]
    });
    output::table(
        [
            "run", "started", "kind", "mode", "result", "planned", "applied", "held",
        ],
        rows,
    );
}

/// One run with its changes.
pub(crate) fn run_json(
    organization: &str,
    run: &Run,
    entries: &[JournalEntry],
    claims: &[AuditRecord],
) -> Value {
    let mut value = self::run(run);
    value["organization"] = organization.into();
    value["report"] = run.figures.clone().unwrap_or_default();
    value["changes"] = entries.iter().map(change).collect();
    value["entries"] = claims.iter().map(claim).collect();
    value
}

/// Changes as an object.
pub(crate) fn changes_json(organization: &str, entries: &[JournalEntry]) -> Value {
    json!({
        "organization": organization,
        "changes": entries.iter().map(change).collect::<Vec<_>>(),
    })
}

/// A table of changes.
pub(crate) fn changes_text(entries: &[JournalEntry]) {
    if entries.is_empty() {
        output::line("No list was changed.");
        return;
    }
    let rows = entries.iter().map(|entry| {
        let intent = &entry.intent;
        [
            intent.run.to_string(),
            time(intent.at),
            intent.address.clone(),
            intent.device.as_str().to_owned(),
            edits(entry),
            intent.reason.clone(),
            outcome(entry).to_owned(),
        ]
    });
    output::table(
        ["run", "when", "mailbox", "device", "lists", "reason", "outcome"],
        rows,
    );
}

/// A table of what was taken over and given up.
pub(crate) fn claims_text(claims: &[AuditRecord]) {
    if claims.is_empty() {
        return;
    }
    let rows = claims.iter().map(|record| {
        let mailbox = record.address.as_ref().or(record.mailbox.as_ref());
        [
            record.action.clone(),
            mailbox.cloned().unwrap_or_default(),
            list(record).to_owned(),
            record.device.clone().unwrap_or_default(),
            record.actor.clone(),
        ]
    });
    output::table(["what", "mailbox", "list", "device", "by"], rows);
}

fn run(run: &Run) -> Value {
    json!({
        "run": run.id.0,
        "kind": run.kind,
        "mode": run.mode,
        "started": time(run.started),
        "finished": run.finished.map(time),
        "result": run.result.map(|result| result.name()),
        "server": run.server,
    })
}

fn change(entry: &JournalEntry) -> Value {
    let intent = &entry.intent;
    json!({
        "run": intent.run.0,
        "when": time(intent.at),
        "mailbox": intent.address,
        "device_id": intent.device.as_str(),
        "allow": edit_name(intent.allow),
        "allow_existed": intent.allow_existed,
        "block": edit_name(intent.block),
        "block_existed": intent.block_existed,
        "access": intent.access,
        "reason": intent.reason,
        "decision_id": intent.decision,
        "command": intent.command,
        "outcome": outcome(entry),
        "detail": detail(entry),
    })
}

fn claim(record: &AuditRecord) -> Value {
    json!({
        "what": record.action,
        "mailbox": record.address,
        "mailbox_guid": record.mailbox,
        "list": list(record),
        "device_id": record.device,
        "by": record.actor,
        "uid": record.actor_uid,
    })
}

fn list(record: &AuditRecord) -> &str {
    record
        .after
        .as_deref()
        .or(record.before.as_deref())
        .unwrap_or_default()
}

fn edits(entry: &JournalEntry) -> String {
    let edits = entry.intent.edits().map(|(list, edit, _)| match edit {
        Edit::Keep => String::new(),
        Edit::Add => format!("+{list}"),
        Edit::Remove => format!("-{list}"),
    });
    edits.collect::<Vec<_>>().join(" ")
}

const fn edit_name(edit: Edit) -> &'static str {
    match edit {
        Edit::Keep => "keep",
        Edit::Add => "add",
        Edit::Remove => "remove",
    }
}

const fn outcome(entry: &JournalEntry) -> &'static str {
    match &entry.outcome {
        None => "pending",
        Some(Outcome::Applied) => "applied",
        Some(Outcome::Failed(_)) => "failed",
        Some(Outcome::Unknown(_)) => "unknown",
    }
}

const fn detail(entry: &JournalEntry) -> Option<&String> {
    match &entry.outcome {
        None | Some(Outcome::Applied) => None,
        Some(Outcome::Failed(detail) | Outcome::Unknown(detail)) => Some(detail),
    }
}
