//! Sequences that a naive design permits, and what happens here.

use expect_test::expect;

use crate::{Access, HeldBy, Ownership, Reason, ScopeFigures, Window};

use super::world::{World, mailbox_id};
use super::{check, crowd, guard_of, plan_of};

/// An organisation of `people` whose phones are compliant and on our allow lists.
fn settled(people: u32) -> World {
    World::parse(&format!(
        "{}{}{}",
        crowd(0..people, "phone u# D#"),
        crowd(0..people, "record u# D# compliant"),
        crowd(0..people, "ours u# allow D#"),
    ))
}

fn graph(match_rate_before: Option<f64>) -> ScopeFigures {
    ScopeFigures {
        match_gate: true,
        match_rate_before,
        ..ScopeFigures::default()
    }
}

#[test]
fn sequence_1_at_the_first_enforce_a_bad_join_locks_nobody_out() {
    // Half of the people have other addresses in the directory than in Exchange; one in ten is not enrolled.
    let world = World::parse(&format!(
        "default allow\n{}{}{}",
        crowd(0..50, "nouser u#"),
        crowd(0..100, "phone u# D#"),
        crowd(60..100, "record u# D# compliant"),
    ));
    let plan = plan_of(&world);
    assert_eq!(plan.counts.reasons[&Reason::OwnerUnknown], 50);
    assert_eq!((plan.match_rate.matched, plan.match_rate.of), (50, 100));
    assert!(
        plan.changes
            .iter()
            .all(|change| change.reason != Reason::OwnerUnknown)
    );
    let verdict = guard_of(&plan, Window::default(), graph(None));
    assert!(verdict.held.iter().all(|held| held.by == HeldBy::MatchRate));
    assert_eq!(
        verdict.held.len(),
        10,
        "who is not enrolled is not sure at such a match rate"
    );
    assert!(verdict.go.iter().all(|change| change.access == Access::Allow));
}

#[test]
fn sequence_2_a_slow_renaming_takes_access_from_nobody() {
    let mut world = settled(1_000);
    let mut lost = 0;
    for renamed in (0..1_000).step_by(40) {
        for number in renamed..renamed + 40 {
            let name = format!("u{number}");
            world.user(&name).user_principal_name = format!("{name}@new.example").parse().unwrap();
        }
        let plan = plan_of(&world);
        let verdict = guard_of(
            &plan,
            Window {
                lost,
                ..Window::default()
            },
            graph(Some(100.0)),
        );
        lost += u64::try_from(verdict.go.iter().filter(|change| change.loses_access()).count()).unwrap();
        world.apply(&verdict.go);
    }
    assert_eq!(
        lost, 0,
        "an owner that is not found is not an owner without an enrolment"
    );
}

#[test]
fn sequence_2_a_slow_loss_is_held_once_the_day_is_full() {
    let mut world = settled(1_000);
    let mut lost = 0;
    for batch in (0..1_000).step_by(40) {
        for record in &mut world.facts.inventory.enrollments[batch..batch + 40] {
            record.compliance = easgate_model::ComplianceState::Noncompliant;
        }
        let verdict = guard_of(
            &plan_of(&world),
            Window {
                lost,
                ..Window::default()
            },
            graph(Some(100.0)),
        );
        lost += u64::try_from(verdict.go.iter().filter(|change| change.loses_access()).count()).unwrap();
        world.apply(&verdict.go);
    }
    assert_eq!(lost, 40, "the second batch would be above 50 devices");
}

#[test]
fn sequence_3_a_failing_evaluation_takes_access_from_nobody() {
    for state in ["error", "conflict", "unknown", "somethingNew"] {
        let mut world = settled(20);
        for record in &mut world.facts.inventory.enrollments {
            record.compliance = easgate_model::ComplianceState::from_name(state);
        }
        let plan = plan_of(&world);
        assert_eq!((plan.changes.len(), plan.counts.untouched), (0, 20), "{state}");
    }
}

#[test]
fn sequence_4_licences_that_lapse_are_held_by_the_guard() {
    let mut world = settled(1_000);
    for number in 0..150 {
        world.user(&format!("u{number}")).licensed = false;
    }
    let verdict = guard_of(&plan_of(&world), Window::default(), graph(Some(100.0)));
    assert_eq!((verdict.go.len(), verdict.held.len()), (0, 150));
    assert!(verdict.held.iter().all(|held| held.by == HeldBy::LosesAccess));
}

