//! Benchmarks, as ratios within one run: one table, `cargo xtask bench`.
//!
//! Times are those of the thread's own CPU time, or of the wall where waiting is what is measured. What is compared is
//! measured in turns, so that a busy machine slows all alike, and the fastest turn counts, which was disturbed least. The
//! inputs are made here, the same on every run. docs/performance.md explains every row.

mod arguments;
mod child;
pub mod devices;
mod growth;
mod measure;
pub mod organization;
pub mod record;
mod relay;
mod rows;
mod svg;
mod table;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

use self::arguments::{Arguments, Scale};

/// What ends a benchmark early.
type Failure = Box<dyn std::error::Error>;

/// Measures and prints as the command line says; `heap` is the program that counts what the heap is asked for.
#[must_use]
#[expect(
    clippy::print_stderr,
    reason = "a benchmark's failure is shown to whoever runs it"
)]
pub fn main(heap: &Path) -> ExitCode {
    match run(&Arguments::parse(), heap) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
fn run(arguments: &Arguments, heap: &Path) -> Result<(), Failure> {
    let scale = if arguments.check {
        Scale::CHECK
    } else {
        Scale::FULL
    };
    if let Some(path) = &arguments.plot {
        let growth = growth::measure(scale.growth, heap)?;
        std::fs::write(path, svg::draw(&growth))?;
        println!("{} is drawn", path.display());
        return Ok(());
    }
    let rows = match arguments.devices {
        Some(organization) => rows::organization(&Scale {
            organization,
            ..scale
        })?,
        None => rows::all(&scale, heap)?,
    };
    if arguments.json {
        println!("{:#}", table::json(&rows));
    } else {
        print!("{}", table::text(&rows));
        if arguments.check {
            println!("Each was run once and small: the figures mean nothing.");
        }
    }
    Ok(())
}
