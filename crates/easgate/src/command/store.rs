//! `easgate store`: the store checked, copied, and put back.

mod check;
mod rebuild_registry;

use std::path::Path;

use easgate_connector::{Clock, SystemClock};
use easgate_store::{CopyError, Store};
use serde_json::json;

use crate::cli::{StoreBackupArguments, StoreCommand, StoreRestoreArguments};
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;
use crate::who;

/// Does what is asked of the store.
///
/// # Errors
/// When the configuration, the store or a file cannot be used.
pub(crate) async fn run(command: &StoreCommand) -> Result<Exit, Failure> {
    match command {
        StoreCommand::Check(arguments) => check::run(arguments).await,
        StoreCommand::Backup(arguments) => backup(arguments).await,
        StoreCommand::Restore(arguments) => restore(arguments).await,
        StoreCommand::RebuildRegistry(arguments) => rebuild_registry::run(arguments).await,
    }
}

async fn backup(arguments: &StoreBackupArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let store = settings.store().await?;
    let copied = store.copy_to(&arguments.file).await;
    let server = store.server_url();
    store.close().await;
    match copied {
        Ok(()) => {}
        Err(error @ CopyError::Server) => {
            return Err(OfServer {
                source: error,
                command: dump(&server.unwrap_or_default(), &arguments.file),
            }
            .into());
        }
        Err(error) => return Err(error.into()),
    }
    if arguments.common.json {
        output::json(&json!({ "copy": arguments.file }))?;
    } else {
        output::line(&format!(
            "The store is copied to {}. Keep the configuration and the key of the audit too.",
            arguments.file.display()
        ));
    }
    Ok(Exit::Done)
}

async fn restore(arguments: &StoreRestoreArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let now = SystemClock::new().now();
    let by = who::actor(Some("easgate store restore"));
    let Some(file) = &arguments.file else {
        let store = settings.store().await?;
        store.mark_restored("a copy", &by, now).await?;
        store.close().await;
        told(arguments, None)?;
        return Ok(Exit::Done);
    };
    let location = settings.store_location()?;
    let Some(path) = location.file()? else {
        let command = format!(
            "pg_restore --clean --if-exists --single-transaction --dbname='{}' {}, and then easgate store restore --mark",
            location.url,
            quoted(file)
        );
        return Err(OfServer {
            source: CopyError::Server,
            command,
        }
        .into());
    };
    let aside = Store::restore(&path, file, &by, now).await?;
    told(arguments, aside.as_deref())?;
    Ok(Exit::Done)
}

/// Says what was done, and what comes next.
fn told(arguments: &StoreRestoreArguments, aside: Option<&Path>) -> Result<(), Failure> {
    if arguments.common.json {
        output::json(&json!({ "restored": arguments.file, "replaced": aside }))?;
        return Ok(());
    }
    if let Some(aside) = aside {
        output::line(&format!("The store of before is now {}.", aside.display()));
    }
    output::line(
        "The store is marked as restored: every sync only observes. Look at what `easgate plan` says, and then let \
         writing go on by `easgate resume`.",
    );
    Ok(())
}

fn dump(url: &str, file: &Path) -> String {
    format!("pg_dump --format=custom --file={} '{url}'", quoted(file))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[derive(Debug, thiserror::Error)]
#[error("nothing was done here; run: {command}")]
struct OfServer {
    source: CopyError,
    command: String,
}
