//! The commands by which people stop, release and override.

mod by_hand;
mod find;
mod held;
mod overrides;
mod pause;

use easgate_compliance::ByHand;

use crate::cli::GateCommand;
use crate::command::Failure;
use crate::exit::Exit;

pub(crate) use by_hand::Effect;

/// Runs the command that was asked for.
///
/// # Errors
/// When the configuration or the store cannot be used, or what is named is not there.
pub(crate) async fn run(command: &GateCommand) -> Result<Exit, Failure> {
    match command {
        GateCommand::Pause(arguments) => pause::pause(arguments).await,
        GateCommand::Resume(arguments) => pause::resume(arguments).await,
        GateCommand::Held(arguments) => held::list(arguments).await,
        GateCommand::Approve(arguments) => held::approve(arguments).await,
        GateCommand::Allow(arguments) => by_hand::decide(arguments, ByHand::Allow).await,
        GateCommand::Block(arguments) => by_hand::decide(arguments, ByHand::Block).await,
        GateCommand::Clear(arguments) => by_hand::clear(arguments).await,
        GateCommand::Overrides(arguments) => overrides::list(arguments).await,
        GateCommand::Reject(arguments) => held::reject(arguments).await,
    }
}
