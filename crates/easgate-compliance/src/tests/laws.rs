//! What holds for every organisation.

use std::collections::BTreeSet;

use easgate_model::{AccessLevel, ComplianceState, EnrollmentKind};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::{Access, Limits, List, ListEdit, ScopeFigures, Threshold, Window, decide, explain, guard};

use super::plan_of;
use super::world::World;

/// One line about one of six people with one of four devices.
fn any_line() -> impl Strategy<Value = String> {
    let person = select(vec!["ana", "ben", "cid", "dan", "eve", "info"]);
    let device = select(vec!["A1", "a1", "B2", "validate", "C3"]);
    let state = select(vec![
        "compliant",
        "compliant",
        "noncompliant",
        "inGracePeriod",
        "unknown",
        "error",
        "conflict",
        "configManager",
        "new",
    ]);
    let more = select(vec![
        "",
        "",
        "",
        "at=5",
        "at=9",
        "agent=eas",
        "state=retirePending",
        "compromised",
        "agent=msSense",
    ]);
    let phone = select(vec!["", "", "", "type=Outlook", "type=iPad", "policy", "upgrade"]);
    let list = select(vec!["ours", "foreign"]);
    let which = select(vec!["allow", "block"]);
    prop_oneof![
        4 => (person.clone(), device.clone(), phone).prop_map(|(p, d, more)| format!("phone {p} {d} {more}")),
        4 => (person.clone(), device.clone(), state, more).prop_map(|(p, d, s, more)| format!("record {p} {d} {s} {more}")),
        3 => (list, person.clone(), which, device).prop_map(|(l, p, w, d)| format!("{l} {p} {w} {d}")),
        1 => (person, select(vec!["", "unlicensed", "groups=g1", "groups=g1,g2"])).prop_map(|(p, o)| format!("user {p} {o}")),
    ]
}

