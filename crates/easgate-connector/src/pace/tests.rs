//! The number of lanes, as a table and as laws.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

/// Plays lines of `sent now signal`, in milliseconds, and writes what comes of each.
fn check(most: usize, script: &str, expected: &Expect) {
    let mut pace = Pace::new(most);
    let mut played = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ms = |word: &str| Duration::from_millis(word.parse().unwrap());
        let signal = match words[2..] {
            ["fine"] => Signal::Fine,
            ["slowed"] => Signal::Slowed,
            ["throttled"] => Signal::Throttled(None),
            ["throttled", wait] => Signal::Throttled(Some(ms(wait))),
            ["shells"] => Signal::TooManyShells,
            _ => panic!("{line}"),
        };
        pace.handle(signal, ms(words[0]), ms(words[1]));
        let (lanes, resume) = (pace.lanes(), pace.resume().as_millis());
        played.push_str(&format!("{line:<24} {lanes} lanes, from {resume}\n"));
    }
    expected.assert_eq(&played);
}

#[test]
fn throttling_halves_the_lanes_once_and_a_window_of_good_answers_gives_one_back() {
    check(
        8,
        "0 100 throttled 3000
         0 110 throttled 3000
         0 120 fine
         3110 3200 fine
         3110 3200 fine
         3110 3200 slowed
         3110 3200 fine
         3110 3200 fine
         3110 3200 fine
         3110 3200 fine
         3110 3200 throttled",
        &expect![[r#"
            0 100 throttled 3000     4 lanes, from 3100
            0 110 throttled 3000     4 lanes, from 3110
            0 120 fine               4 lanes, from 3110
            3110 3200 fine           4 lanes, from 3110
            3110 3200 fine           4 lanes, from 3110
            3110 3200 slowed         4 lanes, from 3110
            3110 3200 fine           4 lanes, from 3110
            3110 3200 fine           4 lanes, from 3110
            3110 3200 fine           4 lanes, from 3110
            3110 3200 fine           5 lanes, from 3110
            3110 3200 throttled      2 lanes, from 8200
        "#]],
    );
}

#[test]
fn shells_that_the_server_refuses_are_not_asked_for_again() {
    check(
        3,
        "0 10 shells
         5010 5020 fine
         5010 5020 fine
         5010 5020 fine
         5010 5030 shells
         10030 10040 shells",
        &expect![[r#"
            0 10 shells              2 lanes, from 5010
            5010 5020 fine           2 lanes, from 5010
            5010 5020 fine           2 lanes, from 5010
            5010 5020 fine           2 lanes, from 5010
            5010 5030 shells         1 lanes, from 10030
            10030 10040 shells       1 lanes, from 15040
        "#]],
    );
}

fn any_signal() -> impl Strategy<Value = Signal> {
    prop_oneof![
        4 => Just(Signal::Fine),
        1 => Just(Signal::Slowed),
        1 => proptest::option::of(any::<u64>().prop_map(Duration::from_millis)).prop_map(Signal::Throttled),
        1 => Just(Signal::TooManyShells),
    ]
}

proptest! {
    #[test]
    fn there_is_always_a_lane_and_never_more_than_the_most(
        most in 0_usize..40,
        events in proptest::collection::vec((any_signal(), 0_u64..10_000, 0_u64..10_000), 0..200),
    ) {
        let mut pace = Pace::new(most);
        let mut now = Duration::ZERO;
        let mut ceiling = most.max(1);
        for (signal, took, passed) in events {
            now += Duration::from_millis(passed);
            let before = pace.clone();
            pace.handle(signal, now.saturating_sub(Duration::from_millis(took)), now);
            prop_assert!(pace.lanes() >= 1 && pace.lanes() <= ceiling);
            prop_assert!(pace.ceiling <= ceiling, "the ceiling never rises");
            prop_assert!(pace.resume() >= before.resume(), "a wait is never shortened");
            prop_assert!(pace.resume() <= now + LONGEST || pace.resume() == before.resume());
            if let Signal::Throttled(Some(wait)) = signal {
                prop_assert!(pace.resume() >= now + wait.min(LONGEST), "at least as long as was asked");
            }
            ceiling = pace.ceiling;
        }
    }
}
