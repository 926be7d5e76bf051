//! What can be asked.

mod apply;
mod audit;
mod gates;
mod metrics;
mod overrides;
mod run;
mod store;
mod sync;
mod undo;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::logging::LogArguments;

pub(crate) use apply::ApplyArguments;
pub(crate) use audit::{AuditCommand, AuditExportArguments, AuditVerifyArguments};
pub(crate) use gates::{
    ApproveArguments, GateCommand, HeldArguments, PauseArguments, RejectArguments, ResumeArguments,
};
pub(crate) use metrics::MetricsArguments;
pub(crate) use overrides::{ClearArguments, OverrideArguments, OverridesArguments};
pub(crate) use run::RunArguments;
pub(crate) use store::{RebuildArguments, StoreBackupArguments, StoreCommand, StoreRestoreArguments};
pub(crate) use sync::{SyncArguments, What};
pub(crate) use undo::{
    AdoptArguments, Confirmed, DriftArguments, HistoryArguments, RollbackArguments, UndoArguments,
    UndoCommand, WhichList,
};

const EXIT_CODES: &str = "Exit codes:
  0  all was done
  1  the command line, the configuration, the store, or other trouble
  2  some changes or checks failed; the rest was done
  3  changes are held by the guard
  4  the facts could not be read completely; nothing was changed by the policy
  5  status and check: the last run that read everything is too old
  6  run: another installation took the store over by --replace

Examples:
  easgate demo
  easgate check --config /etc/easgate/easgate.toml
  easgate plan
  easgate sync --full --json
  easgate explain alice@contoso.com";

/// Gates Exchange ActiveSync devices on an on-premises Exchange organisation by their Intune compliance.
#[derive(Debug, Parser)]
#[command(name = "easgate", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) log: LogArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows it all: a simulated organisation and tenant on loopback, one full sync, no configuration
    #[command(after_help = "Examples:\n  easgate demo\n  easgate demo --devices 20000 --once")]
    Demo(DemoArguments),
    /// Tests the configuration, each server, the log-on, the cmdlets granted, and the source of enrolments
    #[command(after_help = "Examples:\n  easgate check\n  easgate check --json\n  easgate check --endpoints")]
    Check(CheckArguments),
    /// The rights of the Exchange account: a script that gives them, and whether it has them
    #[command(subcommand)]
    Rbac(RbacCommand),
    /// Tells what a sync would change, and why; writes nothing to Exchange
    #[command(
        after_help = "Examples:\n  easgate plan\n  easgate plan --json\n  easgate plan --csv > plan.csv\n  easgate plan --out monday.json"
    )]
    Plan(PlanArguments),
    /// Carries out a plan that `plan --out` wrote, or goes on with it; in mode plan and enforce
    #[command(after_help = apply::HELP)]
    Apply(ApplyArguments),
    /// Runs one sync in the configured mode: all, what changed, or one person
    #[command(after_help = sync::EXAMPLES)]
    Sync(SyncArguments),
    /// The service: syncs by schedule, on demand and on signals, until it is told to stop
    #[command(after_help = run::EXAMPLES)]
    Run(RunArguments),
    /// Lists the devices as the last sync saw them
    #[command(
        after_help = "Examples:\n  easgate devices --access block\n  easgate devices --mailbox alice@contoso.com --json"
    )]
    Devices(DevicesArguments),
    /// Explains every step of the decision for one device, or for all devices of a mailbox
    #[command(
        after_help = "Examples:\n  easgate explain alice@contoso.com\n  easgate explain alice@contoso.com ApplC39GQ8NNDTDL --json"
    )]
    Explain(ExplainArguments),
    /// Shows connection, syncs, servers and why they are in use, certificates that end, and counts; exits 5 when the last good run is too old
    #[command(after_help = "Examples:\n  easgate status\n  easgate status --json")]
    Status(Common),
    /// Prints figures for a monitoring system, in Prometheus' text form: those of the running service, else of the store
    #[command(after_help = metrics::EXAMPLES)]
    Metrics(MetricsArguments),
    #[command(flatten)]
    Gates(GateCommand),
    #[command(flatten)]
    Undo(UndoCommand),
    /// The audit: who changed what and why, and whether it was tampered with
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The store: whether it is whole, a copy of it, a copy put back, and its registry rebuilt
    #[command(subcommand)]
    Store(StoreCommand),
    /// The configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Simulators for tests and for trying out
    #[command(subcommand)]
    Simulate(SimulateCommand),
    /// Writes a completion script for a shell
    #[command(after_help = "Examples:\n  easgate completions bash > /etc/bash_completion.d/easgate")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// What most commands take.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The configuration file [default: easgate.toml here, else /etc/easgate/easgate.toml]
    #[arg(long, short, value_name = "FILE", env = "EASGATE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Only this organisation [default: all of the file]
    #[arg(long, visible_alias = "org", value_name = "NAME")]
    pub(crate) organization: Option<String>,
    /// Prints JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `check` takes.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Connects to nothing; prints the hosts and ports that must be open, for the firewall
    #[arg(long)]
    pub(crate) endpoints: bool,
}

/// The rights of the Exchange account.
#[derive(Debug, Subcommand)]
pub(crate) enum RbacCommand {
    /// Writes the PowerShell script that gives the account exactly the rights that this configuration uses
    #[command(
        after_help = "Examples:\n  easgate rbac generate --output easgate-rights.ps1\n  easgate rbac generate --enforce --user 'CONTOSO\\easgate'"
    )]
    Generate(RbacGenerateArguments),
    /// Names what the account lacks and what it has too much; exits 2 when something is missing
    #[command(after_help = "Examples:\n  easgate rbac verify\n  easgate rbac verify --json")]
    Verify(RbacVerifyArguments),
}

