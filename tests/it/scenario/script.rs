//! Scenarios as text. A line is a command:
//!
//! ```text
//! mode observe|plan|enforce      unmanaged quarantine|block      limit loses 1 | limit loses 100%
//! default Allow|Quarantine|Block          what Exchange gives by itself
//! source file|graph                       organisation 2    tenant 3    clock 6m
//! person ana@x.example [upn=ana@corp]     mailbox lab@x.example    crowd 100 noncompliant
//! phone ana@x.example A1                  lost ana@x.example A1
//! enrol ana@x.example A1 compliant|-      unlist ana@x.example A1         list ana@x.example +allow A1
//! fail apply [A1] | fail devices  refused|busy|connection|unauthorized|not-granted|full|silent|lost [N]
//! crash before|after                      the next change ends the process before or after its effect
//! wait 25h                                accept-shrunken exchange.devices
//! slow 20m                                each change takes so long
//! meanwhile ana@x.example A1 compliant    an enrolment that comes with the next change
//! quick   watch   user ana@x.example   sync-and-watch   sync-and-user ana@x.example   watch-and-sync
//! sync   plan   lists   access   status   explain ana@x.example [A1]
//! ```
//!
//! `undo`, `odd` and `gates` have more of them.

use std::fmt::Write;

use easgate_compliance::{Limits, Threshold, Unmanaged};
use easgate_connector::ports::{CallErrorKind, SourceKind};
use easgate_connector::{CycleError, Report, chain, list_change};
use easgate_model::{AccessLevel, DeviceId};
use uuid::Uuid;

use super::rig::{Part, Rig};
use super::world::{Fault, mailbox_id};

/// Runs the commands of `text`, and returns it with what came out.
pub(crate) async fn run(text: &str) -> String {
    let mut rig = Rig::new();
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with('>')) {
        out.push_str(line);
        out.push('\n');
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(said) = super::undo::run(&rig, &words).await {
            tell(&mut out, &said);
            continue;
        }
        if let Some(said) = super::odd::run(&rig, &words).await {
            tell(&mut out, &said);
            continue;
        }
        if let Some(said) = super::gates::run(&mut rig, &words).await {
            tell(&mut out, &said);
            continue;
        }
        let said = match words.as_slice() {
            [] => continue,
            [first, ..] if first.starts_with('#') => continue,
            ["sync"] => sync(&rig, rig.sync().await),
            ["quick"] => sync(&rig, Some(rig.part(Part::Quick).await)),
            ["watch"] => sync(&rig, Some(rig.part(Part::Watch).await)),
            ["user", address] => sync(&rig, Some(rig.part(Part::User(address.parse().unwrap())).await)),
            ["sync-and-watch"] => both(&rig, ("full", "watch"), (Part::Full, Part::Watch, "apply")).await,
            ["sync-and-watch", "inventory"] => {
                both(&rig, ("full", "watch"), (Part::Full, Part::Watch, "inventory")).await
            }
            ["watch-and-sync"] => both(&rig, ("watch", "full"), (Part::Watch, Part::Full, "apply")).await,
            ["sync-and-user", address] => {
                let user = Part::User(address.parse().unwrap());
                both(&rig, ("full", "user"), (Part::Full, user, "apply")).await
            }
            ["plan"] => plan(&rig).await,
            ["lists"] => lists(&rig).await,
            ["status"] => status(&rig).await,
            ["explain", mailbox] => explain(&rig, mailbox, None).await,
            ["explain", mailbox, device] => explain(&rig, mailbox, Some(device.parse().unwrap())).await,
            ["access"] => access(&rig),
            words => {
                set(&mut rig, words);
                continue;
            }
        };
        tell(&mut out, &said);
    }
    out
}

fn tell(out: &mut String, said: &str) {
    for said in said.lines() {
        writeln!(out, "> {said}").unwrap();
    }
}

