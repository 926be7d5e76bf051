//! What the commands take by which people stop, release and override.

use clap::{Args, Subcommand};
use time::Duration;

use super::Common;
use super::overrides::{self, ClearArguments, OverrideArguments, OverridesArguments};

/// The commands by which people stop, release and override.
#[derive(Debug, Subcommand)]
pub(crate) enum GateCommand {
    /// Stops all writing to Exchange at once, also of a sync that runs, until `resume`; syncs go on reading and reporting
    #[command(
        after_help = "Examples:\n  easgate pause --reason 'the migration of the weekend' --by dana\n  easgate pause --organization contoso --reason 'ticket 4711'"
    )]
    Pause(PauseArguments),
    /// Lets writing go on after a `pause`, a caution of the store, or a rollback
    #[command(after_help = "Examples:\n  easgate resume --by dana")]
    Resume(ResumeArguments),
    /// Lists what the guard holds, by plan, with figures and devices
    #[command(
        after_help = "Examples:\n  easgate held\n  easgate held 3f9c2a7b\n  easgate held --json\n\nExit codes:\n  0  listed, whether anything is held or not\n  1  the store could not be read, or there is no such plan"
    )]
    Held(HeldArguments),
    /// Releases the changes of a held plan: they go, as far as the facts still want them, and no others
    #[command(
        after_help = "Examples:\n  easgate approve 3f9c2a7b --by dana\n  easgate approve 3f9c2a7b --by dana --for 4h --note 'change 4711'"
    )]
    Approve(ApproveArguments),
    /// Lets a device in at once, whatever device management says of it; works while that cannot be asked
    #[command(after_help = overrides::ALLOW)]
    Allow(OverrideArguments),
    /// Refuses a device at once, whatever device management says of it; works while that cannot be asked
    #[command(after_help = overrides::BLOCK)]
    Block(OverrideArguments),
    /// Ends an override by hand: the policy decides again
    #[command(after_help = overrides::CLEAR)]
    Clear(ClearArguments),
    /// Lists what people decided about devices: who, until when, why, and whether it is in force
    #[command(after_help = overrides::LIST)]
    Overrides(OverridesArguments),
    /// Keeps the changes of a held plan held, and notes that somebody looked; takes an approval back
    #[command(after_help = "Examples:\n  easgate reject 3f9c2a7b --by dana --note 'the join is broken'")]
    Reject(RejectArguments),
}

/// What `pause` takes.
#[derive(Debug, Args)]
pub(crate) struct PauseArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Why; everybody who looks at the status reads it
    #[arg(long, value_name = "TEXT", value_parser = words)]
    pub(crate) reason: String,
    /// Who says so [default: the number of the operating system's user]
    #[arg(long, value_name = "NAME", value_parser = words)]
    pub(crate) by: Option<String>,
}

/// What `resume` takes.
#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Who says so [default: the number of the operating system's user]
    #[arg(long, value_name = "NAME", value_parser = words)]
    pub(crate) by: Option<String>,
}

/// What `held` takes.
#[derive(Debug, Args)]
pub(crate) struct HeldArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Only this plan
    #[arg(value_name = "PLAN")]
    pub(crate) plan: Option<String>,
}

/// What `approve` takes.
#[derive(Debug, Args)]
pub(crate) struct ApproveArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The plan, as `held`, `status` and the reports name it
    #[arg(value_name = "PLAN")]
    pub(crate) plan: String,
    /// Who approves
    #[arg(long, value_name = "NAME", value_parser = words)]
    pub(crate) by: String,
    /// For how long, such as 30m, 24h or 2d
    #[arg(long = "for", value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub(crate) time: Duration,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = words)]
    pub(crate) note: Option<String>,
}

/// What `reject` takes.
#[derive(Debug, Args)]
pub(crate) struct RejectArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The plan, as `held`, `status` and the reports name it
    #[arg(value_name = "PLAN")]
    pub(crate) plan: String,
    /// Who rejects
    #[arg(long, value_name = "NAME", value_parser = words)]
    pub(crate) by: String,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = words)]
    pub(crate) note: String,
}

/// A text that says something, in at most 1,000 characters.
pub(super) fn words(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 1_000 {
        return Err("a text of 1 to 1,000 characters".to_owned());
    }
    Ok(text.to_owned())
}

/// A time such as `30m`, `24h` or `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time such as 30m, 24h or 7d".to_owned();
    let text = text.trim();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let number: u32 = text
        .strip_suffix(unit)
        .unwrap_or_default()
        .parse()
        .map_err(|_| wrong())?;
    let number = i64::from(number);
    let time = match unit {
        'm' => Duration::minutes(number),
        'h' => Duration::hours(number),
        'd' => Duration::days(number),
        _ => return Err(wrong()),
    };
    if time.is_zero() || time > Duration::days(3_650) {
        return Err("a time from 1m to 3650d".to_owned());
    }
    Ok(time)
}
