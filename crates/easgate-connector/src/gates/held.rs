//! Which held plan a held change belongs to, so that a plan keeps its id while its class is held.

use std::collections::{BTreeMap, BTreeSet};

use easgate_compliance::{Change, Figures, GuardVerdict, HeldBy, Released};
use easgate_model::{DeviceId, MailboxId};
use easgate_store::{HeldPlan, HeldRow, HeldState, RunId};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

/// The namespace of the ids of held plans.
const NAMESPACE: Uuid = Uuid::from_u128(0x5e2c_9d31_7b46_4f0e_8a1d_c3f7_20b9_64ae);
/// How many characters an id has.
const ID: usize = 8;

/// What a run wants, and what the guard says to it.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) changes: &'a [Change],
    pub(super) verdict: &'a GuardVerdict,
}

/// The run that held, and what it knows.
pub(super) struct Occasion<'a> {
    pub(super) organization: &'a str,
    /// What is undone; empty for what the policy wants. Each sees its own plans alone.
    pub(super) scope: &'a str,
    pub(super) run: RunId,
    pub(super) now: OffsetDateTime,
    /// Whether what somebody said to the plan has expired.
    pub(super) is_over: &'a dyn Fn(&HeldPlan) -> bool,
    /// Whether the run decided about the device.
    pub(super) is_decided: &'a dyn Fn(MailboxId, &DeviceId) -> bool,
}

/// The cause of a plan: the guard's stable name, with what is undone before it.
fn cause(scope: &str, by: HeldBy) -> String {
    if scope.is_empty() {
        by.name().to_owned()
    } else {
        format!("{scope}: {}", by.name())
    }
}

/// Why `plan` is held, where it is one of `scope`.
fn held_by(scope: &str, plan: &HeldPlan) -> Option<HeldBy> {
    HeldBy::ALL.into_iter().find(|by| cause(scope, *by) == plan.cause)
}

/// What an approved plan of `scope` lets go.
pub(super) fn released(scope: &str, plan: &HeldPlan) -> impl Iterator<Item = Released> {
    let cause = held_by(scope, plan);
    let rows = plan.changes.iter();
    rows.filter_map(move |row| Some((row.mailbox, row.device.clone(), cause?)))
}

/// How `plans` stand after a run, and the new ones.
///
/// - What nobody has said anything to yet has the changes that its class holds now, and keeps its id.
/// - What was approved or rejected keeps those of its changes that are still wanted, and gets no new ones: a device
///   that comes later belongs to a new plan.
/// - An approval that has expired ends, and what is still held of it belongs to a new plan.
/// - A plan without changes has ended.
pub(super) fn after(plans: &[HeldPlan], wanted: Wanted<'_>, occasion: &Occasion<'_>) -> Vec<HeldPlan> {
    let figures = figures(&wanted.verdict.figures);
    let of_scope = |plan: &&HeldPlan| held_by(occasion.scope, plan).is_some();
    let plans: Vec<&HeldPlan> = plans.iter().filter(of_scope).collect();
    let mut said_to = BTreeSet::new();
    let mut after = Vec::new();
    for plan in plans.iter().filter(|plan| plan.state != HeldState::Held) {
        let mut plan = (*plan).clone();
        if plan.state == HeldState::Approved && (occasion.is_over)(&plan) {
            plan.changes.clear();
        }
        retain_wanted(&mut plan, wanted, occasion);
        let keys = plan.changes.iter().map(|row| (plan.cause.clone(), key(row)));
        said_to.extend(keys.collect::<Vec<_>>());
        plan.seen = occasion.now;
        after.push(plan);
    }
    let mut held: BTreeMap<HeldBy, Vec<&Change>> = BTreeMap::new();
    for change in &wanted.verdict.held {
        let key = (change.change.mailbox, folded(&change.change.device));
        if !said_to.contains(&(cause(occasion.scope, change.by), key)) {
            held.entry(change.by).or_default().push(&change.change);
        }
    }
    for by in HeldBy::ALL {
        let open = plans
            .iter()
            .find(|plan| plan.state == HeldState::Held && plan.cause == cause(occasion.scope, by));
        let changes = held.remove(&by).unwrap_or_default();
        let mut plan = match open {
            Some(open) => (*open).clone(),
            None if changes.is_empty() => continue,
            None => new_plan(by, occasion),
        };
        let before = std::mem::take(&mut plan.changes);
        plan.changes = rows(&changes, before, occasion);
        plan.seen = occasion.now;
        plan.figures.clone_from(&figures);
        after.push(plan);
    }
    after
}

fn new_plan(by: HeldBy, occasion: &Occasion<'_>) -> HeldPlan {
    let cause = cause(occasion.scope, by);
    let text = format!("{}\n{cause}\n{}", occasion.organization, occasion.run);
    let mut id = Uuid::new_v5(&NAMESPACE, text.as_bytes()).simple().to_string();
    id.truncate(ID);
    HeldPlan {
        id,
        cause,
        state: HeldState::Held,
        run: occasion.run,
        since: occasion.now,
        seen: occasion.now,
        figures: Value::Null,
        said: None,
        changes: Vec::new(),
    }
}

/// The changes that are held now, with the time since when; and those of `before` that the run did not look at.
fn rows(changes: &[&Change], before: Vec<HeldRow>, occasion: &Occasion<'_>) -> Vec<HeldRow> {
    let since: BTreeMap<_, _> = before.iter().map(|row| (key(row), row.since)).collect();
    let mut rows: Vec<HeldRow> = changes
        .iter()
        .map(|change| HeldRow {
            mailbox: change.mailbox,
            device: change.device.clone(),
            address: change.address.clone(),
            access: change.access.name().to_owned(),
            reason: change.reason.name().to_owned(),
            before: change.before.name().to_owned(),
            after: change.after.name().to_owned(),
            since: since
                .get(&(change.mailbox, folded(&change.device)))
                .copied()
                .unwrap_or(occasion.now),
        })
        .collect();
    let elsewhere = before
        .into_iter()
        .filter(|row| !(occasion.is_decided)(row.mailbox, &row.device));
    rows.extend(elsewhere);
    rows
}

/// Takes out of `plan` what the facts do not want any more.
fn retain_wanted(plan: &mut HeldPlan, wanted: Wanted<'_>, occasion: &Occasion<'_>) {
    let Some(by) = held_by(occasion.scope, plan) else {
        return;
    };
    let wanted: BTreeSet<_> = wanted
        .changes
        .iter()
        .filter(|change| by.is_about(change))
        .map(|change| (change.mailbox, folded(&change.device)))
        .collect();
    plan.changes
        .retain(|row| wanted.contains(&key(row)) || !(occasion.is_decided)(row.mailbox, &row.device));
}

fn key(row: &HeldRow) -> (MailboxId, String) {
    (row.mailbox, folded(&row.device))
}

fn folded(device: &DeviceId) -> String {
    device.as_str().to_ascii_lowercase()
}

/// The figures of the guard, with stable names.
fn figures(figures: &Figures) -> Value {
    json!({
        "devices": figures.devices,
        "loses": figures.loses,
        "gains": figures.gains,
        "removals": figures.removals,
        "last_24_hours": {
            "lost": figures.window.lost,
            "gained": figures.window.gained,
            "removed": figures.window.removed,
        },
        "match": { "matched": figures.match_rate.matched, "of": figures.match_rate.of },
    })
}
