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
  easgate run --replace --by dana
  systemctl enable --now easgate

Exit codes:
  0  it was told to stop, and everything has ended in order
  1  the configuration, the store or the control socket cannot be used, or it ended in a hurry
  6  another installation has taken its place (`--replace`)";

/// What `run` takes.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The configuration file [default: easgate.toml here, else /etc/easgate/easgate.toml]
    #[arg(long, short, value_name = "FILE", env = "EASGATE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Takes the place of the installation that the store belongs to: it stops before its next change, and ends with code 6
    #[arg(long)]
    pub(crate) replace: bool,
    /// Who says so, for the audit [default: the number of the operating system's user]
    #[arg(long, value_name = "NAME", requires = "replace")]
    pub(crate) by: Option<String>,
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
