//! The benchmarks.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::run::{self, Failure};
use crate::test;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Runs each once and small, to see that it works.
    #[arg(long)]
    check: bool,
    /// Draws how cost grows with the number of devices into this SVG file, and measures nothing else.
    #[arg(long, conflicts_with_all = ["json", "check"])]
    plot: Option<PathBuf>,
}

/// Builds the program and the benchmarks as they are shipped, and measures.
pub(crate) fn bench(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.check {
        return check();
    }
    let mut more = Vec::new();
    if arguments.json {
        more.push("--json".to_owned());
    }
    if let Some(path) = &arguments.plot {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        more.extend(["--plot".to_owned(), path.display().to_string()]);
    }
    let none: &[&str] = &[];
    let shipped = ["--profile", "shipped"];
    cargo("build", &[&shipped[..], &["--bin", "easgate"]].concat(), none)?;
    cargo(
        "bench",
        &[&shipped[..], &["--bench", "table", "--"]].concat(),
        &more,
    )
}

/// Runs each once and small, with what the tests have built already.
pub(crate) fn check() -> Result<(), Failure> {
    let features = test::features()?;
    let mut build = run::command(env!("CARGO"));
    run::finish(build.args(["build", "--locked", "-p", "easgate"]).args(features))?;
    let options = [features, &["--bench", "table", "--profile", "dev", "--"]].concat();
    cargo("bench", &options, &["--check"])
}

/// Always for the whole workspace, or third-party code would be built once more with fewer features.
fn cargo(task: &str, options: &[&str], arguments: &[impl AsRef<OsStr>]) -> Result<(), Failure> {
    let mut command = run::command(env!("CARGO"));
    command.args([task, "--locked", "--workspace"]);
    run::finish(command.args(options).args(arguments))
}
