//! `easgate status`: what the store and the running service tell, without asking Exchange.

use easgate_connector::{Clock, SystemClock, standing, status};
use serde_json::Value;

use crate::cli::Common;
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::control;
use crate::exit::Exit;
use crate::output;
use crate::render;

/// Prints the status of each organisation.
///
/// # Errors
/// When the configuration or the store cannot be read.
pub(crate) async fn run(arguments: &Common) -> Result<Exit, Failure> {
    let settings = Settings::read(arguments)?;
    let store = settings.store().await?;
    let mut values = Vec::new();
    let service = service(&settings).await;
    for organization in settings.organizations() {
        let config = organization.connector();
        let status = status(&store, &config.name).await?;
        let now = SystemClock::new().now();
        let standing = standing(&store, &config.name, &config.precautions, now).await?;
        if arguments.json {
            let mut value = render::status::json(&config.name, config.mode, &status);
            value["gates"] = render::gates::standing(&config.name, &standing);
            value["service"] = render::service::json(service.as_ref(), &config.name);
            values.push(value);
        } else {
            render::status::text(&config.name, config.mode, &status);
            render::gates::standing_text(&config.name, &standing);
            render::service::text(service.as_ref(), &config.name);
        }
    }
    store.close().await;
    if arguments.json {
        output::one_or_many(&values)?;
    }
    Ok(Exit::Done)
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
