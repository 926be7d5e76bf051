//! Runs that look at a part, against a simulated organisation and a simulated tenant.

use easgate_model::AccessLevel;
use easgate_simulator::exchange::{Culture, EN_GB, EN_US, ExchangeConfig, JA_JP};
use easgate_simulator::tenant::{Fault, TenantSimulator};
use easgate_simulator::world::World;
use serde_json::{Value, json};
use time::Duration;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::place::Place;

/// A full sync that has written: the first of a new store may only observe where the lists hold entries.
pub(crate) async fn full_sync(place: &Place) {
    for _ in 0..2 {
        place.easgate("sync --full").await.exits(0);
    }
}

/// A phone that complies and is let in by an entry of ours: its mailbox's address and Guid, and its id.
pub(crate) async fn phone_that_complies(place: &Place, number: usize) -> (String, Uuid, String) {
    let devices = place
        .easgate("devices --access allow --reason compliant --json")
        .await
        .exits(0)
        .json();
    let ours = devices.as_array().unwrap().iter().filter_map(|device| {
        let (address, id) = (device["mailbox"].as_str()?, device["device_id"].as_str()?);
        let user = place.world.user(address)?;
        let foreign = user
            .foreign_allowed
            .iter()
            .any(|entry| entry.eq_ignore_ascii_case(id));
        let is_ours = !foreign && lists_hold(place, user.mailbox_guid, id) == (true, false);
        is_ours.then(|| (address.to_owned(), user.mailbox_guid, id.to_owned()))
    });
    let mut ours: Vec<_> = ours.collect();
    ours.dedup_by(|a, b| a.1 == b.1);
    ours.swap_remove(number)
}

/// Device management evaluates the phone with this id anew, now.
pub(crate) fn evaluate(place: &Place, tenant: &TenantSimulator, id: &str, compliance: &str) {
    let now = place.exchange.organization().now().format(&Rfc3339).unwrap();
    tenant.edit(|data| {
        let record = data.device_by_eas_id(id).unwrap();
        record["complianceState"] = json!(compliance);
        record["lastSyncDateTime"] = json!(now);
    });
}

/// Whether the allow list and the block list of a mailbox hold an id.
pub(crate) fn lists_hold(place: &Place, mailbox: Uuid, id: &str) -> (bool, bool) {
    let (allowed, blocked) = place.exchange.organization().lists(mailbox).unwrap();
    let holds = |list: &[String]| list.iter().any(|entry| entry.eq_ignore_ascii_case(id));
    (holds(&allowed), holds(&blocked))
}

