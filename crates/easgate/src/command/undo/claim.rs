//! `easgate adopt` and `easgate release`.

use easgate_compliance::List;
use easgate_connector::AdoptWish;

use super::{actor, only, refused};
use crate::cli::{AdoptArguments, UndoArguments, WhichList};
use crate::command::Failure;
use crate::command::wiring::Wiring;
use crate::exit::Exit;
use crate::output;
use crate::render::undo::claims;

pub(super) async fn adopt(arguments: &AdoptArguments) -> Result<Exit, Failure> {
    let wiring = Wiring::open(&arguments.common).await?;
    let site = only(&wiring)?;
    let cycle = site.cycle(&wiring.store);
    let wish = AdoptWish {
        list: arguments.list.map(|list| match list {
            WhichList::Allow => List::Allow,
            WhichList::Block => List::Block,
        }),
        mailbox: arguments.mailbox.clone(),
    };
    let outcome = if arguments.confirmed.yes {
        let done = cycle.adopt(&wish, actor(arguments.confirmed.by.as_deref())).await;
        done.map(|(found, report)| (found, Some(report)))
    } else {
        cycle.plan_adopt(&wish).await.map(|found| (found, None))
    };
    site.progress.clear();
    let exit = match &outcome {
        Ok((found, report)) => {
            if arguments.common.json {
                output::json(&claims::adoption_json(&site.config.name, found, report.as_ref()))?;
            } else {
                claims::adoption_text(found, report.as_ref());
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

pub(super) async fn release(arguments: &UndoArguments) -> Result<Exit, Failure> {
    let wiring = Wiring::open(&arguments.common).await?;
    let site = only(&wiring)?;
    let cycle = site.cycle(&wiring.store);
    let outcome = if arguments.confirmed.yes {
        let done = cycle.release(actor(arguments.confirmed.by.as_deref())).await;
        done.map(|(standing, report)| (standing, Some(report)))
    } else {
        cycle.plan_release().await.map(|standing| (standing, None))
    };
    site.progress.clear();
    let exit = match &outcome {
        Ok((standing, report)) => {
            if arguments.common.json {
                output::json(&claims::release_json(
                    &site.config.name,
                    standing,
                    report.as_ref(),
                ))?;
            } else {
                claims::release_text(standing, report.as_ref());
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
