//! `easgate overrides`: what people decided about devices.

use easgate_connector::{Clock, SystemClock};

use crate::cli::OverridesArguments;
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;
use crate::render::overrides;

/// Lists the overrides of each organisation that is meant.
///
/// # Errors
/// When the configuration or the store cannot be used.
pub(super) async fn list(arguments: &OverridesArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let store = settings.store().await?;
    let now = SystemClock::new().now();
    let mut values = Vec::new();
    for organization in settings.organizations() {
        let name = &organization.name;
        let of_store = store.organization(name).await?;
        let found = if arguments.all {
            of_store.all_overrides().await?
        } else {
            of_store.overrides().await?
        };
        if arguments.common.json {
            values.extend(found.iter().map(|one| overrides::json(name, one, now)));
        } else {
            overrides::table(name, &found, now);
        }
    }
    store.close().await;
    if arguments.common.json {
        output::json(&values)?;
    }
    Ok(Exit::Done)
}