pub(super) fn any_world() -> impl Strategy<Value = World> {
    let default = select(vec!["allow", "quarantine", "block"]);
    let settings = prop::collection::vec(
        select(vec![
            "unmanaged=block",
            "always_allow=false",
            "include=g1",
            "exclude=g2",
            "require_license=false",
            "foreign_allow=override",
            "config_manager=noncompliant",
            "family=iPad:block",
        ]),
        0..4,
    );
    let rule = select(vec![
        "",
        "rule DeviceType iPhone block",
        "rule DeviceType iPad allow",
        "rule DeviceType iPhone quarantine",
    ]);
    let absent = select(vec!["", "nouser eve", "nomailbox dan"]);
    (
        prop::collection::vec(any_line(), 0..30),
        default,
        settings,
        rule,
        absent,
    )
        .prop_map(|(lines, default, settings, rule, absent)| {
            let settings: BTreeSet<&str> = settings.into_iter().collect();
            let set: String = settings
                .iter()
                .map(|setting| format!("set {setting}\n"))
                .collect();
            let head = format!("{absent}\ndefault {default}\n{set}{rule}\nmailbox info kind=shared\n");
            let mut world = World::parse(&format!("{head}{}", lines.join("\n")));
            // A list holds an id once, and an entry is either ours or somebody else's.
            for mailbox in &mut world.facts.exchange.mailboxes {
                for entries in [&mut mailbox.allowed, &mut mailbox.blocked] {
                    let mut seen = BTreeSet::new();
                    entries.retain(|device| seen.insert(device.clone()));
                }
            }
            world
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_order_of_the_facts_does_not_matter(world in any_world(), at in any::<[Index; 5]>()) {
        let before = (plan_of(&world), world.outcome());
        let mut turned = world;
        let exchange = &mut turned.facts.exchange;
        let inventory = &mut turned.facts.inventory;
        turn(&mut exchange.mailboxes, at[0]);
        turn(&mut exchange.partnerships, at[1]);
        turn(&mut inventory.enrollments, at[2]);
        turn(&mut inventory.users, at[3]);
        for mailbox in &mut exchange.mailboxes {
            turn(&mut mailbox.allowed, at[4]);
        }
        prop_assert_eq!(&turned.outcome(), &before.1);
        let after = plan_of(&turned);
        prop_assert_eq!(after.changes, before.0.changes);
        prop_assert_eq!(after.counts, before.0.counts);
    }

    #[test]
    fn carrying_out_a_plan_leaves_nothing_to_do(world in any_world()) {
        let mut world = world;
        let plan = plan_of(&world);
        world.apply(&plan.changes);
        let again = plan_of(&world);
        prop_assert!(again.changes.is_empty(), "{:?}", again.changes);
    }

    #[test]
    fn nothing_is_allowed_without_a_verdict_that_allows_it(world in any_world()) {
        let plan = plan_of(&world);
        for decision in decide(&world.facts, &world.policy, &world.ownership) {
            if decision.access == Access::Allow {
                let record = &world.facts.inventory.enrollments[decision.enrollment.unwrap()];
                prop_assert_eq!(record.kind(), EnrollmentKind::Enrolled);
                let state = &record.compliance;
                prop_assert!(matches!(state, ComplianceState::Compliant | ComplianceState::InGracePeriod));
            }
        }
        for change in plan.changes {
            prop_assert!(change.allow != ListEdit::Add || change.access == Access::Allow);
            prop_assert!(change.block != ListEdit::Add || change.access == Access::Block);
        }
    }

    #[test]
    fn unclear_facts_take_access_from_no_device(world in any_world()) {
        for change in plan_of(&world).changes {
            let unclear = change.access == Access::Untouched && !change.reason.means_default_rule();
            let present = world.facts.exchange.partnerships.iter().any(|partnership| {
                let owner = world.facts.exchange.mailboxes.iter().find(|m| m.id == change.mailbox);
                partnership.device_id == change.device
                    && owner.is_some_and(|owner| owner.distinguished_name == partnership.owner)
            });
            prop_assert!(!(unclear && present), "{change:?}");
        }
    }

    #[test]
    fn after_a_plan_no_allow_entry_of_ours_is_without_a_current_verdict(world in any_world()) {
        let mut world = world;
        let plan = plan_of(&world);
        world.apply(&plan.changes);
        for decision in decide(&world.facts, &world.policy, &world.ownership) {
            let Some(mailbox) = decision.mailbox else { continue };
            let here = world.facts.exchange.mailboxes.iter().any(|known| known.id == mailbox);
            let ours = here && world.ownership.owns(mailbox, List::Allow, &decision.device);
            // A foreign block stands against the entry, or unclear facts keep what a living device has.
            let held = decision.partnership.is_some() && !decision.reason.means_default_rule();
            prop_assert!(!ours || decision.access == Access::Allow || (decision.access == Access::Untouched && held), "{decision:?}");
        }
    }

    #[test]
    fn what_others_wrote_is_never_touched(world in any_world()) {
        let foreign = |world: &World| plan_of(world).foreign.len();
        let before = foreign(&world);
        let mut world = world;
        let plan = plan_of(&world);
        // `apply` fails on an entry that is removed and not ours.
        world.apply(&plan.changes);
        prop_assert_eq!(foreign(&world), before);
        for change in plan.changes.iter().filter(|change| change.access == Access::Allow) {
            let mailbox = world.facts.exchange.mailboxes.iter().find(|m| m.id == change.mailbox).unwrap();
            prop_assert!(!mailbox.blocks(&change.device), "a foreign block is never planned against: {change:?}");
        }
    }

    #[test]
    fn a_plan_leaves_each_decided_device_with_what_the_policy_wants(world in any_world()) {
        let mut world = world;
        let plan = plan_of(&world);
        world.apply(&plan.changes);
        for change in plan.changes {
            match change.access {
                Access::Block => prop_assert!(change.after == AccessLevel::Block || change.block == ListEdit::Keep),
                Access::Quarantine => prop_assert!(change.after != AccessLevel::Allow, "{change:?}"),
                Access::Allow | Access::Untouched => {}
            }
        }
    }

    #[test]
    fn explain_never_disagrees_with_decide(world in any_world()) {
        let plan = plan_of(&world);
        for decision in decide(&world.facts, &world.policy, &world.ownership) {
            let here = decision.mailbox.filter(|id| world.facts.exchange.mailboxes.iter().any(|m| m.id == *id));
            let Some(mailbox) = here else { continue };
            let explanation =
                explain(&world.facts, &world.policy, &world.ownership, mailbox, &decision.device).unwrap();
            prop_assert_eq!(&explanation.decision, &decision);
            prop_assert_eq!(explanation.trace.iter().filter(|step| step.decided).count(), 1);
            prop_assert_eq!(explanation.trace.len(), crate::Question::ALL.len());
            let change =
                plan.changes.iter().find(|change| change.mailbox == mailbox && change.device == decision.device);
            prop_assert_eq!(explanation.change.as_ref(), change);
            if let Some(change) = change {
                prop_assert_eq!(change.decision_id, explanation.decision_id);
                prop_assert_eq!(change.after, explanation.exchange_after.level);
            }
        }
    }

    #[test]
    fn the_guard_lets_no_more_through_than_its_limits(
        world in any_world(),
        count in 0_u64..6,
        percent in 0.0..100.0,
        devices in 0_u64..30,
        window in (0_u64..4, 0_u64..4),
        gate in any::<bool>(),
    ) {
        let plan = plan_of(&world);
        let limit = Threshold { count, percent };
        let limits = Limits { loses_access: limit, gains_access: limit, removals: limit };
        let window = Window { lost: window.0, gained: window.1, removed: 0 };
        let refused = plan.changes.iter().map(|change| (change.mailbox, change.device.clone())).collect();
        let scope = ScopeFigures { devices, refused_by_earlier_run: refused, match_rate_before: Some(100.0), match_gate: gate, released: BTreeSet::new() };
        let verdict = guard(&plan, &limits, &window, &scope);
        prop_assert_eq!(verdict.go.len() + verdict.held.len(), plan.changes.len());
        let going = |what: fn(&crate::Change) -> bool| {
            u64::try_from(verdict.go.iter().filter(|c| what(c) && !c.compromised).count()).unwrap()
        };
        let (lost, gained) = (going(crate::Change::loses_access), going(crate::Change::gains_access));
        prop_assert!(lost == 0 || !limit.is_exceeded(window.lost + lost, devices));
        prop_assert!(gained == 0 || !limit.is_exceeded(window.gained + gained, devices));
        if gate && plan.match_rate.percent() < 80.0 {
            prop_assert!(verdict.go.iter().all(|change| !change.restricts() || change.compromised));
        }
    }
}

/// Turns a list round, and rotates it.
fn turn<T>(list: &mut [T], at: Index) {
    list.reverse();
    if !list.is_empty() {
        let by = at.index(list.len());
        list.rotate_left(by);
    }
}
