//! `easgate pause` and `easgate resume`: the emergency stop.

use easgate_connector::{Clock, SystemClock};
use easgate_model::escape_long;
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

/// Lets writing go on in each organisation that is meant: after a pause, a caution of the store, or the mode that a
/// rollback left.
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
        let of_store = store.organization(name).await?;
        let ended = of_store.resume_writing(&by, now).await?;
        let caution = of_store.end_caution(&by, now).await?;
        of_store.end_forced_mode(by.clone(), now).await?;
        values.push(json!({
            "organization": name,
            "paused": Value::Null,
            "was_paused": ended.as_ref().map(gates::pause),
            "ended_caution": caution.as_ref().map(ToString::to_string),
        }));
        if !arguments.common.json {
            output::line(&match &ended {
                Some(pause) => format!("{name}: goes on; it was {}", gates::pause_text(pause)),
                None => format!("{name}: was not paused"),
            });
            if let Some(caution) = &caution {
                output::line(&format!(
                    "{name}: writes again although {}",
                    escape_long(&caution.to_string())
                ));
            }
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
