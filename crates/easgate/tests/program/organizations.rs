//! Organisations of every version and kind.

use easgate_simulator::exchange::{ExchangeConfig, ExchangeVersion, Fault, Rbac};
use easgate_simulator::world::World;

use crate::place::Place;

/// Syncs twice, and returns the first report; the second run finds nothing to do.
async fn syncs(place: &Place) -> serde_json::Value {
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(report["devices"], place.world.devices(), "{report}");
    assert!(report["changes"]["applied"].as_u64() > Some(5), "{report}");
    let again = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(again["changes"]["planned"], 0, "{again}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_served_in_both_forms_of_its_objects_and_with_the_same_result() {
    let mut results = Vec::new();
    for version in [
        ExchangeVersion::Ex2010,
        ExchangeVersion::Ex2013,
        ExchangeVersion::Ex2016,
        ExchangeVersion::Ex2019,
        ExchangeVersion::Se,
    ] {
        for full_serialization in [false, true] {
            let place = Place::with(ExchangeConfig {
                version,
                full_serialization,
                ..ExchangeConfig::new(World::contoso(30))
            })
            .await;
            let report = syncs(&place).await;
            results.push((version, full_serialization, report["decisions"].clone()));
            place.exchange.stop().await.unwrap();
        }
    }
    let (_, _, first) = &results[0];
    for (version, full, decisions) in &results {
        assert_eq!(decisions, first, "{version:?}, full objects: {full}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cmdlets_of_the_original_connector_suffice() {
    let place = Place::with(ExchangeConfig {
        rbac: Rbac::connector(),
        ..ExchangeConfig::new(World::contoso(30))
    })
    .await;
    syncs(&place).await;
    let ran = place.exchange.commands();
    assert!(ran.iter().any(|command| command.name == "Get-ActiveSyncDevice"));
    assert!(ran.iter().all(|command| command.name != "Get-MobileDevice"));
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_a_second_domain_are_seen() {
    let place = Place::with(ExchangeConfig {
        child_domain: true,
        ..ExchangeConfig::new(World::contoso(40))
    })
    .await;
    syncs(&place).await;
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cmdlet_that_is_not_granted_is_named_before_anything_is_written() {
    let place = Place::with(ExchangeConfig {
        rbac: Rbac::connector().without("Get-ActiveSyncDeviceAccessRule"),
        ..ExchangeConfig::new(World::contoso(20))
    })
    .await;
    let check = place.easgate("check").await.exits(2);
    assert!(
        check.stdout.contains("missing: Get-ActiveSyncDeviceAccessRule"),
        "{}",
        check.stdout
    );
    let sync = place.easgate("sync --full").await.exits(4);
    assert!(
        sync.stderr.contains("Get-ActiveSyncDeviceAccessRule"),
        "{}",
        sync.stderr
    );
    let ran = place.exchange.commands();
    assert!(ran.iter().all(|command| command.name != "Set-CASMailbox"));
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_takes_no_more_is_told_as_such() {
    let place = Place::new(World::contoso(30)).await;
    place.exchange.organization().set_list_capacity(0);
    let report = place.easgate("sync --full --json").await.exits(2).json();
    let errors = report["errors"].as_array().unwrap();
    assert!(errors.iter().any(|error| error["kind"] == "listFull"), "{report}");
    assert_eq!(report["changes"]["applied"], 0, "{report}");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_survives_a_shell_that_dies_while_it_writes() {
    let place = Place::new(World::contoso(40)).await;
    place.exchange.faults().inject(Fault::DieAfter {
        cmdlet: "Set-CASMailbox".to_owned(),
    });
    syncs(&place).await;
    place.exchange.stop().await.unwrap();
}
