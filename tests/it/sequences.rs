//! The table of sequences in `docs/safety.md` names tests that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of the table: their cells, without the first row and the line below it.
fn rows() -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("docs/safety.md")).unwrap();
    let (_, table) = page.split_once("<!-- sequences -->").unwrap();
    let (table, _) = table.split_once("<!-- end of sequences -->").unwrap();
    let lines = table.trim().lines().skip(2);
    let cells = |line: &str| {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    lines.map(cells).collect()
}

/// The names of the files in `folder` and below it that end in `.rs`.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The functions that are tests: those below an attribute that says so, and those of the store's contract.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["crates", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let is_contract = text.contains("macro_rules! every_test");
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            let function = line.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
            match function {
                Some((name, _)) if is_test || is_contract => {
                    names.insert(name.to_owned());
                    is_test = false;
                }
                Some(_) => is_test = false,
                None if line.starts_with("#[test]") || line.starts_with("#[tokio::test") => is_test = true,
                None => {}
            }
        }
    }
    names
}

fn scenarios() -> BTreeSet<String> {
    let folder = root().join("tests/it/scenarios");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect()
}

#[test]
fn every_sequence_has_its_row_and_every_test_that_a_row_names_is_there() {
    let (tests, scenarios) = (tests(), scenarios());
    let rows = rows();
    let numbers: Vec<String> = rows.iter().map(|row| row[0].clone()).collect();
    let all: Vec<String> = (1..=27).map(|number| number.to_string()).collect();
    assert_eq!(numbers, all);
    let mut named = BTreeSet::new();
    for row in &rows {
        let names: Vec<&str> = row[3]
            .split_whitespace()
            .map(|name| name.trim_matches('`'))
            .collect();
        assert!(!names.is_empty(), "sequence {} has no test", row[0]);
        for name in names {
            assert!(
                tests.contains(name) || scenarios.contains(name),
                "sequence {}: there is no test {name}",
                row[0]
            );
            named.insert(name.to_owned());
        }
    }
    let forgotten: Vec<_> = scenarios
        .iter()
        .filter(|name| name.starts_with("sequence_") && !named.contains(*name))
        .collect();
    assert!(forgotten.is_empty(), "no row names {forgotten:?}");
}
