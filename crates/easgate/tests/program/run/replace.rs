//! Two installations on one organisation: the second one is told of the first, and takes its place when that is said.

use std::fs;

use easgate_simulator::world::World;
use uuid::Uuid;

use super::nodes::leads;
use super::service::Service;
use super::{place_with_socket, with_store};
use crate::place::Place;
use crate::postgres::{PASSWORD, Server};

/// What is said to whoever has another id than the store, or none.
fn is_told(stderr: &str, id: &str) {
    for part in [
        id,
        "another installation",
        "last seen",
        "easgate run --replace --by NAME",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
}

fn id(place: &Place, file: &str) -> String {
    let id: Uuid = place.read(file).trim().parse().unwrap();
    id.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_store_is_noticed_and_reads_but_writes_nothing() {
    let place = place_with_socket(World::contoso(30)).await;
    place.easgate("sync --full").await.exits(0);
    let first = id(&place, "easgate.db-installation");
    fs::create_dir(place.folder.path().join("copy")).unwrap();
    fs::copy(
        place.folder.path().join("easgate.db"),
        place.folder.path().join("copy/easgate.db"),
    )
    .unwrap();
    place.write(
        "copy.toml",
        &place
            .read("easgate.toml")
            .replace("sqlite://easgate.db", "sqlite://copy/easgate.db")
            .replace("control.sock", "copy.sock"),
    );
    for line in [
        "sync --full",
        "run",
        "revert --yes",
        "release --yes",
        "adopt --yes",
    ] {
        let refused = place
            .easgate(&format!("{line} --config copy.toml"))
            .await
            .exits(1);
        is_told(&refused.stderr, &first);
    }
    for line in ["status", "plan", "release"] {
        place
            .easgate(&format!("{line} --config copy.toml"))
            .await
            .exits(0);
    }
    assert!(!place.folder.path().join("copy/easgate.db-installation").exists());
    let program = tokio::process::Command::new(env!("CARGO_BIN_EXE_easgate"));
    let environment = [("EASGATE_CONFIG", "copy.toml")];
    let service = Service::start_by(program, &place, &["--replace", "--by", "dana"], &environment).await;
    place.easgate("sync --full --config copy.toml").await.exits(0);
    service.ends().await;
    assert_ne!(id(&place, "copy/easgate.db-installation"), first);
    place.easgate("sync --full --config copy.toml").await.exits(0);
    // Its own store is as it was.
    place.easgate("sync --full").await.exits(0);
    assert_eq!(id(&place, "easgate.db-installation"), first);

    place.write("easgate.db-installation", "nonsense");
    let refused = place.easgate("sync --full").await.exits(1);
    assert!(
        refused.stderr.contains("holds no installation id"),
        "{}",
        refused.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_replaced_writes_nothing_more_and_ends_with_its_own_code() {
    let Some(server) = Server::of_this_process() else {
        return;
    };
    let place = place_with_socket(World::contoso(60)).await;
    let first = with_store(&place.read("easgate.toml"), &server.database());
    place.write("easgate.toml", &first);
    for name in ["node", "rival"] {
        fs::create_dir(place.folder.path().join(name)).unwrap();
        let key = format!("[audit]\nkey = \"{name}/audit.key\"\n");
        let text = first.replace("control.sock", &format!("{name}.sock"));
        place.write(&format!("{name}.toml"), &format!("{text}\n{key}"));
    }
    let of = |config: &'static str| [("EASGATE_CONFIG", config), ("STORE_PASSWORD", PASSWORD)];
    let one = Service::start_with(&place, &of("easgate.toml")).await;
    one.sees("sync.ended", 1).await;
    let known = id(&place, "audit.installation");

    // A node that knows of no installation joins the one of the database, and looks on.
    let node = Service::start_with(&place, &of("node.toml")).await;
    node.sees("role.changed", 1).await;
    assert_eq!(id(&place, "node/audit.installation"), known);

    place.write("rival/audit.installation", &Uuid::from_u128(7).to_string());
    for line in ["run", "sync --full"] {
        let refused = place.easgate_in(line, &of("rival.toml")).await.exits(1);
        is_told(&refused.stderr, &known);
        assert!(refused.stderr.contains("remove that file"), "{}", refused.stderr);
    }
    let program = tokio::process::Command::new(env!("CARGO_BIN_EXE_easgate"));
    let arguments = ["--replace", "--by", "dana"];
    let rival = Service::start_by(program, &place, &arguments, &of("rival.toml")).await;
    for replaced in [one, node] {
        replaced.sees("installation.replaced", 1).await;
        let (code, log) = replaced.exited().await;
        assert_eq!(code, Some(6), "{log}");
    }
    leads_from_the_start(&rival).await;
    place.easgate_in("sync --full", &of("rival.toml")).await.exits(0);
    let refused = place.easgate_in("run", &of("easgate.toml")).await.exits(1);
    is_told(&refused.stderr, &Uuid::from_u128(7).to_string());
    let audit = place
        .easgate_in("audit export", &of("rival.toml"))
        .await
        .exits(0)
        .stdout;
    let replaced = audit
        .lines()
        .find(|line| line.contains("installationReplaced"))
        .unwrap();
    assert!(
        replaced.contains("dana") && replaced.contains(&known),
        "{replaced}"
    );
    place.easgate_in("audit verify", &of("rival.toml")).await.exits(0);
    rival.ends().await;
}

/// It led from its first moment, or soon.
async fn leads_from_the_start(service: &Service) {
    if service.count("role.changed") > 0 {
        leads(service).await;
    }
}
