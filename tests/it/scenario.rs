//! The engine over an organisation in memory: scenarios as text, laws as properties, crashes at every step.

mod crash;
mod gates;
mod laws;
mod odd;
pub(crate) mod rig;
pub(crate) mod script;
mod undo;
pub(crate) mod world;

use std::fs;
use std::path::Path;

use expect_test::expect_file;

/// Runs every file of `scenarios`: lines are commands, and what they lead to stands below them after `>`.
///
/// `UPDATE_EXPECT=1` writes the files anew.
#[tokio::test]
async fn scenarios_come_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/scenarios");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let outcome = script::run(&text).await;
        expect_file![file].assert_eq(&outcome);
    }
}
