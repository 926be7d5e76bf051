//! Two services on one store.

use std::time::Duration;

use easgate_simulator::world::World;
use tokio::time::Instant;

use super::service::Service;
use super::{place_with_socket, with_store};
use crate::place::Place;
use crate::postgres::{PASSWORD, Server};

/// How soon another node leads after one was killed.
const TAKEN_OVER: Duration = Duration::from_secs(15);

/// The environment of one of the nodes.
fn environment(config: &'static str) -> [(&'static str, &'static str); 2] {
    [("EASGATE_CONFIG", config), ("STORE_PASSWORD", PASSWORD)]
}

/// A service that looks on.
async fn looks_on(place: &Place, config: &'static str) -> Service {
    let service = Service::start_with(place, &environment(config)).await;
    let role = service.sees("role.changed", 1).await;
    assert!(
        role["fields"]["role"].as_str().unwrap().contains("Observer"),
        "{role}"
    );
    service
}

/// Waits until a service that looked on leads.
pub(super) async fn leads(service: &Service) {
    let leads = |fields: &serde_json::Value| fields["role"] == "Leader";
    let began = Instant::now();
    while service.all("role.changed", leads).is_empty() {
        assert!(began.elapsed() < TAKEN_OVER, "nobody leads:\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_leads_and_another_takes_over_at_once_after_a_stop_and_soon_after_a_kill() {
    // xtask installs the server and says so where it cannot.
    let Some(server) = Server::of_this_process() else {
        return;
    };
    let place = place_with_socket(World::contoso(30)).await;
    let first = with_store(&place.read("easgate.toml"), &server.database());
    place.write("first.toml", &first);
    place.write("second.toml", &first.replace("control.sock", "second.sock"));

    let one = Service::start_with(&place, &environment("first.toml")).await;
    one.sees("sync.ended", 1).await;
    let other = looks_on(&place, "second.toml").await;
    let asked = place
        .easgate_in("sync --full", &environment("second.toml"))
        .await
        .exits(1);
    assert!(
        asked.stderr.contains("leads the organisation"),
        "{}",
        asked.stderr
    );

    one.ends().await;
    leads(&other).await;
    place
        .easgate_in("sync --full", &environment("second.toml"))
        .await
        .exits(0);

    let one = looks_on(&place, "first.toml").await;
    other.signal("KILL");
    leads(&one).await;
    let report = place
        .easgate_in("sync --full --json", &environment("first.toml"))
        .await
        .exits(0)
        .json();
    assert_eq!(report["changes"]["planned"], 0, "{report}");
    one.ends().await;
}
