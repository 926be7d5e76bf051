//! What is written, and what is not.

use expect_test::expect;

use crate::Plan;

use super::world::World;
use super::{check, plan_of};

fn plan(text: &str) -> Plan {
    plan_of(&World::parse(text))
}

#[test]
fn a_compliant_device_goes_to_the_allow_list_and_loses_our_block() {
    let phone = "phone ana A1\nrecord ana A1 compliant";
    check(
        phone,
        &expect![[r#"
        ana A1 allow compliant [+allow Quarantine -> Allow]
    "#]],
    );
    check(
        &format!("{phone}\nours ana block A1"),
        &expect![[r#"
        ana A1 allow compliant [+allow -block Block -> Allow]
    "#]],
    );
    check(
        &format!("{phone}\nours ana allow A1"),
        &expect![[r#"
        ana A1 allow compliant
    "#]],
    );
    check(
        &format!("{phone}\nforeign ana allow A1"),
        &expect![[r#"
        ana A1 allow compliant
    "#]],
    );
    check(
        &format!("{phone}\nforeign ana block A1"),
        &expect![[r#"
        ana A1 allow compliant
    "#]],
    );
    check(
        &format!("{phone}\nforeign ana block A1\nours ana allow A1"),
        &expect![[r#"
            ana A1 allow compliant
        "#]],
    );
}

/// A refusal is written where Exchange, without us, is less strict than the policy.
#[test]
fn a_refusal_that_exchange_makes_without_us_is_not_written() {
    for default in ["allow", "quarantine", "block"] {
        let world = format!("default {default}\nphone ana A1\nrecord ana A1 noncompliant");
        let expected = match default {
            "allow" => expect![[r#"
                ana A1 block notCompliant [+block Allow -> Block]
            "#]],
            "quarantine" => expect![[r#"
                ana A1 block notCompliant [+block Quarantine -> Block]
            "#]],
            _ => expect![[r#"
                ana A1 block notCompliant
            "#]],
        };
        check(&world, &expected);
    }
    let phone = "phone ana A1\nrecord ana A1 noncompliant";
    check(
        &format!("{phone}\ndefault allow\nrule DeviceType iPhone block"),
        &expect![[r#"
            ana A1 block notCompliant
        "#]],
    );
    check(
        &format!("{phone}\nforeign ana block A1"),
        &expect![[r#"
        ana A1 block notCompliant
    "#]],
    );
    check(
        "default allow\nphone ana A1 policy\nrecord ana A1 noncompliant",
        &expect![[r#"
            ana A1 block notCompliant
        "#]],
    );
    check(
        &format!("{phone}\ndefault allow\nmailbox ana off"),
        &expect![[r#"
            ana A1 block notCompliant
        "#]],
    );
    // What we wrote before stays: it does no harm, and taking it back would be a change for nothing.
    check(
        &format!("{phone}\ndefault block\nours ana block A1"),
        &expect![[r#"
            ana A1 block notCompliant
        "#]],
    );
    check(
        &format!("{phone}\ndefault block\nours ana allow A1"),
        &expect![[r#"
            ana A1 block notCompliant [-allow Allow -> Block]
        "#]],
    );
}

#[test]
fn a_foreign_allow_is_reported_or_overridden() {
    let phone = "default quarantine\nphone ana A1\nforeign ana allow A1";
    let noncompliant = format!("{phone}\nrecord ana A1 noncompliant");
    check(
        &noncompliant,
        &expect![[r#"
        ana A1 block notCompliant
    "#]],
    );
    check(
        &format!("{noncompliant}\nset foreign_allow=override"),
        &expect![[r#"
            ana A1 block notCompliant [+block Allow -> Block]
        "#]],
    );
    check(
        phone,
        &expect![[r#"
        ana A1 block notEnrolled
    "#]],
    );
    check(
        &format!("{phone}\nset foreign_allow=override"),
        &expect![[r#"
        ana A1 block notEnrolled [+block Allow -> Block]
    "#]],
    );
    let plan = plan(&noncompliant);
    assert_eq!((plan.foreign.len(), plan.foreign[0].contradicts), (1, true));
    assert_eq!(plan.counts.foreign_allows, 1);
}

#[test]
fn untouched_by_unclear_facts_means_that_nothing_moves() {
    let ours = "ours ana allow A1\nours ana block A2\nphone ana A1\nphone ana A2";
    check(
        &format!("{ours}\nrecord ana A1 error\nrecord ana A2 conflict"),
        &expect![[r#"
            ana A1 untouched notEvaluatedError
            ana A2 untouched notEvaluatedConflict
        "#]],
    );
    check(
        &format!("{ours}\nnouser ana"),
        &expect![[r#"
        ana A1 untouched ownerUnknown
        ana A2 untouched ownerUnknown
    "#]],
    );
    check(
        &format!("{ours}\nmailbox ana kind=shared"),
        &expect![[r#"
        ana A1 untouched sharedMailbox
        ana A2 untouched sharedMailbox
    "#]],
    );
}

#[test]
fn untouched_by_scope_means_that_ours_are_taken_back_and_nothing_else() {
    check(
        "
        set include=pilot
        user ana
        phone ana A1
        phone ana A2
        phone ana A3
        phone ana A4
        ours ana allow A1
        ours ana block A2
        foreign ana allow A3
        foreign ana block A4
        ",
        &expect![[r#"
            ana A1 untouched notTargeted [-allow Allow -> Quarantine]
            ana A2 untouched notTargeted [-block Block -> Quarantine]
            ana A3 untouched notTargeted
            ana A4 untouched notTargeted
        "#]],
    );
}

#[test]
fn without_always_allow_a_compliant_device_gets_what_exchange_gives() {
    let world = "
        set always_allow=false
        phone ana A1
        phone ana A2
        record ana A1 compliant
        record ana A2 compliant
        ours ana block A1
        ours ana allow A2
        ";
    check(
        world,
        &expect![[r#"
        ana A1 untouched compliantByDefaultRule [-block Block -> Quarantine]
        ana A2 untouched compliantByDefaultRule [-allow Allow -> Quarantine]
    "#]],
    );
    check(
        &format!("{world}\ndefault allow"),
        &expect![[r#"
        ana A1 untouched compliantByDefaultRule [-block Block -> Allow]
        ana A2 untouched compliantByDefaultRule [-allow Allow -> Allow]
    "#]],
    );
}

#[test]
fn our_entries_are_planned_for_where_the_partnership_is_gone() {
    check(
        "ours ana allow A1\nrecord ana A1 compliant",
        &expect![[r#"
        ana A1 allow compliant
    "#]],
    );
    check(
        "ours ana allow A1\nrecord ana A1 noncompliant",
        &expect![[r#"
        ana A1 block notCompliant [-allow Allow -> Quarantine]
    "#]],
    );
    check(
        "ours ana allow A1\nrecord ana A1 error",
        &expect![[r#"
        ana A1 untouched notEvaluatedError [-allow Allow -> Quarantine]
    "#]],
    );
    check(
        "ours ana allow A1",
        &expect![[r#"
        ana A1 quarantine notEnrolled [-allow Allow -> Quarantine]
    "#]],
    );
    check(
        "nouser ana\nours ana allow A1",
        &expect![[r#"
        ana A1 untouched ownerUnknown [-allow Allow -> Quarantine]
    "#]],
    );
    check(
        "ours ana block A1\nrecord ana A1 compliant",
        &expect![[r#"
        ana A1 allow compliant [-block Block -> Quarantine]
    "#]],
    );
    check(
        "ours ana block A1",
        &expect![[r#"
        ana A1 quarantine notEnrolled [-block Block -> Quarantine]
    "#]],
    );
    check(
        "default allow\nours ana block A1",
        &expect![[r#"
        ana A1 block notEnrolled
    "#]],
    );
}

#[test]
fn the_registry_may_know_what_exchange_does_not() {
    let mut world =
        World::parse("phone ana A1\nrecord ana A1 compliant\nours ana allow A1\nours ben allow B1");
    world.mailbox("ana").allowed.clear();
    world
        .facts
        .exchange
        .mailboxes
        .retain(|mailbox| mailbox.name != "ben");
    expect![[r#"
        ana A1 allow compliant [+allow Quarantine -> Allow]
        ? B1 untouched ownerWithoutMailbox
    "#]]
    .assert_eq(&world.outcome());
    let plan = plan_of(&world);
    assert_eq!(
        plan.undone.len(),
        1,
        "our entry in ana's list was removed by somebody else"
    );
}

#[test]
fn a_plan_counts_devices_reasons_and_matches() {
    let plan = plan(
        "
        nouser dan
        mailbox info kind=shared
        phone ana A1
        phone ana A2
        phone ben B1
        phone cid C1
        phone dan D1
        phone eve E1 policy
        phone info I1
        phone ana O1 type=Outlook
        record ana A1 compliant
        record ana A2 noncompliant
        record cid C1 unknown
        record eve E1 compliant
        ours ben allow GONE
        ",
    );
    expect![[r#"
        (
            Counts {
                devices: 8,
                allow: 2,
                block: 1,
                quarantine: 1,
                untouched: 4,
                reasons: {
                    Compliant: 2,
                    NotCompliant: 1,
                    NotEnrolled: 1,
                    OwnerUnknown: 1,
                    NotEvaluated(
                        Unknown,
                    ): 1,
                    SharedMailbox: 1,
                    Outlook: 1,
                },
                gone: 1,
                refused_by_mailbox_policy: 1,
                active_sync_off: 0,
                compliant_held: 0,
                foreign_blocks: 0,
                foreign_allows: 0,
            },
            MatchRate {
                matched: 5,
                of: 6,
            },
        )
    "#]]
    .assert_debug_eq(&(plan.counts, plan.match_rate));
}

#[test]
fn a_decision_id_names_the_facts_and_nothing_else() {
    let id = |text: &str| plan(text).changes[0].decision_id;
    let world = "phone ana A1\nrecord ana A1 compliant";
    assert_eq!(
        id(world),
        id("phone ana a1\nrecord ana A1 compliant\nphone ben B1\nrecord ben B1 compliant")
    );
    assert_ne!(id(world), id("phone ana A1\nrecord ana A1 inGracePeriod"));
    assert_ne!(id(world), id("phone ben A1\nrecord ben A1 compliant"));
}
