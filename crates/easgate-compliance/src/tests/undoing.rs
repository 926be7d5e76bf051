//! Giving up, taking back, rolling back and taking over.

use std::collections::BTreeSet;
use std::fmt::Write;

use easgate_model::{DeviceId, MailboxId};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::{
    AdoptFilter, Change, Drift, HeldBy, LastKnown, Limits, List, ListEdit, OwnedEntry, Ownership, PastChange,
    ScopeFigures, SkippedBecause, UndoPlan, Window, adopt, drift, guard, release, revert, rollback,
};

use super::laws::any_world;
use super::world::{World, edit, mailbox_id};
use super::{crowd, plan_of};

/// The changes of one run, as the journal has them.
fn journal(world: &World, changes: &[Change]) -> Vec<PastChange> {
    changes
        .iter()
        .map(|change| {
            let mailbox = world
                .facts
                .exchange
                .mailboxes
                .iter()
                .find(|m| m.id == change.mailbox)
                .unwrap();
            PastChange {
                mailbox: change.mailbox,
                device: change.device.clone(),
                allow: change.allow,
                allow_existed: mailbox.allows(&change.device),
                block: change.block,
                block_existed: mailbox.blocks(&change.device),
                certain: true,
            }
        })
        .collect()
}

/// Carries out the plan of `world`, and returns its journal.
fn run(world: &mut World) -> Vec<PastChange> {
    let changes = plan_of(world).changes;
    let journal = journal(world, &changes);
    world.apply(&changes);
    journal
}

fn undo(world: &mut World, plan: &UndoPlan) -> Vec<PastChange> {
    let journal = journal(world, &plan.plan.changes);
    world.apply(&plan.plan.changes);
    for entry in &plan.missing {
        world.ownership.remove(entry);
    }
    journal
}

/// What the lists hold, without regard to order.
fn lists(world: &World) -> BTreeSet<(MailboxId, List, DeviceId)> {
    let mut entries = BTreeSet::new();
    for mailbox in &world.facts.exchange.mailboxes {
        for (list, devices) in [(List::Allow, &mailbox.allowed), (List::Block, &mailbox.blocked)] {
            entries.extend(devices.iter().map(|device| (mailbox.id, list, device.clone())));
        }
    }
    entries
}

fn foreign(world: &World) -> BTreeSet<(MailboxId, List, DeviceId)> {
    let mut entries = lists(world);
    entries.retain(|(mailbox, list, device)| !world.ownership.owns(*mailbox, *list, device));
    entries
}

fn owned(ownership: &Ownership) -> BTreeSet<(MailboxId, List, DeviceId)> {
    ownership
        .entries()
        .map(|(mailbox, list, device)| (mailbox, list, device.clone()))
        .collect()
}

fn check(plan: &UndoPlan, expected: &Expect) {
    let mut text = String::new();
    for change in &plan.plan.changes {
        let (allow, block) = (edit(change.allow, "allow"), edit(change.block, "block"));
        let name = change.address.split('@').next().unwrap();
        writeln!(
            text,
            "{name} {} {allow}{block}{} -> {}",
            change.device, change.before, change.after
        )
        .unwrap();
    }
    for skipped in &plan.skipped {
        let name = skipped.address.split('@').next().unwrap();
        writeln!(text, "{name} {} skipped: {}", skipped.device, skipped.why).unwrap();
    }
    expected.assert_eq(&text);
}

const OFFICE: &str = "
    phone ana A1
    record ana A1 compliant
    phone ben B1
    record ben B1 noncompliant
    foreign ben block B9
    phone cid C1
    record cid C1 noncompliant
    ours cid allow C1
    phone dan D1
    record dan D1 compliant
    ours dan block D1
";

