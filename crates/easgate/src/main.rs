//! The command line of easgate: it reads what is asked, wires the parts, and says what came of it.

mod alarms;
mod cli;
mod command;
mod control;
mod every;
mod exit;
mod installation;
mod logging;
mod metrics;
mod output;
mod progress;
mod render;
mod who;
mod whole_file;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let outcome = match logging::start(&cli.log, cli.command.usual_log()) {
        Ok(()) => run(cli),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::complain(error.as_ref());
            Exit::Trouble.into()
        }
    }
}

fn run(cli: Cli) -> Result<Exit, command::Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(command::run(cli))
}

/// Prints clap's own words: help and version succeed, anything else is trouble with the command line.
fn usage(error: &clap::Error) -> ExitCode {
    // Nothing more can be done when even the terminal is gone.
    let _ = error.print();
    if error.use_stderr() {
        Exit::Trouble.into()
    } else {
        Exit::Done.into()
    }
}
