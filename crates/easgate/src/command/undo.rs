//! The commands that take entries over, give them up, take them back and roll back, and those that look back.

mod claim;
mod drift;
mod history;
mod roll;

use std::os::unix::fs::MetadataExt;

use easgate_connector::UndoError;
use easgate_store::Actor;

use crate::cli::UndoCommand;
use crate::command::Failure;
use crate::command::sync::of_error;
use crate::command::wiring::{Site, Wiring};
use crate::exit::Exit;
use crate::output;

/// Runs the command that was asked for.
///
/// # Errors
/// When the configuration or the store cannot be used, or what is named is not there.
pub(crate) async fn run(command: &UndoCommand) -> Result<Exit, Failure> {
    match command {
        UndoCommand::Adopt(arguments) => claim::adopt(arguments).await,
        UndoCommand::Release(arguments) => claim::release(arguments).await,
        UndoCommand::Revert(arguments) => roll::revert(arguments).await,
        UndoCommand::Rollback(arguments) => roll::rollback(arguments).await,
        UndoCommand::History(arguments) => history::run(arguments).await,
        UndoCommand::Drift(arguments) => drift::run(arguments).await,
    }
}

/// Who runs this: the name that was given, and the user of the operating system, whom the audit keeps beside it.
fn actor(by: Option<&str>) -> Actor {
    // The kernel gives this entry to the user that the process runs as.
    let uid = std::fs::metadata("/proc/self").ok().map(|entry| entry.uid());
    let name = match (by, uid) {
        (Some(name), _) => name.to_owned(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => "somebody".to_owned(),
    };
    Actor { name, uid }
}

/// The one organisation that is meant: nothing is taken back in several at once.
fn only(wiring: &Wiring) -> Result<&Site, Failure> {
    match wiring.sites.as_slice() {
        [site] => Ok(site),
        _ => Err(SeveralOrganizations.into()),
    }
}

/// How a command ends that could not plan or begin.
fn refused(error: &UndoError) -> Exit {
    output::complain_with_cure(error, error.cure().as_deref());
    match error {
        UndoError::Cycle(error) => of_error(error),
        UndoError::NoRun { .. } | UndoError::Observe | UndoError::Doubt { .. } | UndoError::Mailbox(_) => {
            Exit::Trouble
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the configuration has several organisations: name the one that is meant with --organization")]
struct SeveralOrganizations;
