//! `easgate adopt` and `easgate release`.

use easgate_compliance::List;
use easgate_connector::AdoptWish;
use easgate_connector::service::Ordered;

use super::{handed_over, only, opened, tell};
use crate::cli::{AdoptArguments, UndoArguments, WhichList};
use crate::command::Failure;
use crate::exit::Exit;
use crate::render::undo::claims;
use crate::who;

pub(super) async fn adopt(arguments: &AdoptArguments) -> Result<Exit, Failure> {
    let wish = AdoptWish {
        list: arguments.list.map(|list| match list {
            WhichList::Allow => List::Allow,
            WhichList::Block => List::Block,
        }),
        mailbox: arguments.mailbox.clone(),
    };
    let what = Ordered::Adopt(wish.clone());
    if let Some(exit) = handed_over(&arguments.common, &arguments.confirmed, &what).await? {
        return Ok(exit);
    }
    let wiring = opened(&arguments.common, &arguments.confirmed).await?;
    let site = only(&wiring)?;
    let cycle = site.cycle(&wiring.store);
    let outcome = if arguments.confirmed.yes {
        let done = cycle
            .adopt(&wish, who::actor(arguments.confirmed.by.as_deref()))
            .await;
        done.map(|(found, report)| (found, Some(report)))
    } else {
        cycle.plan_adopt(&wish).await.map(|found| (found, None))
    };
    let exit = tell(
        site,
        arguments.common.json,
        &outcome,
        claims::adoption_json,
        claims::adoption_text,
    )?;
    wiring.close().await;
    Ok(exit)
}

pub(super) async fn release(arguments: &UndoArguments) -> Result<Exit, Failure> {
    let done = handed_over(&arguments.common, &arguments.confirmed, &Ordered::Release).await?;
    if let Some(exit) = done {
        return Ok(exit);
    }
    let wiring = opened(&arguments.common, &arguments.confirmed).await?;
    let site = only(&wiring)?;
    let cycle = site.cycle(&wiring.store);
    let outcome = if arguments.confirmed.yes {
        let done = cycle.release(who::actor(arguments.confirmed.by.as_deref())).await;
        done.map(|(standing, report)| (standing, Some(report)))
    } else {
        cycle.plan_release().await.map(|standing| (standing, None))
    };
    let exit = tell(
        site,
        arguments.common.json,
        &outcome,
        |organization, standing, report| claims::release_json(organization, standing, report),
        |standing, report| claims::release_text(standing, report),
    )?;
    wiring.close().await;
    Ok(exit)
}
