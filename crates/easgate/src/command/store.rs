//! `easgate store`: what can be done about the store.

mod rebuild_registry;

use crate::cli::StoreCommand;
use crate::command::Failure;
use crate::exit::Exit;

/// Does what is asked about the store.
///
/// # Errors
/// When the configuration, the store or a file cannot be used.
pub(crate) async fn run(command: &StoreCommand) -> Result<Exit, Failure> {
    match command {
        StoreCommand::RebuildRegistry(arguments) => rebuild_registry::run(arguments).await,
    }
}
