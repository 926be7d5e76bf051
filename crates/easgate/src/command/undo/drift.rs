//! `easgate drift`: what others changed, without asking Exchange.

use easgate_connector::{Clock, SystemClock};
use easgate_store::{Acknowledged, DriftId, DriftRow, Organization};

use crate::cli::DriftArguments;
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;
use crate::render::count;
use crate::render::undo::drift;
use crate::who;

pub(super) async fn run(arguments: &DriftArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let store = settings.store().await?;
    let mut values = Vec::new();
    for configured in settings.organizations() {
        let organization = store.organization(&configured.name).await?;
        if arguments.acknowledge {
            let done = acknowledge(&organization, arguments).await?;
            if !arguments.common.json {
                output::line(&format!("{} acknowledged.", count(done, "finding")));
            }
        }
        let rows = rows(&organization, arguments).await?;
        if !arguments.common.json && !arguments.acknowledge {
            drift::text(organization.name(), &rows);
        }
        values.push(drift::json(organization.name(), &rows));
    }
    store.close().await;
    if arguments.common.json {
        output::one_or_many(&values)?;
    }
    Ok(Exit::Done)
}

/// The findings that are meant: those that somebody has to look at or that still stand, or all.
async fn rows(organization: &Organization, arguments: &DriftArguments) -> Result<Vec<DriftRow>, Failure> {
    let mut rows = if arguments.all {
        organization.all_drift().await?
    } else {
        organization.drift().await?
    };
    rows.retain(|row| arguments.id.is_empty() || arguments.id.contains(&row.id.0));
    Ok(rows)
}

async fn acknowledge(organization: &Organization, arguments: &DriftArguments) -> Result<u64, Failure> {
    let findings: Vec<DriftId> = rows(organization, arguments)
        .await?
        .iter()
        .map(|row| row.id)
        .collect();
    let acknowledged = Acknowledged {
        at: SystemClock::new().now(),
        by: who::actor(arguments.by.as_deref()),
        note: arguments.note.clone().unwrap_or_default(),
    };
    Ok(organization.acknowledge_drift(&findings, &acknowledged).await?)
}
