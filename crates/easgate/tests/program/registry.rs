//! A store that was lost: which list entries are ours is found from the audit.

use std::fs;

use easgate_simulator::world::World;
use serde_json::Value;
use uuid::Uuid;

use crate::place::Place;

/// An organisation that was synced, whose audit is in `audit.jsonl`, and whose store is lost; and how many list
/// entries were somebody else's.
async fn lost() -> (Place, Value) {
    let place = Place::new(World::contoso(40)).await;
    let report = place.easgate("sync --full --json").await.exits(0).json();
    let foreign = report["foreign"]["entries"].clone();
    place.easgate("audit export --output audit.jsonl").await.exits(0);
    for name in fs::read_dir(place.folder.path()).unwrap() {
        let path = name.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("easgate.db")
        {
            fs::remove_file(path).unwrap();
        }
    }
    place.exchange.forget_commands();
    (place, foreign)
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_is_rebuilt_from_the_audit_as_far_as_the_lists_hold_it() {
    let (place, foreign) = lost().await;
    let line = "store rebuild-registry --from audit.jsonl --json";
    let dry = place.easgate(line).await.exits(0).json();
    let ours = list(&dry["ours"]).len();
    assert!(ours > 2 && dry["written"] == false, "{dry}");
    assert_eq!(
        place.easgate(line).await.exits(0).json(),
        dry,
        "nothing was written"
    );

    let gone = &dry["ours"][0];
    let mailbox: Uuid = gone["mailbox"].as_str().unwrap().parse().unwrap();
    let organization = place.exchange.organization();
    let (mut allowed, mut blocked) = organization.lists(mailbox).unwrap();
    allowed.retain(|id| gone["device_id"] != id.as_str());
    blocked.retain(|id| gone["device_id"] != id.as_str());
    assert!(organization.set_lists(mailbox, allowed, blocked));
    let written = place
        .easgate(&format!("{line} --yes --by ana"))
        .await
        .exits(0)
        .json();
    assert_eq!(
        (list(&written["ours"]).len(), list(&written["gone"]).len()),
        (ours - 1, 1),
        "{written}"
    );
    let again = place.easgate(line).await.exits(0).json();
    assert_eq!(
        (&again["known"], list(&again["ours"]).len()),
        (&(ours - 1).into(), 0),
        "{again}"
    );

    let audit = place.easgate("audit export").await.exits(0).stdout;
    assert!(
        audit.contains("registryRebuilt") && audit.contains("\"actor\":\"ana\""),
        "{audit}"
    );
    let commands = place.exchange.commands();
    assert!(commands.iter().all(|command| command.name != "Set-CASMailbox"));
    // What it says is enough for the next sync: nothing more is foreign, and only what is gone is wanted again.
    place.configure(|text| text.replace("mode = \"enforce\"", "mode = \"observe\""));
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(
        (&report["changes"]["planned"], &report["foreign"]["entries"]),
        (&1.into(), &foreign),
        "{report}"
    );
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_was_tampered_with_gives_no_registry() {
    let (place, _) = lost().await;
    let whole = place.read("audit.jsonl");
    let first = whole.lines().next().unwrap();
    let renamed = whole.replace("\"contoso\"", "\"fabrikam\"");
    let hidden = whole.replace("{\"organization\"", "{\"anonymous\":true,\"organization\"");
    let changed = whole.replacen("\"before\":\"none\"", "\"before\":\"allow\"", 1);
    let without = whole.replacen(whole.lines().nth(3).unwrap(), first, 1);
    for (name, text, code, says) in [
        ("changed", &changed, 2, "do not give its hash"),
        ("a record less", &without, 2, "missing, or out of its place"),
        ("torn", &whole[..whole.len() - 20].to_owned(), 2, "cannot be read"),
        ("anonymous", &hidden, 1, "anonymous"),
        ("of another", &renamed, 1, "no record of the organisation"),
    ] {
        assert_ne!(*text, whole, "{name}");
        place.write("other.jsonl", text);
        let line = "store rebuild-registry --from other.jsonl --yes";
        let ended = place.easgate(line).await.exits(code);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains(says), "{name}: {said}");
    }
    let line = "store rebuild-registry --from audit.jsonl --json";
    let found = place.easgate(line).await.exits(0).json();
    assert_eq!(found["known"], 0, "nothing was written");
    place.exchange.stop().await.unwrap();
}

/// A place whose configuration says nothing of entries that are not known.
async fn careful(world: World) -> Place {
    let place = Place::new(world).await;
    place.configure(|text| text.replace("unknown_entries = \"foreign\"\n", ""));
    place
}

fn changes(report: &Value) -> (u64, u64) {
    let of = |name: &str| report["changes"][name].as_u64().unwrap();
    (of("planned"), of("applied"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_store_writes_nothing_beside_entries_that_it_does_not_know_until_somebody_has_looked() {
    let place = careful(World::contoso(40)).await;
    for line in ["sync --full --json", "sync --quick --json", "sync --full --json"] {
        let report = place.easgate(line).await.exits(0).json();
        assert_eq!(changes(&report).1, 0, "{line}: {report}");
    }
    let report = place.easgate("sync --full").await.exits(0);
    for cure in [
        "rebuild-registry",
        "easgate adopt",
        "easgate plan",
        "easgate resume",
    ] {
        assert!(report.stderr.contains(cure), "{cure}: {}", report.stderr);
    }
    assert_eq!(place.exchange.organization().list_writes(), []);
    let check = place.easgate("store check --json").await.json();
    assert!(check.to_string().contains("\"unknown\""), "{check}");
    let status = place.easgate("status --json").await.json();
    assert_eq!(status["gates"]["caution"]["kind"], "unknown", "{status}");
    assert_eq!(status["alarms"], serde_json::json!(["unknownEntries"]));
    let status = place.easgate("status").await.stdout;
    assert!(status.contains("easgate resume"), "{status}");
    place.easgate("resume --by ana").await.exits(0);
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert!(changes(&report).1 > 5, "{report}");
    let status = place.easgate("status --json").await.json();
    assert_eq!(status["gates"]["caution"], Value::Null);
    let audit = place.easgate("audit export").await.exits(0).stdout;
    assert_eq!(audit.matches("entriesUnknown").count(), 1);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_where_the_lists_are_empty_or_a_sync_in_another_mode_came_before() {
    let mut world = World::contoso(40);
    for user in &mut world.users {
        user.foreign_allowed.clear();
        user.foreign_blocked.clear();
    }
    let empty = careful(world).await;
    let report = empty.easgate("sync --full --json").await.exits(0).json();
    assert!(changes(&report).1 > 5, "{report}");
    empty.exchange.stop().await.unwrap();

    let place = careful(World::contoso(40)).await;
    let enforce = place.read("easgate.toml");
    place.write("easgate.toml", &enforce.replace("\"enforce\"", "\"observe\""));
    place.easgate("sync --full").await.exits(0);
    place.write("easgate.toml", &enforce);
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert!(changes(&report).1 > 5, "{report}");
    place.exchange.stop().await.unwrap();
}
