//! Plans as files: carried out as they were written, from the state that they saw, and only once.

use std::process::Stdio;
use std::time::Duration;

use easgate_model::{AccessLevel, OrganizationId};
use easgate_simulator::exchange::Fault;
use easgate_simulator::world::World;
use serde_json::Value;
use uuid::Uuid;

use crate::place::Place;

/// An organisation in mode plan, and the changes of its plan, which is in `plan.json`.
async fn planned(world: World) -> (Place, Vec<Value>) {
    let place = Place::new(world).await;
    place.configure(|text| text.replace("mode = \"enforce\"", "mode = \"plan\""));
    let shown = place.easgate("plan --json --out plan.json").await.exits(0).json();
    let changes = shown.as_array().unwrap().clone();
    assert!(changes.len() > 3, "{shown}");
    let file: Value = serde_json::from_str(&place.read("plan.json")).unwrap();
    let in_file = file["plan"]["changes"].as_array().unwrap();
    for (change, shown) in in_file.iter().zip(&changes) {
        assert_eq!(change["device_id"], shown["device_id"]);
        assert_eq!(change["command"], shown["commands"][0]);
    }
    assert_eq!(in_file.len(), changes.len());
    (place, changes)
}

fn writes(place: &Place) -> usize {
    let commands = place.exchange.commands();
    commands
        .iter()
        .filter(|command| command.name == "Set-CASMailbox")
        .count()
}

