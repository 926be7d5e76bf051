//! What stops, holds and overrides, for people and for programs.

use easgate_connector::{HeldSummary, Standing};
use easgate_model::{escape, escape_long};
use easgate_store::{Actor, Caution, HeldPlan, HeldState, Pause};
use serde_json::{Value, json};

use crate::output;
use crate::render::{count, time};

/// How many devices of a plan are listed in a text.
const LISTED: usize = 200;

/// A pause as an object.
pub(crate) fn pause(pause: &Pause) -> Value {
    json!({
        "since": time(pause.since),
        "reason": pause.reason,
        "by": pause.by.name,
        "uid": pause.by.uid,
    })
}

/// A pause as a sentence.
pub(crate) fn pause_text(pause: &Pause) -> String {
    format!(
        "paused since {} by {} because of: {}",
        time(pause.since),
        who(&pause.by),
        escape_long(&pause.reason)
    )
}

/// A caution as an object.
pub(crate) fn caution(caution: &Caution) -> Value {
    json!({
        "kind": caution.kind.name(),
        "since": time(caution.since),
        "detail": caution.detail,
    })
}

/// A held plan as an object.
pub(crate) fn plan(organization: &str, plan: &HeldPlan) -> Value {
    json!({
        "organization": organization,
        "plan": plan.id,
        "cause": plan.cause,
        "state": plan.state.name(),
        "since": time(plan.since),
        "seen": time(plan.seen),
        "run": plan.run.0,
        "figures": plan.figures,
        "said": plan.said.as_ref().map(|said| json!({
            "by": said.by.name,
            "uid": said.by.uid,
            "at": time(said.at),
            "until": said.until.map(time),
            "note": said.note,
        })),
        "release": HeldSummary::of(plan).command(organization),
        "changes": plan.changes.iter().map(|row| json!({
            "mailbox": row.address,
            "device_id": row.device.as_str(),
            "access": row.access,
            "reason": row.reason,
            "before": row.before,
            "after": row.after,
            "since": time(row.since),
        })).collect::<Vec<_>>(),
    })
}

/// Prints a held plan for a person.
pub(crate) fn plan_text(organization: &str, plan: &HeldPlan) {
    output::line(&format!(
        "{organization}: {}",
        HeldSummary::of(plan).sentence(organization)
    ));
    if plan.said.is_some() {
        output::line(&format!("  {}", said_text(plan)));
    }
    let of = |key: &str| plan.figures[key].as_u64().unwrap_or(0);
    let day = |key: &str| plan.figures["last_24_hours"][key].as_u64().unwrap_or(0);
    output::line(&format!(
        "  of {}: {} would lose access ({} did in 24 hours), {} refused ones would gain it ({}), entries of {} would \
         be taken back ({})",
        count(of("devices"), "device"),
        of("loses"),
        day("lost"),
        of("gains"),
        day("gained"),
        of("removals"),
        day("removed")
    ));
    let rows = plan.changes.iter().take(LISTED).map(|row| {
        [
            row.address.clone(),
            row.device.as_str().to_owned(),
            format!("{} -> {}", row.before, row.after),
            row.reason.clone(),
            time(row.since),
        ]
    });
    output::table(
        ["mailbox", "device", "Exchange gives", "reason", "held since"],
        rows,
    );
    if plan.changes.len() > LISTED {
        output::note(&format!(
            "There are more changes than the {LISTED} shown: --json shows all {}.",
            plan.changes.len()
        ));
    }
}

/// What was said to a plan, as a sentence.
pub(crate) fn said_text(plan: &HeldPlan) -> String {
    let Some(said) = &plan.said else {
        return format!("plan {} is {}", plan.id, plan.state);
    };
    let changes = count(u64::try_from(plan.changes.len()).unwrap_or(u64::MAX), "change");
    let note = said
        .note
        .as_deref()
        .map_or_else(String::new, |note| format!(": {}", escape_long(note)));
    let until = said
        .until
        .map_or_else(String::new, |until| format!(", until {}", time(until)));
    let effect = match plan.state {
        HeldState::Approved if HeldSummary::of(plan).is_undoing() => {
            "; the same undoing, asked for again, makes those that it still wants"
        }
        HeldState::Approved => "; the next sync makes those that the facts still want",
        HeldState::Rejected => "; they stay held",
        HeldState::Held | HeldState::Ended => "",
    };
    format!(
        "plan {} ({}), {changes}: {} by {} at {}{until}{note}{effect}",
        plan.id,
        plan.cause,
        plan.state,
        who(&said.by),
        time(said.at)
    )
}

/// What stands, as an object.
pub(crate) fn standing(organization: &str, standing: &Standing) -> Value {
    let held = standing.held.iter().map(HeldSummary::of);
    json!({
        "paused": standing.pause.as_ref().map(pause),
        "caution": standing.caution.as_ref().map(caution),
        "held_plans": held.map(|plan| json!({
            "plan": plan.id,
            "cause": plan.cause,
            "state": plan.state.name(),
            "changes": plan.changes,
            "since": time(plan.since),
            "release": plan.command(organization),
        })).collect::<Vec<_>>(),
        "overrides": standing.overrides.len(),
        "vanished": standing.tombstones.len(),
        "vanished_held_until": standing.tombstones.iter().map(|stone| stone.until).max().map(time),
        "unread_for_hours": standing.unread_for.map(time::Duration::whole_hours),
    })
}

/// Prints what stands, where anything does.
pub(crate) fn standing_text(organization: &str, standing: &Standing) {
    if let Some(pause) = &standing.pause {
        output::line(&format!(
            "  {}; nothing is written until `easgate resume`",
            pause_text(pause)
        ));
    }
    if let Some(caution) = &standing.caution {
        let (caution, since) = (escape_long(&caution.to_string()), time(caution.since));
        output::line(&format!("  {caution} (since {since})"));
    }
    for plan in &standing.held {
        output::line(&format!("  {}", HeldSummary::of(plan).sentence(organization)));
    }
    let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    if !standing.overrides.is_empty() {
        output::line(&format!(
            "  {} decided by hand",
            count(number(standing.overrides.len()), "device")
        ));
    }
    if let Some(until) = standing.tombstones.iter().map(|stone| stone.until).max() {
        output::line(&format!(
            "  {} held because their records vanished together, the last until {}",
            count(number(standing.tombstones.len()), "device"),
            time(until)
        ));
    }
    for warning in standing.warnings() {
        output::note(&format!("warning: {warning}"));
    }
}

/// A name, and the user of the operating system beside it where the name does not tell it.
pub(crate) fn who(actor: &Actor) -> String {
    let name = escape(&actor.name);
    match actor.uid {
        Some(uid) if name != format!("uid {uid}") => format!("{name} (uid {uid})"),
        Some(_) | None => name,
    }
}
