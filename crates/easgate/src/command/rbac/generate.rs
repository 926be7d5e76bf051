//! `easgate rbac generate`.

use std::path::Path;

use easgate_config::Organization;
use easgate_exchange::rbac::ScriptRequest;

use crate::cli::RbacGenerateArguments;
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;

/// Exchange's own default, below which nobody gains anything.
const DEFAULT_SHELLS: usize = 18;

/// Prints or writes the script for one organisation; nothing is connected.
pub(super) fn run(arguments: &RbacGenerateArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let organizations: Vec<&Organization> = settings.organizations().collect();
    let [organization] = organizations.as_slice() else {
        return Err(Several {
            known: organizations
                .iter()
                .map(|one| one.name.clone())
                .collect::<Vec<_>>()
                .join(", "),
        }
        .into());
    };
    let account = arguments
        .user
        .clone()
        .or_else(|| organization.exchange.username.clone())
        .ok_or(NoAccount)?;
    let features = super::features(organization, &arguments.features);
    let names: Vec<&str> = features.iter().map(|feature| feature.name()).collect();
    let request = ScriptRequest {
        kind: organization.exchange.kind,
        family: super::family(arguments.exchange.as_deref()),
        group: arguments.group.clone(),
        shells: shells(organization.exchange.runspaces()),
        account,
        features,
    };
    let script = request.script();
    if arguments.common.json {
        output::json(&serde_json::json!({
            "organization": organization.name,
            "account": request.account,
            "group": request.group,
            "features": names,
            "shells": request.shells,
            "script": script,
        }))?;
    } else if let Some(path) = &arguments.output {
        write(path, &script)?;
        output::line(&format!(
            "{}: rights for {} ({}). Run it in the Exchange Management Shell, then `easgate rbac verify`.",
            path.display(),
            request.account,
            names.join(", ")
        ));
    } else {
        output::line(script.trim_end());
    }
    Ok(Exit::Done)
}

/// The service and the command line beside it at once, and two to spare for sessions that have not ended yet.
fn shells(runspaces: usize) -> usize {
    (2 * runspaces + 2).max(DEFAULT_SHELLS)
}

/// Windows' own shells want CR LF and take no harm from a file without a byte order mark, since it is ASCII.
fn write(path: &Path, script: &str) -> Result<(), Unwritten> {
    std::fs::write(path, script.replace('\n', "\r\n")).map_err(|source| Unwritten {
        path: path.display().to_string(),
        source,
    })
}

#[derive(Debug, thiserror::Error)]
#[error("could not write the script to {path}")]
struct Unwritten {
    path: String,
    source: std::io::Error,
}

#[derive(Debug, thiserror::Error)]
#[error("the configuration names no account, since a certificate logs on; name it with --user")]
struct NoAccount;

#[derive(Debug, thiserror::Error)]
#[error("a script is for one organisation; choose one of {known} with --organization")]
struct Several {
    known: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_never_gives_less_than_exchange_gives_anyway() {
        assert_eq!([1, 2, 8, 9, 18].map(shells), [18, 18, 18, 20, 38]);
    }
}
