//! What `store` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Common;

/// What can be asked of the store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Tells whether the store is whole, what is in it, and who writes to it; exits 1 when it is damaged
    #[command(
        after_help = "Examples:\n  easgate store check\n  easgate store check --json\n\nExit codes:\n  0  the store is whole\n  1  it is damaged, or cannot be read"
    )]
    Check(Common),
    /// Writes a complete copy of the store to a file, also while the service runs
    #[command(
        after_help = "Examples:\n  easgate store backup /var/backups/easgate/monday.db\n\nExit codes:\n  0  the copy is complete\n  1  there is none; for PostgreSQL the command that makes one is printed"
    )]
    Backup(StoreBackupArguments),
    /// Puts a copy in the place of the store; no sync writes to Exchange then until an administrator says so
    #[command(
        after_help = "Examples:\n  easgate store restore /var/backups/easgate/monday.db\n  easgate store restore --mark\n\nExit codes:\n  0  the store is restored\n  1  it is as it was; for PostgreSQL the command that restores it is printed"
    )]
    Restore(StoreRestoreArguments),
    /// Finds out from an export of the audit which list entries are ours; writes that with --yes
    #[command(
        after_help = "Examples:\n  easgate store rebuild-registry --from audit.jsonl\n  easgate store rebuild-registry --from audit.jsonl --yes --by ana\n\nExit codes:\n  0  done, or nothing to do\n  1  the configuration, the store or the file cannot be used\n  2  the export was tampered with, or is damaged\n  4  Exchange could not be read"
    )]
    RebuildRegistry(RebuildArguments),
}

/// What `store rebuild-registry` takes.
#[derive(Debug, Args)]
pub(crate) struct RebuildArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The export of `audit export`, of this organisation and not anonymous
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// Writes what was found; without it nothing is written
    #[arg(long)]
    pub(crate) yes: bool,
    /// Who does it, for the audit
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

/// What `store backup` takes.
#[derive(Debug, Args)]
pub(crate) struct StoreBackupArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The file of the copy, which is not there yet
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// What `store restore` takes.
#[derive(Debug, Args)]
pub(crate) struct StoreRestoreArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The copy
    #[arg(
        value_name = "FILE",
        required_unless_present = "mark",
        conflicts_with = "mark"
    )]
    pub(crate) file: Option<PathBuf>,
    /// Only notes that the store was restored by other means, such as pg_restore
    #[arg(long)]
    pub(crate) mark: bool,
}
