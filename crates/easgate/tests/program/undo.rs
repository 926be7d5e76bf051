//! Taking over, giving up, taking back, rolling back, and what others changed.

use std::collections::{BTreeMap, BTreeSet};

use easgate_model::AccessLevel;
use easgate_simulator::world::World;
use serde_json::Value;
use uuid::Uuid;

use crate::place::Place;

/// Both lists of every mailbox, exactly as they are.
fn lists(place: &Place) -> BTreeMap<Uuid, (Vec<String>, Vec<String>)> {
    let local = place.world.users.iter().filter(|user| user.kind.is_local());
    let organization = place.exchange.organization();
    local
        .filter_map(|user| Some((user.mailbox_guid, organization.lists(user.mailbox_guid)?)))
        .collect()
}

/// The same without regard to the order of the entries.
fn sets(place: &Place) -> BTreeMap<Uuid, (BTreeSet<String>, BTreeSet<String>)> {
    let set = |list: Vec<String>| list.into_iter().collect();
    lists(place)
        .into_iter()
        .map(|(mailbox, (allowed, blocked))| (mailbox, (set(allowed), set(blocked))))
        .collect()
}

/// The entries that the organisation had before easgate came, as far as they are still there.
fn foreign(place: &Place) -> usize {
    let lists = lists(place);
    let of = |id: &Uuid| lists.get(id).cloned().unwrap_or_default();
    place
        .world
        .users
        .iter()
        .map(|user| {
            let (allowed, blocked) = of(&user.mailbox_guid);
            user.foreign_allowed
                .iter()
                .filter(|id| allowed.contains(id))
                .count()
                + user
                    .foreign_blocked
                    .iter()
                    .filter(|id| blocked.contains(id))
                    .count()
        })
        .sum()
}

