//! Which server is in use and why, which cannot be reached, and what ends soon.

use easgate_connector::{InUse, Status, next_try};
use easgate_model::escape;
use easgate_store::Outage;
use serde_json::{Value, json};

use super::{Expiry, Seen};
use crate::render::{count, time};

/// Why the server is in use.
pub(super) fn in_use_json(in_use: &InUse) -> Value {
    let (instead_of, outage) = match in_use {
        InUse::First => (None, None),
        InUse::StandsIn {
            instead_of, outage, ..
        } => (Some(instead_of), outage.as_ref()),
    };
    json!({
        "is": in_use.name(),
        "instead_of": instead_of,
        "unreachable_since": outage.map(|outage| time(outage.since)),
        "cause": outage.map(|outage| &outage.cause),
    })
}

/// The servers that could not be reached, each with its next time.
pub(super) fn outages_json(outages: &[Outage]) -> Vec<Value> {
    let one = |outage: &Outage| {
        json!({
            "server": outage.server,
            "since": time(outage.since),
            "failures": outage.failures,
            "tried": time(outage.tried),
            "next_try": time(next_try(outage)),
            "cause": outage.cause,
        })
    };
    outages.iter().map(one).collect()
}

/// How long a certificate lasts.
pub(super) fn expiry_json(expiry: &Expiry) -> Value {
    json!({
        "what": expiry.what,
        "path": expiry.path,
        "subject": expiry.subject,
        "until": expiry.until.map(time),
        "outcome": expiry.outcome,
        "evidence": expiry.text,
    })
}

/// The same for a person.
pub(super) fn lines(status: &Status, seen: &Seen) -> Vec<String> {
    let mut lines = vec![line("server in use", &in_use(status.server.as_deref(), seen))];
    lines.extend(
        status
            .outages
            .iter()
            .map(|outage| line("cannot be reached", &of_outage(outage))),
    );
    let due = seen.expiries.iter().filter(|expiry| !expiry.is_well);
    lines.extend(due.map(|expiry| line("look at", &of_expiry(expiry))));
    lines
}

fn line(what: &str, text: &str) -> String {
    format!("  {what:<22}{text}")
}

fn in_use(server: Option<&str>, seen: &Seen) -> String {
    let Some(server) = server.map(escape) else {
        return "none yet".to_owned();
    };
    match &seen.in_use {
        None => server,
        Some(InUse::First) => format!("{server}, the first of `servers`"),
        Some(InUse::StandsIn {
            told,
            instead_of,
            outage,
        }) => {
            let which = if *told {
                "told by the organisation"
            } else {
                "another of `servers`"
            };
            let why = match outage {
                Some(outage) => format!("could not be reached since {}", time(outage.since)),
                None => "is used again by the next run".to_owned(),
            };
            format!("{server}, {which}: {} {why}", escape(instead_of))
        }
    }
}

fn of_outage(outage: &Outage) -> String {
    format!(
        "{} since {}, {}; scheduled runs try it again at {}: {}",
        escape(&outage.server),
        time(outage.since),
        count(u64::from(outage.failures), "trial"),
        time(next_try(outage)),
        escape(&outage.cause)
    )
}

fn of_expiry(expiry: &Expiry) -> String {
    let subject = expiry
        .subject
        .as_deref()
        .map(|subject| format!("{}, ", escape(subject)));
    format!(
        "{} {}: {}{}",
        expiry.what,
        escape(&expiry.path),
        subject.unwrap_or_default(),
        escape(&expiry.text)
    )
}
