//! The workspace as cargo sees it.

use serde::Deserialize;

use crate::run::{self, Failure};

/// The packages of the workspace.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
}

/// One package of the workspace.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
    /// `None` when it may be published anywhere.
    pub(crate) publish: Option<Vec<String>>,
}

/// One line of a package's dependencies.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for an ordinary dependency, `dev` or `build` otherwise.
    pub(crate) kind: Option<String>,
}

/// Asks cargo.
pub(crate) fn read() -> Result<Metadata, Failure> {
    let mut command = run::command(env!("CARGO"));
    command.args(["metadata", "--format-version", "1", "--no-deps", "--locked"]);
    let output = command.output().map_err(|source| Failure::Start {
        program: "cargo metadata".to_owned(),
        source,
    })?;
    serde_json::from_slice(&output.stdout).map_err(|source| Failure::Metadata { source })
}
