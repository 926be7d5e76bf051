//! What people decided about devices, for people and for programs.

use easgate_model::{escape, escape_long};
use easgate_store::{NewOverride, StoredOverride};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::command::Effect;
use crate::output;
use crate::render::gates::who;
use crate::render::time;

/// Prints what was decided about a device, and what it has now.
///
/// # Errors
/// The value cannot be written as JSON.
pub(crate) fn decided(
    organization: &str,
    new: &NewOverride,
    effect: &Effect,
    as_json: bool,
) -> Result<(), serde_json::Error> {
    if as_json {
        return output::json(&one(organization, new, effect, &new.access));
    }
    let note = if new.note.is_empty() {
        String::new()
    } else {
        format!(": {}", escape_long(&new.note))
    };
    output::line(&format!(
        "{}: {} {} is decided by hand: {} by {} {}{note}",
        escape(organization),
        escape(&new.address),
        escape(new.device.as_str()),
        new.access,
        who(&new.by),
        end(new.until),
    ));
    tell(effect);
    Ok(())
}

/// Prints that the override of a device has ended, and what the device has now.
///
/// # Errors
/// The value cannot be written as JSON.
pub(crate) fn cleared(
    organization: &str,
    ended: &NewOverride,
    effect: &Effect,
    as_json: bool,
) -> Result<(), serde_json::Error> {
    if as_json {
        return output::json(&one(organization, ended, effect, "clear"));
    }
    output::line(&format!(
        "{}: {} {} is decided by the policy again; it was {} by {} {}",
        escape(organization),
        escape(&ended.address),
        escape(ended.device.as_str()),
        ended.access,
        who(&ended.by),
        end(ended.until),
    ));
    tell(effect);
    Ok(())
}

/// Prints the overrides of one organisation.
pub(crate) fn table(organization: &str, overrides: &[StoredOverride], now: OffsetDateTime) {
    if overrides.is_empty() {
        output::line(&format!("{}: nothing is decided by hand.", escape(organization)));
        return;
    }
    let rows = overrides.iter().map(|one| {
        let what = &one.what;
        [
            what.address.clone(),
            what.device.to_string(),
            what.access.clone(),
            what.until.map_or_else(|| "cleared".to_owned(), time),
            state(one, now).to_owned(),
            who(&what.by),
            what.note.clone(),
        ]
    });
    output::line(&format!("{}:", escape(organization)));
    output::table(
        ["mailbox", "device", "by hand", "until", "effect", "by", "note"],
        rows,
    );
}

/// An override as an object.
pub(crate) fn json(organization: &str, one: &StoredOverride, now: OffsetDateTime) -> Value {
    let what = &one.what;
    json!({
        "organization": organization,
        "mailbox": what.address,
        "mailbox_guid": what.mailbox.0.to_string(),
        "device_id": what.device.as_str(),
        "by_hand": what.access,
        "made": time(what.made),
        "until": what.until.map(time),
        "note": what.note,
        "by": what.by.name,
        "uid": what.by.uid,
        "effect": state(one, now),
        "acted": one.acted.map(time),
        "ended": one.ended.as_ref().map(|end| json!({
            "at": time(end.at),
            "how": end.how,
            "by": end.by.as_ref().map(|by| &by.name),
            "uid": end.by.as_ref().and_then(|by| by.uid),
            "note": end.note,
        })),
    })
}

/// How an override stands.
fn state(one: &StoredOverride, now: OffsetDateTime) -> &'static str {
    let is_over = one.what.until.is_some_and(|until| until <= now);
    match (&one.ended, one.acted) {
        (Some(_), Some(_)) => "ended",
        (Some(_), None) => "ended, the policy has not decided yet",
        (None, _) if is_over => "expired, the policy has not decided yet",
        (None, Some(_)) => "in force",
        (None, None) => "not in force yet",
    }
}

fn one(organization: &str, what: &NewOverride, effect: &Effect, action: &str) -> Value {
    json!({
        "organization": organization,
        "mailbox": what.address,
        "device_id": what.device.as_str(),
        "action": action,
        "until": what.until.map(time),
        "note": what.note,
        "by": what.by.name,
        "uid": what.by.uid,
        "in_force": effect.why_not.is_none(),
        "effective": effect.effective,
        "reason": effect.reason,
        "why_not": effect.why_not,
    })
}

fn tell(effect: &Effect) {
    let reason = effect.reason.as_deref();
    let reason = reason.map_or_else(String::new, |reason| format!(" ({})", escape(reason)));
    match (&effect.effective, &effect.why_not) {
        (Some(has), None) => output::line(&format!("  Exchange gives the device now: {has}{reason}")),
        (None, None) => output::line(&format!("  done{reason}")),
        (Some(has), Some(why_not)) => {
            output::line(&format!("  Exchange gives the device now: {has}"));
            output::line(&format!("  not in force yet: {}", escape_long(why_not)));
        }
        (None, Some(why_not)) => output::line(&format!("  not in force yet: {}", escape_long(why_not))),
    }
}

fn end(until: Option<OffsetDateTime>) -> String {
    until.map_or_else(
        || "until it is cleared".to_owned(),
        |until| format!("until {}", time(until)),
    )
}
