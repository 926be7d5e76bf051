//! When what is due, as tables and as laws.

use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use time::macros::datetime;

use super::*;

fn daily(at: &str, zone: &str) -> Daily {
    Daily::new(at.parse().unwrap(), zone).unwrap()
}

/// The times of `daily` from `start` on.
fn days(daily: &Daily, start: OffsetDateTime, count: usize) -> Vec<OffsetDateTime> {
    std::iter::successors(daily.after(start), |at| daily.after(*at))
        .take(count)
        .collect()
}

fn shows(daily: &Daily, start: OffsetDateTime, expected: &Expect) {
    let mut text = String::new();
    for at in days(daily, start, 4) {
        let local = Timestamp::from_second(at.unix_timestamp())
            .unwrap()
            .to_zoned(daily.zone.clone());
        writeln!(text, "{local}").unwrap();
    }
    expected.assert_eq(&text);
}

#[test]
fn a_time_of_day_is_kept_over_the_changes_of_the_clocks() {
    shows(
        &daily("02:00", "Asia/Tokyo"),
        datetime!(2026-03-28 00:00 UTC),
        &expect![[r#"
            2026-03-29T02:00:00+09:00[Asia/Tokyo]
            2026-03-30T02:00:00+09:00[Asia/Tokyo]
            2026-03-31T02:00:00+09:00[Asia/Tokyo]
            2026-04-01T02:00:00+09:00[Asia/Tokyo]
        "#]],
    );
    // 02:30 does not exist on the 29th.
    shows(
        &daily("02:30", "Europe/Berlin"),
        datetime!(2026-03-27 12:00 UTC),
        &expect![[r#"
            2026-03-28T02:30:00+01:00[Europe/Berlin]
            2026-03-29T03:30:00+02:00[Europe/Berlin]
            2026-03-30T02:30:00+02:00[Europe/Berlin]
            2026-03-31T02:30:00+02:00[Europe/Berlin]
        "#]],
    );
    // 02:30 comes twice on the 25th: the first counts, and the second starts nothing.
    shows(
        &daily("02:30", "Europe/Berlin"),
        datetime!(2026-10-23 12:00 UTC),
        &expect![[r#"
            2026-10-24T02:30:00+02:00[Europe/Berlin]
            2026-10-25T02:30:00+02:00[Europe/Berlin]
            2026-10-26T02:30:00+01:00[Europe/Berlin]
            2026-10-27T02:30:00+01:00[Europe/Berlin]
        "#]],
    );
    // A change by half an hour.
    shows(
        &daily("02:15", "Australia/Lord_Howe"),
        datetime!(2026-10-02 00:00 UTC),
        &expect![[r#"
            2026-10-03T02:15:00+10:30[Australia/Lord_Howe]
            2026-10-04T02:45:00+11:00[Australia/Lord_Howe]
            2026-10-05T02:15:00+11:00[Australia/Lord_Howe]
            2026-10-06T02:15:00+11:00[Australia/Lord_Howe]
        "#]],
    );
    // Midnight does not exist on the 6th.
    shows(
        &daily("00:00", "America/Santiago"),
        datetime!(2026-09-04 12:00 UTC),
        &expect![[r#"
            2026-09-05T00:00:00-04:00[America/Santiago]
            2026-09-06T01:00:00-03:00[America/Santiago]
            2026-09-07T00:00:00-03:00[America/Santiago]
            2026-09-08T00:00:00-03:00[America/Santiago]
        "#]],
    );
    // The day that this country left out: its run is the one of the next day.
    shows(
        &daily("12:00", "Pacific/Apia"),
        datetime!(2011-12-28 23:00 UTC),
        &expect![[r#"
            2011-12-29T12:00:00-10:00[Pacific/Apia]
            2011-12-31T12:00:00+14:00[Pacific/Apia]
            2012-01-01T12:00:00+14:00[Pacific/Apia]
            2012-01-02T12:00:00+14:00[Pacific/Apia]
        "#]],
    );
}

/// What is due when, and in how many minutes.
fn due(schedule: &Schedule, last: &LastRuns, now: OffsetDateTime) -> String {
    let times = schedule.times(last, now);
    let show =
        |at: Option<OffsetDateTime>| at.map_or("-".to_owned(), |at| (at - now).whole_minutes().to_string());
    format!(
        "full {} quick {} watch {}",
        show(times.full),
        show(times.quick),
        show(times.watch)
    )
}

const NOON: OffsetDateTime = datetime!(2026-05-05 12:00 UTC);

/// Runs so many minutes ago.
fn ran(full: Option<i64>, quick: Option<i64>, watch: Option<i64>) -> LastRuns {
    let ago = |minutes: Option<i64>| minutes.map(|minutes| NOON - time::Duration::minutes(minutes));
    LastRuns {
        full: ago(full),
        quick: ago(quick),
        watch: ago(watch),
    }
}

#[test]
fn what_is_due_follows_from_what_has_run() {
    let (quick, watch) = (Some(Duration::from_secs(2 * 3600)), Some(Duration::from_secs(60)));
    let all = Schedule {
        full: Some(daily("02:00", "UTC")),
        quick,
        watch,
    };
    let no_full = Schedule {
        full: None,
        quick,
        watch,
    };
    let off = Schedule {
        full: None,
        quick: None,
        watch: None,
    };
    let year = Some(-525_600);
    let rows = [
        ("nothing ran yet", &all, ran(None, None, None)),
        ("nothing ran yet, no full sync", &no_full, ran(None, None, None)),
        ("everything is off", &off, ran(Some(5), Some(5), Some(5))),
        ("full at 02:00 today", &all, ran(Some(600), None, None)),
        (
            "full a minute early today",
            &all,
            ran(Some(601), Some(30), Some(0)),
        ),
        (
            "full by hand at 01:00 today",
            &all,
            ran(Some(660), Some(30), Some(0)),
        ),
        (
            "full yesterday",
            &all,
            ran(Some(24 * 60 + 600), Some(30), Some(0)),
        ),
        ("quick is overdue", &all, ran(Some(600), Some(300), Some(90))),
        (
            "the clock was ahead by two minutes",
            &all,
            ran(Some(-2), Some(-2), Some(-2)),
        ),
        ("the clock was ahead by a year", &all, ran(year, year, year)),
    ];
    let lines = rows.map(|(name, schedule, last)| format!("{name}: {}\n", due(schedule, &last, NOON)));
    expect![[r#"
        nothing ran yet: full 0 quick - watch -
        nothing ran yet, no full sync: full - quick 0 watch 0
        everything is off: full - quick - watch -
        full at 02:00 today: full 840 quick -480 watch 0
        full a minute early today: full 840 quick 90 watch 1
        full by hand at 01:00 today: full -600 quick 90 watch 1
        full yesterday: full -600 quick 90 watch 1
        quick is overdue: full 840 quick -180 watch -89
        the clock was ahead by two minutes: full 840 quick 120 watch 1
        the clock was ahead by a year: full 0 quick - watch -
    "#]]
    .assert_eq(&lines.concat());
}

#[test]
fn a_time_of_day_has_two_digits_each_and_a_zone_has_a_name() {
    for wrong in [
        "", "2:00", "02:0", "24:00", "02:60", "02:00:00", "+2:00", "0200", "off",
    ] {
        assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
    }
    assert_eq!("23:59".parse::<TimeOfDay>().unwrap().to_string(), "23:59");
    let error = Daily::new("02:00".parse().unwrap(), "Asia/Tokio").unwrap_err();
    assert!(error.to_string().contains("Asia/Tokio"), "{error}");
}

#[test]
fn jitter_spreads_days_and_organisations_and_is_the_same_in_each_process() {
    let start = datetime!(2026-05-05 00:00 UTC);
    let of = |name: &str| {
        let daily = daily("02:00", "UTC").with_jitter(Duration::from_secs(3600), name);
        days(&daily, start, 30)
    };
    assert_eq!(of("contoso"), of("contoso"));
    let late = |name: &str| -> Vec<i64> {
        of(name)
            .iter()
            .map(|at| i64::from(at.minute()) + i64::from(at.hour() - 2) * 60)
            .collect()
    };
    let (contoso, fabrikam) = (late("contoso"), late("fabrikam"));
    assert_ne!(contoso, fabrikam);
    for minutes in [&contoso, &fabrikam] {
        assert!(
            minutes.iter().all(|minutes| (0..60).contains(minutes)),
            "{minutes:?}"
        );
        let distinct: std::collections::BTreeSet<_> = minutes.iter().collect();
        assert!(distinct.len() > 10, "{minutes:?}");
    }
}

#[test]
fn an_organisation_is_left_alone_longer_and_longer_but_never_for_more_than_an_hour() {
    let minutes = [0, 1, 2, 3, 4, 5, 1000].map(|failures| pause_after(failures).as_secs() / 60);
    assert_eq!(minutes, [0, 1, 5, 15, 60, 60, 60]);
}

const ZONES: [&str; 7] = [
    "UTC",
    "Asia/Tokyo",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever looks now and then, and starts what is due, runs one full sync for each local day, in order.
    #[test]
    fn a_full_sync_runs_for_each_local_day_exactly_once(
        hour in 0_u8..24,
        minute in 0_u8..60,
        zone in prop::sample::select(&ZONES[..]),
        jitter in 0_u64..3 * 3600,
        start in 1_767_225_600_i64..1_798_761_600,
        steps in prop::collection::vec(1_i64..4 * 3600, 20..120),
    ) {
        let daily = Daily::new(TimeOfDay { hour, minute }, zone).unwrap();
        let daily = daily.with_jitter(Duration::from_secs(jitter), "contoso");
        let schedule = Schedule { full: Some(daily.clone()), quick: None, watch: None };
        let mut now = OffsetDateTime::from_unix_timestamp(start).unwrap();
        let mut last = LastRuns { full: Some(now), ..LastRuns::default() };
        let mut runs = Vec::new();
        let end = now + Duration::from_secs(steps.iter().sum::<i64>().unsigned_abs());
        for step in steps {
            now += Duration::from_secs(step.unsigned_abs());
            if schedule.times(&last, now).full.unwrap() <= now {
                runs.push(now);
                last.full = Some(now);
            }
        }
        // The day whose time came within the first minute counts as done by the run at the start.
        let slots: Vec<_> = std::iter::successors(
            daily.after(OffsetDateTime::from_unix_timestamp(start).unwrap() + EARLY),
            |at| daily.after(*at),
        )
        .take_while(|at| *at <= end)
        .collect();
        prop_assert_eq!(runs.len(), slots.len());
        for (slot, run) in slots.iter().zip(&runs) {
            prop_assert!(slot <= run && *run - *slot < Duration::from_secs(4 * 3600), "{} {}", slot, run);
        }
        let dates: std::collections::BTreeSet<_> = slots
            .iter()
            .map(|at| Timestamp::from_second(at.unix_timestamp()).unwrap() - daily_jitter(&daily, *at))
            .map(|at| at.to_zoned(daily.zone.clone()).date())
            .collect();
        prop_assert_eq!(dates.len(), slots.len(), "no local day has two");
    }

    /// What is due never lies before the run that it follows, and asking changes nothing.
    #[test]
    fn what_is_due_lies_after_what_has_run(
        full in prop::option::of(0_i64..100_000_000),
        quick in prop::option::of(0_i64..100_000_000),
        watch in prop::option::of(0_i64..100_000_000),
        now in 0_i64..100_000_000,
    ) {
        let at = |seconds: Option<i64>| seconds.map(|at| OffsetDateTime::from_unix_timestamp(at).unwrap());
        let schedule = Schedule {
            full: Some(daily("03:00", "Europe/Berlin")),
            quick: Some(Duration::from_secs(7200)),
            watch: Some(Duration::from_secs(60)),
        };
        let last = LastRuns { full: at(full), quick: at(quick), watch: at(watch) };
        let now = at(Some(now)).unwrap();
        let times = schedule.times(&last, now);
        prop_assert_eq!(times, schedule.times(&last, now));
        for (due, begun) in [(times.full, last.full), (times.quick, last.quick), (times.watch, last.watch)] {
            if let (Some(due), Some(begun)) = (due, begun.filter(|begun| *begun <= now)) {
                prop_assert!(due > begun);
            }
        }
        prop_assert_eq!(times.quick.is_none(), last.full.is_none_or(|at| at > now + CREDIBLE));
    }
}

/// By how much the time `at` is later than the time of day says.
fn daily_jitter(daily: &Daily, at: OffsetDateTime) -> Duration {
    let stamp = Timestamp::from_second(at.unix_timestamp()).unwrap();
    let date = daily.zone.to_datetime(stamp).date();
    [date, date.yesterday().unwrap()]
        .into_iter()
        .find(|date| daily.on(*date) == Some(stamp))
        .map(|date| daily.jitter_of(date))
        .unwrap()
}
