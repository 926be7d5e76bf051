//! What is taken over and given up.

use easgate_compliance::{Adoption, OwnedEntry, PassedOver, Standing};
use easgate_connector::UndoReport;
use serde_json::{Value, json};

use super::{entries, errors, length};
use crate::output;

/// What could be taken over, as an object with stable names, and what became of it.
pub(crate) fn adoption_json(organization: &str, found: &Adoption, report: Option<&UndoReport>) -> Value {
    json!({
        "organization": organization,
        "kind": "adopt",
        "entries": found.entries.iter().map(|one| json!({
            "mailbox": one.address,
            "list": one.entry.list.name(),
            "device_id": one.entry.device.as_str(),
            "access": one.access.name(),
            "reason": one.reason.name(),
            "before": one.level.name(),
            "after": one.level.name(),
            "decision_id": one.decision_id,
        })).collect::<Vec<_>>(),
        "passed_over": found.passed_over.iter().map(|one| json!({
            "mailbox": one.address,
            "list": one.entry.list.name(),
            "device_id": one.entry.device.as_str(),
            "access": one.wanted.map(|(access, _)| access.name()),
            "reason": one.wanted.map(|(_, reason)| reason.name()),
        })).collect::<Vec<_>>(),
        "done": report.map(UndoReport::to_json),
    })
}

/// A table of the entries, then those that stay somebody else's.
pub(crate) fn adoption_text(found: &Adoption, report: Option<&UndoReport>) {
    if found.entries.is_empty() {
        output::line("No entry of anybody else's agrees with the policy.");
    } else {
        let rows = found.entries.iter().map(|one| {
            let level = one.level.name();
            row(
                &one.address,
                &one.entry,
                one.reason.name(),
                format!("{level} before and after"),
            )
        });
        output::table(["mailbox", "list", "device", "reason", "Exchange gives"], rows);
    }
    if !found.passed_over.is_empty() {
        output::line("");
        output::line(&format!(
            "Not taken over, {}:",
            entries(length(&found.passed_over))
        ));
        let rows = found.passed_over.iter().map(|one| {
            let reason = one.wanted.map_or("", |(_, reason)| reason.name());
            row(&one.address, &one.entry, reason, why(one).to_owned())
        });
        output::table(["mailbox", "list", "device", "reason", "why"], rows);
    }
    output::line("");
    let number = entries(length(&found.entries));
    match report {
        None => output::line(&format!(
            "{number} would be taken over. Nothing was changed; the same with --yes carries it out."
        )),
        Some(report) => {
            output::line(&format!(
                "Run {}: {} taken over; no list was changed.",
                report.run,
                entries(report.entries)
            ));
            errors(report);
        }
    }
}

/// What would be given up, as an object with stable names, and what became of it.
pub(crate) fn release_json(organization: &str, standing: &[Standing], report: Option<&UndoReport>) -> Value {
    json!({
        "organization": organization,
        "kind": "release",
        "entries": standing.iter().map(|one| json!({
            "mailbox": one.address,
            "list": one.entry.list.name(),
            "device_id": one.entry.device.as_str(),
            "listed": one.listed,
            "before": one.level.map(|level| level.name()),
            "after": one.level.map(|level| level.name()),
        })).collect::<Vec<_>>(),
        "done": report.map(UndoReport::to_json),
    })
}

/// A table of the entries with what each device has, before as after.
pub(crate) fn release_text(standing: &[Standing], report: Option<&UndoReport>) {
    if standing.is_empty() {
        output::line("No entry is easgate's.");
    } else {
        let rows = standing.iter().map(|one| {
            let level = one.level.map_or("", |level| level.name());
            let note = match (one.level, one.listed) {
                (None, _) => "the mailbox is not here",
                (Some(_), false) => "somebody else has taken it out",
                (Some(_), true) => "",
            };
            row(&one.address, &one.entry, level, note.to_owned())
        });
        output::table(["mailbox", "list", "device", "before and after", ""], rows);
    }
    output::line("");
    let number = entries(length(standing));
    match report {
        None => output::line(&format!(
            "{number} would be given up: the lists stay as they are. Nothing was changed; the same with --yes carries it \
             out."
        )),
        Some(report) => {
            output::line(&format!(
                "Run {}: {} given up; no list was changed. A sync in mode enforce makes new ones: to uninstall, do not \
                 run it again.",
                report.run,
                entries(report.entries)
            ));
            errors(report);
        }
    }
}

fn row(address: &str, entry: &OwnedEntry, third: &str, last: String) -> [String; 5] {
    [
        address.to_owned(),
        entry.list.name().to_owned(),
        entry.device.as_str().to_owned(),
        third.to_owned(),
        last,
    ]
}

/// Why an entry stays somebody else's.
const fn why(one: &PassedOver) -> &'static str {
    use easgate_compliance::{Access, List};
    match (one.entry.list, one.wanted) {
        (_, None) => "the device is not here",
        (List::Allow, Some((Access::Block | Access::Quarantine, _)))
        | (List::Block, Some((Access::Allow, _))) => "it contradicts the policy",
        (_, Some((Access::Untouched, _))) => "the policy does not decide the device",
        (List::Allow, Some((Access::Allow, _)))
        | (List::Block, Some((Access::Block | Access::Quarantine, _))) => {
            "it would be taken out as soon as it is easgate's"
        }
    }
}
