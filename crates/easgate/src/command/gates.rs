//! The commands by which people stop, release and override.

mod held;
mod pause;

use std::os::unix::fs::MetadataExt;

use easgate_store::Actor;

use crate::cli::GateCommand;
use crate::command::Failure;
use crate::exit::Exit;

/// Runs the command that was asked for.
///
/// # Errors
/// When the configuration or the store cannot be used, or what is named is not there.
pub(crate) async fn run(command: &GateCommand) -> Result<Exit, Failure> {
    match command {
        GateCommand::Pause(arguments) => pause::pause(arguments).await,
        GateCommand::Resume(arguments) => pause::resume(arguments).await,
        GateCommand::Held(arguments) => held::list(arguments).await,
        GateCommand::Approve(arguments) => held::approve(arguments).await,
        GateCommand::Reject(arguments) => held::reject(arguments).await,
    }
}

/// Who runs this: the name that was given, and the user of the operating system, whom the audit keeps beside it.
pub(crate) fn actor(by: Option<&str>) -> Actor {
    // The kernel gives this entry to the user that the process runs as.
    let uid = std::fs::metadata("/proc/self").ok().map(|entry| entry.uid());
    let name = match (by, uid) {
        (Some(name), _) => name.to_owned(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => "somebody".to_owned(),
    };
    Actor { name, uid }
}
