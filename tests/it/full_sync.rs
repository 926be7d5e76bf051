//! A full sync by the program itself: against a server that we did not write, and at the size that is promised.

use easgate_simulator::world::World;

use crate::program::{Server, run};
use crate::world_file;

const CONFIGURATION: &str = r#"
[[organization]]
name = "contoso"
mode = "enforce"

[organization.exchange]
servers = ["URL"]
authentication = "basic"
username = 'CONTOSO\connector'
password = { env = "EXCHANGE_PASSWORD" }

[organization.enrollment]
source = "file"
path = "enrolled.csv"

[organization.policy]
unknown_entries = "foreign"
unmanaged = "quarantine"
always_allow_compliant = true

[organization.guard]
loses_access = "100%"

[store]
url = "sqlite://easgate.db"
"#;

/// A folder with a configuration for the server at `url`, and the file of its enrolments.
pub(crate) fn folder(url: &str, enrolled: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(
        folder.path().join("easgate.toml"),
        CONFIGURATION.replace("URL", url),
    )
    .expect("a file");
    std::fs::write(folder.path().join("enrolled.csv"), enrolled).expect("a file");
    folder
}

/// What is enrolled of the organisation of `tests/peers/psrp_server.py`: 20 devices compliant, 10 not, users without any.
pub(crate) fn enrolled() -> String {
    let mut enrolled = String::from("user_principal_name,eas_device_id,compliance_state\n");
    for number in 0..40 {
        let (device, state) = match number {
            0..20 => (format!("peer{number:08x}"), "compliant"),
            20..30 => (format!("PEER{number:08X}"), "noncompliant"),
            _ => (String::new(), ""),
        };
        enrolled.push_str(&format!("user{number:05}@contoso.example,{device},{state}\n"));
    }
    enrolled
}

#[test]
fn the_program_syncs_with_a_server_that_stands_on_psrpcore() {
    let Some(server) = Server::psrpcore(60) else {
        return;
    };
    let folder = folder(&server.url, &enrolled());
    let sync = ["sync", "--full", "--config", "easgate.toml", "--json"];

    let first = run(folder.path(), &sync);
    assert_eq!(first.code, Some(0), "{}\n{}", first.stdout, first.stderr);
    let report = first.json();
    assert_eq!(report["devices"], 60);
    let decisions = serde_json::json!({ "allow": 20, "block": 20, "quarantine": 0, "untouched": 20 });
    assert_eq!(report["decisions"], decisions);
    let changes = serde_json::json!({ "planned": 40, "applied": 40, "failed": 0, "held": 0 });
    assert_eq!(report["changes"], changes);

    let second = run(folder.path(), &sync);
    assert_eq!(second.json()["changes"]["planned"], 0, "{}", second.stdout);

    let explain = [
        "explain",
        "user00025@contoso.example",
        "peer00000019",
        "--config",
        "easgate.toml",
        "--json",
    ];
    let explained = run(folder.path(), &explain).json();
    assert_eq!(explained["access"], "block");
    assert_eq!(explained["reason"], "notCompliant");
    assert_eq!(explained["exchange"]["now"]["reason"], "Individual");

    let stats = server.stats();
    assert_eq!(stats["violations"], serde_json::json!([]), "{stats}");
    assert_eq!(stats["open"], 0, "a shell is left: {stats}");
}

#[test]
fn a_second_sync_finds_nothing_to_do() {
    let world = World::contoso(400);
    let server = Server::exchange(400);
    let folder = folder(&server.url, &world_file::csv(&world));
    let sync = ["sync", "--full", "--config", "easgate.toml", "--json"];

    let plan = run(folder.path(), &["plan", "--config", "easgate.toml", "--json"]);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);

    let first = run(folder.path(), &sync);
    let report = first.json();
    assert_eq!(first.code, Some(0), "{}\n{}", first.stdout, first.stderr);
    assert_eq!(report["devices"], world.devices());
    assert!(report["changes"]["applied"].as_u64() > Some(0), "{report}");
    assert_eq!(report["changes"]["applied"], report["changes"]["planned"]);

    let second = run(folder.path(), &sync);
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    assert_eq!(second.json()["changes"]["planned"], 0, "{}", second.stdout);
    assert_eq!(second.json()["decisions"], report["decisions"]);
}

#[test]
fn fifty_thousand_devices_stay_under_two_hundred_megabytes() {
    let world = World::contoso(50_000);
    let server = Server::exchange(50_000);
    // Observing reads, decides and plans; applying adds nothing to the memory but time to the test.
    let folder = folder(&server.url, &world_file::csv(&world));
    let configuration = folder.path().join("easgate.toml");
    let observe = std::fs::read_to_string(&configuration)
        .expect("a file")
        .replace("enforce", "observe");
    std::fs::write(&configuration, observe).expect("a file");

    let sync = run(
        folder.path(),
        &["sync", "--full", "--config", "easgate.toml", "--json"],
    );
    assert_eq!(sync.code, Some(0), "{}\n{}", sync.stdout, sync.stderr);
    assert_eq!(sync.json()["devices"], world.devices());
    let megabytes = sync.peak_memory / 1_000_000;
    println!(
        "a full sync of {} devices held {megabytes} MB at the most",
        world.devices()
    );
    assert!((1..200).contains(&megabytes), "{megabytes} MB");
}