fn set(rig: &mut Rig, words: &[&str]) {
    match *words {
        ["mode", mode] => rig.config.mode = mode.parse().unwrap(),
        ["unmanaged", "block"] => rig.config.policy.unmanaged = Unmanaged::Block,
        ["unmanaged", "quarantine"] => rig.config.policy.unmanaged = Unmanaged::Quarantine,
        ["limit", "loses", limit] => rig.config.limits.loses_access = threshold(limit),
        ["limit", "removals", limit] => rig.config.limits.removals = threshold(limit),
        ["limit", "gains", limit] => rig.config.limits.gains_access = threshold(limit),
        ["accept-shrunken", input] => drop(rig.config.accept_shrunken.insert(input.to_owned())),
        ["fail", call, kind] => fail(rig, call, kind, "1"),
        ["fail", "apply", device, kind] if kind.parse::<u32>().is_err() => {
            fail(rig, &format!("apply {device}"), kind, "1");
        }
        ["fail", call, kind, times] => fail(rig, call, kind, times),
        ["fail", "apply", device, kind, times] => fail(rig, &format!("apply {device}"), kind, times),
        ["crash", "before"] => drop(
            rig.world
                .state()
                .faults
                .insert("apply".to_owned(), (Fault::CrashBefore, 1)),
        ),
        ["crash", "after"] => drop(
            rig.world
                .state()
                .faults
                .insert("apply".to_owned(), (Fault::CrashAfter, 1)),
        ),
        _ => set_world(rig, words),
    }
}

fn set_world(rig: &Rig, words: &[&str]) {
    let mut state = rig.world.state();
    match *words {
        ["default", level] => state.default_level = AccessLevel::from_name(level).unwrap(),
        ["source", "graph"] => state.source = SourceKind::Graph,
        ["source", "file"] => state.source = SourceKind::File,
        ["organisation", number] => state.organization = Uuid::from_u128(number.parse().unwrap()),
        ["tenant", number] => state.tenant = Some(Uuid::from_u128(number.parse().unwrap())),
        ["clock", ahead] => state.source_ahead = duration(ahead),
        ["wait", time] => state.now += duration(time),
        ["slow", time] => state.slow = duration(time),
        ["meanwhile", principal, device, compliance] => {
            state.meanwhile = Some([principal, device, compliance].map(str::to_owned));
        }
        ["person", address] => state.person(address, address),
        ["person", address, upn] => state.person(address, upn.strip_prefix("upn=").unwrap()),
        ["leave", address] => state.users.retain(|user| user.id != address),
        ["mailbox", address] => drop(state.mailbox(address).id),
        ["phone", address, device] => state.phones.push((mailbox_id(address), device.parse().unwrap())),
        ["lost", address, device] => {
            let device: DeviceId = device.parse().unwrap();
            state
                .phones
                .retain(|phone| *phone != (mailbox_id(address), device.clone()));
        }
        ["enrol", principal, device, compliance] => {
            state.enrol(principal, &device.parse().unwrap(), compliance);
        }
        ["unlist", principal, device] => state.unlisted.push(format!("{principal} {device}")),
        ["list", address, edit, device] => {
            let device: DeviceId = device.parse().unwrap();
            let mailbox = state.mailbox(address);
            match edit {
                "+allow" => mailbox.allowed.push(device),
                "+block" => mailbox.blocked.push(device),
                "-allow" => mailbox.allowed.retain(|known| *known != device),
                "-block" => mailbox.blocked.retain(|known| *known != device),
                edit => panic!("no such edit: {edit}"),
            }
        }
        ["crowd", number, compliance] => {
            for number in 0..number.parse::<u32>().unwrap() {
                let (address, device) = (format!("p{number:03}@x.example"), format!("C{number:03}"));
                if !state.users.iter().any(|user| user.id == address) {
                    state.person(&address, &address);
                    state.phones.push((mailbox_id(&address), device.parse().unwrap()));
                }
                state.enrol(&address, &device.parse().unwrap(), compliance);
            }
        }
        _ => panic!("no such command: {words:?}"),
    }
}

