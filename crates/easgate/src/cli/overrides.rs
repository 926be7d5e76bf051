//! What the commands take by which the help desk decides about single devices.

use std::str::FromStr;

use clap::Args;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::Common;
use super::gates::{duration, words};

/// The help of `allow`.
pub(super) const ALLOW: &str = "Examples:
  easgate allow alice@contoso.com ApplC39GQ8NNDTDL --by dana --note 'ticket 4711'
  easgate allow alice@contoso.com ApplC39GQ8NNDTDL --until 3d --by dana
  easgate allow alice@contoso.com ApplC39GQ8NNDTDL --until 2026-12-01T18:00:00Z --org contoso

It ends by itself: after 24 hours or `usual` of the configuration, and no later than `longest` allows.
It acts at once, through the running service, else by itself, and asks nobody but Exchange.

Exit codes:
  0  the device gets mail now; with --unseen, when it first asks for it
  1  the command line, the configuration or the store, no such mailbox or device: nothing was kept
  2  kept, and not in force yet: the output says why
  3  kept, and held by the guard
  4  kept, and Exchange could not be read: a sync acts on it as soon as it can";

/// The help of `block`.
pub(super) const BLOCK: &str = "Examples:
  easgate block alice@contoso.com ApplC39GQ8NNDTDL --by dana --note 'stolen in Lyon'
  easgate block alice@contoso.com ApplC39GQ8NNDTDL --until 4h --by dana

It stands until `easgate clear`, or --until. The guard never holds it.
It acts at once, through the running service, else by itself, and asks nobody but Exchange.

Exit codes:
  0  the device is refused now; with --unseen, when it first asks for mail
  1  the command line, the configuration or the store, no such mailbox or device: nothing was kept
  2  kept, and not in force yet: the output says why
  4  kept, and Exchange could not be read: a sync acts on it as soon as it can";

/// The help of `clear`.
pub(super) const CLEAR: &str = "Examples:
  easgate clear alice@contoso.com ApplC39GQ8NNDTDL --by dana --note 'the phone was found'

While device management cannot be asked, the device stays as it is until a sync can decide about it.

Exit codes:
  0  the policy has decided about the device
  1  the command line, the configuration or the store; there is no such override
  2  ended, and what the policy wants is not in force yet: the output says why
  3  ended, and what the policy wants is held by the guard
  4  ended, and the facts could not be read: the device stays as it is until a sync can decide about it";

/// The help of `overrides`.
pub(super) const LIST: &str = "Examples:
  easgate overrides
  easgate overrides --all --json";

/// What `allow` and `block` take.
#[derive(Debug, Args)]
pub(crate) struct OverrideArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The mailbox: one of its addresses or its Guid
    pub(crate) mailbox: String,
    /// The DeviceId
    pub(crate) device: String,
    /// Until when: a time such as 4h or 3d from now, or one such as 2026-12-01T18:00:00Z [default: 24h for `allow`, without
    /// end for `block`]
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<Until>,
    /// Why; the audit and `explain` tell it
    #[arg(long, value_name = "TEXT", value_parser = words)]
    pub(crate) note: Option<String>,
    /// Who says so [default: the number of the operating system's user]
    #[arg(long, value_name = "NAME", value_parser = words)]
    pub(crate) by: Option<String>,
    /// Takes a device that Exchange has not seen yet
    #[arg(long)]
    pub(crate) unseen: bool,
}

/// What `clear` takes.
#[derive(Debug, Args)]
pub(crate) struct ClearArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The mailbox, as `easgate overrides` shows it, or its Guid
    pub(crate) mailbox: String,
    /// The DeviceId
    pub(crate) device: String,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = words)]
    pub(crate) note: Option<String>,
    /// Who says so [default: the number of the operating system's user]
    #[arg(long, value_name = "NAME", value_parser = words)]
    pub(crate) by: Option<String>,
}

/// What `overrides` takes.
#[derive(Debug, Args)]
pub(crate) struct OverridesArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// With those that ended
    #[arg(long)]
    pub(crate) all: bool,
}

/// The end of an override.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// So long from now.
    After(Duration),
    /// At a moment.
    At(OffsetDateTime),
}

impl Until {
    /// The moment, when it is `now`.
    pub(crate) fn from(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::After(time) => now.saturating_add(time),
            Self::At(moment) => moment,
        }
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = OffsetDateTime::parse(text.trim(), &Rfc3339).map(Self::At);
        moment.or_else(|_| {
            duration(text)
                .map(Self::After)
                .map_err(|wrong| format!("{wrong}, or a moment such as 2026-12-01T18:00:00Z"))
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_end_is_a_time_from_now_or_a_moment() {
        let now = datetime!(2026-11-25 12:00 UTC);
        let end = |text: &str| text.parse::<Until>().map(|until| until.from(now));
        assert_eq!(end("4h"), Ok(datetime!(2026-11-25 16:00 UTC)));
        assert_eq!(end("3d"), Ok(datetime!(2026-11-28 12:00 UTC)));
        assert_eq!(
            end("2026-12-01T18:00:00+01:00"),
            Ok(datetime!(2026-12-01 17:00 UTC))
        );
        for wrong in ["", "4", "h", "-4h", "0h", "tomorrow", "2026-12-01"] {
            assert!(end(wrong).is_err(), "{wrong}");
        }
    }
}
