//! The store: what it holds, a copy of it, and a copy put back; in a file and on a server.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use easgate_simulator::exchange::Fault;
use easgate_simulator::world::World;
use easgate_store::Store;
use serde_json::json;
use tokio::time::Instant;

use crate::place::Place;
use crate::postgres::{PASSWORD, Server};

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what an edit of the configuration looks like"
)]
fn observing(text: String) -> String {
    text.replace("mode = \"enforce\"", "mode = \"observe\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_store_is_as_it_was_and_writes_nothing() {
    let place = Place::new(World::contoso(40)).await;
    place.configure(observing);
    let seen = place.easgate("sync --full --json").await.exits(0).json();
    assert!(seen["changes"]["planned"].as_u64().unwrap() > 0);
    place.easgate("store backup copy.db").await.exits(0);
    let copy = place.folder.path().join("copy.db");
    let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = place.easgate("store backup copy.db").await.exits(1);
    assert!(again.stderr.contains("there already"), "{}", again.stderr);

    place.easgate("sync --full").await.exits(0);
    place.configure(|text| text);
    let restored = place
        .easgate("store restore copy.db --json")
        .await
        .exits(0)
        .json();
    let replaced = restored["replaced"].as_str().unwrap();
    assert!(Path::new(replaced).exists(), "{replaced}");
    let checked = place.easgate("store check --json").await.exits(0).json();
    let organization = &checked["organizations"][0];
    assert_eq!(checked["damage"], json!([]));
    assert_eq!(organization["runs"], json!(1), "{organization}");
    assert_eq!(organization["caution"]["kind"], json!("restored"));
    assert_eq!(organization["lease"]["held"], json!(false));

    let report = place.easgate("sync --full --json").await.json();
    assert_eq!(report["changes"]["applied"], json!(0), "{report}");
    assert!(
        report["warnings"].to_string().contains("restored from copy.db"),
        "{report}"
    );
    let table = place.easgate("store check").await.exits(0).stdout;
    assert!(
        table.contains("contoso") && table.contains("nothing is written"),
        "{table}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_written_to_is_not_replaced() {
    let place = Place::new(World::contoso(20)).await;
    place.easgate("sync --full").await;
    place.easgate("store backup copy.db").await.exits(0);
    let store = Store::open("sqlite://easgate.db", place.folder.path())
        .await
        .unwrap();
    let writer = store.organization("contoso").await.unwrap().lock().await.unwrap();
    let checked = place.easgate("store check --json").await.exits(0).json();
    assert_eq!(checked["organizations"][0]["lease"]["held"], json!(true));
    let refused = place.easgate("store restore copy.db").await.exits(1);
    assert!(refused.stderr.contains("stop it first"), "{}", refused.stderr);
    drop(writer);
    place.easgate("store restore copy.db").await.exits(0);
}

/// Configures the store in a new database of the server of these tests; `false` where there is none.
fn on_a_server(place: &Place) -> bool {
    let Some(server) = Server::of_this_process() else {
        return false;
    };
    // The way to a server beyond this machine, which has to prove who it is.
    let proof = server.certificate().display().to_string();
    let url = format!("{}?sslmode=verify-full&sslrootcert={proof}", server.database());
    place.write("database-password", PASSWORD);
    let secret = place.folder.path().join("database-password");
    std::fs::set_permissions(secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    place.configure(|text| {
        text.replace(
            "url = \"sqlite://easgate.db\"",
            &format!("url = \"{url}\"\npassword = {{ file = \"database-password\" }}"),
        )
    });
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_server_the_program_syncs_and_names_the_tools_of_the_server() {
    let place = Place::new(World::contoso(40)).await;
    if !on_a_server(&place) {
        return;
    }
    let first = place.easgate("sync --full --json").await.json();
    assert!(first["changes"]["applied"].as_u64().unwrap() > 0, "{first}");
    let second = place.easgate("sync --full --json").await.json();
    assert_eq!(second["changes"]["planned"], json!(0), "{second}");
    let checked = place.easgate("store check --json").await.exits(0).json();
    assert_eq!(checked["organizations"][0]["runs"], json!(2), "{checked}");
    let backup = place.easgate("store backup copy.dump").await.exits(1);
    assert!(
        backup
            .stderr
            .contains("pg_dump --format=custom --file='copy.dump' 'postgres://easgate@localhost"),
        "{}",
        backup.stderr
    );
    let restore = place.easgate("store restore copy.dump").await.exits(1);
    assert!(
        restore.stderr.contains("pg_restore --clean"),
        "{}",
        restore.stderr
    );
    place.easgate("store restore --mark").await.exits(0);
    let third = place.easgate("sync --full --json").await.json();
    assert!(third["warnings"].to_string().contains("restored"), "{third}");
    for ended in [backup, restore] {
        assert!(!ended.stderr.contains(PASSWORD), "{}", ended.stderr);
    }
}

/// Starts a sync whose changes take long.
fn slow_sync(place: &Place) -> std::process::Child {
    std::process::Command::new(env!("CARGO_BIN_EXE_easgate"))
        .args(["sync", "--full", "--json"])
        .current_dir(place.folder.path())
        .env("EXCHANGE_PASSWORD", "P@ssw0rd!")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the first change of a sync has arrived.
async fn has_written(place: &Place) {
    let organization = place.exchange.organization();
    for _ in 0..1200 {
        if !organization.list_writes().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing was written within a minute");
}

fn signal(child: &std::process::Child, name: &str) {
    let mut kill = std::process::Command::new("/bin/kill");
    assert!(
        kill.args([name, &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Waits until another process can write, and says how long that took.
async fn until_taken(place: &Place) -> (Duration, easgate_store::Writer) {
    let url = place.read("easgate.toml");
    let url = url
        .lines()
        .find_map(|line| line.strip_prefix("url = \""))
        .unwrap();
    let location = easgate_store::Location {
        password: Some(PASSWORD.into()),
        ..easgate_store::Location::new(url.trim_end_matches('"'), Path::new("/"))
    };
    let store = Store::connect(&location).await.unwrap();
    let organization = store.organization("contoso").await.unwrap();
    let begun = Instant::now();
    loop {
        match organization.lock().await {
            Ok(writer) => return (begun.elapsed(), writer),
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(60), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_is_replaced_within_fifteen_seconds() {
    let place = Place::new(World::contoso(40)).await;
    if !on_a_server(&place) {
        return;
    }
    place.exchange.faults().inject(Fault::Slow {
        cmdlet: "Set-CASMailbox".to_owned(),
        by: Duration::from_secs(2),
    });
    let mut first = slow_sync(&place);
    has_written(&place).await;
    let busy = place.easgate("sync --full").await.exits(1);
    assert!(
        busy.stderr.contains("another easgate is working"),
        "{}",
        busy.stderr
    );
    signal(&first, "-KILL");
    first.wait().unwrap();
    let (waited, writer) = until_taken(&place).await;
    assert!(waited < Duration::from_secs(15), "{waited:?}");
    assert!(writer.took_over());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_suspended_sends_nothing_after_another_took_over() {
    let place = Place::new(World::contoso(40)).await;
    if !on_a_server(&place) {
        return;
    }
    place.exchange.faults().inject(Fault::Slow {
        cmdlet: "Set-CASMailbox".to_owned(),
        by: Duration::from_secs(2),
    });
    let suspended = slow_sync(&place);
    has_written(&place).await;
    signal(&suspended, "-STOP");
    let (waited, writer) = until_taken(&place).await;
    assert!(waited > Duration::from_secs(3), "the lease lasts: {waited:?}");
    // What was on its way when it was suspended arrives, and is what the settling of a new leader is for.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let before = place.exchange.organization().list_writes().len();
    signal(&suspended, "-CONT");
    let ended = suspended.wait_with_output().unwrap();
    let after = place.exchange.organization().list_writes().len();
    assert_eq!(before, after, "by the time of acceptance at the server");
    let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap_or_default();
    assert!(report["errors"].to_string().contains("taken over"), "{report}");
    writer.hand_over().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_ends_cleanly_leaves_the_lease_at_once() {
    let place = Place::new(World::contoso(20)).await;
    if !on_a_server(&place) {
        return;
    }
    place.easgate("sync --full").await;
    let (waited, writer) = until_taken(&place).await;
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    assert!(!writer.took_over());
}
