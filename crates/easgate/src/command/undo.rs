//! The commands that take entries over, give them up, take them back and roll back, and those that look back.

mod claim;
mod drift;
mod history;
mod roll;

use easgate_connector::{UndoError, UndoReport};
use serde_json::Value;

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

/// The one organisation that is meant: nothing is taken back in several at once.
fn only(wiring: &Wiring) -> Result<&Site, Failure> {
    match wiring.sites.as_slice() {
        [site] => Ok(site),
        _ => Err(SeveralOrganizations.into()),
    }
}

/// Tells what was planned and, where it was carried out, what became of it; a refusal with its cure.
fn tell<P>(
    site: &Site,
    as_json: bool,
    outcome: &Result<(P, Option<UndoReport>), UndoError>,
    json: impl FnOnce(&str, &P, Option<&UndoReport>) -> Value,
    text: impl FnOnce(&P, Option<&UndoReport>),
) -> Result<Exit, Failure> {
    site.progress.clear();
    let (planned, report) = match outcome {
        Ok((planned, report)) => (planned, report.as_ref()),
        Err(error) => return Ok(refused(error)),
    };
    if as_json {
        output::json(&json(&site.config.name, planned, report))?;
    } else {
        text(planned, report);
    }
    Ok(report.map_or(Exit::Done, |report| Exit::of_run(report.exit_code())))
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
