//! What `easgate run` takes.

use std::path::PathBuf;

use clap::Args;

use super::Command;

pub(super) const EXAMPLES: &str = "Signals:
  HUP         reads the configuration again; an invalid one is refused
  USR1, USR2  a quick sync, a full sync of every organisation
  TERM, INT   ends within ten seconds; a change that is under way is finished

Examples:
  easgate run --config /etc/easgate/easgate.toml
  easgate run --log-json
  systemctl enable --now easgate";

/// What `run` takes.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The configuration file [default: easgate.toml here, else /etc/easgate/easgate.toml]
    #[arg(long, short, value_name = "FILE", env = "EASGATE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

impl Command {
    /// What is logged when nothing was asked for: a service tells what it does.
    pub(crate) const fn usual_log(&self) -> &'static str {
        if matches!(self, Self::Run(_)) {
            "info"
        } else {
            "warn"
        }
    }
}
