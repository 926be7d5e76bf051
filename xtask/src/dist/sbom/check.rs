//! Whether a document names everything that is in the program, by what cargo says in another way.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::{PROGRAM, lock::Checksums, platform};
use crate::run::{self, Failure};

/// Compares the document at `path` with `cargo tree` and with the lock file.
pub(in crate::dist) fn check(path: &Path) -> Result<(), Failure> {
    let text = run::read(path)?;
    let document: Value = serde_json::from_str(&text).map_err(|source| Failure::Metadata { source })?;
    let platform = platform()?;
    let mut tree = run::command(env!("CARGO"));
    tree.args([
        "tree", "--locked", "-p", PROGRAM, "--edges", "normal", "--prefix", "none",
    ])
    .args(["--format", "{p}", "--no-dedupe", "--target", &platform]);
    let tree = run::output(&mut tree).ok_or_else(|| Failure::Missing {
        program: "cargo tree".to_owned(),
    })?;
    let lock = Checksums::read(&run::read(&run::root().join("Cargo.lock"))?);
    let wrong = faults(&document, &tree, &lock);
    for fault in &wrong {
        println!("{}: {fault}", path.display());
    }
    if wrong.is_empty() {
        let components = document["components"].as_array().map_or(0, Vec::len);
        println!("The bill of materials names {components} crates, all that cargo links.");
        Ok(())
    } else {
        Err(Failure::Findings { count: wrong.len() })
    }
}

/// What is wrong with `document`, where `tree` has a crate a line.
fn faults(document: &Value, tree: &str, lock: &Checksums) -> Vec<String> {
    let mut wrong = Vec::new();
    if document["bomFormat"] != "CycloneDX" || document["specVersion"] != "1.5" {
        wrong.push("this is no CycloneDX 1.5".to_owned());
    }
    if document["metadata"]["component"]["name"] != PROGRAM {
        wrong.push(format!("it is not about {PROGRAM}"));
    }
    let mut named = BTreeSet::new();
    let components = document["components"].as_array().into_iter().flatten();
    for component in components.chain([&document["metadata"]["component"]]) {
        let word = |key: &str| component[key].as_str().unwrap_or_default().to_owned();
        let (name, version) = (word("name"), word("version"));
        let what = format!("{name} {version}");
        if !named.insert(what.clone()) {
            wrong.push(format!("{what} stands twice"));
        }
        if component["licenses"][0]["expression"]
            .as_str()
            .is_none_or(str::is_empty)
        {
            wrong.push(format!("{what} has no licence"));
        }
        let hash = component["hashes"][0]["content"].as_str();
        if hash != lock.of(&name, &version) {
            wrong.push(format!("the hash of {what} is not that of the lock file"));
        }
    }
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        let version = words.next().unwrap_or_default().trim_start_matches('v');
        if !named.contains(&format!("{name} {version}")) {
            wrong.push(format!("{name} {version} is linked and not named"));
        }
    }
    wrong.extend(loose_ends(document));
    wrong.sort();
    wrong.dedup();
    wrong
}

/// References that lead nowhere.
fn loose_ends(document: &Value) -> Vec<String> {
    let all = || document["dependencies"].as_array().into_iter().flatten();
    let known: BTreeSet<&str> = all().filter_map(|one| one["ref"].as_str()).collect();
    let next = all().flat_map(|one| one["dependsOn"].as_array().into_iter().flatten());
    next.filter_map(Value::as_str)
        .filter(|reference| !known.contains(reference))
        .map(|reference| format!("{reference} is depended on and not described"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LOCK: &str = "[[package]]\nname = \"easgate\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"one\"\n\
        version = \"1.0.0\"\nsource = \"registry\"\nchecksum = \"00ff\"\n";

    fn document() -> Value {
        let licenses = json!([{ "expression": "MIT" }]);
        json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "metadata": { "component": { "name": "easgate", "version": "0.1.0", "licenses": licenses } },
            "components": [{
                "name": "one", "version": "1.0.0", "licenses": licenses,
                "hashes": [{ "alg": "SHA-256", "content": "00ff" }],
            }],
            "dependencies": [
                { "ref": "pkg:cargo/easgate@0.1.0", "dependsOn": ["pkg:cargo/one@1.0.0"] },
                { "ref": "pkg:cargo/one@1.0.0", "dependsOn": [] },
            ],
        })
    }

    fn found(document: &Value, tree: &str) -> Vec<String> {
        faults(document, tree, &Checksums::read(LOCK))
    }

    #[test]
    fn a_document_that_names_everything_is_well_and_each_fault_is_named() {
        let tree = "easgate v0.1.0 (/somewhere)\none v1.0.0\n\none v1.0.0 (proc-macro)\n";
        assert_eq!(found(&document(), tree), [""; 0]);
        assert_eq!(
            found(&document(), "two v2.0.0\n"),
            ["two 2.0.0 is linked and not named"]
        );
        let mut wrong = document();
        wrong["components"][0]["hashes"][0]["content"] = json!("0000");
        wrong["components"][0]["licenses"] = json!([]);
        wrong["dependencies"][1]["ref"] = json!("pkg:cargo/other@1.0.0");
        assert_eq!(
            found(&wrong, tree),
            [
                "one 1.0.0 has no licence",
                "pkg:cargo/one@1.0.0 is depended on and not described",
                "the hash of one 1.0.0 is not that of the lock file",
            ]
        );
    }
}
