//! The help desk: devices let in and refused by hand, while device management answers and while it does not, with a service
//! and without one.

use std::time::Duration;

use easgate_connector::{Clock as _, SystemClock};
use easgate_simulator::exchange::ExchangeConfig;
use easgate_simulator::tenant::{Fault, TenantSimulator};
use easgate_simulator::world::World;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::place::Place;
use crate::run::service::Service;
use crate::syncs::{evaluate, full_sync, lists_hold, phone_that_complies};

/// An organisation whose devices are decided, and a phone that complies: its mailbox's address and Guid, and its id.
async fn decided() -> (Place, TenantSimulator, (String, Uuid, String)) {
    let (place, tenant) = Place::with_tenant(ExchangeConfig::new(World::contoso(60))).await;
    full_sync(&place).await;
    let phone = phone_that_complies(&place, 0).await;
    (place, tenant, phone)
}

/// Nothing of the tenant answers any more.
fn goes_down(tenant: &TenantSimulator) {
    tenant.fail("", Fault::Status(500, "InternalServerError"), 1_000_000);
}

async fn ends(place: Place, tenant: TenantSimulator) {
    assert_eq!(place.exchange.open_shells(), 0);
    place.exchange.stop().await.unwrap();
    tenant.stop().await;
}

/// A moment so many seconds from now, as `--until` takes it.
fn in_seconds(seconds: i64) -> String {
    let moment = SystemClock::new().now() + time::Duration::seconds(seconds);
    moment.format(&Rfc3339).unwrap()
}

