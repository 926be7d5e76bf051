//! What people say, as commands of a scenario:
//!
//! ```text
//! allow ana@x.example A1 [4h]     block ana@x.example A1 [4h]     clear ana@x.example A1     overrides
//! pause   go-on   approve losesAccess                             unreachable hold|allow-new|quarantine-new
//! ```

use std::fmt::Write;

use easgate_compliance::NewDevices;
use easgate_store::{Actor, HeldState, HeldVerdict, NewOverride, Organization, Pause, Said};

use super::rig::Rig;
use super::script::duration;
use super::world::mailbox_id;

/// Runs the command, if it is one of these.
pub(super) async fn run(rig: &mut Rig, words: &[&str]) -> Option<String> {
    if let ["unreachable", what] = words {
        rig.config.precautions.new_devices = match *what {
            "hold" => None,
            "allow-new" => Some(NewDevices::Allow),
            "quarantine-new" => Some(NewDevices::Quarantine),
            what => panic!("no such precaution: {what}"),
        };
        return Some(String::new());
    }
    let store = rig.store().await;
    let organization = store.organization("contoso").await.unwrap();
    let now = rig.world.state().now;
    let said = match words {
        [access @ ("allow" | "block"), address, device, time @ ..] => {
            let until = time.first().map(|time| now + duration(time));
            add(&organization, access, address, device, until, now).await
        }
        ["clear", address, device] => {
            let standing = organization.overrides().await.unwrap();
            let meant = |one: &&easgate_store::StoredOverride| {
                one.what.mailbox == mailbox_id(address) && one.what.device.as_str() == *device
            };
            let one = standing.iter().find(meant).expect("there is an override");
            assert!(
                organization
                    .clear_override(one, &dana(), "found it", now)
                    .await
                    .unwrap()
            );
            Some(String::new())
        }
        ["overrides"] => Some(overrides(&organization).await),
        ["pause"] => {
            let pause = Pause {
                since: now,
                reason: "migration".to_owned(),
                by: dana(),
            };
            organization.pause_writing(&pause).await.unwrap();
            Some(String::new())
        }
        ["go-on"] => {
            organization.resume_writing(&dana(), now).await.unwrap();
            Some(String::new())
        }
        ["approve", cause @ ..] => Some(approve(&organization, &cause.join(" "), now).await),
        _ => None,
    };
    store.close().await;
    said
}

async fn add(
    organization: &Organization,
    access: &str,
    address: &str,
    device: &str,
    until: Option<time::OffsetDateTime>,
    now: time::OffsetDateTime,
) -> Option<String> {
    let new = NewOverride {
        mailbox: mailbox_id(address),
        address: address.to_owned(),
        device: device.parse().unwrap(),
        access: access.to_owned(),
        note: "ticket 4711".to_owned(),
        by: dana(),
        made: now,
        until,
    };
    organization.add_override(&new).await.unwrap();
    Some(String::new())
}

async fn overrides(organization: &Organization) -> String {
    let mut out = String::new();
    for one in organization.all_overrides().await.unwrap() {
        let ended = one.ended.map_or_else(|| "stands".to_owned(), |end| end.how);
        let acted = if one.acted.is_some() { "done" } else { "waits" };
        writeln!(
            out,
            "{} {} {}: {ended}, {acted}",
            one.what.access, one.what.address, one.what.device
        )
        .unwrap();
    }
    out
}

/// Approves of what is held because of `cause`.
async fn approve(organization: &Organization, cause: &str, now: time::OffsetDateTime) -> String {
    let plans = organization.held_plans().await.unwrap();
    let mut open = plans.iter().filter(|plan| plan.state == HeldState::Held);
    let plan = open.find(|plan| plan.cause == cause).expect("it is held");
    let said = for_a_day(dana(), now);
    let done = organization
        .say_to_held(&plan.id, HeldVerdict::Approve, &said)
        .await
        .unwrap();
    assert!(done);
    format!("{} changes approved\n", plan.changes.len())
}

/// What `by` says at the time `now`, which counts for a day.
pub(super) fn for_a_day(by: Actor, now: time::OffsetDateTime) -> Said {
    Said {
        by,
        at: now,
        until: Some(now + time::Duration::hours(24)),
        note: None,
    }
}

fn dana() -> Actor {
    Actor {
        name: "dana".to_owned(),
        uid: Some(1000),
    }
}
