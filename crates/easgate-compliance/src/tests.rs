//! Tables, laws, and the sequences that a naive design permits.

mod decisions;
mod exceptions;
mod explanations;
mod guards;
mod laws;
mod plans;
mod sequences;
mod undoing;
mod world;

use std::fmt::Write;

use expect_test::Expect;

use crate::{GuardVerdict, Limits, Plan, ScopeFigures, Window, decide, guard, plan};

use world::World;

/// Checks what is decided and planned for a world, one line a case:
/// `NAME ID access reason [edits before -> after]`.
fn check(world: &str, expected: &Expect) {
    expected.assert_eq(&World::parse(world).outcome());
}

fn plan_of(world: &World) -> Plan {
    let decisions = decide(&world.facts, &world.policy, &world.ownership);
    plan(&world.facts, &decisions, &world.ownership, &world.policy)
}

/// Lines like `line` for as many people as `people` has, with their number for each `#`.
fn crowd(people: std::ops::Range<u32>, line: &str) -> String {
    people.fold(String::new(), |mut text, number| {
        writeln!(text, "{}", line.replace('#', &number.to_string())).unwrap();
        text
    })
}

/// The verdict of the guard at its usual limits.
fn guard_of(plan: &Plan, window: Window, scope: ScopeFigures) -> GuardVerdict {
    let scope = ScopeFigures {
        devices: plan.counts.devices,
        ..scope
    };
    guard(plan, &Limits::default(), &window, &scope)
}
