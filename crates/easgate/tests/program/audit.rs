//! The audit: what a sync leaves in it, and every way to tamper with it.

use std::fs;
use std::path::Path;

use easgate_simulator::world::World;
use serde_json::Value;

use crate::place::{Ended, Place};

/// The page that tells how a record is hashed.
const PAGE: &str = include_str!("../../../../docs/audit.md");

/// Runs a Python script of its own in the folder; it needs nothing but the standard library.
async fn python(folder: &Path, script: &str, arguments: &[&str]) -> Ended {
    fs::write(folder.join("script.py"), script).unwrap();
    let output = tokio::process::Command::new("python3")
        .arg("script.py")
        .args(arguments)
        .current_dir(folder)
        .kill_on_drop(true)
        .output()
        .await
        .expect("the tests need python3");
    Ended {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The verifier of the documentation.
fn documented() -> &'static str {
    let (_, script) = PAGE.split_once("```python\n").unwrap();
    script.split_once("```").unwrap().0
}

/// What begins every script that writes the store as an intruder would.
const INTRUDER: &str = r#"
import hashlib, sqlite3, sys
db = sqlite3.connect("easgate.db")
db.row_factory = sqlite3.Row
db.execute("DROP TRIGGER audit_is_not_changed")
db.execute("DROP TRIGGER audit_is_not_shortened")
FIELDS = """sequence recorded actor actor_uid action decision run mailbox address device command
value_before value_after outcome reason server request""".split()
def encoded(value):
    if value is None:
        return b"-,"
    text = str(value).encode()
    return str(len(text)).encode() + b":" + text + b","
def make_anew():
    previous = "0" * 64
    for row in db.execute("SELECT * FROM audit ORDER BY sequence").fetchall():
        values = ["easgate audit 1", "contoso"] + [row[field] for field in FIELDS] + [previous]
        digest = hashlib.sha256(b"".join(map(encoded, values))).hexdigest()
        db.execute("UPDATE audit SET previous = ?, hash = ? WHERE sequence = ?", (previous, digest, row["sequence"]))
        db.execute("UPDATE audit_heads SET sequence = ?, hash = ?", (row["sequence"], digest))
        previous = digest
"#;

/// What an intruder does, the name of what is found, and at which record.
const TAMPERINGS: [(&str, &str, i64); 6] = [
    (
        "db.execute(\"UPDATE audit SET outcome = 'x' WHERE sequence = 4\")",
        "contents",
        4,
    ),
    (
        "db.execute('DELETE FROM audit WHERE sequence = 4')",
        "sequence",
        4,
    ),
    ("db.execute('DELETE FROM audit WHERE sequence > 4')", "cut", 5),
    (
        "db.execute('DELETE FROM audit WHERE sequence > 4')\nmake_anew()",
        "cut",
        5,
    ),
    (
        "db.execute(\"UPDATE audit SET reason = 'x' WHERE sequence = 4\")\nmake_anew()",
        "rewritten",
        1,
    ),
    (
        "db.execute(\"UPDATE audit SET reason = 'x' WHERE sequence = 4\")\nmake_anew()\n\
             db.execute('DELETE FROM audit_checkpoints')",
        "rewritten",
        1,
    ),
];

/// The records of an export.
fn records(export: &Ended) -> Vec<Value> {
    let lines = export.stdout.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The head that the log of a sync tells.
fn head(synced: &Ended) -> String {
    let line = synced
        .stderr
        .lines()
        .find(|line| line.contains("audit.head"))
        .unwrap_or_else(|| panic!("no head in {}", synced.stderr));
    let (_, head) = line.split_once(" head=").unwrap();
    head.split_whitespace().next().unwrap().to_owned()
}

/// An organisation that was synced twice, and the heads that the log told.
async fn synced() -> (Place, [String; 2]) {
    let place = Place::new(World::contoso(40)).await;
    let first = place.easgate("--log info sync --full").await.exits(0);
    let second = place.easgate("--log info sync --full").await.exits(0);
    let heads = [head(&first), head(&second)];
    (place, heads)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_is_in_the_audit_with_its_reason_and_its_command() {
    let (place, heads) = synced().await;
    let export = records(&place.easgate("audit export").await.exits(0));
    let of = |action: &str| -> Vec<&Value> {
        let all = export.iter();
        all.filter(|record| record["action"] == action).collect()
    };
    let writes = place.exchange.commands();
    let writes = writes
        .iter()
        .filter(|command| command.name == "Set-CASMailbox")
        .count();
    assert!(writes > 0);
    assert_eq!(of("changeIntended").len(), writes);
    assert_eq!(of("changeApplied").len(), writes);
    for change in of("changeApplied") {
        let command = change["command"].as_str().unwrap();
        let device = change["device"].as_str().unwrap();
        assert!(command.starts_with("Set-CASMailbox -Identity"), "{command}");
        assert!(command.contains(device), "{command}");
        assert_ne!(change["before"], change["after"]);
        assert_eq!(change["server"], place.exchange.url().to_string());
        for field in ["decision", "mailbox", "address", "reason", "run"] {
            assert!(!change[field].is_null(), "{field}: {change}");
        }
    }
    assert_eq!(of("runEnded").len(), 2);
    let last = export.last().unwrap();
    assert_eq!(
        heads[1],
        format!("{}:{}", last["sequence"], last["hash"].as_str().unwrap())
    );
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_is_enough_to_verify_an_export() {
    let (place, heads) = synced().await;
    let folder = place.folder.path();
    place.easgate("audit export --output all.jsonl").await.exits(0);
    let all = place.read("all.jsonl");
    let verified = python(folder, documented(), &["all.jsonl"]).await.exits(0);
    assert_eq!(verified.stdout.trim(), format!("contoso: {}", heads[1]));
    let line = format!("audit verify --file all.jsonl --head {}", heads[0]);
    place.easgate(&line).await.exits(0);
    let line = "audit verify --file all.jsonl --key audit.key --json";
    let found = place.easgate(line).await.exits(0).json();
    assert_eq!(found[0]["vouchers"], 2, "{found}");

    let changed = all.replacen("changeApplied", "changeFailed", 1);
    assert_ne!(all, changed);
    place.write("changed.jsonl", &changed);
    let (part, _) = all.rsplit_once("{\"").unwrap();
    place.write("cut.jsonl", part);
    place.write("torn.jsonl", &all[..all.len() - 9]);
    for (file, head, says) in [
        ("changed", "", "its contents do not give its hash"),
        ("cut", heads[1].as_str(), "the end was cut off"),
        ("torn", "", "is not a record"),
    ] {
        let head = if head.is_empty() {
            String::new()
        } else {
            format!(" --head {head}")
        };
        let line = format!("audit verify --file {file}.jsonl{head}");
        let ended = place.easgate(&line).await.exits(2);
        assert!(ended.stdout.contains(says), "{file}: {}", ended.stdout);
    }
    let ended = python(folder, documented(), &["changed.jsonl"]).await;
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_the_store_is_found_out() {
    let (place, heads) = synced().await;
    let folder = place.folder.path();
    let whole = place.easgate("audit verify").await.exits(0);
    assert!(
        whole.stdout.contains("contoso: whole, records 1 to"),
        "{}",
        whole.stdout
    );
    place
        .easgate(&format!("audit verify --head {}", heads[0]))
        .await
        .exits(0);
    let kept = place.folder.path().join("kept.db");
    let database = place.folder.path().join("easgate.db");
    fs::copy(&database, &kept).unwrap();
    for (tampering, kind, first) in TAMPERINGS {
        fs::copy(&kept, &database).unwrap();
        let script = format!("{INTRUDER}{tampering}\ndb.commit()\ndb.close()\n");
        python(folder, &script, &[]).await.exits(0);
        let found = place.easgate("audit verify --json").await.exits(2).json();
        let broken = &found[0]["broken"];
        assert_eq!(
            (&broken["kind"], &broken["first"]),
            (&kind.into(), &first.into()),
            "{tampering}: {found}"
        );
        let text = place.easgate("audit verify").await.exits(2);
        assert!(
            text.stdout.contains("TAMPERED WITH OR DAMAGED"),
            "{}",
            text.stdout
        );
    }
    // With the key and its checkpoints in the same hands, the system log alone knows.
    fs::remove_file(place.folder.path().join("audit.key")).unwrap();
    fs::remove_file(place.folder.path().join("audit.key.checkpoints")).unwrap();
    let silent = place.easgate("audit verify").await.exits(0);
    assert!(silent.stdout.contains("there is no key"), "{}", silent.stdout);
    let ended = place
        .easgate(&format!("audit verify --head {}", heads[1]))
        .await
        .exits(2);
    assert!(
        ended.stdout.contains("the head that was given"),
        "{}",
        ended.stdout
    );
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_export_names_nobody_and_keeps_its_order() {
    let (place, _) = synced().await;
    let whole = records(&place.easgate("audit export").await.exits(0));
    let hidden = place.easgate("audit export --anonymous").await.exits(0);
    for record in &whole {
        for field in ["mailbox", "address", "device"] {
            if let Some(text) = record[field].as_str() {
                assert!(!hidden.stdout.contains(text), "{field} {text}");
            }
        }
    }
    let hashes = |records: &[Value]| -> Vec<Value> { records.iter().map(|r| r["hash"].clone()).collect() };
    assert_eq!(hashes(&records(&hidden)), hashes(&whole));
    place.write("hidden.jsonl", &hidden.stdout);
    let found = place
        .easgate("audit verify --file hidden.jsonl --json")
        .await
        .exits(0)
        .json();
    assert_eq!(found[0]["contents_checked"], false, "{found}");
    let none = place.easgate("audit export --since 2999-01-01").await.exits(0);
    assert_eq!(none.stdout, "");
    place.easgate("audit export --since yesterday").await.exits(1);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_that_could_not_be_audited() {
    let place = Place::new(World::contoso(40)).await;
    place.configure(|text| format!("{text}\n[audit]\nkey = \"enrolled.csv\"\n"));
    let ended = place.easgate("sync --full").await.exits(1);
    assert!(ended.stderr.contains("the key of the audit"), "{}", ended.stderr);
    let commands = place.exchange.commands();
    assert!(commands.iter().all(|command| command.name != "Set-CASMailbox"));
    place.exchange.stop().await.unwrap();
}
