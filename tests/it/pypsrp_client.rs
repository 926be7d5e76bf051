//! The simulated Exchange organisation against an unmodified pypsrp (`tests/peers/pypsrp_client.py`).
//!
//! What is not installed is printed as left out; in CI that is a failure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator};
use easgate_simulator::world::{MailboxKind, World};
use serde_json::Value;

/// The Python that has pypsrp; `None`, said plainly, where there is none.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let python = std::env::var_os("EASGATE_PEER_PYTHON")
        .map_or_else(|| root.join(".peers/python/bin/python"), PathBuf::from);
    if python.exists() {
        return Some(python);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "no Python at {}",
        python.display()
    );
    println!(
        "LEFT OUT: pypsrp against the simulator, no Python at {} (cargo xtask peers installs it)",
        python.display()
    );
    None
}

/// What pypsrp saw, by scenario.
async fn run(python: &Path, simulator: &ExchangeSimulator, arguments: [&str; 2]) -> BTreeMap<String, Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/pypsrp_client.py");
    let output = tokio::process::Command::new(python)
        .arg(script)
        .arg(simulator.address().port().to_string())
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let scenarios = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    scenarios
        .map(|seen| (seen["scenario"].as_str().unwrap().to_owned(), seen))
        .collect()
}

/// State, number of objects, reasons of errors: one line for each scenario that ran a cmdlet.
fn table(seen: &BTreeMap<String, Value>) -> String {
    let mut lines = String::new();
    for (name, value) in seen.iter().filter(|(_, value)| value.get("state").is_some()) {
        let errors = value["errors"].as_array().unwrap().iter();
        let reasons: Vec<&str> = errors.map(|error| error["reason"].as_str().unwrap()).collect();
        let warnings = value["warnings"].as_array().unwrap().iter();
        let starts: Vec<&str> = warnings
            .map(|text| text.as_str().unwrap().split(' ').next().unwrap())
            .collect();
        lines += &format!(
            "{name}: {} {} {reasons:?} {starts:?}\n",
            value["state"], value["count"]
        );
    }
    lines
}

#[tokio::test]
async fn an_unmodified_client_of_others_sees_an_exchange_organisation() {
    let Some(python) = python() else { return };
    let world = World::contoso(1_200);
    let kind = |user: &&easgate_simulator::world::WorldUser| {
        user.kind == MailboxKind::User && !user.devices.is_empty()
    };
    let user = world.users.iter().find(kind).unwrap().clone();
    let id = user.devices[0].eas_id.clone();
    let simulator = ExchangeSimulator::start(ExchangeConfig::new(world))
        .await
        .unwrap();
    simulator
        .organization()
        .set_lists(user.mailbox_guid, Vec::new(), vec![id.to_lowercase()]);

    let seen = run(&python, &simulator, [&id, &user.mailbox_guid.to_string()]).await;

    expect_test::expect![[r#"
        default limit: 4 1000 [] ["By"]
        explicit limit: 4 5 [] ["There"]
        filter: 4 BLOCKED [] []
        list: 4 1200 [] []
        no prompt: 4 0 ["ManagementObjectNotFoundException"] []
        not found: 4 0 ["ManagementObjectNotFoundException"] []
        null identity: 4 3 [] ["There"]
        prompt: 5 0 ["HostException"] []
        script: 5 0 ["PSInvalidOperationException"] []
        set: 4 0 [] []
        set again: 4 0 [] ["The"]
        unknown cmdlet: 5 0 ["CommandNotFoundException"] []
        unknown filter property: 5 0 ["ParameterBindingException"] []
        unknown parameter: 5 0 ["ParameterBindingException"] []
    "#]]
    .assert_eq(&table(&seen).replace(
        &format!("filter: 4 {} ", seen["filter"]["count"]),
        "filter: 4 BLOCKED ",
    ));
    assert_eq!(seen["list"]["distinct"], 1_200);
    assert_eq!(seen["filter"]["states"], serde_json::json!(["Blocked"]));
    assert_eq!(
        seen["several at once"]["counts"],
        serde_json::json!([200, 200, 200, 200, 200])
    );
    assert_eq!(seen["several pools"]["counts"], serde_json::json!([3, 3, 3, 3]));
    assert_eq!(seen["wrong password"]["error"], "AuthenticationError");
    assert_eq!(seen["wrong resource"]["error"], 2_150_858_811_u64);

    let (allowed, blocked) = simulator.organization().lists(user.mailbox_guid).unwrap();
    assert_eq!((allowed, blocked), (vec![id], Vec::new()));
    assert_eq!(simulator.organization().devices().len(), 1_200);
    assert_eq!(simulator.open_shells(), 0, "every pool was deleted");
    assert!(simulator.failed_logons() > 0);
    simulator.stop().await.unwrap();
}
