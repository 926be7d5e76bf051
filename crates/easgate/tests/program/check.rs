//! The doctor.

use easgate_simulator::world::World;
use serde_json::Value;

use crate::place::Place;

/// `step outcome` of every finding, without the words.
fn steps(report: &Value) -> Vec<String> {
    report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            format!(
                "{} {}",
                step["step"].as_str().unwrap(),
                step["outcome"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_place_passes_every_step() {
    let place = Place::new(World::contoso(30)).await;
    let report = place.easgate("check --json").await.exits(0).json();
    assert_eq!(report["ok"], true);
    assert_eq!(
        steps(&report),
        [
            "configuration ok",
            // The limit is raised in the open.
            "configuration warning",
            "secret ok",
            "name ok",
            "port ok",
            "log-on ok",
            "cmdlets ok",
            "versions ok",
            "organisation ok",
            "enrolments ok",
            "store ok"
        ],
        "{report}"
    );
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_with_its_cure() {
    let place = Place::new(World::contoso(30)).await;
    let report = place
        .easgate_with_wrong_password("check --json")
        .await
        .exits(2)
        .json();
    let steps = steps(&report);
    assert!(steps.contains(&"log-on failed".to_owned()), "{report}");
    // What does not depend on the log-on is checked all the same.
    assert!(steps.contains(&"enrolments ok".to_owned()), "{report}");
    let text = place.easgate_with_wrong_password("check").await.exits(2).stdout;
    assert!(text.contains("Set-PowerShellVirtualDirectory"), "{text}");

    place.configure(|text| text.replace("mode = \"enforce\"", "mood = \"enforce\""));
    let ended = place.easgate("check").await.exits(2);
    assert!(ended.stdout.contains("mood"), "{}", ended.stdout);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told_from_one_that_refuses() {
    let place = Place::new(World::contoso(5)).await;
    place.exchange.stop().await.unwrap();
    let report = place_check(&place.folder).await;
    assert!(steps(&report).contains(&"port failed".to_owned()), "{report}");
}

async fn place_check(folder: &tempfile::TempDir) -> Value {
    crate::place::run(folder.path(), &["check", "--json"], "P@ssw0rd!")
        .await
        .exits(2)
        .json()
}
