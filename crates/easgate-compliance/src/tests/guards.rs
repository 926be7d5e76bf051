//! How much may happen at once.

use std::fmt::Write;

use expect_test::{Expect, expect};

use crate::{Limits, ScopeFigures, Threshold, Window, guard};

use super::world::{World, mailbox_id};
use super::{crowd, plan_of};

/// Checks what the guard says, for each row, of so many devices that lose access, of so many in scope, after so
/// many in the day before.
fn check(limits: Limits, rows: &[(u32, u64, u64)], expected: &Expect) {
    let mut said = String::new();
    for &(losing, devices, lost) in rows {
        let world = World::parse(&format!(
            "{}{}{}",
            crowd(0..losing, "phone u# D#"),
            crowd(0..losing, "record u# D# noncompliant"),
            crowd(0..losing, "ours u# allow D#"),
        ));
        let scope = ScopeFigures {
            devices,
            ..ScopeFigures::default()
        };
        let verdict = guard(
            &plan_of(&world),
            &limits,
            &Window {
                lost,
                ..Window::default()
            },
            &scope,
        );
        let (go, held) = (verdict.go.len(), verdict.held.len());
        writeln!(said, "{losing} of {devices} after {lost}: {go} go, {held} held").unwrap();
    }
    expected.assert_eq(&said);
}

#[test]
fn fifty_devices_or_five_percent_may_lose_access_whichever_is_hit_first() {
    let rows = [(50, 10_000, 0), (51, 10_000, 0), (5, 100, 0), (6, 100, 0)];
    check(
        Limits::default(),
        &rows,
        &expect![[r#"
        50 of 10000 after 0: 50 go, 0 held
        51 of 10000 after 0: 0 go, 51 held
        5 of 100 after 0: 5 go, 0 held
        6 of 100 after 0: 0 go, 6 held
    "#]],
    );
}

#[test]
fn what_the_day_before_has_taken_counts() {
    let rows = [(10, 10_000, 40), (10, 10_000, 41), (1, 10_000, u64::MAX)];
    check(
        Limits::default(),
        &rows,
        &expect![[r#"
        10 of 10000 after 40: 10 go, 0 held
        10 of 10000 after 41: 0 go, 10 held
        1 of 10000 after 18446744073709551615: 0 go, 1 held
    "#]],
    );
}

#[test]
fn below_ten_devices_the_percentage_is_not_asked() {
    check(
        Limits::default(),
        &[(9, 9, 0), (1, 10, 0)],
        &expect![[r#"
        9 of 9 after 0: 9 go, 0 held
        1 of 10 after 0: 0 go, 1 held
    "#]],
    );
}

#[test]
fn a_lone_figure_stands_alone() {
    let limits = |loses_access| Limits {
        loses_access,
        ..Limits::default()
    };
    let rows = [(60, 60, 0), (60, 60, 1_000)];
    check(
        limits(Threshold::percent(100.0)),
        &rows,
        &expect![[r#"
        60 of 60 after 0: 60 go, 0 held
        60 of 60 after 1000: 60 go, 0 held
    "#]],
    );
    check(
        limits(Threshold::percent(50.0)),
        &rows,
        &expect![[r#"
        60 of 60 after 0: 0 go, 60 held
        60 of 60 after 1000: 0 go, 60 held
    "#]],
    );
    check(
        limits(Threshold::devices(60)),
        &rows,
        &expect![[r#"
        60 of 60 after 0: 60 go, 0 held
        60 of 60 after 1000: 0 go, 60 held
    "#]],
    );
    check(
        limits(Threshold::devices(0)),
        &rows,
        &expect![[r#"
        60 of 60 after 0: 0 go, 60 held
        60 of 60 after 1000: 0 go, 60 held
    "#]],
    );
    check(
        limits(Threshold::percent(f64::NAN)),
        &rows,
        &expect![[r#"
        60 of 60 after 0: 0 go, 60 held
        60 of 60 after 1000: 0 go, 60 held
    "#]],
    );
}

#[test]
fn only_what_was_refused_before_counts_as_gaining_access() {
    let world = World::parse(&format!(
        "default allow\n{}{}{}",
        crowd(0..300, "phone u# D#"),
        crowd(0..300, "record u# D# compliant"),
        crowd(0..300, "ours u# block D#"),
    ));
    let plan = plan_of(&world);
    let verdict = |refused: u32| {
        let refused_by_earlier_run = (0..refused)
            .map(|number| {
                (
                    mailbox_id(&format!("u{number}")),
                    format!("D{number}").parse().unwrap(),
                )
            })
            .collect();
        let scope = ScopeFigures {
            devices: 10_000,
            refused_by_earlier_run,
            ..ScopeFigures::default()
        };
        let verdict = guard(&plan, &Limits::default(), &Window::default(), &scope);
        (verdict.go.len(), verdict.held.len())
    };
    assert_eq!(verdict(200), (300, 0));
    assert_eq!(verdict(201), (99, 201), "the phones that only waited go on");
}

#[test]
fn a_compromised_device_is_never_held_and_unblocks_go_on() {
    let world = World::parse(&format!(
        "{}{}{}
        phone eve E1
        record eve E1 noncompliant compromised
        ours eve allow E1
        phone ana A1
        record ana A1 compliant
        ",
        crowd(0..60, "phone u# D#"),
        crowd(0..60, "record u# D# noncompliant"),
        crowd(0..60, "ours u# allow D#"),
    ));
    let scope = ScopeFigures {
        devices: 62,
        match_gate: true,
        match_rate_before: Some(100.0),
        ..ScopeFigures::default()
    };
    let verdict = guard(&plan_of(&world), &Limits::default(), &Window::default(), &scope);
    let going: Vec<&str> = verdict.go.iter().map(|change| change.address.as_str()).collect();
    assert_eq!(going, ["ana@x.example", "eve@x.example"]);
    assert_eq!((verdict.figures.loses, verdict.held.len()), (61, 60));
}