fn guid(change: &Value, place: &Place) -> Uuid {
    let address = change["mailbox"].as_str().unwrap();
    let mut users = place.world.users.iter();
    let user = users.find(|user| user.primary_smtp.eq_ignore_ascii_case(address));
    user.unwrap().mailbox_guid
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_carried_out_as_it_was_written_and_only_once() {
    let (place, changes) = planned(World::contoso(40)).await;
    place.easgate("sync --full").await.exits(0);
    assert_eq!(writes(&place), 0, "mode plan writes nothing by itself");
    let report = place
        .easgate("apply plan.json --by ana --json")
        .await
        .exits(0)
        .json();
    assert_eq!(report["changes"]["applied"], changes.len(), "{report}");
    assert_eq!(writes(&place), changes.len());
    let sent: Vec<String> = place
        .easgate("audit export")
        .await
        .exits(0)
        .stdout
        .lines()
        .map(str::to_owned)
        .collect();
    let audit: Vec<Value> = sent
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let intended: Vec<&Value> = audit
        .iter()
        .filter(|record| record["action"] == "changeIntended")
        .collect();
    assert_eq!(intended.len(), changes.len());
    assert!(
        intended
            .iter()
            .all(|record| record["actor"] == "ana" && record["actor_uid"].is_number())
    );
    assert!(
        audit
            .iter()
            .any(|record| record["action"] == "planApplied" && record["after"] == report["hash"])
    );

    let again = place.easgate("apply plan.json --json").await.exits(0).json();
    assert_eq!(again["changes"]["already"], changes.len(), "{again}");
    assert_eq!(writes(&place), changes.len());
    assert_eq!(
        place.easgate("plan --json").await.exits(0).json(),
        Value::Array(Vec::new())
    );
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_moved_is_skipped_and_reported_and_the_rest_is_done() {
    let (place, changes) = planned(World::contoso(40)).await;
    let first = guid(&changes[0], &place);
    let organization = place.exchange.organization();
    let (mut allowed, blocked) = organization.lists(first).unwrap();
    allowed.push("ApplSOMEBODYELSE".to_owned());
    assert!(organization.set_lists(first, allowed, blocked));
    let of_first = changes
        .iter()
        .filter(|change| change["mailbox"] == changes[0]["mailbox"])
        .count();
    let report = place.easgate("apply plan.json --json").await.exits(2).json();
    assert_eq!(report["changes"]["moved"], of_first, "{report}");
    assert_eq!(report["changes"]["applied"], changes.len() - of_first);
    assert_eq!(writes(&place), changes.len() - of_first);
    let text = place.easgate("apply plan.json").await.exits(2);
    assert!(text.stdout.contains("hold other devices"), "{}", text.stdout);

    // What the plan made and somebody took back is not made again.
    let last = guid(changes.last().unwrap(), &place);
    assert_ne!(first, last);
    let file: Value = serde_json::from_str(&place.read("plan.json")).unwrap();
    let in_file = file["plan"]["changes"].as_array().unwrap();
    let was = in_file.last().unwrap();
    let texts = |list: &Value| serde_json::from_value::<Vec<String>>(list.clone()).unwrap();
    assert!(organization.set_lists(last, texts(&was["allowed"]), texts(&was["blocked"])));
    let before = writes(&place);
    let text = place.easgate("apply plan.json").await.exits(2);
    assert!(text.stdout.contains("somebody took it back"), "{}", text.stdout);
    assert_eq!(writes(&place), before);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fresh_facts_do_not_want_any_more_is_not_done() {
    let mut world = World::contoso(40);
    world.settings.default_access_level = AccessLevel::Allow;
    let (place, changes) = planned(world).await;
    let compliant = place
        .read("enrolled.csv")
        .replace(",noncompliant,", ",compliant,");
    place.write("enrolled.csv", &compliant);
    let was = changes
        .iter()
        .filter(|change| change["reason"] == "notCompliant")
        .count();
    assert!(was > 0, "{changes:?}");
    let report = place.easgate("apply plan.json --json").await.exits(2).json();
    assert_eq!(report["changes"]["unwanted"], was, "{report}");
    assert_eq!(writes(&place), changes.len() - was);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_killed_is_gone_on_with() {
    let (place, changes) = planned(World::contoso(40)).await;
    let slow = Fault::Slow {
        cmdlet: "Set-CASMailbox".to_owned(),
        by: Duration::from_millis(400),
    };
    place.exchange.faults().inject(slow);
    let mut process = tokio::process::Command::new(env!("CARGO_BIN_EXE_easgate"))
        .args(["apply", "plan.json"])
        .current_dir(place.folder.path())
        .env("EXCHANGE_PASSWORD", "P@ssw0rd!")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    tokio::time::timeout(Duration::from_secs(60), async {
        while writes(&place) < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the plan is carried out");
    process.kill().await.unwrap();
    let sent = writes(&place);
    assert!(sent < changes.len(), "it was killed on the way");
    place.exchange.faults().clear();
    let report = place.easgate("apply plan.json --json").await.exits(0).json();
    let counts = &report["changes"];
    let count = |state: &str| usize::try_from(counts[state].as_u64().unwrap()).unwrap();
    assert_eq!(count("already") + count("applied"), changes.len(), "{report}");
    assert!(
        count("already") + 1 >= sent,
        "at most the last one sent had not ended: {report}"
    );
    assert!(writes(&place) <= changes.len() + 1);
    assert_eq!(
        place.easgate("plan --json").await.exits(0).json(),
        Value::Array(Vec::new())
    );
    place.easgate("audit verify").await.exits(0);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_not_this_one_is_refused() {
    let (place, _) = planned(World::contoso(40)).await;
    let whole = place.read("plan.json");
    for (name, text, says) in [
        (
            "changed",
            whole.replacen("\"add\"", "\"remove\"", 1),
            "changed after it was made",
        ),
        (
            "older",
            whole.replace("\"easgate_plan\": 1", "\"easgate_plan\": 0"),
            "version 0",
        ),
        ("empty", String::new(), "not a plan"),
    ] {
        assert_ne!(text, whole, "{name}");
        place.write("other.json", &text);
        let ended = place.easgate("apply other.json").await.exits(1);
        assert!(ended.stderr.contains(says), "{name}: {}", ended.stderr);
    }
    place.easgate("apply missing.json").await.exits(1);
    let ended = place
        .easgate("apply plan.json --organization fabrikam")
        .await
        .exits(1);
    assert!(ended.stderr.contains("fabrikam"), "{}", ended.stderr);
    place.configure(|text| text.replace("mode = \"enforce\"", "mode = \"observe\""));
    let ended = place.easgate("apply plan.json").await.exits(1);
    assert!(ended.stderr.contains("mode observe"), "{}", ended.stderr);
    assert_eq!(writes(&place), 0);
    place.exchange.stop().await.unwrap();

    let mut world = World::contoso(40);
    world.settings.id = OrganizationId(Uuid::from_u128(77));
    let (other, _) = planned(world).await;
    other.write("theirs.json", &whole);
    let ended = other.easgate("apply theirs.json").await.exits(1);
    assert!(
        ended.stderr.contains("was made for the Exchange organisation"),
        "{}",
        ended.stderr
    );
    assert_eq!(writes(&other), 0);
    other.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_holds_a_plan_from_a_file_too() {
    let mut world = World::contoso(60);
    world.settings.default_access_level = AccessLevel::Allow;
    let place = Place::new(world).await;
    place.configure(|text| {
        text.replace("mode = \"enforce\"", "mode = \"plan\"")
            .replace("loses_access = \"100%\"", "loses_access = 1")
    });
    place.easgate("plan --out plan.json").await.exits(0);
    let file: Value = serde_json::from_str(&place.read("plan.json")).unwrap();
    let changes = file["plan"]["changes"].as_array().unwrap();
    let held = changes
        .iter()
        .filter(|change| !change["held_by"].is_null())
        .count();
    assert!(held > 1, "{file}");
    assert_eq!(file["plan"]["guard"]["held"], held);
    let report = place.easgate("apply plan.json --json").await.exits(3).json();
    assert_eq!(report["changes"]["held"], held, "{report}");
    assert_eq!(report["changes"]["applied"], changes.len() - held);
    assert_eq!(writes(&place), changes.len() - held);
    place.exchange.stop().await.unwrap();
}
