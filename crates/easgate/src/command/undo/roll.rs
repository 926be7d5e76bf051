//! `easgate revert` and `easgate rollback`.

use easgate_connector::{RollBack, Undoing};
use easgate_store::RunId;

use super::{actor, only, refused};
use crate::cli::{Common, Confirmed, RollbackArguments, UndoArguments};
use crate::command::Failure;
use crate::command::wiring::Wiring;
use crate::exit::Exit;
use crate::output;
use crate::render::undo;

pub(super) async fn revert(arguments: &UndoArguments) -> Result<Exit, Failure> {
    undo(&arguments.common, &arguments.confirmed, Undoing::Revert).await
}

pub(super) async fn rollback(arguments: &RollbackArguments) -> Result<Exit, Failure> {
    let which = match (arguments.run, arguments.since) {
        (Some(run), _) => RollBack::Run(RunId(run)),
        (None, Some(since)) => RollBack::Since(since),
        (None, None) => return Err(Nothing.into()),
    };
    undo(&arguments.common, &arguments.confirmed, Undoing::Rollback(which)).await
}

/// Prints the plan, and carries it out when that is confirmed.
async fn undo(common: &Common, confirmed: &Confirmed, undoing: Undoing) -> Result<Exit, Failure> {
    let wiring = Wiring::open(common).await?;
    let site = only(&wiring)?;
    let cycle = site.cycle(&wiring.store);
    let outcome = if confirmed.yes {
        let done = cycle.undo(undoing, actor(confirmed.by.as_deref())).await;
        done.map(|(planned, report)| (planned, Some(report)))
    } else {
        cycle.plan_undo(undoing).await.map(|planned| (planned, None))
    };
    site.progress.clear();
    let exit = match &outcome {
        Ok((planned, report)) => {
            if common.json {
                output::json(&undo::json(&site.config.name, planned, report.as_ref()))?;
            } else {
                undo::text(planned, report.as_ref());
            }
            report
                .as_ref()
                .map_or(Exit::Done, |report| Exit::of_run(report.exit_code()))
        }
        Err(error) => refused(error),
    };
    wiring.close().await;
    Ok(exit)
}

#[derive(Debug, thiserror::Error)]
#[error("say which run, or --since when")]
struct Nothing;
