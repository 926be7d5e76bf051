//! Commands that need the right to write, while a service has it: the service carries them out.

use easgate_simulator::world::World;
use serde_json::Value;

use super::service::Service;
use super::{place_with_socket, with_store};
use crate::place::Place;
use crate::postgres::{PASSWORD, Server};

/// What the audit says of the acts of this kind: who, and their uid.
async fn actors(place: &Place, environment: &[(&str, &str)], action: &str) -> Vec<(String, bool)> {
    let audit = place
        .easgate_in("audit export", environment)
        .await
        .exits(0)
        .stdout;
    let records = audit
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    records
        .filter(|record| record["action"] == action)
        .map(|record| {
            (
                record["actor"].as_str().unwrap().to_owned(),
                record["actor_uid"].is_u64(),
            )
        })
        .collect()
}

/// Every command, by a service that leads; what it says is what the command says without a service.
async fn every_command(place: &Place, service: &Service, environment: &[(&str, &str)]) {
    let easgate = async |line: &str| place.easgate_in(line, environment).await;
    service.sees("sync.ended", 1).await;
    let status = easgate("status --json").await.exits(0).json();
    let ours = status["owned_entries"].as_u64().unwrap();
    assert!(ours > 10, "{status}");

    let done = easgate("release --yes --by dana --json").await.exits(0).json();
    assert_eq!(done["done"]["entries"].as_u64(), Some(ours), "{done}");
    let done = easgate("adopt --yes --by emil").await.exits(0);
    assert!(done.stdout.contains(&ours.to_string()), "{}", done.stdout);
    assert_eq!(service.count("command.ended"), 2);
    for (action, name) in [("released", "dana"), ("adopted", "emil")] {
        let actors = actors(place, environment, action).await;
        assert!(!actors.is_empty() && actors.iter().all(|actor| *actor == (name.to_owned(), true)));
    }

    // A plan goes over the socket as a whole.
    let organization = place.exchange.organization();
    let written = organization.list_writes();
    let one = written.iter().find(|write| !write.allowed.is_empty()).unwrap();
    let (mut allowed, blocked) = organization.lists(one.mailbox).unwrap();
    allowed.retain(|id| !one.allowed.contains(id));
    assert!(organization.set_lists(one.mailbox, allowed, blocked));
    easgate("plan --out plan.json").await.exits(0);
    let applied = easgate("apply plan.json --by frida --json").await.exits(0).json();
    assert_eq!(applied["results"][0]["state"], "applied", "{applied}");
    let again = easgate("apply plan.json").await.exits(0);
    assert!(
        again.stdout.contains("the lists showed it before"),
        "{}",
        again.stdout
    );
    place.write("torn.json", &place.read("plan.json")[..200]);
    easgate("apply torn.json").await.exits(1);

    let runs = easgate("history --json").await.exits(0).json();
    let run = runs["runs"][0]["run"]
        .as_i64()
        .unwrap_or_else(|| panic!("{runs}"));
    let refused = easgate("rollback 999999 --yes").await.exits(1);
    assert!(refused.stderr.contains("no run 999999"), "{}", refused.stderr);
    assert!(refused.stderr.contains("what to do"), "{}", refused.stderr);
    easgate(&format!("rollback {run} --yes --by gerd")).await.exits(0);
    let reverted = easgate("revert --yes --by gerd --json").await.exits(0).json();
    assert!(
        reverted["done"]["changes"]["applied"].as_u64() > Some(5),
        "{reverted}"
    );
    let status = easgate("status --json").await.exits(0).json();
    assert_eq!(status["owned_entries"], 0, "{status}");
    let requests = service.all("control.request", |fields| fields["request"] == "revert");
    assert_eq!(requests.len(), 1);
    easgate("audit verify").await.exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_a_file_carries_out_every_command_that_writes() {
    let place = place_with_socket(World::contoso(60)).await;
    let service = Service::start(&place).await;
    every_command(&place, &service, &[]).await;
    service.stops(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_on_postgres_carries_commands_out_and_another_node_says_where_to_go() {
    let Some(server) = Server::of_this_process() else {
        return;
    };
    let place = place_with_socket(World::contoso(60)).await;
    let first = with_store(&place.read("easgate.toml"), &server.database());
    place.write("easgate.toml", &first);
    place.write("second.toml", &first.replace("control.sock", "second.sock"));
    // No service listens here: the command does it itself, and finds the lease taken.
    place.write("third.toml", &first.replace("control.sock", "third.sock"));
    let of = |config: &'static str| [("EASGATE_CONFIG", config), ("STORE_PASSWORD", PASSWORD)];
    let service = Service::start_with(&place, &of("easgate.toml")).await;
    every_command(&place, &service, &of("easgate.toml")).await;

    let other = Service::start_with(&place, &of("second.toml")).await;
    other.sees("role.changed", 1).await;
    for config in ["second.toml", "third.toml"] {
        let refused = place.easgate_in("release --yes", &of(config)).await.exits(1);
        let said = &refused.stderr;
        assert!(
            said.contains("process ") && said.contains(" on "),
            "{config}: {said}"
        );
        assert!(said.contains("run the command there"), "{config}: {said}");
    }
    other.ends().await;
    service.stops(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_too_long_is_refused_before_it_is_read_and_what_is_none_is_told() {
    let place = place_with_socket(World::contoso(20)).await;
    let service = Service::start(&place).await;
    service.sees("sync.ended", 1).await;
    for (bytes, follows, cause) in [
        (100_000_000_u64, "", "at most"),
        (12, "no plan here", "not a plan"),
    ] {
        let request = format!(
            "{{\"request\":\"order\",\"organization\":\"contoso\",\"order\":\"apply\",\"bytes\":{bytes}}}\n{follows}"
        );
        let answers = service.says(&place, request.trim_end()).await;
        let all = Value::from(answers).to_string();
        assert!(all.contains(cause), "{all}");
    }
    service.stops(&place).await;
}