async fn status(place: &Place) -> Value {
    place.easgate("status --json").await.exits(0).json()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn release_leaves_every_list_bit_for_bit_and_nothing_is_ours_any_more() {
    let place = Place::new(World::contoso(60)).await;
    place.easgate("sync --full").await.exits(0);
    let (before, ours) = (lists(&place), number(&status(&place).await["owned_entries"]));
    assert!(ours > 10, "{ours}");

    let plan = place.easgate("release --json").await.exits(0).json();
    let entries = plan["entries"].as_array().unwrap();
    assert_eq!(u64::try_from(entries.len()).unwrap(), ours);
    assert!(entries.iter().all(|one| one["before"] == one["after"]), "{plan}");
    assert!(plan["done"].is_null());
    assert_eq!(
        number(&status(&place).await["owned_entries"]),
        ours,
        "a plan changes nothing"
    );

    let writes = place.exchange.organization().list_writes().len();
    let done = place
        .easgate("release --yes --by dana --json")
        .await
        .exits(0)
        .json();
    assert_eq!(number(&done["done"]["entries"]), ours);
    assert_eq!(lists(&place), before);
    assert_eq!(place.exchange.organization().list_writes().len(), writes);
    assert_eq!(number(&status(&place).await["owned_entries"]), 0);
    // What was given up is nobody's attack.
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(report["drift"]["new"].as_array().unwrap().len(), 0, "{report}");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn adopt_lists_first_and_takes_over_what_agrees_with_the_policy() {
    let place = Place::new(World::contoso(60)).await;
    place.easgate("sync --full").await.exits(0);
    place.easgate("release --yes").await.exits(0);
    let before = lists(&place);

    let plan = place.easgate("adopt --json").await.exits(0).json();
    let allow = place.easgate("adopt --list allow --json").await.exits(0).json();
    let found = plan["entries"].as_array().unwrap().len();
    assert!(found > 10, "{plan}");
    assert!(
        allow["entries"].as_array().unwrap().len() < found,
        "the block list was left out"
    );
    let one = plan["entries"][0]["mailbox"].as_str().unwrap();
    let of_one = place
        .easgate(&format!("adopt --mailbox {one} --json"))
        .await
        .exits(0)
        .json();
    assert!(
        of_one["entries"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["mailbox"] == one)
    );
    assert_eq!(
        number(&status(&place).await["owned_entries"]),
        0,
        "a plan changes nothing"
    );

    let done = place
        .easgate("adopt --yes --by dana --json")
        .await
        .exits(0)
        .json();
    assert_eq!(number(&done["done"]["entries"]), u64::try_from(found).unwrap());
    assert_eq!(lists(&place), before);
    assert_eq!(
        number(&status(&place).await["owned_entries"]),
        u64::try_from(found).unwrap()
    );
    let run = number(&done["done"]["run"]);
    let history = place
        .easgate(&format!("history --run {run} --json"))
        .await
        .exits(0)
        .json();
    assert_eq!(history["entries"].as_array().unwrap().len(), found);
    assert!(
        history["entries"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["by"] == "dana")
    );
    assert!(history["entries"][0]["uid"].is_u64(), "{history}");
    let again = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(again["changes"]["planned"], 0, "{again}");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sequence_5_a_revert_under_quarantine_is_held_by_the_guard_and_changes_nothing() {
    let place = Place::new(World::contoso(120)).await;
    place
        .exchange
        .organization()
        .set_default_level(AccessLevel::Quarantine);
    place.easgate("sync --full").await.exits(0);
    place.configure(|text| text.replace("loses_access = \"100%\"", "loses_access = 50"));
    let before = lists(&place);

    let plan = place.easgate("revert --json").await.exits(0).json();
    assert!(number(&plan["guard"]["loses"]) > 50, "{}", plan["guard"]);
    let text = place.easgate("revert").await.exits(0).stdout;
    assert!(
        text.contains("Allow -> Quarantine") && text.contains("The guard holds it"),
        "{text}"
    );
    let held = place.easgate("revert --yes --by dana").await.exits(3);
    assert!(held.stdout.contains("0 applied"), "{}", held.stdout);
    assert_eq!(lists(&place), before);
    assert!(status(&place).await["forced_mode"].is_null());
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_takes_back_all_of_ours_and_nothing_else() {
    let place = Place::new(World::contoso(60)).await;
    let (before, theirs) = (sets(&place), foreign(&place));
    assert!(theirs > 0, "the organisation has entries of its own");
    place.easgate("sync --full").await.exits(0);
    assert_ne!(sets(&place), before);
    let done = place
        .easgate("revert --yes --by dana --json")
        .await
        .exits(0)
        .json();
    assert!(number(&done["done"]["changes"]["applied"]) > 10, "{done}");
    assert_eq!((sets(&place), foreign(&place)), (before, theirs));
    let status = status(&place).await;
    assert_eq!(number(&status["owned_entries"]), 0);
    assert_eq!(status["forced_mode"]["mode"], "plan", "{status}");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sequence_26_a_rollback_restores_the_lists_and_keeps_the_organisation_in_mode_plan() {
    let place = Place::new(World::contoso(60)).await;
    let (before, theirs) = (sets(&place), foreign(&place));
    place.easgate("sync --full").await.exits(0);
    let after = sets(&place);
    let history = place.easgate("history --json").await.exits(0).json();
    let run = number(&history["runs"][0]["run"]);

    let plan = place
        .easgate(&format!("rollback {run} --json"))
        .await
        .exits(0)
        .json();
    assert!(plan["changes"].as_array().unwrap().len() > 10, "{plan}");
    assert_eq!(sets(&place), after, "a plan changes nothing");
    let done = place
        .easgate(&format!("rollback {run} --yes --by dana --json"))
        .await
        .exits(0)
        .json();
    assert_eq!(done["done"]["changes"]["failed"], 0, "{done}");
    assert_eq!((sets(&place), foreign(&place)), (before, theirs));

    // The next sync would undo the undoing.
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(
        (&report["mode"], &report["changes"]["applied"]),
        (&"plan".into(), &0.into()),
        "{report}"
    );
    assert!(number(&report["changes"]["planned"]) > 10, "{report}");
    let text = place.easgate("status").await.exits(0).stdout;
    assert!(
        text.contains("kept in mode") && text.contains("by dana"),
        "{text}"
    );

    // The undoing is undone like any other run.
    let again = number(&done["done"]["run"]);
    place.easgate(&format!("rollback {again} --yes")).await.exits(0);
    assert_eq!(sets(&place), after);
    let changes = place
        .easgate(&format!("history --run {again} --json"))
        .await
        .exits(0)
        .json();
    assert!(
        changes["changes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["reason"] == "rolledBack")
    );
    place.easgate("rollback 4711").await.exits(1);
    place.easgate("rollback").await.exits(1);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_somebody_else_adds_is_told_until_somebody_has_looked() {
    let place = Place::new(World::contoso(30)).await;
    let first = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(
        first["drift"]["new"].as_array().unwrap().len(),
        0,
        "what was there is the beginning"
    );
    let user = place
        .world
        .users
        .iter()
        .find(|user| user.kind.is_local())
        .unwrap();
    let organization = place.exchange.organization();
    let (mut allowed, blocked) = organization.lists(user.mailbox_guid).unwrap();
    allowed.push("STRANGER".to_owned());
    organization.set_lists(user.mailbox_guid, allowed, blocked);

    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(report["drift"]["new"][0]["device_id"], "STRANGER", "{report}");
    assert_eq!(report["drift"]["new"][0]["kind"], "foreignAllow");
    assert_eq!(status(&place).await["open_drift"], 1);
    let text = place.easgate("drift").await.exits(0).stdout;
    assert!(text.contains("STRANGER was put on the allow list"), "{text}");
    place.easgate("drift --acknowledge --note ticket").await.exits(1);
    place
        .easgate("drift --acknowledge --by dana --note ticket")
        .await
        .exits(0);
    assert_eq!(status(&place).await["open_drift"], 0);
    let drift = place.easgate("drift --json").await.exits(0).json();
    assert_eq!(drift["drift"][0]["acknowledged"]["by"], "dana", "{drift}");
    let again = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(again["drift"]["new"].as_array().unwrap().len(), 0, "{again}");
    place.exchange.stop().await.unwrap();
}
