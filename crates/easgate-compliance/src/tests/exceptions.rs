//! What a person decides, records that vanish, a source that cannot be asked, and what is approved of.

use expect_test::expect;

use crate::{
    ByDevice, HeldBy, Limits, Question, ScopeFigures, Threshold, Window, explain, governed_by_default, guard,
    is_mass_disappearance, vanished,
};

use super::world::{World, mailbox_id};
use super::{check, crowd, plan_of};

#[test]
fn what_a_person_decides_beats_what_device_management_says() {
    check(
        "
        phone ana A1
        record ana A1 compliant
        ours ana allow A1
        byhand ana block A1
        phone ben B1
        record ben B1 noncompliant
        ours ben block B1
        byhand ben allow B1
        nouser cid
        phone cid C1
        byhand cid allow c1
        mailbox desk kind=shared
        phone desk D1
        byhand desk block D1
        ",
        &expect![[r#"
            ana A1 block manualBlock [-allow +block Allow -> Block]
            ben B1 allow manualAllow [+allow -block Block -> Allow]
            cid C1 allow manualAllow [+allow Quarantine -> Allow]
            desk D1 block manualBlock [+block Quarantine -> Block]
        "#]],
    );
}

#[test]
fn a_block_by_hand_beats_a_foreign_allow_and_an_allow_by_hand_leaves_a_foreign_block() {
    check(
        "
        phone ana A1
        foreign ana allow A1
        byhand ana block A1
        phone ben B1
        foreign ben block B1
        byhand ben allow B1
        ",
        &expect![[r#"
            ana A1 block manualBlock [+block Allow -> Block]
            ben B1 allow manualAllow
        "#]],
    );
}

#[test]
fn nobody_decides_about_system_mailboxes_and_ids_that_stand_for_no_device() {
    check(
        "
        mailbox HealthMailbox1 kind=system
        phone HealthMailbox1 H1
        byhand HealthMailbox1 block H1
        phone ana validate
        byhand ana block validate
        ",
        &expect![[r#"
            ana validate untouched placeholderId
            HealthMailbox1 H1 untouched systemMailbox
        "#]],
    );
}

#[test]
fn the_trace_says_who_decided_by_hand() {
    let world = World::parse("phone ana A1\nrecord ana A1 compliant\nbyhand ana block A1");
    let explained = explain(
        &world.facts,
        &world.policy,
        &world.ownership,
        mailbox_id("ana"),
        &"A1".parse().unwrap(),
    )
    .unwrap();
    let step = explained.trace.iter().find(|step| step.decided).unwrap();
    assert_eq!(
        (step.question, step.detail.as_str()),
        (Question::NotByHand, "by the help desk")
    );
    assert_eq!(explained.decision.reason.name(), "manualBlock");
}

#[test]
fn a_device_whose_record_vanished_with_many_others_stays_as_it_is_until_a_record_has_its_id() {
    check(
        "
        phone ana A1
        ours ana allow A1
        vanished ana A1
        phone ben B1
        ours ben allow B1
        record ben B1 noncompliant
        vanished ben B1
        ours cid allow C1
        vanished cid C1
        ",
        &expect![[r#"
            ana A1 untouched vanished
            ben B1 block notCompliant [-allow +block Allow -> Block]
            cid C1 untouched vanished [-allow Allow -> Quarantine]
        "#]],
    );
}

#[test]
fn only_devices_that_had_a_record_and_would_lose_their_mail_have_vanished() {
    let world = World::parse(
        "
        default allow
        phone ana A1
        phone ben B1
        phone cid C1
        record cid C1 noncompliant
        phone dan D1
        foreign dan block D1
        phone eve E1
        record eve E1 compliant
        ",
    );
    let records: ByDevice<String> = [("ana", "a1"), ("cid", "C1"), ("dan", "D1"), ("eve", "E1")]
        .into_iter()
        .map(|(name, device)| {
            (
                mailbox_id(name),
                device.parse().unwrap(),
                format!("the record of {device}"),
            )
        })
        .collect();
    let plan = plan_of(&world);
    let gone: Vec<&str> = vanished(&world.facts, &plan, &records)
        .iter()
        .map(|change| change.address.as_str())
        .collect();
    assert_eq!(gone, ["ana@x.example"]);
}

#[test]
fn more_than_five_records_and_two_percent_are_a_mass_disappearance() {
    for (gone, of, is_mass) in [
        (5, 5, false),
        (6, 100, true),
        (6, 300, false),
        (7, 300, true),
        (20, 1_000, false),
        (21, 1_000, true),
        (6, 0, true),
    ] {
        assert_eq!(is_mass_disappearance(gone, of), is_mass, "{gone} of {of}");
    }
}

#[test]
fn while_nobody_can_be_asked_only_devices_that_were_never_seen_are_touched() {
    let world = "
        phone ana A1
        phone ben B1
        known ben B1
        ours cid allow C1
        phone dan D1 type=Outlook
        mailbox room kind=room
        phone room R1
        phone eve E1
        byhand eve block E1
        ours fay allow F1
        phone fay F1
        known fay f1
        ";
    check(
        &format!("unreachable allow\n{world}"),
        &expect![[r#"
            ana A1 allow newWhileUnreachable [+allow Quarantine -> Allow]
            ben B1 untouched unreachable
            cid C1 untouched unreachable
            dan D1 untouched unreachable
            eve E1 block manualBlock [+block Quarantine -> Block]
            fay F1 untouched unreachable
            room R1 untouched roomMailbox
        "#]],
    );
    check(
        &format!("default allow\nunreachable quarantine\n{world}"),
        &expect![[r#"
            ana A1 block newWhileUnreachable [+block Allow -> Block]
            ben B1 untouched unreachable
            cid C1 untouched unreachable
            dan D1 untouched unreachable
            eve E1 block manualBlock [+block Allow -> Block]
            fay F1 untouched unreachable
            room R1 untouched roomMailbox
        "#]],
    );
}

/// Sixty phones that the facts refuse, and one that is blocked by hand.
fn sixty_refused() -> World {
    World::parse(&format!(
        "{}{}{}phone eve E1\nrecord eve E1 compliant\nours eve allow E1\nbyhand eve block E1\n",
        crowd(0..60, "phone u# D#"),
        crowd(0..60, "record u# D# noncompliant"),
        crowd(0..60, "ours u# allow D#"),
    ))
}

#[test]
fn a_block_by_hand_is_never_held() {
    let plan = plan_of(&sixty_refused());
    let scope = ScopeFigures {
        devices: 61,
        match_gate: true,
        match_rate_before: Some(200.0),
        ..ScopeFigures::default()
    };
    let verdict = guard(&plan, &Limits::default(), &Window::default(), &scope);
    let going: Vec<&str> = verdict.go.iter().map(|change| change.address.as_str()).collect();
    assert_eq!(
        (going.as_slice(), verdict.held.len()),
        (["eve@x.example"].as_slice(), 60)
    );
}

#[test]
fn what_was_approved_goes_and_what_came_later_is_held() {
    let plan = plan_of(&sixty_refused());
    let verdict = |by: HeldBy, match_rate_before: Option<f64>| {
        let released = (0..58)
            .map(|number| {
                let device = format!("d{number}").parse().unwrap();
                (mailbox_id(&format!("u{number}")), device, by)
            })
            .collect();
        let scope = ScopeFigures {
            devices: 10_000,
            match_gate: true,
            match_rate_before,
            released,
            ..ScopeFigures::default()
        };
        let verdict = guard(&plan, &Limits::default(), &Window::default(), &scope);
        (verdict.go.len(), verdict.held.len())
    };
    assert_eq!(verdict(HeldBy::LosesAccess, None), (59, 2));
    assert_eq!(verdict(HeldBy::GainsAccess, None), (1, 60), "another cause");
    assert_eq!(
        verdict(HeldBy::LosesAccess, Some(200.0)),
        (1, 60),
        "a match that has become bad was not approved"
    );
}

#[test]
fn entries_that_are_taken_back_without_effect_are_held_when_they_are_many() {
    let world = World::parse(&format!(
        "default allow\nset include=g1\n{}{}",
        crowd(0..60, "phone u# D#"),
        crowd(0..60, "ours u# allow D#"),
    ));
    let plan = plan_of(&world);
    let verdict = |removals: Threshold, removed: u64| {
        let limits = Limits {
            removals,
            ..Limits::default()
        };
        let scope = ScopeFigures {
            devices: 10_000,
            ..ScopeFigures::default()
        };
        let window = Window {
            removed,
            ..Window::default()
        };
        let verdict = guard(&plan, &limits, &window, &scope);
        assert!(verdict.held.iter().all(|held| held.by == HeldBy::Removals));
        (verdict.go.len(), verdict.held.len())
    };
    assert_eq!(verdict(Limits::default().removals, 0), (0, 60));
    assert_eq!(verdict(Threshold::devices(60), 0), (60, 0));
    assert_eq!(verdict(Threshold::devices(60), 1), (0, 60));
}

#[test]
fn the_default_level_governs_devices_with_neither_entry_nor_rule() {
    let world = World::parse(
        "
        rule DeviceType iPad block
        phone ana A1
        phone ana A2 type=iPad
        phone ben B1
        ours ben allow B1
        phone cid C1
        foreign cid block C1
        mailbox dan off
        phone dan D1
        nomailbox eve
        phone eve E1
        phone fay F1 policy
        ",
    );
    assert_eq!(governed_by_default(&world.facts.exchange), 1);
}
