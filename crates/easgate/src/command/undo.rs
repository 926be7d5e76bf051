//! The commands that take entries over, give them up, take them back and roll back, and those that look back.

mod claim;
mod drift;
mod history;
mod roll;

use easgate_connector::service::Ordered;
use easgate_connector::{UndoError, UndoReport};
use serde_json::Value;

use crate::cli::{Common, Confirmed, UndoCommand};
use crate::command::Failure;
use crate::command::sync::of_error;
use crate::command::wiring::{Settings, Site, Wiring};
use crate::control;
use crate::exit::Exit;
use crate::output::{self, Words};

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

/// What there is to tell of a command besides its words.
pub(crate) struct Told {
    pub(crate) exit: Exit,
    pub(crate) json: Option<Value>,
}

impl Told {
    /// What a command tells that could not plan or begin.
    pub(crate) fn refused(error: &UndoError) -> Self {
        Self {
            exit: refused(error),
            json: None,
        }
    }

    /// What a command tells that could not use what it was given.
    pub(crate) fn trouble(error: &(dyn std::error::Error + 'static)) -> Self {
        output::complain(error);
        Self {
            exit: Exit::Trouble,
            json: None,
        }
    }

    /// The same for whoever asked a service, as JSON and in words.
    pub(crate) fn caught<P>(
        organization: &str,
        outcome: &Result<(P, Option<UndoReport>), UndoError>,
        json: impl FnOnce(&str, &P, Option<&UndoReport>) -> Value,
        text: impl FnOnce(&P, Option<&UndoReport>),
    ) -> (Self, Words) {
        output::caught(|| match outcome {
            Ok((planned, report)) => {
                text(planned, report.as_ref());
                Self {
                    exit: ended(report.as_ref()),
                    json: Some(json(organization, planned, report.as_ref())),
                }
            }
            Err(error) => Self::refused(error),
        })
    }
}

/// Lets the service do what is `confirmed`, if one runs with the same configuration; `None` when the command has to do it.
async fn handed_over(
    common: &Common,
    confirmed: &Confirmed,
    what: &Ordered,
) -> Result<Option<Exit>, Failure> {
    if !confirmed.yes {
        return Ok(None);
    }
    let settings = Settings::read(common)?;
    let mut meant = settings.organizations();
    let (Some(organization), None) = (meant.next(), meant.next()) else {
        return Err(SeveralOrganizations.into());
    };
    control::order(
        &settings,
        &organization.name,
        what,
        confirmed.by.as_deref(),
        common.json,
    )
    .await
}

/// The parts of the command: with a store to write to where it is `confirmed`.
async fn opened(common: &Common, confirmed: &Confirmed) -> Result<Wiring, Failure> {
    if confirmed.yes {
        Wiring::to_write(&Settings::read(common)?).await
    } else {
        Wiring::open(common).await
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
    Ok(ended(report))
}

fn ended(report: Option<&UndoReport>) -> Exit {
    report.map_or(Exit::Done, |report| Exit::of_run(report.exit_code()))
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
