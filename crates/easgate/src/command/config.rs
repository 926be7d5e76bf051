//! `easgate config`: the configuration file.

use easgate_config::Environment;

use crate::cli::{Common, ConfigCommand};
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;

/// Prints the schema, or checks the file.
///
/// # Errors
/// When the file cannot be used.
pub(crate) fn run(command: &ConfigCommand) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Schema => {
            output::json(&easgate_config::schema())?;
            Ok(Exit::Done)
        }
        ConfigCommand::Validate(common) => validate(common),
    }
}

fn validate(common: &Common) -> Result<Exit, Failure> {
    let settings = Settings::read(common)?;
    let environment = Environment::of_this_process();
    let missing: Vec<String> = settings
        .organizations()
        .flat_map(easgate_config::Organization::secrets)
        .filter_map(|secret| secret.read(&environment).err())
        .map(|error| output::chain(&error))
        .collect();
    let warnings: Vec<String> = settings
        .configuration
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    let exit = if missing.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    };
    if common.json {
        output::json(&serde_json::json!({
            "file": settings.path.display().to_string(),
            "valid": true,
            "organizations": settings.organizations().map(|one| &one.name).collect::<Vec<_>>(),
            "missing_secrets": missing,
            "warnings": warnings,
        }))?;
        return Ok(exit);
    }
    for warning in &warnings {
        output::note(&format!("warning: {warning}"));
    }
    for secret in &missing {
        output::note(&format!("error: {secret}"));
    }
    output::line(&format!("{} is valid.", settings.path.display()));
    Ok(exit)
}
