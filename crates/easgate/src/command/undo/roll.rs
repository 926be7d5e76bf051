//! `easgate revert` and `easgate rollback`.

use easgate_connector::service::Ordered;
use easgate_connector::{RollBack, Undoing};
use easgate_store::RunId;

use super::{handed_over, only, opened, tell};
use crate::cli::{Common, Confirmed, RollbackArguments, UndoArguments};
use crate::command::Failure;
use crate::exit::Exit;
use crate::render::undo;
use crate::who;

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
    if let Some(exit) = handed_over(common, confirmed, &Ordered::Undo(undoing)).await? {
        return Ok(exit);
    }
    let wiring = opened(common, confirmed).await?;
    let site = only(&wiring)?;
    let cycle = site.cycle(&wiring.store);
    let outcome = if confirmed.yes {
        let done = cycle.undo(undoing, who::actor(confirmed.by.as_deref())).await;
        done.map(|(planned, report)| (planned, Some(report)))
    } else {
        cycle.plan_undo(undoing).await.map(|planned| (planned, None))
    };
    let exit = tell(site, common.json, &outcome, undo::json, undo::text)?;
    wiring.close().await;
    Ok(exit)
}

#[derive(Debug, thiserror::Error)]
#[error("say which run, or --since when")]
struct Nothing;
