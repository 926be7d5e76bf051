//! The configuration of the documentation works as written.

use easgate_simulator::world::World;
use serde_json::Value;

use crate::place::Place;

const DEVICES: usize = 300;

/// The names of an object's members, in order.
fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_tells_one_object_and_the_next_finds_nothing_to_do() {
    let place = Place::new(World::contoso(DEVICES)).await;
    let report = place
        .easgate("sync --full --config easgate.toml --json")
        .await
        .exits(0)
        .json();
    assert_eq!(report["organization"], "contoso");
    assert_eq!(report["kind"], "full");
    assert_eq!(report["mode"], "enforce");
    assert_eq!(report["devices"], DEVICES);
    assert_eq!(report["errors"], serde_json::json!([]));
    assert_eq!(
        members(&report["decisions"]),
        ["allow", "block", "quarantine", "untouched"]
    );
    assert_eq!(
        members(&report["changes"]),
        ["applied", "failed", "held", "planned"]
    );
    assert_eq!(
        members(&report["durations_ms"]),
        ["apply", "decide", "gather", "total"]
    );
    assert!(number(&report["changes"]["planned"]) > 20, "{report}");
    assert_eq!(report["changes"]["applied"], report["changes"]["planned"]);

    let again = place
        .easgate("sync --full --config easgate.toml --json")
        .await
        .exits(0)
        .json();
    assert_eq!(again["changes"]["planned"], 0, "{again}");
    assert_eq!(again["decisions"], report["decisions"]);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_tells_each_change_with_its_commands_and_writes_nothing() {
    let place = Place::new(World::contoso(DEVICES)).await;
    let plan = place
        .easgate("plan --config easgate.toml --json")
        .await
        .exits(0)
        .json();
    let changes = plan.as_array().unwrap();
    assert!(changes.len() > 20, "{plan}");
    for change in changes {
        for member in ["mailbox", "device_id", "access", "reason"] {
            assert!(change[member].is_string(), "{change}");
        }
        let commands = change["commands"].as_array().unwrap();
        assert!(!commands.is_empty(), "{change}");
        for command in commands {
            let command = command.as_str().unwrap();
            assert!(command.starts_with("Set-CASMailbox -Identity '"), "{command}");
            assert!(
                command.contains("Add=") || command.contains("Remove="),
                "{command}"
            );
        }
    }
    let written = place.exchange.commands();
    assert!(
        written
            .iter()
            .all(|command| !command.name.starts_with("Set-CASMailbox")),
        "{written:?}"
    );
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_configuration_is_the_one_of_the_folder() {
    let place = Place::new(World::contoso(40)).await;
    let before = place.easgate("status --json").await.exits(0).json();
    assert_eq!(before["status"], "none", "{before}");
    place.easgate("sync --full").await.exits(0);
    let status = place.easgate("status --json").await.exits(0).json();
    assert_eq!(status["status"], "connected", "{status}");
    for run in ["last_attempted_sync", "last_successful_sync"] {
        assert!(status[run]["finished"].is_string(), "{status}");
    }
    let server = &status["servers"][0];
    assert!(
        server["version"].as_str().unwrap().starts_with("15.2."),
        "{status}"
    );
    let decided: u64 = status["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| number(&row["devices"]))
        .sum();
    assert_eq!(decided, 40, "{status}");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_device_that_is_listed_can_be_explained() {
    let place = Place::new(World::contoso(60)).await;
    place.easgate("sync --full").await.exits(0);
    let devices = place.easgate("devices --limit 1000 --json").await.exits(0).json();
    let devices = devices["devices"]
        .as_array()
        .unwrap_or_else(|| devices.as_array().unwrap());
    assert_eq!(devices.len(), 60);
    let user = place
        .world
        .users
        .iter()
        .find(|user| user.devices.len() > 1 && user.kind.is_local())
        .unwrap();
    let all = place
        .easgate(&format!("explain {} --json", user.primary_smtp))
        .await
        .exits(0)
        .json();
    assert_eq!(all.as_array().unwrap().len(), user.devices.len());
    let id = &user.devices[0].eas_id;
    let one = place
        .easgate(&format!("explain {} {id} --json", user.primary_smtp))
        .await
        .exits(0)
        .json();
    assert_eq!(one["device_id"], id.as_str());
    let trace = one["trace"].as_array().unwrap();
    assert_eq!(
        trace.iter().filter(|step| step["decided"] == true).count(),
        1,
        "{one}"
    );
    place.exchange.stop().await.unwrap();
}
