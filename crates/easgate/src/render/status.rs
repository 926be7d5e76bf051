//! How an organisation stands.

mod servers;

use easgate_connector::{InUse, Mode, RetryFigures, Status};
use easgate_model::escape;
use easgate_store::Run;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::output;
use crate::render::{count, time};

/// What is seen beside what the store tells by itself.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Why the server that answered last is in use.
    pub(crate) in_use: Option<InUse>,
    /// How long certificates in files last.
    pub(crate) expiries: Vec<Expiry>,
}

/// How long a certificate lasts.
#[derive(Debug)]
pub(crate) struct Expiry {
    /// What the file is for.
    pub(crate) what: &'static str,
    /// Where it is.
    pub(crate) path: String,
    /// Whose it is; `None` where the file cannot be read.
    pub(crate) subject: Option<String>,
    /// When it ends.
    pub(crate) until: Option<OffsetDateTime>,
    /// The outcome as the doctor names it.
    pub(crate) outcome: &'static str,
    /// Whether there is nothing to do.
    pub(crate) is_well: bool,
    /// What to say of it.
    pub(crate) text: String,
}

/// The status as an object.
pub(crate) fn json(organization: &str, mode: Mode, status: &Status, seen: &Seen) -> Value {
    let decisions = status
        .decisions
        .iter()
        .map(|((access, reason), devices)| json!({ "access": access, "reason": reason, "devices": devices }));
    json!({
        "organization": organization,
        "mode": mode.name(),
        "status": status.state.name(),
        "last_attempted_sync": status.last_attempt.as_ref().map(run),
        "last_successful_sync": status.last_success.as_ref().map(run),
        "last_runs": status.kinds.iter().map(|kind| json!({
            "kind": kind.kind,
            "begun": time(kind.begun),
            "last_good": kind.good.map(time),
        })).collect::<Vec<_>>(),
        "server": status.server,
        "server_in_use": seen.in_use.as_ref().map(servers::in_use_json),
        "unreachable_servers": servers::outages_json(&status.outages),
        "expiries": seen.expiries.iter().map(servers::expiry_json).collect::<Vec<_>>(),
        "account_refused": status.refusal.as_ref().map(|refusal| json!({
            "server": refusal.server,
            "since": time(refusal.since),
            "cause": refusal.cause,
        })),
        "servers": status.baseline.servers.iter().map(|server| json!({
            "name": server.name,
            "version": server.version,
            "roles": server.roles,
        })).collect::<Vec<_>>(),
        "default_access_level": status.baseline.default_level,
        "decisions": decisions.collect::<Vec<_>>(),
        "exchange_states": status.states,
        "owned_entries": status.owned,
        "unsettled_changes": status.unsettled,
        "retries": {
            "waiting": status.retries.waiting,
            "given_up": status.retries.given_up,
            "next": status.retries.next.map(time),
        },
        "forced_mode": status.forced.as_ref().map(|forced| json!({
            "mode": forced.mode,
            "since": time(forced.since),
            "by": forced.by.name,
            "reason": forced.reason,
        })),
        "open_drift": status.open_drift,
    })
}

/// Prints the status for a person.
pub(crate) fn text(organization: &str, mode: Mode, status: &Status, seen: &Seen) {
    output::line(&format!(
        "{}: {}, mode {mode}",
        escape(organization),
        status.state.name()
    ));
    for (what, run) in [
        ("last attempted sync", &status.last_attempt),
        ("last successful sync", &status.last_success),
    ] {
        let text = run.as_ref().map_or_else(|| "none yet".to_owned(), run_text);
        output::line(&format!("  {what:<22}{text}"));
    }
    if let Some(forced) = &status.forced {
        output::line(&format!(
            "  {:<22}{} at the most since {} by {}, until `easgate resume`: {}",
            "kept in mode",
            escape(&forced.mode),
            time(forced.since),
            escape(&forced.by.name),
            escape(&forced.reason)
        ));
    }
    for line in servers::lines(status, seen) {
        output::line(&line);
    }
    for kind in &status.kinds {
        let good = kind.good.map_or_else(|| "never".to_owned(), time);
        let what = format!("last {} run", escape(&kind.kind));
        output::line(&format!(
            "  {what:<22}{}, read everything {good}",
            time(kind.begun)
        ));
    }
    text_of_what_stands(status);
    for ((access, reason), devices) in &status.decisions {
        output::line(&format!("{devices:>8}  {:<12}{}", escape(access), escape(reason)));
    }
}

/// What the store knows of the account, the organisation and our entries.
fn text_of_what_stands(status: &Status) {
    if let Some(refusal) = &status.refusal {
        output::line(&format!(
            "  {:<22}since {} by {}; nothing logs on until the password changes, or `sync --log-on-again`: {}",
            "account refused",
            time(refusal.since),
            escape(&refusal.server),
            escape(&refusal.cause)
        ));
    }
    for server in &status.baseline.servers {
        output::line(&format!(
            "  {:<22}{}, {}, {}",
            "Exchange server",
            escape(&server.name),
            escape(&server.version),
            escape(&server.roles)
        ));
    }
    if let Some(level) = &status.baseline.default_level {
        output::line(&format!("  {:<22}{}", "default access level", escape(level)));
    }
    output::line(&format!("  {:<22}{}", "entries of ours", status.owned));
    if status.open_drift > 0 {
        output::line(&format!(
            "  {:<22}{}, `easgate drift` lists them",
            "changed by others",
            count(status.open_drift, "finding")
        ));
    }
    text_of_retries(&status.retries);
    if status.unsettled > 0 {
        let unsettled = count(status.unsettled, "change");
        output::line(&format!(
            "  {unsettled} without a certain outcome; the next sync settles them"
        ));
    }
}

fn text_of_retries(retries: &RetryFigures) {
    if retries.waiting > 0 {
        let next = retries.next.map_or_else(|| "never".to_owned(), time);
        output::line(&format!(
            "  {:<22}{} that failed, next {next}",
            "tried again",
            count(retries.waiting, "change")
        ));
    }
    if retries.given_up > 0 {
        output::line(&format!(
            "  {:<22}ALARM: {} failed for a week; the next full sync decides about them anew",
            "given up",
            count(retries.given_up, "change")
        ));
    }
}

fn run(run: &Run) -> Value {
    json!({
        "kind": run.kind,
        "mode": run.mode,
        "started": time(run.started),
        "finished": run.finished.map(time),
        "result": run.result.map(|result| result.name()),
    })
}

fn run_text(run: &Run) -> String {
    let result = run.result.map_or("still running", |result| result.name());
    format!(
        "{} ({}, {}, {result})",
        time(run.started),
        escape(&run.kind),
        escape(&run.mode)
    )
}
