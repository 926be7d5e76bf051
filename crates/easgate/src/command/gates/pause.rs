//! `easgate pause` and `easgate resume`: the emergency stop.

use easgate_connector::{Clock, SystemClock};
use easgate_store::Pause;
use serde_json::{Value, json};

use super::actor;
use crate::cli::{PauseArguments, ResumeArguments};
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;
use crate::render::gates;

/// Stops writing in each organisation that is meant.
///
/// # Errors
/// When the configuration or the store cannot be used.
pub(super) async fn pause(arguments: &PauseArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let store = settings.store().await?;
    let pause = Pause {
        since: SystemClock::new().now(),
        reason: arguments.reason.clone(),
        by: actor(arguments.by.as_deref()),
    };
    let mut values = Vec::new();
    for organization in settings.organizations() {
        let name = &organization.name;
        let stands = store.organization(name).await?.pause_writing(&pause).await?;
        values.push(json!({ "organization": name, "paused": gates::pause(&stands) }));
        if !arguments.common.json {
            output::line(&format!("{name}: {}", gates::pause_text(&stands)));
        }
    }
    store.close().await;
    finish(arguments.common.json, &values)
}

/// Lets writing go on in each organisation that is meant.
///
/// # Errors
/// When the configuration or the store cannot be used.
pub(super) async fn resume(arguments: &ResumeArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let store = settings.store().await?;
    let by = actor(arguments.by.as_deref());
    let now = SystemClock::new().now();
    let mut values = Vec::new();
    for organization in settings.organizations() {
        let name = &organization.name;
        let ended = store.organization(name).await?.resume_writing(&by, now).await?;
        values.push(json!({
            "organization": name,
            "paused": Value::Null,
            "was_paused": ended.as_ref().map(gates::pause),
        }));
        if !arguments.common.json {
            output::line(&match &ended {
                Some(pause) => format!("{name}: goes on; it was {}", gates::pause_text(pause)),
                None => format!("{name}: was not paused"),
            });
        }
    }
    store.close().await;
    finish(arguments.common.json, &values)
}

fn finish(json: bool, values: &[Value]) -> Result<Exit, Failure> {
    if json {
        output::one_or_many(values)?;
    }
    Ok(Exit::Done)
}
