//! What an administrator asks of our entries, as commands of a scenario:
//!
//! ```text
//! [plan] adopt [allow|block] [MAILBOX]    [plan] release    [plan] revert
//! [plan] rollback 2 | rollback since 1h   resume            drift
//! ```

use std::fmt::Write;

use easgate_compliance::{Adoption, List, ListEdit, Standing};
use easgate_connector::{
    AdoptWish, Clock, Cycle, PlannedUndo, RollBack, UndoError, UndoReport, Undoing, chain,
};
use easgate_store::{Actor, RunId, Store};

use super::rig::Rig;
use super::script::duration;

/// Runs the command, if it is one of these.
pub(super) async fn run(rig: &Rig, words: &[&str]) -> Option<String> {
    rig.world.state().log.clear();
    let store = rig.store().await;
    let cycle = rig.cycle(&store);
    let said = tokio::select! {
        biased;
        said = asked(rig, &cycle, words) => said,
        () = rig.world.crash.notified() => Some("the process ended\n".to_owned()),
    };
    let said = match (said, words) {
        (None, ["resume"]) => Some(resume(rig, &store).await),
        (None, ["drift"]) => Some(drift(&store).await),
        (said, _) => said,
    };
    store.close().await;
    let mut out = said?;
    for edit in std::mem::take(&mut rig.world.state().log) {
        writeln!(out, "{edit}").unwrap();
    }
    Some(out)
}

async fn asked(rig: &Rig, cycle: &Cycle<'_>, words: &[&str]) -> Option<String> {
    Some(match words {
        ["plan", "adopt", wish @ ..] => told(cycle.plan_adopt(&adopt_wish(wish)).await, |found| {
            adoption(&found)
        }),
        ["adopt", wish @ ..] => told(cycle.adopt(&adopt_wish(wish), ana()).await, |(found, report)| {
            adoption(&found) + &ended(&report)
        }),
        ["plan", "release"] => told(cycle.plan_release().await, |standing| given_up(&standing)),
        ["release"] => told(cycle.release(ana()).await, |(standing, report)| {
            given_up(&standing) + &ended(&report)
        }),
        ["plan", words @ ..] => told(cycle.plan_undo(undoing(rig, words)?).await, |plan| planned(&plan)),
        words => told(cycle.undo(undoing(rig, words)?, ana()).await, |(plan, report)| {
            planned(&plan) + &ended(&report)
        }),
    })
}

fn undoing(rig: &Rig, words: &[&str]) -> Option<Undoing> {
    match words {
        ["revert"] => Some(Undoing::Revert),
        ["rollback", "since", time] => Some(Undoing::Rollback(RollBack::Since(
            rig.world.now() - duration(time),
        ))),
        ["rollback", run] => Some(Undoing::Rollback(RollBack::Run(RunId(run.parse().unwrap())))),
        _ => None,
    }
}

fn adopt_wish(words: &[&str]) -> AdoptWish {
    let mut wish = AdoptWish::default();
    for word in words {
        match *word {
            "allow" => wish.list = Some(List::Allow),
            "block" => wish.list = Some(List::Block),
            mailbox => wish.mailbox = Some(mailbox.to_owned()),
        }
    }
    wish
}

fn told<T>(result: Result<T, UndoError>, tell: impl FnOnce(T) -> String) -> String {
    match result {
        Ok(value) => tell(value),
        Err(error) => format!("{}\n", chain(&error)),
    }
}

fn planned(plan: &PlannedUndo) -> String {
    let figures = &plan.verdict.figures;
    let mut out = format!(
        "{} changes: {} would lose access, {} would gain it; held {}\n",
        plan.undo.plan.changes.len(),
        figures.loses,
        plan.undo
            .plan
            .changes
            .iter()
            .filter(|change| change.gains_access())
            .count(),
        plan.verdict.held.len()
    );
    for change in &plan.undo.plan.changes {
        let edit = |edit, list| match edit {
            ListEdit::Keep => String::new(),
            ListEdit::Add => format!(" +{list}"),
            ListEdit::Remove => format!(" -{list}"),
        };
        writeln!(
            out,
            "{} {}:{}{} {} -> {}",
            change.address,
            change.device,
            edit(change.allow, "allow"),
            edit(change.block, "block"),
            change.before,
            change.after
        )
        .unwrap();
    }
    for entry in &plan.undo.missing {
        writeln!(out, "only given up: {} {}", entry.list, entry.device).unwrap();
    }
    for skipped in &plan.undo.skipped {
        writeln!(
            out,
            "{} {} skipped: {}",
            skipped.address, skipped.device, skipped.why
        )
        .unwrap();
    }
    out
}

fn ended(report: &UndoReport) -> String {
    let changes = &report.changes;
    let mut out = format!(
        "exit {}: run {}; planned {}, applied {}, failed {}, held {}; {} entries\n",
        report.exit_code(),
        report.run,
        changes.planned,
        changes.applied,
        changes.failed,
        changes.held,
        report.entries
    );
    for plan in &report.held_plans {
        writeln!(out, "{}", plan.sentence("contoso")).unwrap();
    }
    if let Some(forced) = &report.forced {
        writeln!(out, "kept in mode {}: {}", forced.mode, forced.reason).unwrap();
    }
    for error in &report.errors {
        writeln!(out, "{}: {}", error.kind, error.message).unwrap();
    }
    out
}

fn adoption(found: &Adoption) -> String {
    let mut out = String::new();
    for one in &found.entries {
        let (list, device) = (one.entry.list, &one.entry.device);
        writeln!(out, "{} {list} {device}: {}", one.address, one.reason.name()).unwrap();
    }
    for one in &found.passed_over {
        let (list, device) = (one.entry.list, &one.entry.device);
        let wanted = one.wanted.map_or("-", |(_, reason)| reason.name());
        writeln!(out, "not {} {list} {device}: {wanted}", one.address).unwrap();
    }
    out
}

fn given_up(standing: &[Standing]) -> String {
    let mut out = String::new();
    for one in standing {
        let level = one.level.map_or("-", |level| level.name());
        let (list, device) = (one.entry.list, &one.entry.device);
        writeln!(out, "{} {list} {device}: {level} before and after", one.address).unwrap();
    }
    out
}

async fn resume(rig: &Rig, store: &Store) -> String {
    let organization = store.organization("contoso").await.unwrap();
    let ended = organization
        .end_forced_mode(ana(), rig.world.now())
        .await
        .unwrap();
    ended.map_or_else(
        || "nothing was forced\n".to_owned(),
        |forced| format!("not kept in mode {} any more\n", forced.mode),
    )
}

async fn drift(store: &Store) -> String {
    let organization = store.organization("contoso").await.unwrap();
    let rows = organization.all_drift().await.unwrap();
    let mut out = String::new();
    for row in rows {
        let seen = &row.seen;
        write!(out, "{} {} {}", row.id.0, seen.kind, seen.subject).unwrap();
        if let (Some(list), Some(device)) = (seen.list, &seen.device) {
            write!(out, " {list} {device}").unwrap();
        }
        if seen.contradicts {
            out.push_str(" against the policy");
        }
        if let (Some(before), Some(after)) = (&seen.before, &seen.after) {
            write!(out, ": {before} -> {after}").unwrap();
        }
        out.push_str(if row.over.is_some() { ", over\n" } else { "\n" });
    }
    out
}

/// Who asks.
pub(super) fn ana() -> Actor {
    Actor {
        name: "ana".to_owned(),
        uid: Some(1000),
    }
}
