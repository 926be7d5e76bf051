//! `easgate rbac`: the rights that the account needs, as a script, and whether it has them.

mod generate;
mod verify;

use easgate_config::Organization;
use easgate_connector::Mode;
use easgate_exchange::rbac::{Family, Feature, Features};

use crate::cli::{RbacCommand, RbacFeatures};
use crate::command::Failure;
use crate::exit::Exit;

/// Writes the script, or compares.
///
/// # Errors
/// When the configuration cannot be read or the script not written.
pub(crate) async fn run(command: &RbacCommand) -> Result<Exit, Failure> {
    match command {
        RbacCommand::Generate(arguments) => generate::run(arguments),
        RbacCommand::Verify(arguments) => verify::run(arguments).await,
    }
}

/// What `organization` uses, and what was asked for besides.
fn features(organization: &Organization, asked: &RbacFeatures) -> Features {
    let mut features = Features::from([Feature::Read]);
    let wanted = [
        (
            Feature::Lists,
            asked.enforce || organization.mode == Mode::Enforce,
        ),
        (Feature::Details, asked.details),
        (Feature::Settings, asked.settings),
        (Feature::DeviceActions, asked.device_actions),
    ];
    features.extend(
        wanted
            .into_iter()
            .filter_map(|(feature, wanted)| wanted.then_some(feature)),
    );
    features
}

/// The names that Exchange of this version has.
fn family(version: Option<&str>) -> Family {
    if version == Some("2010") {
        Family::ActiveSync
    } else {
        Family::Both
    }
}
