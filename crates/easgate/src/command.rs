//! The commands, a module each.

mod completions;

use std::error::Error;

use crate::cli::{Cli, Command};
use crate::exit::Exit;

/// Any error: it is printed with its causes and ends the program.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Runs the command that was asked for.
///
/// # Errors
/// When the command could not do its work at all; what has an exit code of its own is an [`Exit`].
pub(crate) async fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Completions { shell } => completions::run(shell),
        _ => Ok(Exit::Trouble),
    }
}
