//! A run by the service whose report the command reads itself.

use std::path::Path;

use serde_json::Value;

use super::client::{AskError, Client};
use super::{Answer, Request, SyncRequest};
use crate::output;

/// What came of one organisation's run.
#[derive(Debug)]
pub(crate) enum Told {
    /// Its report, as `sync --json` prints it.
    Report(Value),
    /// Why there is none.
    Broken(String),
}

/// Lets the service do a run, and returns what came of it. `None` when no service runs with the same configuration.
///
/// # Errors
/// The service cannot be asked, or refuses.
pub(crate) async fn reports(socket: &Path, request: SyncRequest) -> Result<Option<Vec<Told>>, AskError> {
    let Some(mut client) = Client::connect(socket).await? else {
        return Ok(None);
    };
    client.send(&Request::Sync(request)).await?;
    let mut told = Vec::new();
    loop {
        match client.answer().await? {
            Answer::Progress { organization, text } => output::note(&format!("{organization}: {text}")),
            Answer::Report { report, .. } => told.push(Told::Report(report)),
            Answer::Broken { message, .. } => told.push(Told::Broken(message)),
            Answer::Done | Answer::Status { .. } | Answer::Metrics { .. } => return Ok(Some(told)),
            Answer::Refused { kind, .. } if kind == "configuration" => return Ok(None),
            Answer::Refused { message, .. } => return Err(AskError::Refused { message }),
        }
    }
}
