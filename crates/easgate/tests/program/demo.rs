//! The first command a newcomer runs.

use easgate_model::is_plain;

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