#[test]
fn sequence_6_no_allow_entry_of_ours_waits_for_a_phone_that_is_gone() {
    check(
        "
        ours ana allow A1
        ours ben allow B1
        record ben B1 retired state=retirePending
        ours cid allow C1
        record cid C1 compliant
        ",
        &expect![[r#"
            ana A1 quarantine notEnrolled [-allow Allow -> Quarantine]
            ben B1 quarantine notEnrolled [-allow Allow -> Quarantine]
            cid C1 allow compliant
        "#]],
    );
}

#[test]
fn sequence_9_all_refused_devices_let_in_at_once_are_held() {
    let people = 1_000;
    let world = World::parse(&format!(
        "{}{}{}",
        crowd(0..people, "phone u# D#"),
        crowd(0..people, "record u# D# compliant"),
        crowd(0..people, "ours u# block D#"),
    ));
    let refused_by_earlier_run = (0..people)
        .map(|number| {
            (
                mailbox_id(&format!("u{number}")),
                format!("D{number}").parse().unwrap(),
            )
        })
        .collect();
    let scope = ScopeFigures {
        refused_by_earlier_run,
        ..graph(Some(100.0))
    };
    let verdict = guard_of(&plan_of(&world), Window::default(), scope);
    assert_eq!((verdict.go.len(), verdict.held.len()), (0, 1_000));
    assert!(verdict.held.iter().all(|held| held.by == HeldBy::GainsAccess));
}

#[test]
fn sequence_10_without_the_registry_our_own_entries_are_left_alone() {
    let mut world = settled(10);
    for record in &mut world.facts.inventory.enrollments {
        record.compliance = easgate_model::ComplianceState::Noncompliant;
    }
    world.ownership = Ownership::default();
    let plan = plan_of(&world);
    assert!(
        plan.changes.is_empty(),
        "what is not known to be ours is not removed"
    );
    assert_eq!(plan.foreign.len(), 10);
    assert!(plan.foreign.iter().all(|entry| entry.contradicts));
}

#[test]
fn sequence_19_a_record_that_only_eas_knows_is_no_enrolment() {
    check(
        "phone ana A1\nrecord ana A1 compliant agent=eas state=discovered",
        &expect![[r#"
            ana A1 quarantine notEnrolled
        "#]],
    );
}

#[test]
fn sequence_22_two_partnerships_of_one_id_are_one_decision() {
    let text = "phone ana A1 type=iPhone\nphone ana a1 type=iPad\nrecord ana A1 compliant\nours ana block A1";
    check(
        text,
        &expect![[r#"
        ana A1 allow compliant [+allow -block Block -> Allow]
    "#]],
    );
    let mut world = World::parse(text);
    let plan = plan_of(&world);
    world.apply(&plan.changes);
    assert!(plan_of(&world).changes.is_empty(), "nothing flaps");
    // A rule refuses one of the two types: the other is still let in, so the block entry is needed.
    check(
        "default allow\nrule DeviceType iPad block\nphone ana A1\nphone ana A1 type=iPad\nrecord ana A1 noncompliant",
        &expect![[r#"
            ana A1 block notCompliant [+block Allow -> Block]
        "#]],
    );
}

#[test]
fn sequence_23_compliant_devices_that_the_default_holds_are_counted() {
    let world = "set always_allow=false\nphone ana A1\nphone ben B1\nrecord ana A1 compliant\nrecord ben B1 compliant";
    let held = |default: &str| {
        plan_of(&World::parse(&format!("default {default}\n{world}")))
            .counts
            .compliant_held
    };
    assert_eq!([held("allow"), held("quarantine"), held("block")], [0, 2, 2]);
}

#[test]
fn sequence_27_a_foreign_allow_is_said_and_left_unless_the_policy_says_otherwise() {
    let world = "phone ceo C1\nrecord ceo C1 noncompliant\nforeign ceo allow C1";
    check(
        world,
        &expect![[r#"
        ceo C1 block notCompliant
    "#]],
    );
    check(
        &format!("{world}\nset foreign_allow=override"),
        &expect![[r#"
        ceo C1 block notCompliant [+block Allow -> Block]
    "#]],
    );
    assert_eq!(plan_of(&World::parse(world)).counts.foreign_allows, 1);
}
