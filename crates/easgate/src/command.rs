//! The commands, a module each.

mod apply;
mod audit;
mod check;
mod completions;
mod config;
mod demo;
mod devices;
mod explain;
mod gates;
mod metrics;
mod plan;
mod rbac;
mod run;
mod simulate;
mod status;
mod store;
mod sync;
mod undo;
pub(crate) mod wiring;

use std::error::Error;

use crate::cli::{Cli, Command};
use crate::exit::Exit;

pub(crate) use gates::Effect;
pub(crate) use status::expiries;

/// Any error: it is printed with its causes and ends the program.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Runs the command that was asked for.
///
/// # Errors
/// When the command could not do its work at all; what has an exit code of its own is an [`Exit`].
pub(crate) async fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Demo(arguments) => demo::run(&arguments).await,
        Command::Check(arguments) => check::run(&arguments).await,
        Command::Rbac(command) => rbac::run(&command).await,
        Command::Plan(arguments) => plan::run(&arguments).await,
        Command::Apply(arguments) => apply::run(&arguments).await,
        Command::Sync(arguments) => sync::run(&arguments).await,
        Command::Run(arguments) => run::run(&arguments).await,
        Command::Devices(arguments) => devices::run(&arguments).await,
        Command::Explain(arguments) => explain::run(&arguments).await,
        Command::Status(arguments) => status::run(&arguments).await,
        Command::Metrics(arguments) => metrics::run(&arguments).await,
        Command::Audit(command) => audit::run(&command).await,
        Command::Store(command) => store::run(&command).await,
        Command::Gates(command) => gates::run(&command).await,
        Command::Undo(command) => undo::run(&command).await,
        Command::Config(command) => config::run(&command),
        Command::Simulate(command) => simulate::run(&command).await,
        Command::Completions { shell } => completions::run(shell),
    }
}

/// Waits for Ctrl-C, or for the signal by which a service is stopped.
///
/// # Errors
/// When signals cannot be waited for.
pub(crate) async fn stopped() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
