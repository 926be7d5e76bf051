//! What the commands take that take entries over, give them up, take them back, roll back and look back.

use clap::{Args, Subcommand, ValueEnum};
use time::OffsetDateTime;

use super::Common;
use super::audit::since;

/// What an administrator asks of our list entries, and what became of them.
#[derive(Debug, Subcommand)]
pub(crate) enum UndoCommand {
    /// Takes over list entries that somebody else made and that agree with the policy; changes no list
    #[command(
        after_help = "Examples:\n  easgate adopt\n  easgate adopt --list allow --mailbox alice@contoso.com\n  easgate adopt --yes --by dana\n\nWithout --yes nothing is changed, and the exit code is 0."
    )]
    Adopt(AdoptArguments),
    /// Gives up every entry of easgate: the lists stay as they are, nobody's access changes. The way to uninstall
    #[command(
        after_help = "Examples:\n  easgate release\n  easgate release --yes --by dana\n\nWithout --yes nothing is changed, and the exit code is 0."
    )]
    Release(UndoArguments),
    /// Takes every entry of easgate out of the lists, and none of anybody else's, under the guard
    #[command(
        after_help = "Examples:\n  easgate revert\n  easgate revert --json\n  easgate revert --yes --by dana\n\nWithout --yes nothing is changed, and the exit code is 0. With it:\n  0  done; the organisation is in mode plan until `easgate resume`\n  2  some changes failed\n  3  the guard holds it; nothing was changed\n  4  Exchange could not be read; nothing was changed"
    )]
    Revert(UndoArguments),
    /// Restores what the lists held before a run or since a time, for the changes of easgate, under the guard
    #[command(
        after_help = "Examples:\n  easgate rollback 17\n  easgate rollback --since 2026-03-01T08:00:00Z\n  easgate rollback 17 --yes --by dana\n\nWithout --yes nothing is changed, and the exit code is 0. With it:\n  0  done; the organisation is in mode plan until `easgate resume`\n  2  some changes failed\n  3  the guard holds it; nothing was changed\n  4  Exchange could not be read; nothing was changed"
    )]
    Rollback(RollbackArguments),
    /// Lists the runs, the changes of one run, or the changes of one mailbox or device
    #[command(
        after_help = "Examples:\n  easgate history\n  easgate history --run 17\n  easgate history alice@contoso.com ApplC39GQ8NNDTDL --json"
    )]
    History(HistoryArguments),
    /// Lists what others changed in Exchange: devices put on allow lists, entries taken out, settings and rules
    #[command(
        after_help = "Examples:\n  easgate drift\n  easgate drift --all --json\n  easgate drift --acknowledge --by dana --note 'the help desk, ticket 4711'\n  easgate drift --acknowledge --id 3 --by dana --note 'ours'"
    )]
    Drift(DriftArguments),
}

/// Whether to do it, and on whose behalf.
#[derive(Debug, Args)]
pub(crate) struct Confirmed {
    /// Carries it out; without this, only the plan is printed
    #[arg(long)]
    pub(crate) yes: bool,
    /// Who says so, for the audit [default: the number of the operating system's user]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

/// What `release` and `revert` take.
#[derive(Debug, Args)]
pub(crate) struct UndoArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) confirmed: Confirmed,
}

/// One of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhichList {
    /// `ActiveSyncAllowedDeviceIDs`
    Allow,
    /// `ActiveSyncBlockedDeviceIDs`
    Block,
}

/// What `adopt` takes.
#[derive(Debug, Args)]
pub(crate) struct AdoptArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) confirmed: Confirmed,
    /// Only entries of this list
    #[arg(long, value_name = "LIST")]
    pub(crate) list: Option<WhichList>,
    /// Only entries of this mailbox: an address, an alias, a name or a Guid
    #[arg(long, value_name = "MAILBOX")]
    pub(crate) mailbox: Option<String>,
}

/// What `rollback` takes.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["run", "since"]))]
pub(crate) struct RollbackArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) confirmed: Confirmed,
    /// The run whose changes are undone, as `easgate history` numbers it
    pub(crate) run: Option<i64>,
    /// Undoes every change since: a date (UTC), or a time such as 2026-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<OffsetDateTime>,
}

/// What `history` takes.
#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The changes of this run
    #[arg(long, value_name = "RUN", conflicts_with_all = ["mailbox", "device"])]
    pub(crate) run: Option<i64>,
    /// The changes of this mailbox: its address or its Guid
    pub(crate) mailbox: Option<String>,
    /// Only those of this DeviceId
    #[arg(requires = "mailbox")]
    pub(crate) device: Option<String>,
    /// How many rows at the most, newest first
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u32,
}

/// What `drift` takes.
#[derive(Debug, Args)]
pub(crate) struct DriftArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// With what was acknowledged and is over
    #[arg(long)]
    pub(crate) all: bool,
    /// Notes that somebody has looked at what is listed
    #[arg(long, requires_all = ["by", "note"], conflicts_with = "all")]
    pub(crate) acknowledge: bool,
    /// Only this finding; can be given several times
    #[arg(long, value_name = "NUMBER")]
    pub(crate) id: Vec<i64>,
    /// Who has looked
    #[arg(long, value_name = "NAME", requires = "acknowledge")]
    pub(crate) by: Option<String>,
    /// What they say to it
    #[arg(long, value_name = "TEXT", requires = "acknowledge")]
    pub(crate) note: Option<String>,
}
