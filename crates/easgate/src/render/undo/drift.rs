//! What others changed.

use easgate_connector::seen_json;
use easgate_model::escape;
use easgate_store::{DriftRow, DriftSeen};
use serde_json::{Value, json};

use crate::output;
use crate::render::time;

/// The findings as an object.
pub(crate) fn json(organization: &str, rows: &[DriftRow]) -> Value {
    let findings = rows.iter().map(|row| {
        let mut value = seen_json(&row.seen);
        value["id"] = row.id.0.into();
        value["first_seen"] = time(row.first_seen).into();
        value["last_seen"] = time(row.last_seen).into();
        value["over"] = row.over.map(time).into();
        value["acknowledged"] = row
            .acknowledged
            .as_ref()
            .map(|acknowledged| {
                json!({
                    "at": time(acknowledged.at),
                    "by": acknowledged.by.name,
                    "uid": acknowledged.by.uid,
                    "note": acknowledged.note,
                })
            })
            .into();
        value
    });
    json!({
        "organization": organization,
        "drift": findings.collect::<Vec<_>>(),
    })
}

/// A table of the findings, oldest first.
pub(crate) fn text(organization: &str, rows: &[DriftRow]) {
    let name = escape(organization);
    if rows.is_empty() {
        output::line(&format!(
            "{name}: nobody else has changed anything that somebody has not looked at."
        ));
        return;
    }
    output::line(&format!("{name}:"));
    let rows = rows.iter().map(|row| {
        [
            row.id.0.to_string(),
            time(row.first_seen),
            row.seen.subject.clone(),
            what(&row.seen),
            if row.over.is_some() { "over" } else { "stands" }.to_owned(),
            row.acknowledged.as_ref().map_or(String::new(), |acknowledged| {
                format!("{}: {}", acknowledged.by.name, acknowledged.note)
            }),
        ]
    });
    output::table(
        ["number", "first seen", "where", "what", "now", "looked at by"],
        rows,
    );
}

fn what(seen: &DriftSeen) -> String {
    let list = seen.list.map(|list| list.to_string()).unwrap_or_default();
    let device = seen.device.as_ref().map(ToString::to_string).unwrap_or_default();
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    match seen.kind.as_str() {
        "foreignAllow" if seen.contradicts => {
            format!("{device} was put on the {list} list, though the policy refuses it")
        }
        "foreignAllow" => format!("{device} was put on the {list} list"),
        "takenOut" => format!("{device}, an entry of easgate, was taken out of the {list} list"),
        "defaultLevel" => format!(
            "the default access level: {}, was {}",
            value(&seen.after),
            value(&seen.before)
        ),
        kind => format!("{kind}: {}, was {}", value(&seen.after), value(&seen.before)),
    }
}
