//! `easgate held`, `easgate approve` and `easgate reject`: what the guard holds, and what people say to it.

use easgate_connector::{Clock, SystemClock};
use easgate_store::{HeldPlan, HeldVerdict, Organization, Said};

use crate::cli::{ApproveArguments, Common, HeldArguments, RejectArguments};
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;
use crate::render::gates;
use crate::who;

/// Lists the held plans of each organisation that is meant.
///
/// # Errors
/// When the configuration or the store cannot be used, or no organisation has the plan that was asked for.
pub(super) async fn list(arguments: &HeldArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let store = settings.store().await?;
    let mut values = Vec::new();
    let mut found = 0;
    for organization in settings.organizations() {
        let name = &organization.name;
        let of_store = store.organization(name).await?;
        let plans = match &arguments.plan {
            Some(id) => of_store.held_plan(id).await?.into_iter().collect(),
            None => of_store.held_plans().await?,
        };
        found += plans.len();
        if arguments.common.json {
            values.extend(plans.iter().map(|plan| gates::plan(name, plan)));
        } else if plans.is_empty() && arguments.plan.is_none() {
            output::line(&format!("{name}: nothing is held."));
        } else {
            for plan in &plans {
                gates::plan_text(name, plan);
            }
        }
    }
    store.close().await;
    if let Some(id) = arguments.plan.as_ref().filter(|_| found == 0) {
        return Err(NoPlan { id: id.clone() }.into());
    }
    if arguments.common.json {
        output::json(&values)?;
    }
    Ok(Exit::Done)
}

/// Releases the changes of a held plan.
///
/// # Errors
/// When the configuration or the store cannot be used, or there is no such plan.
pub(super) async fn approve(arguments: &ApproveArguments) -> Result<Exit, Failure> {
    let now = SystemClock::new().now();
    let said = Said {
        by: who::actor(Some(&arguments.by)),
        at: now,
        until: Some(now + arguments.time),
        note: arguments.note.clone(),
    };
    say(&arguments.common, &arguments.plan, HeldVerdict::Approve, &said).await
}

/// Keeps the changes of a held plan held.
///
/// # Errors
/// When the configuration or the store cannot be used, or there is no such plan.
pub(super) async fn reject(arguments: &RejectArguments) -> Result<Exit, Failure> {
    let said = Said {
        by: who::actor(Some(&arguments.by)),
        at: SystemClock::new().now(),
        until: None,
        note: Some(arguments.note.clone()),
    };
    say(&arguments.common, &arguments.plan, HeldVerdict::Reject, &said).await
}

async fn say(common: &Common, id: &str, verdict: HeldVerdict, said: &Said) -> Result<Exit, Failure> {
    let settings = Settings::read(common)?;
    let store = settings.store().await?;
    let mut done = None;
    for organization in settings.organizations() {
        let of_store = store.organization(&organization.name).await?;
        if let Some(plan) = say_in(&of_store, id, verdict, said).await? {
            done = Some((organization.name.clone(), plan));
            break;
        }
    }
    store.close().await;
    let (name, plan) = done.ok_or_else(|| NoPlan { id: id.to_owned() })?;
    if common.json {
        output::json(&gates::plan(&name, &plan))?;
    } else {
        output::line(&format!("{name}: {}", gates::said_text(&plan)));
    }
    Ok(Exit::Done)
}

/// Says it, where the organisation has the plan, and gives the plan as it stands then.
async fn say_in(
    organization: &Organization,
    id: &str,
    verdict: HeldVerdict,
    said: &Said,
) -> Result<Option<HeldPlan>, Failure> {
    if !organization.say_to_held(id, verdict, said).await? {
        return Ok(None);
    }
    Ok(organization.held_plan(id).await?)
}

#[derive(Debug, thiserror::Error)]
#[error("there is no held plan {id:?}, or it has ended: `easgate held` lists those that stand")]
struct NoPlan {
    id: String,
}
