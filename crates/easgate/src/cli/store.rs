//! What `store` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Common;

/// What can be done about the store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
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
