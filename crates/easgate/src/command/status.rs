//! `easgate status`: what the store tells, without asking Exchange.

use easgate_connector::{Clock, SystemClock, standing, status};

use crate::cli::Common;
use crate::command::Failure;
use crate::command::wiring::Settings;
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
    for organization in settings.organizations() {
        let config = organization.connector();
        let status = status(&store, &config.name).await?;
        let now = SystemClock::new().now();
        let standing = standing(&store, &config.name, &config.precautions, now).await?;
        if arguments.json {
            let mut value = render::status::json(&config.name, config.mode, &status);
            value["gates"] = render::gates::standing(&config.name, &standing);
            values.push(value);
        } else {
            render::status::text(&config.name, config.mode, &status);
            render::gates::standing_text(&config.name, &standing);
        }
    }
    store.close().await;
    if arguments.json {
        output::one_or_many(&values)?;
    }
    Ok(Exit::Done)
}
