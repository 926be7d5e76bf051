//! Deciding and planning, against a bare hash join on the same keys.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;

use easgate_compliance::{Facts, Ownership, Plan, Policy, decide, plan};
use easgate_model::{DeviceId, DistinguishedName, EmailAddress};

use crate::Failure;
use crate::arguments::Scale;
use crate::measure::{Case, float, least};
use crate::organization::organization;
use crate::table::{Figure, Floor, Goal, Row};

/// Its time and its memory.
pub(super) fn rows(scale: &Scale, heap: &Path) -> Result<Vec<Row>, Failure> {
    let (facts, ownership) = organization(scale.devices);
    let cases: [Case<'_>; 2] = [
        Box::new(|| {
            black_box(join(&facts));
        }),
        Box::new(|| {
            black_box(decided(&facts, &ownership));
        }),
    ];
    let [floor, ours] = least(scale.decisions, cases);
    drop((facts, ownership));
    let devices = usize::try_from(scale.devices)?;
    let each = |time: std::time::Duration| Figure {
        value: time.as_secs_f64() * 1e9 / float(devices),
        unit: "ns a device",
    };
    let bytes = super::count(heap, &["decide", &scale.devices.to_string()])?;
    Ok(vec![
        Row {
            id: "decide_and_plan",
            measure: "decide and plan, 1,000,000 devices, 1 % changes",
            ours: each(ours),
            floor: Some(Floor {
                what: "hash join on the same keys",
                figure: each(floor),
            }),
            ratio: Some(ours.as_secs_f64() / floor.as_secs_f64()),
            goal: Goal::RatioAtMost(3.0),
        },
        Row {
            id: "decide_and_plan_heap",
            measure: "the same: peak heap besides the facts",
            ours: Figure {
                value: bytes,
                unit: "bytes a device",
            },
            floor: None,
            ratio: None,
            goal: Goal::AtMost(400.0),
        },
    ])
}

/// What a sync decides, and what it would change.
pub(crate) fn decided(facts: &Facts, ownership: &Ownership) -> Plan {
    let policy = Policy::default();
    let decisions = decide(facts, &policy, ownership);
    plan(facts, &decisions, ownership, &policy)
}

/// Ties each device to its enrolment by the keys that a decision goes by: the owner's name to the mailbox, its address to the
/// user, the user and the device to the record. Nothing else is looked at; gives how many were tied.
fn join(facts: &Facts) -> usize {
    let (exchange, inventory) = (&facts.exchange, &facts.inventory);
    let mailboxes: HashMap<&DistinguishedName, usize> = exchange
        .mailboxes
        .iter()
        .enumerate()
        .map(|(at, mailbox)| (&mailbox.distinguished_name, at))
        .collect();
    let users: HashMap<&str, usize> = inventory
        .users
        .iter()
        .enumerate()
        .map(|(at, user)| (user.id.as_str(), at))
        .collect();
    let addresses: HashMap<&EmailAddress, usize> = inventory
        .users
        .iter()
        .enumerate()
        .flat_map(|(at, user)| user.addresses.iter().map(move |address| (address, at)))
        .collect();
    let records: HashMap<(usize, &DeviceId), usize> = inventory
        .enrollments
        .iter()
        .enumerate()
        .filter_map(|(at, record)| {
            let user = users.get(record.user_id.as_deref()?)?;
            Some(((*user, record.eas_device_id.as_ref()?), at))
        })
        .collect();
    let tied = exchange.partnerships.iter().filter(|partnership| {
        let mailbox = mailboxes
            .get(&partnership.owner)
            .map(|&at| &exchange.mailboxes[at]);
        let user = mailbox
            .and_then(|mailbox| mailbox.primary_smtp.as_ref())
            .and_then(|address| addresses.get(address));
        user.is_some_and(|&user| records.contains_key(&(user, &partnership.device_id)))
    });
    tied.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_hundred_devices_is_to_be_changed_and_all_are_tied() {
        let (facts, ownership) = organization(1_000);
        let plan = decided(&facts, &ownership);
        assert_eq!((plan.counts.devices, plan.changes.len()), (1_000, 10));
        assert_eq!((plan.match_rate.matched, plan.match_rate.of), (1_000, 1_000));
        assert_eq!(join(&facts), 1_000);
    }
}