#[test]
fn a_rollback_undoes_additions_and_removals_of_ours() {
    let mut world = World::parse(OFFICE);
    let before = lists(&world);
    let past = run(&mut world);
    let undone = rollback(&world.facts.exchange, &world.ownership, &past, &[]);
    check(
        &undone,
        &expect![[r#"
            ana A1 -allow Allow -> Quarantine
            ben B1 -block Block -> Quarantine
            cid C1 +allow -block Block -> Allow
            dan D1 -allow +block Allow -> Block
        "#]],
    );
    undo(&mut world, &undone);
    assert_eq!(lists(&world), before);
}

#[test]
fn what_somebody_else_has_changed_since_is_skipped() {
    let mut world = World::parse(OFFICE);
    let past = run(&mut world);
    world.mailbox("ana").allowed.clear();
    world.mailbox("cid").allowed.push("c1".parse().unwrap());
    world
        .facts
        .exchange
        .mailboxes
        .retain(|mailbox| mailbox.name != "dan");
    world.ownership.remove(&OwnedEntry {
        mailbox: mailbox_id("ben"),
        list: List::Block,
        device: "B1".parse().unwrap(),
    });
    check(
        &rollback(&world.facts.exchange, &world.ownership, &past, &[]),
        &expect![[r#"
            ana A1 skipped: changedSince
            ben B1 skipped: notOurs
            cid C1 skipped: changedSince
            df4e6396-13d5-5e80-b735-5778c5709828 D1 skipped: mailboxGone
        "#]],
    );
}

#[test]
fn what_a_later_run_has_changed_or_nobody_is_sure_of_is_skipped() {
    let mut world = World::parse(OFFICE);
    let mut past = run(&mut world);
    let later: Vec<PastChange> = past
        .iter()
        .filter(|past| past.device.as_str() == "A1")
        .cloned()
        .collect();
    past.iter_mut()
        .filter(|past| past.device.as_str() == "B1")
        .for_each(|past| past.certain = false);
    check(
        &rollback(&world.facts.exchange, &world.ownership, &past, &later),
        &expect![[r#"
            cid C1 +allow -block Block -> Allow
            dan D1 -allow +block Allow -> Block
            ana A1 skipped: laterRun
            ben B1 skipped: outcomeUnknown
        "#]],
    );
}

#[test]
fn sequence_5_a_revert_says_what_each_device_will_have_and_the_guard_holds_it() {
    let office = |default: &str| {
        World::parse(&format!(
            "default {default}\n{}{}{}",
            crowd(0..200, "phone u# D#"),
            crowd(0..100, "ours u# allow D#"),
            crowd(100..200, "ours u# block D#"),
        ))
    };
    let devices = |default: &str| {
        let world = office(default);
        let undo = revert(&world.facts.exchange, &world.ownership);
        let refused_by_earlier_run = undo
            .plan
            .changes
            .iter()
            .map(|change| (change.mailbox, change.device.clone()))
            .collect();
        let scope = ScopeFigures {
            devices: 200,
            refused_by_earlier_run,
            ..ScopeFigures::default()
        };
        let verdict = guard(&undo.plan, &Limits::default(), &Window::default(), &scope);
        let by = |by| verdict.held.iter().filter(|held| held.by == by).count();
        (
            verdict.figures.loses,
            verdict.figures.gains,
            by(HeldBy::LosesAccess),
            by(HeldBy::GainsAccess),
        )
    };
    assert_eq!(
        devices("quarantine"),
        (100, 0, 100, 0),
        "everybody would lose mail"
    );
    assert_eq!(
        devices("allow"),
        (0, 100, 0, 100),
        "everybody refused would be let in"
    );
    let world = office("quarantine");
    let standing = release(&world.facts.exchange, &world.ownership);
    assert_eq!(
        standing.len(),
        200,
        "the way to uninstall: nobody's access changes"
    );
}

#[test]
fn what_is_taken_over_agrees_with_the_policy_and_stays() {
    let text = "
        phone ana A1
        record ana A1 compliant
        foreign ana allow a1
        phone ben B1
        record ben B1 noncompliant
        foreign ben allow B1
        foreign ben block B1
        phone cid C1
        foreign cid block C1
        phone dan D1
        record dan D1 compliant
        foreign dan block D1
        foreign eve allow E1
        user fay unlicensed
        phone fay F1
        foreign fay allow F1
    ";
    let world = World::parse(text);
    let told = |filter| {
        let adoption = adopt(&world.facts, &world.policy, &world.ownership, filter);
        let mut told = String::new();
        for found in &adoption.entries {
            let (address, entry) = (&found.address, &found.entry);
            let (list, device) = (entry.list, &entry.device);
            writeln!(
                told,
                "{address} {list} {device} {} {}: {}",
                found.access, found.reason, found.level
            )
            .unwrap();
        }
        for over in &adoption.passed_over {
            let (address, entry) = (&over.address, &over.entry);
            let wanted = over
                .wanted
                .map_or("-".to_owned(), |(access, reason)| format!("{access} {reason}"));
            writeln!(told, "not {address} {} {}: {wanted}", entry.list, entry.device).unwrap();
        }
        told
    };
    expect![[r#"
        ana@x.example allow a1 allow compliant: Allow
        ben@x.example block B1 block notCompliant: Block
        not ben@x.example allow B1: block notCompliant
        not cid@x.example block C1: block notEnrolled
        not dan@x.example block D1: allow compliant
        not eve@x.example allow E1: -
        not fay@x.example allow F1: untouched notLicensed
    "#]]
    .assert_eq(&told(AdoptFilter::default()));
    let blocks = AdoptFilter {
        list: Some(List::Block),
        mailbox: Some(mailbox_id("ben")),
    };
    expect![[r#"
        ben@x.example block B1 block notCompliant: Block
    "#]]
    .assert_eq(&told(blocks));
}

#[test]
fn drift_is_what_others_changed_and_nothing_that_was_there_before() {
    let text = "default quarantine\nrule DeviceType iPad block\nphone ceo C1\nforeign ceo allow C1\nforeign ana block A9";
    let mut world = World::parse(text);
    let look = |world: &World| {
        let plan = plan_of(world);
        (LastKnown::of(&world.facts.exchange, &plan.foreign), plan)
    };
    let (before, plan) = look(&world);
    assert!(drift(&before, &before, &plan.foreign, &plan.undone).is_empty());

    world.facts.exchange.settings.default_access_level = easgate_model::AccessLevel::Allow;
    world.facts.exchange.rules.clear();
    world.mailbox("ceo").allowed.push("EVIL".parse().unwrap());
    world.mailbox("ceo").blocked.push("C7".parse().unwrap());
    world.ownership.insert(OwnedEntry {
        mailbox: mailbox_id("ana"),
        list: List::Block,
        device: "A1".parse().unwrap(),
    });
    let (now, plan) = look(&world);
    let mut told = String::new();
    for one in drift(&before, &now, &plan.foreign, &plan.undone) {
        match one {
            Drift::ForeignAllow { entry, contradicts } => {
                writeln!(
                    told,
                    "foreign {} {} contradicts {contradicts}",
                    entry.list, entry.device
                )
                .unwrap();
            }
            Drift::TakenOut { entry } => writeln!(told, "taken out {} {}", entry.list, entry.device).unwrap(),
            Drift::Setting {
                setting,
                before,
                after,
            } => {
                writeln!(told, "{setting}: {before:?} then {after:?}").unwrap();
            }
        }
    }
    expect![[r#"
        foreign allow EVIL contradicts false
        taken out block A1
        the default access level: Some("Quarantine") then Some("Allow")
        the access rule "iPad (DeviceType)": Some("DeviceType = iPad: Block") then None
    "#]]
    .assert_eq(&told);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn giving_everything_up_changes_the_access_of_no_device(world in any_world()) {
        let mut world = world;
        let (before, entries) = (lists(&world), world.ownership.len());
        let standing = release(&world.facts.exchange, &world.ownership);
        prop_assert_eq!(standing.len(), entries);
        for one in &standing {
            world.ownership.remove(&one.entry);
        }
        prop_assert!(world.ownership.is_empty());
        prop_assert_eq!(lists(&world), before);
        prop_assert!(release(&world.facts.exchange, &world.ownership).is_empty());
    }

    #[test]
    fn a_revert_leaves_no_entry_of_ours_and_every_entry_of_others(world in any_world()) {
        let mut world = world;
        let before = foreign(&world);
        let plan = revert(&world.facts.exchange, &world.ownership);
        let gone: BTreeSet<MailboxId> = plan.skipped.iter().map(|skipped| skipped.mailbox).collect();
        prop_assert!(plan.skipped.iter().all(|skipped| skipped.why == SkippedBecause::MailboxGone));
        undo(&mut world, &plan);
        prop_assert!(world.ownership.entries().all(|(mailbox, ..)| gone.contains(&mailbox)));
        prop_assert_eq!(lists(&world), before);
    }

    #[test]
    fn a_rollback_after_a_run_restores_the_lists_and_can_be_rolled_back_itself(world in any_world()) {
        let mut world = world;
        let (before, ours) = (lists(&world), owned(&world.ownership));
        let past = run(&mut world);
        let (after, ours_after) = (lists(&world), owned(&world.ownership));
        let plan = rollback(&world.facts.exchange, &world.ownership, &past, &[]);
        prop_assert!(plan.skipped.is_empty(), "{:?}", plan.skipped);
        let again = undo(&mut world, &plan);
        prop_assert_eq!(lists(&world), before);
        prop_assert_eq!(owned(&world.ownership), ours);
        let plan = rollback(&world.facts.exchange, &world.ownership, &again, &[]);
        undo(&mut world, &plan);
        prop_assert_eq!((lists(&world), owned(&world.ownership)), (after, ours_after));
    }

    #[test]
    fn a_rollback_touches_nothing_that_others_made(world in any_world(), other in any_world()) {
        // The journal of one organisation over the lists of another: nearly everything has changed since.
        let mut world = world;
        let mut other = other;
        let past = run(&mut other);
        let before = foreign(&world);
        let plan = rollback(&world.facts.exchange, &world.ownership, &past, &[]);
        // `apply` fails on an entry that is removed and not ours, or added twice.
        undo(&mut world, &plan);
        prop_assert!(foreign(&world).is_superset(&before));
    }

    #[test]
    fn taking_over_changes_neither_a_list_nor_the_next_plan(world in any_world()) {
        let mut world = world;
        let edits = |world: &World| {
            let plan = plan_of(world);
            plan.changes.into_iter().map(|c| (c.mailbox, c.device, c.allow, c.block, c.after)).collect::<Vec<_>>()
        };
        let before = edits(&world);
        let adoption = adopt(&world.facts, &world.policy, &world.ownership, AdoptFilter::default());
        for found in adoption.entries {
            prop_assert!(!world.ownership.owns(found.entry.mailbox, found.entry.list, &found.entry.device));
            world.ownership.insert(found.entry);
        }
        prop_assert_eq!(edits(&world), before);
    }
}

#[test]
fn an_edit_of_a_list_that_the_run_did_not_touch_counts_as_changed_since() {
    let past = PastChange {
        mailbox: mailbox_id("ana"),
        device: "A1".parse().unwrap(),
        allow: ListEdit::Add,
        allow_existed: false,
        block: ListEdit::Keep,
        block_existed: false,
        certain: true,
    };
    let world = World::parse("phone ana A1\nours ana allow A1\nforeign ana block A1");
    check(
        &rollback(&world.facts.exchange, &world.ownership, &[past], &[]),
        &expect![[r#"
            ana A1 skipped: changedSince
        "#]],
    );
}