/// Waits until the lists hold the id so.
async fn come_to_hold(place: &Place, mailbox: Uuid, id: &str, lists: (bool, bool)) {
    for _ in 0..600 {
        if lists_hold(place, mailbox, id) == lists {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!(
        "{id} is in {:?}, and {lists:?} was to come",
        lists_hold(place, mailbox, id)
    );
}

async fn overrides(place: &Place, line: &str) -> Vec<Value> {
    let listed = place.easgate(line).await.exits(0).json();
    listed.as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_refused_at_once_and_left_to_the_policy_once_that_is_cleared() {
    let (place, tenant, (address, mailbox, id)) = decided().await;
    let said = place
        .easgate(&format!(
            "block {address} {} --by dana --note stolen",
            id.to_lowercase()
        ))
        .await
        .exits(0)
        .stdout;
    assert!(said.contains("now: Block (manualBlock)"), "{said}");
    assert_eq!(lists_hold(&place, mailbox, &id), (false, true));
    let listed = overrides(&place, "overrides --json").await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    let one = &listed[0];
    assert_eq!(
        (&one["by_hand"], &one["effect"]),
        (&"block".into(), &"in force".into()),
        "{one}"
    );
    assert!(one["until"].is_null() && one["uid"].is_u64(), "{one}");
    let words = place.easgate("overrides").await.exits(0).stdout;
    assert!(words.contains("stolen") && words.contains("dana (uid"), "{words}");
    let why = place
        .easgate(&format!("explain {address} {id}"))
        .await
        .exits(0)
        .stdout;
    assert!(why.contains("block by dana until it is cleared: stolen"), "{why}");

    // A full sync leaves it so, and the policy decides once it is cleared.
    place.easgate("sync --full").await.exits(0);
    assert_eq!(lists_hold(&place, mailbox, &id), (false, true));
    let said = place
        .easgate(&format!("clear {address} {id} --by emil --json"))
        .await
        .exits(0)
        .json();
    assert_eq!(
        (&said["effective"], &said["reason"]),
        (&"Allow".into(), &"compliant".into()),
        "{said}"
    );
    assert_eq!(lists_hold(&place, mailbox, &id), (true, false));
    place.easgate(&format!("clear {address} {id}")).await.exits(1);
    assert!(overrides(&place, "overrides --json").await.is_empty());
    let all = overrides(&place, "overrides --all --json").await;
    assert_eq!(all[0]["ended"]["how"], "cleared", "{all:?}");
    ends(place, tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_let_in_for_a_time_and_the_audit_tells_by_whom_until_when_and_why() {
    let (place, tenant, (address, mailbox, id)) = decided().await;
    evaluate(&place, &tenant, &id, "noncompliant");
    place.easgate("sync --watch").await.exits(0);
    let line = format!(
        "allow {address} {id} --until {} --by dana --note ticket --json",
        in_seconds(15)
    );
    let said = place.easgate(&line).await.exits(0).json();
    assert_eq!(
        (&said["effective"], &said["in_force"]),
        (&"Allow".into(), &true.into()),
        "{said}"
    );
    assert_eq!(lists_hold(&place, mailbox, &id), (true, false));
    tokio::time::sleep(Duration::from_secs(16)).await;
    place.easgate("sync --watch").await.exits(0);
    assert_eq!(
        lists_hold(&place, mailbox, &id),
        (false, true),
        "its time was over"
    );
    let all = overrides(&place, "overrides --all --json").await;
    assert_eq!(all[0]["ended"]["how"], "expired", "{all:?}");

    let audit = place.easgate("audit export").await.exits(0).stdout;
    let events: Vec<Value> = audit
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let set: Vec<&Value> = events
        .iter()
        .filter(|one| one["action"] == "overrideSet")
        .collect();
    let [set] = set.as_slice() else { panic!("{set:?}") };
    let value = set["after"].as_str().unwrap();
    assert!(value.starts_with("allow until 20"), "{set}");
    assert_eq!(
        (&set["actor"], &set["reason"]),
        (&"dana".into(), &"ticket".into()),
        "{set}"
    );
    assert!(set["actor_uid"].is_u64(), "{set}");
    ends(place, tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_while_device_management_is_down_and_its_end_takes_nothing() {
    let (place, tenant, (address, mailbox, id)) = decided().await;
    evaluate(&place, &tenant, &id, "noncompliant");
    place.easgate("sync --watch").await.exits(0);
    assert_eq!(lists_hold(&place, mailbox, &id), (false, true));
    goes_down(&tenant);
    let line = format!("allow {address} {id} --until 4h --by dana");
    let said = place.easgate(&line).await.exits(0).stdout;
    assert!(said.contains("now: Allow (manualAllow)"), "{said}");
    assert_eq!(lists_hold(&place, mailbox, &id), (true, false));

    let cleared = place
        .easgate(&format!("clear {address} {id} --by dana"))
        .await
        .exits(4)
        .stdout;
    assert!(cleared.contains("as soon as it can"), "{cleared}");
    assert_eq!(
        lists_hold(&place, mailbox, &id),
        (true, false),
        "nobody can say what it deserves"
    );
    tenant.heal();
    place.easgate("sync --watch").await.exits(0);
    assert_eq!(lists_hold(&place, mailbox, &id), (false, true));
    ends(place, tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_refused_and_what_cannot_be_written_is_kept() {
    let (place, tenant, (address, mailbox, id)) = decided().await;
    let no_device = place
        .easgate(&format!("block {address} NOSUCHPHONE"))
        .await
        .exits(1)
        .stderr;
    assert!(
        no_device.contains(&id) && no_device.contains("--unseen"),
        "{no_device}"
    );
    let nobody = place.easgate("block nobody@contoso.com X1").await.exits(1).stderr;
    assert!(nobody.contains("nobody@contoso.com"), "{nobody}");
    place.easgate(&format!("block {address} validate")).await.exits(1);
    let long = place
        .easgate(&format!("allow {address} {id} --until 8d"))
        .await
        .exits(1)
        .stderr;
    assert!(long.contains("longest"), "{long}");
    place
        .easgate(&format!("allow {address} {id} --until 2020-01-01T00:00:00Z"))
        .await
        .exits(1);
    assert!(overrides(&place, "overrides --all --json").await.is_empty());

    let unseen = place
        .easgate(&format!("block {address} NEWPHONE --unseen"))
        .await
        .exits(0)
        .stdout;
    assert!(unseen.contains("when the phone first asks"), "{unseen}");

    place.easgate("pause --reason migration").await.exits(0);
    let kept = place
        .easgate(&format!("block {address} {id} --json"))
        .await
        .exits(2)
        .json();
    assert_eq!(kept["in_force"], false, "{kept}");
    assert!(
        kept["why_not"].as_str().unwrap().contains("easgate resume"),
        "{kept}"
    );
    assert_eq!(lists_hold(&place, mailbox, &id), (true, false));
    place.easgate("resume").await.exits(0);
    place.easgate("sync --watch").await.exits(0);
    assert_eq!(lists_hold(&place, mailbox, &id), (false, true));

    place.exchange.take_down(0).await.unwrap();
    let kept = place
        .easgate(&format!("clear {address} {id}"))
        .await
        .exits(4)
        .stdout;
    assert!(kept.contains("not in force yet"), "{kept}");
    ends(place, tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_acts_at_once_and_when_the_time_is_over() {
    let (place, tenant, (address, mailbox, id)) = decided().await;
    let schedule = "[organization.schedule]\nfull = \"off\"\nquick = \"off\"\nwatch = \"10s\"";
    place.configure_more(&format!("{schedule}\n[service]\nsocket = \"control.sock\"\n"));
    let service = Service::start(&place).await;
    service.sees("sync.ended", 1).await;
    let line = format!("block {address} {id} --until {} --by dana --json", in_seconds(6));
    let said = place.easgate(&line).await.exits(0).json();
    assert_eq!(said["effective"], "Block", "{said}");
    assert_eq!(lists_hold(&place, mailbox, &id), (false, true));
    service
        .event("control.request", |fields| fields["request"] == "sync")
        .expect("the service did it");
    // Nobody asks for it: a watch pass finds that the time is over.
    come_to_hold(&place, mailbox, &id, (true, false)).await;

    goes_down(&tenant);
    let line = format!("block {address} {id} --by dana --json");
    let said = place.easgate(&line).await.exits(0).json();
    assert_eq!(said["effective"], "Block", "{said}");
    assert_eq!(lists_hold(&place, mailbox, &id), (false, true));
    service.stops(&place).await;
    ends(place, tenant).await;
}
