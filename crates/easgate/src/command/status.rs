//! `easgate status`: what the store, the files here and the running service tell, without asking Exchange.

use easgate_config::Organization;
use easgate_connector::{Clock, InUse, SystemClock, figures, standing, status};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::alarms::Alarm;
use crate::cli::Common;
use crate::command::Failure;
use crate::command::check::expiry;
use crate::command::check::finding::Outcome;
use crate::command::wiring::Settings;
use crate::control;
use crate::exit::Exit;
use crate::output;
use crate::render;
use crate::render::status::{Expiry, Seen};

/// Prints the status of each organisation; exits 5 when the last good run of a kind is too old in one of them.
///
/// # Errors
/// When the configuration or the store cannot be read.
pub(crate) async fn run(arguments: &Common) -> Result<Exit, Failure> {
    let settings = Settings::read(arguments)?;
    let store = settings.store().await?;
    let now = SystemClock::new().now();
    let (mut values, mut is_overdue) = (Vec::new(), false);
    let service = service(&settings).await;
    for organization in settings.organizations() {
        let config = organization.connector();
        let status = status(&store, &config.name).await?;
        let standing = standing(&store, &config.name, &config.precautions, now).await?;
        let servers = organization.exchange.servers();
        let figures = figures(&store, &config.name, organization.expected, now).await?;
        is_overdue |= !figures.overdue.is_empty();
        let seen = Seen {
            in_use: status
                .server
                .as_deref()
                .and_then(|server| InUse::of(server, servers, &status.outages)),
            expiries: expiries(organization, now),
        };
        if arguments.json {
            let mut value = render::status::json(&config.name, config.mode, &status, &seen);
            value["service"] = render::service::json(service.as_ref(), &config.name);
            value["gates"] = render::gates::standing(&config.name, &standing);
            let rings = |alarm: &Alarm| alarm.rings(&status, &standing, &figures, &seen.expiries);
            let alarms: Vec<&str> = Alarm::ALL.into_iter().filter(rings).map(Alarm::name).collect();
            value["alarms"] = json!(alarms);
            value["latency"] = render::figures::latency(&figures);
            value["overdue"] = render::figures::overdue(&figures);
            values.push(value);
        } else {
            render::status::text(&config.name, config.mode, &status, &seen);
            render::gates::standing_text(&config.name, &standing);
            render::figures::text(&figures);
            render::service::text(service.as_ref(), &config.name);
        }
    }
    store.close().await;
    if arguments.json {
        output::one_or_many(&values)?;
    }
    Ok(if is_overdue { Exit::Overdue } else { Exit::Done })
}

/// A certificate of a file that the configuration names; or the file, where it cannot be read.
pub(crate) fn expiries(organization: &Organization, now: OffsetDateTime) -> Vec<Expiry> {
    let mut rows = Vec::new();
    for file in expiry::files(organization) {
        let row = |subject, until, (outcome, text): (Outcome, String)| Expiry {
            what: file.what,
            path: file.path.display().to_string(),
            subject,
            until,
            outcome: outcome.name(),
            is_well: outcome == Outcome::Good,
            text,
        };
        match &file.found {
            Err(error) => rows.push(row(None, None, (Outcome::Bad, error.clone()))),
            Ok(chain) => rows.extend(chain.iter().map(|validity| {
                let subject = Some(validity.subject.clone());
                row(subject, Some(validity.until()), validity.judge(now))
            })),
        }
    }
    rows
}

/// What the service says that runs with this configuration, if one does.
async fn service(settings: &Settings) -> Option<Value> {
    let socket = settings.configuration.service.control_socket();
    match control::status(&socket, settings.path.canonicalize().ok()).await {
        Ok(status) => status,
        Err(error) => {
            output::complain(&error);
            None
        }
    }
}
