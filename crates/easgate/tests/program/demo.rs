//! The first command a newcomer runs.

use std::process::Stdio;

use easgate_model::is_plain;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::place::run;

#[tokio::test(flavor = "multi_thread")]
async fn a_demonstration_needs_nothing_and_shows_what_was_decided_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &["demo", "--devices", "300", "--once"], "")
        .await
        .exits(0);
    for word in [
        "300 devices decided",
        "allow",
        "notEnrolled",
        "held",
        "Set-CASMailbox",
    ] {
        assert!(
            ended.stdout.contains(word),
            "{word} is missing:\n{}",
            ended.stdout
        );
    }
    let bad: Vec<char> = ended
        .stdout
        .chars()
        .filter(|c| *c != '\n' && !is_plain(*c))
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
    // Nothing is left behind where it was started.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_report_is_one_object_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["demo", "--devices", "150", "--once", "--json"];
    let report = run(folder.path(), &arguments, "").await.exits(0).json();
    assert_eq!(report["devices"], 150);
    assert_eq!(report["changes"]["failed"], 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stays_up_for_other_commands_and_leaves_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    let mut demo = tokio::process::Command::new(env!("CARGO_BIN_EXE_easgate"))
        .args(["demo", "--devices", "60"])
        .env("TMPDIR", place.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let configuration = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some(command) = line.strip_prefix("  easgate status --config ") {
            break command.to_owned();
        }
    };
    for command in ["status", "devices", "check", "plan"] {
        let arguments = [command, "--config", &configuration];
        run(place.path(), &arguments, "").await.exits(0);
    }
    let id = demo.id().unwrap().to_string();
    let kill = std::process::Command::new("kill").arg(&id).status().unwrap();
    assert!(kill.success());
    assert!(demo.wait().await.unwrap().success());
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}
