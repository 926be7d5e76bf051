//! `easgate metrics`: figures for a monitoring system.

use std::sync::Arc;

use easgate_connector::{Clock, SystemClock};

use crate::cli::MetricsArguments;
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::control;
use crate::exit::Exit;
use crate::metrics::{self, Maker};
use crate::output;

/// Prints the page of the running service, or one from the store where none runs with this configuration.
///
/// # Errors
/// When the configuration or the store cannot be read, or the file not be written.
pub(crate) async fn run(arguments: &MetricsArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common())?;
    let page = match of_service(&settings).await {
        Some(page) => page,
        None => of_store(settings).await?,
    };
    match &arguments.output {
        Some(path) => metrics::write(path, &page)?,
        None => output::text(&page),
    }
    Ok(Exit::Done)
}

/// The service knows more than the store does.
async fn of_service(settings: &Settings) -> Option<String> {
    let socket = settings.configuration.service.control_socket();
    let asked = control::metrics(&socket, settings.path.canonicalize().ok()).await;
    asked.unwrap_or_else(|error| {
        output::complain(&error);
        None
    })
}

async fn of_store(settings: Settings) -> Result<String, Failure> {
    let store = settings.store().await?;
    let organizations = settings.configuration.organizations;
    let organizations: Vec<_> = organizations.into_iter().map(Arc::new).collect();
    let maker = Maker {
        store: &store,
        organizations: &organizations,
        service: None,
        now: SystemClock::new().now(),
    };
    let page = maker.page().await;
    store.close().await;
    Ok(page?)
}