fn fail(rig: &Rig, call: &str, kind: &str, times: &str) {
    let fault = match kind {
        "refused" => Fault::Error(CallErrorKind::Refused),
        "busy" => Fault::Error(CallErrorKind::Transient { retry_after: None }),
        "connection" => Fault::Error(CallErrorKind::Connection),
        "unauthorized" => Fault::Error(CallErrorKind::Unauthorized),
        "not-granted" => Fault::Error(CallErrorKind::NotGranted),
        "incomplete" => Fault::Error(CallErrorKind::Incomplete),
        "full" => Fault::Error(CallErrorKind::ListFull),
        "silent" => Fault::Silent,
        "lost" => Fault::Lost,
        kind => panic!("no such fault: {kind}"),
    };
    rig.world
        .state()
        .faults
        .insert(call.to_owned(), (fault, times.parse().unwrap()));
}

fn threshold(text: &str) -> Threshold {
    match text.strip_suffix('%') {
        Some(percent) => Threshold::percent(percent.parse().unwrap()),
        None => Threshold::devices(text.parse().unwrap()),
    }
}

/// A guard that holds nothing.
pub(crate) const fn no_limits() -> Limits {
    Limits {
        loses_access: Threshold::percent(100.0),
        gains_access: Threshold::percent(100.0),
        removals: Threshold::percent(100.0),
    }
}

pub(super) fn duration(text: &str) -> time::Duration {
    let (number, unit) = text.split_at(text.len() - 1);
    let number = number.parse().unwrap();
    match unit {
        "m" => time::Duration::minutes(number),
        "h" => time::Duration::hours(number),
        unit => panic!("no such unit: {unit}"),
    }
}

