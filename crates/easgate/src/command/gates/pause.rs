//! `easgate pause` and `easgate resume`: the emergency stop.

use easgate_connector::{Clock, SystemClock};
use easgate_model::{escape, escape_long};
use easgate_store::{Caution, ForcedMode, Pause};
use serde_json::{Value, json};

use crate::cli::{PauseArguments, ResumeArguments};
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;
use crate::render::gates;
use crate::who;

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
        by: who::actor(arguments.by.as_deref()),
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
    let by = who::actor(arguments.by.as_deref());
    let now = SystemClock::new().now();
    let mut values = Vec::new();
    for organization in settings.organizations() {
        let name = &organization.name;
        let of_store = store.organization(name).await?;
        let ended = Ended {
            pause: of_store.resume_writing(&by, now).await?,
            caution: of_store.end_caution(&by, now).await?,
            forced: of_store.end_forced_mode(by.clone(), now).await?,
        };
        values.push(ended.json(name));
        if !arguments.common.json {
            ended.tell(name);
        }
    }
    store.close().await;
    finish(arguments.common.json, &values)
}

/// What stood in the way of writing, and does no more.
struct Ended {
    pause: Option<Pause>,
    caution: Option<Caution>,
    forced: Option<ForcedMode>,
}

impl Ended {
    fn json(&self, organization: &str) -> Value {
        json!({
            "organization": organization,
            "paused": Value::Null,
            "was_paused": self.pause.as_ref().map(gates::pause),
            "ended_caution": self.caution.as_ref().map(ToString::to_string),
            "was_kept_in_mode": self.forced.as_ref().map(|forced| &forced.mode),
        })
    }

    fn tell(&self, organization: &str) {
        let name = escape(organization);
        if let Some(pause) = &self.pause {
            output::line(&format!("{name}: goes on; it was {}", gates::pause_text(pause)));
        }
        if let Some(caution) = &self.caution {
            output::line(&format!(
                "{name}: writes again; it did not because {}",
                escape_long(&caution.to_string())
            ));
        }
        if let Some(forced) = &self.forced {
            output::line(&format!(
                "{name}: is in its configured mode again; it was kept in {} because {}",
                escape(&forced.mode),
                escape(&forced.reason)
            ));
        }
        if self.pause.is_none() && self.caution.is_none() && self.forced.is_none() {
            output::line(&format!("{name}: was not paused"));
        }
    }
}

fn finish(json: bool, values: &[Value]) -> Result<Exit, Failure> {
    if json {
        output::one_or_many(values)?;
    }
    Ok(Exit::Done)
}
