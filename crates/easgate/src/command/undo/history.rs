//! `easgate history`: what runs did, without asking Exchange.

use easgate_model::DeviceId;
use easgate_store::{Organization, RunId};

use crate::cli::HistoryArguments;
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;
use crate::render::undo::history;

pub(super) async fn run(arguments: &HistoryArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let store = settings.store().await?;
    let device: Option<DeviceId> = arguments.device.as_deref().map(str::parse).transpose()?;
    let mut values = Vec::new();
    let mut found = arguments.run.is_none();
    for configured in settings.organizations() {
        let organization = store.organization(&configured.name).await?;
        let value = match (arguments.run, &arguments.mailbox) {
            (Some(number), _) => {
                let Some(value) = one_run(&organization, RunId(number), arguments.common.json).await? else {
                    continue;
                };
                found = true;
                value
            }
            (None, Some(mailbox)) => {
                let entries = organization
                    .journal_of(mailbox, device.as_ref(), arguments.limit)
                    .await?;
                if !arguments.common.json {
                    history::changes_text(&entries);
                }
                history::changes_json(organization.name(), &entries)
            }
            (None, None) => {
                let runs = organization.runs(arguments.limit).await?;
                if !arguments.common.json {
                    history::runs_text(organization.name(), &runs);
                }
                history::runs_json(organization.name(), &runs)
            }
        };
        values.push(value);
    }
    store.close().await;
    if !found {
        let run = arguments.run.unwrap_or_default();
        return Err(NoRun { run }.into());
    }
    if arguments.common.json {
        output::one_or_many(&values)?;
    }
    Ok(Exit::Done)
}

async fn one_run(
    organization: &Organization,
    id: RunId,
    json: bool,
) -> Result<Option<serde_json::Value>, Failure> {
    let Some(run) = organization.run(id).await? else {
        return Ok(None);
    };
    let entries = organization.journal(id).await?;
    let claims = organization.claims(id).await?;
    if !json {
        history::runs_text(organization.name(), std::slice::from_ref(&run));
        history::changes_text(&entries);
        history::claims_text(&claims);
    }
    Ok(Some(history::run_json(
        organization.name(),
        &run,
        &entries,
        &claims,
    )))
}

#[derive(Debug, thiserror::Error)]
#[error("there is no run {run}; `easgate history` lists them")]
struct NoRun {
    run: i64,
}