/// A run, and another that begins when the first makes its first call of a kind.
async fn both(rig: &Rig, (first, second): (&str, &str), parts: (Part, Part, &'static str)) -> String {
    let (older, newer) = rig.beside(parts.0, parts.1, parts.2).await;
    let newer = match newer {
        Ok(report) => told(&report),
        Err(error) => refused(&error),
    };
    format!("{second}: {newer}{first}: {}", sync(rig, Some(older)))
}

fn sync(rig: &Rig, ended: Option<Result<Report, CycleError>>) -> String {
    let mut out = match ended {
        None => "the process ended\n".to_owned(),
        Some(Ok(report)) => told(&report),
        Some(Err(error)) => refused(&error),
    };
    for edit in rig.world.state().log.drain(..) {
        writeln!(out, "{edit}").unwrap();
    }
    out
}

fn told(report: &Report) -> String {
    let (decisions, changes) = (&report.decisions, &report.changes);
    let mut out = format!(
        "exit {}: {} devices; allow {}, block {}, quarantine {}, untouched {}; \
         planned {}, applied {}, failed {}, held {}\n",
        report.exit_code(),
        report.devices,
        decisions.allow,
        decisions.block,
        decisions.quarantine,
        decisions.untouched,
        changes.planned,
        changes.applied,
        changes.failed,
        changes.held,
    );
    if report.replaced > 0 {
        writeln!(out, "replaced {}", report.replaced).unwrap();
    }
    if let Some(needed) = &report.full_needed {
        writeln!(out, "needs a full sync: {needed}").unwrap();
    }
    for effect in &report.overrides {
        let wanted = effect.wanted.map_or("by the policy", |wanted| wanted.name());
        let has = effect.effective.map_or("nothing", |level| level.name());
        let reason = effect.reason.map_or("undecided", |reason| reason.name());
        let why_not = effect.why_not.as_deref();
        let why_not = why_not.map_or_else(String::new, |why| format!("; {why}"));
        writeln!(out, "{} {wanted} ({reason}): has {has}{why_not}", effect.device).unwrap();
    }
    for error in &report.errors {
        let device = error
            .device
            .as_deref()
            .map(|device| format!(" {device}"))
            .unwrap_or_default();
        writeln!(out, "{}{device}: {}", error.kind, error.message).unwrap();
    }
    for warning in &report.warnings {
        writeln!(out, "warning: {warning}").unwrap();
    }
    out
}

fn refused(error: &CycleError) -> String {
    let mut out = format!("exit {}: {}\n", error.exit_code(), chain(error));
    if let Some(cure) = error.cure() {
        writeln!(out, "cure: {cure}").unwrap();
    }
    out
}

async fn plan(rig: &Rig) -> String {
    let planned = match rig.plan().await {
        Ok(planned) => planned,
        Err(error) => return refused(&error),
    };
    let mut out = format!(
        "planned {}, held {}\n",
        planned.plan.changes.len(),
        planned.verdict.held.len()
    );
    for change in &planned.plan.changes {
        let command = list_change(change, None).to_powershell();
        let (_, edits) = command.split_once(" -ActiveSync").unwrap();
        writeln!(
            out,
            "{} {}: {} ({})",
            change.address,
            change.device,
            edits,
            change.reason.name()
        )
        .unwrap();
    }
    out
}

async fn explain(rig: &Rig, mailbox: &str, device: Option<DeviceId>) -> String {
    let store = rig.store().await;
    let cycle = rig.cycle(&store);
    let explained = match cycle.explain(mailbox, device.as_ref()).await {
        Ok(explained) => explained,
        Err(error) => return format!("{}\n", chain(&error)),
    };
    let mut out = String::new();
    for device in &explained.devices {
        let explanation = cycle.explanation(&explained, device).expect("it was found");
        let (decision, now, after) = (
            &explanation.decision,
            &explanation.exchange_now,
            &explanation.exchange_after,
        );
        let (access, reason) = (decision.access, decision.reason.name());
        writeln!(
            out,
            "{device} {access} ({reason}): {} now, {} after",
            now.level, after.level
        )
        .unwrap();
    }
    if out.is_empty() {
        "no devices\n".to_owned()
    } else {
        out
    }
}

async fn status(rig: &Rig) -> String {
    let store = rig.store().await;
    let status = easgate_connector::status(&store, "contoso").await.unwrap();
    let result = |run: &Option<easgate_store::Run>| {
        let result = run.as_ref().and_then(|run| run.result);
        result.map_or_else(|| "-".to_owned(), |result| result.to_string())
    };
    let mut out = format!(
        "{}: last attempt {}, last success {}, server {}, {} entries ours, {} open\n",
        status.state.name(),
        result(&status.last_attempt),
        result(&status.last_success),
        status.server.as_deref().unwrap_or("-"),
        status.owned,
        status.unsettled,
    );
    for ((access, reason), devices) in &status.decisions {
        writeln!(out, "{access} {reason} {devices}").unwrap();
    }
    out
}

async fn lists(rig: &Rig) -> String {
    let owned = rig.owned().await;
    let state = rig.world.state();
    let mut out = String::new();
    for mailbox in &state.mailboxes {
        for (list, devices) in [("allow", &mailbox.allowed), ("block", &mailbox.blocked)] {
            for device in devices {
                let key = format!("{} {list} {device}", mailbox.id).to_ascii_lowercase();
                let whose = if owned.contains(&key) { "ours" } else { "foreign" };
                writeln!(out, "{} {list} {device} {whose}", mailbox.name).unwrap();
            }
        }
    }
    if out.is_empty() {
        "no entries\n".to_owned()
    } else {
        out
    }
}

fn access(rig: &Rig) -> String {
    let state = rig.world.state();
    let mut out = String::new();
    for (mailbox, device) in &state.phones {
        writeln!(out, "{device} {}", state.access(*mailbox, device)).unwrap();
    }
    out
}
