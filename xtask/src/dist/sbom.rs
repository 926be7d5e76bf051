//! What the program is made of, as CycloneDX 1.5: every crate that cargo links into it on this platform, from `cargo metadata`
//! and the lock file.
//!
//! The writer is our own: the document is forty lines of JSON a reader can check, and a crate for it would add to what it lists.
//! It has neither a time nor a random number, so that the same sources give the same document.

mod check;
mod lock;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::run::{self, Failure};

pub(super) use check::check;
use lock::Checksums;

/// The package that is shipped.
const PROGRAM: &str = "easgate";

/// The part of `cargo metadata` that is used.
#[derive(Deserialize)]
struct Graph {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    description: Option<String>,
    repository: Option<String>,
    /// `None` for our own.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dep>,
}

#[derive(Deserialize)]
struct Dep {
    pkg: String,
    dep_kinds: Vec<DepKind>,
}

#[derive(Deserialize)]
struct DepKind {
    /// `None` for what is linked, `dev` or `build` otherwise.
    kind: Option<String>,
}

/// Writes the document to `path`.
pub(super) fn write(path: &Path) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(&document()?).map_err(|source| Failure::Metadata { source })?;
    super::stage::write(path, &format!("{text}\n"), 0o644)
}

/// The document.
fn document() -> Result<Value, Failure> {
    let mut cargo = run::command(env!("CARGO"));
    let platform = platform()?;
    cargo.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        &platform,
    ]);
    let output = run::output(&mut cargo).ok_or_else(|| Failure::Missing {
        program: "cargo metadata".to_owned(),
    })?;
    let graph: Graph = serde_json::from_str(&output).map_err(|source| Failure::Metadata { source })?;
    let lock = run::read(&run::root().join("Cargo.lock"))?;
    Ok(of_graph(&graph, &Checksums::read(&lock)))
}

/// For which platform cargo builds here.
fn platform() -> Result<String, Failure> {
    let said = run::output(run::command("rustc").arg("-vV"));
    let host = said.as_deref().and_then(|said| {
        let line = said.lines().find_map(|line| line.strip_prefix("host: "))?;
        Some(line.to_owned())
    });
    host.ok_or_else(|| Failure::Missing {
        program: "rustc".to_owned(),
    })
}

fn of_graph(graph: &Graph, checksums: &Checksums) -> Value {
    let packages: BTreeMap<&str, &Package> = graph
        .packages
        .iter()
        .map(|package| (package.id.as_str(), package))
        .collect();
    let nodes: BTreeMap<&str, &Node> = graph
        .resolve
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node))
        .collect();
    let program = graph
        .packages
        .iter()
        .find(|package| package.name == PROGRAM && package.source.is_none());
    let linked = |id: &str| -> BTreeSet<&str> {
        let deps = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        deps.filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind.is_none()))
            .map(|dep| dep.pkg.as_str())
            .collect()
    };
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut open: Vec<&str> = program.map(|program| program.id.as_str()).into_iter().collect();
    while let Some(id) = open.pop() {
        if !found.contains_key(id) {
            let next = linked(id);
            open.extend(&next);
            found.insert(id, next);
        }
    }
    let reference = |id: &str| packages.get(id).map(|package| purl(package));
    let components = found.keys().filter_map(|id| packages.get(id));
    let components = components.filter(|package| package.name != PROGRAM);
    let mut components: Vec<Value> = components
        .map(|package| component(package, "library", checksums))
        .collect();
    components.sort_by_key(|component| component["bom-ref"].to_string());
    let mut dependencies: Vec<Value> = found
        .iter()
        .map(|(id, next)| {
            let on: BTreeSet<String> = next.iter().filter_map(|id| reference(id)).collect();
            json!({ "ref": reference(id), "dependsOn": on })
        })
        .collect();
    dependencies.sort_by_key(|dependency| dependency["ref"].to_string());
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "lifecycles": [{ "phase": "build" }],
            "component": program.map(|program| component(program, "application", checksums)),
        },
        "components": components,
        "dependencies": dependencies,
    })
}

fn component(package: &Package, kind: &str, checksums: &Checksums) -> Value {
    let mut value = json!({
        "type": kind,
        "bom-ref": purl(package),
        "name": package.name,
        "version": package.version,
        "purl": purl(package),
        "scope": "required",
    });
    if let Some(description) = &package.description {
        value["description"] = json!(description.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    if let Some(license) = &package.license {
        // As it was written before there were expressions.
        let expression = license.replace('/', " OR ");
        value["licenses"] = json!([{ "expression": expression }]);
    }
    if let Some(checksum) = checksums.of(&package.name, &package.version) {
        value["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if let Some(repository) = &package.repository {
        value["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    value
}

/// The name of a crate that tools for vulnerabilities know.
fn purl(package: &Package) -> String {
    format!(
        "pkg:cargo/{}@{}",
        package.name,
        package.version.replace('+', "%2B")
    )
}