fn applied(report: &Value) -> u64 {
    report["changes"]["applied"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_pass_alone_holds_a_phone_that_fails_and_lets_it_in_again() {
    let (place, tenant) = Place::with_tenant(ExchangeConfig::new(World::contoso(120))).await;
    full_sync(&place).await;
    let (_, mailbox, id) = phone_that_complies(&place, 0).await;
    place.easgate("sync --watch").await.exits(0);

    for (compliance, lists) in [("noncompliant", (false, true)), ("compliant", (true, false))] {
        evaluate(&place, &tenant, &id, compliance);
        place.exchange.forget_commands();
        let asked = tenant.requests().len();
        let report = place.easgate("sync --watch --json").await.exits(0).json();
        assert_eq!(
            (applied(&report), &report["kind"]),
            (1, &json!("watch")),
            "{report}"
        );
        assert_eq!(lists_hold(&place, mailbox, &id), lists, "{compliance}");

        let latency = &report["latency_ms"];
        assert_eq!(latency["changes"], 1, "{report}");
        assert!(
            latency["p95"].as_u64().unwrap() < 120_000,
            "two minutes: {report}"
        );
        // Its cost follows the changes, and not the size of the organisation.
        let commands = place.exchange.commands();
        let whole = |name: &str| {
            commands.iter().any(|one| {
                one.name == name && one.parameter("Identity").is_none() && one.parameter("Filter").is_none()
            })
        };
        assert!(
            !whole("Get-CASMailbox") && !whole("Get-Recipient"),
            "{commands:?}"
        );
        assert!(commands.len() < 15, "{}", commands.len());
        assert!(tenant.requests().len() - asked < 10);
    }
    let quiet = place.easgate("sync --watch --json").await.exits(0).json();
    assert_eq!((applied(&quiet), &quiet["devices"]), (0, &json!(0)), "{quiet}");
    let status = place.easgate("status --json").await.exits(0).json();
    let kinds: Vec<&str> = status["last_runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["full", "watch"], "{status}");
    place.exchange.stop().await.unwrap();
    tenant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_of_a_person_is_followed_and_a_lost_delta_costs_a_full_read_alone() {
    let (place, tenant) = Place::with_tenant(ExchangeConfig::new(World::contoso(60))).await;
    full_sync(&place).await;
    for (number, lost) in [(0, false), (1, true)] {
        let (address, mailbox, id) = phone_that_complies(&place, number).await;
        let user = place.world.user(&address).unwrap().object_id.to_string();
        tenant.edit(|data| data.users.get_mut(&user).unwrap()["assignedPlans"] = json!([]));
        if lost {
            tenant.fail("/users/delta", Fault::DeltaGone, 1);
        }
        let report = place.easgate("sync --watch --json").await.exits(0).json();
        assert_eq!(applied(&report), 1, "lost: {lost}, {report}");
        assert_eq!(
            lists_hold(&place, mailbox, &id),
            (false, false),
            "who has no licence is left to Exchange's own rules"
        );
    }
    place.exchange.stop().await.unwrap();
    tenant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_is_looked_at_without_the_others() {
    let (place, tenant) = Place::with_tenant(ExchangeConfig::new(World::contoso(60))).await;
    full_sync(&place).await;
    let (address, mailbox, id) = phone_that_complies(&place, 0).await;
    let (_, others, other_id) = phone_that_complies(&place, 3).await;
    evaluate(&place, &tenant, &id, "noncompliant");
    evaluate(&place, &tenant, &other_id, "noncompliant");
    let line = format!("sync --user {address} --json");
    let report = place.easgate(&line).await.exits(0).json();
    assert_eq!(
        (applied(&report), &report["kind"]),
        (1, &json!("user")),
        "{report}"
    );
    assert_eq!(lists_hold(&place, mailbox, &id), (false, true));
    assert_eq!(lists_hold(&place, others, &other_id), (true, false));
    let report = place.easgate("sync --watch --json").await.exits(0).json();
    assert_eq!(
        applied(&report),
        1,
        "what the one run noticed, the next acts upon: {report}"
    );
    assert_eq!(lists_hold(&place, others, &other_id), (false, true));

    let nobody = place.easgate("sync --user nobody@contoso.com").await.exits(4);
    assert!(nobody.stderr.contains("nobody@contoso.com"), "{}", nobody.stderr);
    place.exchange.stop().await.unwrap();
    tenant.stop().await;
}

/// Sequence 20: a server that reads dates in its own culture or zone, and a domain controller in the future.
#[tokio::test(flavor = "multi_thread")]
async fn a_quick_sync_finds_what_changed_however_the_server_reads_dates() {
    let profiles: [(Culture, bool, Duration); 7] = [
        (EN_US, true, Duration::ZERO),
        (EN_GB, true, Duration::ZERO),
        (JA_JP, false, Duration::ZERO),
        (EN_US.with_local_dates(), true, Duration::ZERO),
        (EN_GB.with_local_dates(), false, Duration::ZERO),
        (JA_JP.with_local_dates(), true, Duration::ZERO),
        (EN_US, true, Duration::days(2)),
    ];
    for (culture, by_change, skew) in profiles {
        let place = Place::with(ExchangeConfig {
            culture,
            ..ExchangeConfig::new(World::contoso(40))
        })
        .await;
        let organization = place.exchange.organization();
        organization.set_when_changed_filterable(by_change);
        organization.set_clock_skew(skew);
        full_sync(&place).await;
        place.easgate("sync --quick").await.exits(0);
        for round in 0..2 {
            let (_, mailbox, id) = phone_that_complies(&place, round * 4).await;
            // Somebody empties the lists, which a quick sync alone would not see in the enrolments.
            organization.set_lists(mailbox, Vec::new(), Vec::new());
            let report = place.easgate("sync --quick --json").await.exits(0).json();
            let what = format!("{culture:?}, by change: {by_change}, skew {skew}, round {round}");
            assert!(applied(&report) >= 1, "{what}: {report}");
            assert_eq!(lists_hold(&place, mailbox, &id), (true, false), "{what}");
        }
        place.exchange.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_sees_a_default_that_changed_and_leaves_it_to_a_full_sync() {
    let place = Place::new(World::contoso(40)).await;
    let early = place.easgate("sync --quick --json").await.exits(4).json();
    assert_eq!(early["full_sync_needed"]["reason"], "noFullSync", "{early}");
    full_sync(&place).await;
    place
        .exchange
        .organization()
        .set_default_level(AccessLevel::Block);
    for line in ["sync --quick", "sync --watch"] {
        let ended = place.easgate(&format!("{line} --json")).await.exits(4).json();
        assert_eq!(
            ended["full_sync_needed"]["reason"], "defaultLevel",
            "{line}: {ended}"
        );
        let text = place.easgate(line).await.exits(4);
        assert!(text.stderr.contains("sync --full"), "{line}: {}", text.stderr);
    }
    full_sync(&place).await;
    place.easgate("sync --watch").await.exits(0);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_kind_is_asked_for() {
    let place = Place::new(World::contoso(5)).await;
    for line in [
        "sync",
        "sync --full --quick",
        "sync --watch --user a@contoso.com",
        "sync --user nobody",
    ] {
        let ended = place.easgate(line).await.exits(1);
        assert!(ended.stderr.contains("--"), "{line}: {}", ended.stderr);
    }
    place.exchange.stop().await.unwrap();
}
