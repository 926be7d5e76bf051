//! What `apply` takes.

use std::path::PathBuf;

use clap::Args;

use super::Common;

pub(super) const HELP: &str = "Examples:
  easgate plan --out monday.json
  easgate apply monday.json --by ana
  easgate apply monday.json --json

Exit codes:
  0  everything is as the plan wants it
  1  the file is no plan for this organisation, the mode is observe, or other trouble
  2  something failed, or was skipped because it has moved
  3  the guard holds changes, or writing is paused; the rest is done
  4  the facts could not be read completely; nothing was changed";

/// What `apply` takes.
#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The file that `plan --out` wrote
    pub(crate) file: PathBuf,
    /// Who carries it out, for the audit, which notes the user of the operating system too
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}