/// What is used besides what the configuration says.
#[derive(Debug, Args)]
pub(crate) struct RbacFeatures {
    /// With the rights to change device lists, before `mode` says so
    #[arg(long)]
    pub(crate) enforce: bool,
    /// With the rights to read statistics of phones, device classes and mailbox policies
    #[arg(long)]
    pub(crate) details: bool,
    /// With the rights to change settings, access rules and mailbox policies
    #[arg(long)]
    pub(crate) settings: bool,
    /// With the rights to wipe and forget devices (Clear- and Remove-)
    #[arg(long)]
    pub(crate) device_actions: bool,
}

/// What `rbac generate` takes.
#[derive(Debug, Args)]
pub(crate) struct RbacGenerateArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) features: RbacFeatures,
    /// The account that gets the rights [default: `username` of the configuration]
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) user: Option<String>,
    /// The name of the role group, its roles and its throttling policy
    #[arg(long, value_name = "NAME", default_value = "easgate", value_parser = group_name)]
    pub(crate) group: String,
    /// The oldest Exchange of the organisation: 2010 knows the ActiveSync names alone
    #[arg(long, value_name = "VERSION", value_parser = EXCHANGE_VERSIONS)]
    pub(crate) exchange: Option<String>,
    /// Where the script goes [default: standard output]
    #[arg(long, short, value_name = "FILE", conflicts_with = "json")]
    pub(crate) output: Option<PathBuf>,
}

/// What `rbac verify` takes.
#[derive(Debug, Args)]
pub(crate) struct RbacVerifyArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) features: RbacFeatures,
    /// The version of the server that is asked: 2010 knows the ActiveSync names alone
    #[arg(long, value_name = "VERSION", value_parser = EXCHANGE_VERSIONS)]
    pub(crate) exchange: Option<String>,
}

const EXCHANGE_VERSIONS: [&str; 5] = ["2010", "2013", "2016", "2019", "se"];

/// A name that Exchange takes and that leaves room for the names of the roles.
fn group_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || " ._-".contains(c);
    if text.trim().is_empty() || text.len() > 32 || !text.chars().all(plain) {
        return Err("1 to 32 letters, digits, blanks, dots, hyphens and underscores".to_owned());
    }
    Ok(text.to_owned())
}

/// What `demo` takes.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// How many devices the simulated organisation has
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) devices: u32,
    /// Ends after the sync instead of staying up
    #[arg(long)]
    pub(crate) once: bool,
    /// Prints the sync's report as JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `plan` takes.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Prints the changes as CSV
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// Writes the plan of one organisation to this file too, for `easgate apply`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What `devices` takes.
#[derive(Debug, Args)]
pub(crate) struct DevicesArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Only devices with this decision: allow, block, quarantine or untouched
    #[arg(long, value_name = "ACCESS")]
    pub(crate) access: Option<String>,
    /// Only devices with this reason, such as notEnrolled
    #[arg(long, value_name = "REASON")]
    pub(crate) reason: Option<String>,
    /// Only devices of this mailbox
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) mailbox: Option<String>,
    /// Only devices that Exchange has in this state, such as Quarantined
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// How many rows at the most; 0 for all
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u32,
    /// Prints CSV
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
}

/// What `explain` takes.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The mailbox: an address, an alias, a name or a Guid
    pub(crate) mailbox: String,
    /// The DeviceId; without it, every device of the mailbox
    pub(crate) device: Option<String>,
}

/// What can be asked of the configuration file.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Prints the JSON schema of the file
    Schema,
    /// Checks the file and the secrets it refers to
    Validate(Common),
}

/// The simulators.
#[derive(Debug, Subcommand)]
pub(crate) enum SimulateCommand {
    /// An Exchange organisation at http://ADDR/powershell, account CONTOSO\connector with password P@ssw0rd!
    #[command(
        after_help = "Examples:\n  easgate simulate exchange --listen 127.0.0.1:5985 --devices 500\n  easgate simulate exchange --listen 127.0.0.1:5985 --servers 2"
    )]
    Exchange(SimulateExchangeArguments),
    /// A tenant: token endpoint and Graph
    #[command(after_help = "Examples:\n  easgate simulate tenant --listen 127.0.0.1:4040 --devices 500")]
    Tenant(SimulateArguments),
}

/// What a simulator takes.
#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// Where to listen; port 0 takes a free one and prints it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// How many devices the organisation has; the same number gives the same data in both simulators
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) devices: u32,
}

/// What the simulated Exchange takes.
#[derive(Debug, Args)]
pub(crate) struct SimulateExchangeArguments {
    #[command(flatten)]
    pub(crate) common: SimulateArguments,
    /// Which Exchange to be: 2010, 2013, 2016, 2019 or se
    #[arg(long, default_value = "2019")]
    pub(crate) version: String,
    /// What the account may run: connector (both families), original (the original's 21 cmdlets), hosted, or admin
    #[arg(long, default_value = "connector", value_parser = ["connector", "original", "hosted", "admin"])]
    pub(crate) profile: String,
    /// How many servers of one organisation: the first listens at --listen, the others with the same port at the addresses
    /// after it. On standard input `down 2` and `up 2` take one down and bring it back
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub(crate) servers: u8,
    /// Gives full objects, as a management shell gets them
    #[arg(long)]
    pub(crate) full_serialization: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
