//! What `sync` takes.

use clap::Args;
use easgate_model::EmailAddress;

use super::Common;

/// The examples under the help of `sync`.
pub(crate) const EXAMPLES: &str = "Examples:
  easgate sync --full
  easgate sync --quick --json
  easgate sync --user alice@contoso.com
  easgate sync --full --organization contoso --json
  easgate sync --full --scheduled

Exit code 4 is also that of a quick sync or a watch pass which found that only a full sync can tell what is so.";

/// What `sync` takes.
#[derive(Debug, Args)]
pub(crate) struct SyncArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) what: What,
    /// Accepts inputs that are more than a fifth shorter than at the last good run, this once
    #[arg(long)]
    pub(crate) accept_shrunken: bool,
    /// Logs on although Exchange refused the account and its password has not changed
    #[arg(long)]
    pub(crate) log_on_again: bool,
    /// For timers: leaves a server that could not be reached alone for 1, 5, 15, then 60 minutes; exits 4 when none may be tried
    #[arg(long)]
    pub(crate) scheduled: bool,
}

/// What to look at: one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// The whole organisation
    #[arg(long)]
    pub(crate) full: bool,
    /// What changed in Exchange and in device management since the last sync
    #[arg(long)]
    pub(crate) quick: bool,
    /// One watch pass: devices that wait, and what device management says has changed
    #[arg(long)]
    pub(crate) watch: bool,
    /// The devices of one mailbox, as device management has them now
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) user: Option<EmailAddress>,
}

impl What {
    /// A watch pass.
    pub(crate) const WATCH: Self = Self {
        full: false,
        quick: false,
        watch: true,
        user: None,
    };

    /// A full sync.
    pub(crate) const FULL: Self = Self {
        full: true,
        quick: false,
        watch: false,
        user: None,
    };
}
