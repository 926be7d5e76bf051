//! A decision with everything that led to it.

use std::fmt::Write;

use expect_test::{Expect, expect};

use crate::explain;

use super::world::{World, mailbox_id};

/// Checks the explanation for `device` of `name`.
fn check(world: &str, name: &str, device: &str, expected: &Expect) {
    let world = World::parse(world);
    let device = device.parse().unwrap();
    let explanation = explain(
        &world.facts,
        &world.policy,
        &world.ownership,
        mailbox_id(name),
        &device,
    );
    let Some(explanation) = explanation else {
        expected.assert_eq("nothing is known of it\n");
        return;
    };
    let mut text = format!(
        "{} {}\n",
        explanation.decision.access, explanation.decision.reason
    );
    for step in &explanation.trace {
        let mark = if step.decided { "*" } else { " " };
        let line = format!(
            "{mark} {:17} {:8} {}",
            step.question.name(),
            step.answer.name(),
            step.detail
        );
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    for (when, access) in [
        ("now", &explanation.exchange_now),
        ("without us", &explanation.exchange_without_us),
        ("after", &explanation.exchange_after),
    ] {
        writeln!(
            text,
            "{when}: row {}, {} by {}",
            access.row(),
            access.level,
            access.reason
        )
        .unwrap();
    }
    for miss in &explanation.near_misses {
        writeln!(text, "near: {} {}", miss.record, miss.why).unwrap();
    }
    for sentence in &explanation.what_would_change_it {
        writeln!(text, "- {sentence}").unwrap();
    }
    expected.assert_eq(&text);
}

#[test]
fn every_question_is_shown_whether_it_was_asked_or_not() {
    check(
        "set include=staff\nuser ana groups=staff\nphone ana A1\nrecord ana A1 noncompliant\nours ana allow A1",
        "ana",
        "a1",
        &expect![[r#"
            block notCompliant
              mailbox           yes      CN=ana,OU=Staff,DC=x,DC=example
              notByHand         yes
              mailboxKind       yes      user
              deviceId          yes      A1
              settled           yes
              reachable         yes
              owner             yes      ana@x.example
              targeted          yes      group staff
              notExempt         yes
              licensed          yes
              platformException yes      no exception names it
              match             yes      record r0: managed by mdm, state managed, noncompliant
              enrolled          yes      record r0: managed by mdm, state managed, noncompliant
              evaluated         yes      record r0: managed by mdm, state managed, noncompliant
            * compliant         no       record r0: managed by mdm, state managed, noncompliant
              alwaysAllowed     notAsked
            now: row 5, Allow by Individual
            without us: row 9, Quarantine by Global
            after: row 4, Block by Individual
            - The device gets mail once device management reports it as compliant: the user can see there which policy it does not meet.
        "#]],
    );
}

#[test]
fn who_is_not_enrolled_sees_what_nearly_matches() {
    check(
        "
        phone ana ApplC39GQ8NNDTDL
        record ana - compliant serial=C39GQ8NNDTDL
        record ana K6CKULJTID3S compliant
        record ben - compliant serial=c39gq8nndtdl
        record ben B1 compliant
        ",
        "ana",
        "ApplC39GQ8NNDTDL",
        &expect![[r#"
            quarantine notEnrolled
              mailbox           yes      CN=ana,OU=Staff,DC=x,DC=example
              notByHand         yes
              mailboxKind       yes      user
              deviceId          yes      ApplC39GQ8NNDTDL
              settled           yes
              reachable         yes
              owner             yes      ana@x.example
              targeted          yes      everyone is targeted
              notExempt         yes
              licensed          yes
              platformException yes      no exception names it
              match             yes      no record has the id
            * enrolled          no       no record has the id
              evaluated         notAsked
              compliant         notAsked
              alwaysAllowed     notAsked
            now: row 9, Quarantine by Global
            without us: row 9, Quarantine by Global
            after: row 9, Quarantine by Global
            near: r0 is this user's, and its serial number is in the device id
            near: r1 is this user's enrolled device, with the id K6CKULJTID3S
            near: r2 has its serial number in the device id, and belongs to ben@x.example
            - The device gets mail once its user has enrolled it and it is compliant.
        "#]],
    );
}

#[test]
fn what_stands_in_the_way_is_said() {
    check(
        "phone ana A1 policy\nrecord ana A1 compliant\nforeign ana block A1",
        "ana",
        "A1",
        &expect![[r#"
            allow compliant
              mailbox           yes      CN=ana,OU=Staff,DC=x,DC=example
              notByHand         yes
              mailboxKind       yes      user
              deviceId          yes      A1
              settled           yes
              reachable         yes
              owner             yes      ana@x.example
              targeted          yes      everyone is targeted
              notExempt         yes
              licensed          yes
              platformException yes      no exception names it
              match             yes      record r0: managed by mdm, state managed, compliant
              enrolled          yes      record r0: managed by mdm, state managed, compliant
              evaluated         yes      record r0: managed by mdm, state managed, compliant
              compliant         yes      record r0: managed by mdm, state managed, compliant
            * alwaysAllowed     yes      record r0: managed by mdm, state managed, compliant
            now: row 3, Block by Policy
            without us: row 3, Block by Policy
            after: row 3, Block by Policy
            - The device loses its access when device management reports it as not compliant or not enrolled.
            - Somebody else has put the device on the block list, which beats the allow list: mail flows once they take it off.
            - The mailbox policy refuses the device, which no list lifts: the phone has to accept the policy.
        "#]],
    );
    check(
        "mailbox ana off\nphone ana A1\nforeign ana allow A1",
        "ana",
        "A1",
        &expect![[r#"
            block notEnrolled
              mailbox           yes      CN=ana,OU=Staff,DC=x,DC=example
              notByHand         yes
              mailboxKind       yes      user
              deviceId          yes      A1
              settled           yes
              reachable         yes
              owner             yes      ana@x.example
              targeted          yes      everyone is targeted
              notExempt         yes
              licensed          yes
              platformException yes      no exception names it
              match             yes      no record has the id
            * enrolled          no       no record has the id
              evaluated         notAsked
              compliant         notAsked
              alwaysAllowed     notAsked
            now: row 2, Block by Disabled
            without us: row 2, Block by Disabled
            after: row 2, Block by Disabled
            - The device gets mail once its user has enrolled it and it is compliant.
            - Somebody else has put the device on the allow list, so it keeps its access; `foreign_allow = "override"` would block it.
            - ActiveSync is off for the mailbox: an administrator would have to turn it on.
        "#]],
    );
}

#[test]
fn what_is_nowhere_cannot_be_explained() {
    check(
        "phone ana A1",
        "ben",
        "A1",
        &expect![[r#"
        nothing is known of it
    "#]],
    );
    check(
        "phone ana A1",
        "ana",
        "A2",
        &expect![[r#"
        nothing is known of it
    "#]],
    );
}
