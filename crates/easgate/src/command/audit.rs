//! `easgate audit`: the audit checked, and written out.

mod export;
pub(crate) mod lines;
mod verify;
mod vouchers;

use crate::cli::AuditCommand;
use crate::command::Failure;
use crate::exit::Exit;

/// How many records are read at once.
const PAGE: u32 = 1000;

/// Does what is asked of the audit.
///
/// # Errors
/// When the configuration, the store or a file cannot be used.
pub(crate) async fn run(command: &AuditCommand) -> Result<Exit, Failure> {
    match command {
        AuditCommand::Verify(arguments) => verify::run(arguments).await,
        AuditCommand::Export(arguments) => export::run(arguments).await,
    }
}
