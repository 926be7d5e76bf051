//! What the project does to itself: `cargo xtask ci | fmt | lint | layers | tidy | test | peers | bench | soak | dist`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool prints"
)]

mod bench;
mod dist;
mod layers;
mod lint;
mod metadata;
mod peers;
mod run;
mod soak;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What the project does to itself.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that has to pass: tidy, layers, lint, test, and each benchmark once.
    Ci,
    /// Formats the code.
    Fmt,
    /// Checks format, clippy, documentation, licences, bans, sources and duplicate versions.
    Lint,
    /// Checks that the arrows between the crates point down.
    Layers,
    /// Checks what no compiler does: file lengths, forgotten tests, words that must not stay.
    Tidy,
    /// Installs the test peers and runs every test.
    Test {
        /// What to pass on to `cargo test`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Installs the test peers: Debian, PyPI and npm packages, pinned.
    Peers,
    /// Measures everything that has a goal, as one table.
    Bench(bench::Arguments),
    /// Builds the Debian package, in target/dist.
    Dist {
        /// Builds it from the debug binary instead, and installs, upgrades and removes it in a root of its own.
        #[arg(long)]
        check: bool,
    },
    /// Lives random worlds under the engine, and looks whether a law breaks; CI lives the first 2,000.
    Soak {
        /// How many.
        #[arg(long, default_value_t = 20_000)]
        worlds: u64,
        /// The number of the first [default: differs from time to time].
        #[arg(long)]
        first: Option<u64>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Ci => ci(),
        Task::Fmt => run::cargo(&["fmt", "--all"]),
        Task::Lint => lint::lint(),
        Task::Layers => layers::layers(),
        Task::Tidy => tidy::tidy(),
        Task::Test { arguments } => test::test(&arguments),
        Task::Peers => peers::install().map(|_| ()),
        Task::Bench(arguments) => bench::bench(&arguments),
        Task::Dist { check: false } => dist::dist(),
        Task::Dist { check: true } => dist::build(dist::Build::Debug).and_then(|binary| dist::check(&binary)),
        Task::Soak { worlds, first } => soak::soak(worlds, first),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn ci() -> Result<(), run::Failure> {
    tidy::tidy()?;
    layers::layers()?;
    lint::lint()?;
    test::test(&[])?;
    bench::check()
}
