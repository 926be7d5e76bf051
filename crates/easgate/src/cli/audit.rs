//! What `audit` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use easgate_store::AuditHead;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

use super::Common;

/// What can be asked of the audit.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Checks that no record was changed, taken out or cut off; exits 2 when one was, and names the first
    #[command(
        after_help = "Examples:\n  easgate audit verify\n  easgate audit verify --organization contoso --head 4711:9f86d0…\n  easgate audit verify --file audit.jsonl\n\nExit codes:\n  0  the audit is whole\n  1  it could not be read\n  2  it was tampered with, or is damaged"
    )]
    Verify(AuditVerifyArguments),
    /// Writes the audit as JSON lines, which `audit verify --file` checks without the store
    #[command(
        after_help = "Examples:\n  easgate audit export > audit.jsonl\n  easgate audit export --since 2026-03-01 --output audit.jsonl\n  easgate audit export --anonymous"
    )]
    Export(AuditExportArguments),
}

/// What `audit verify` takes.
#[derive(Debug, Args)]
pub(crate) struct AuditVerifyArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// A head from the system log, NUMBER:HASH, that the audit has to hold; of one organisation alone
    #[arg(long, value_name = "HEAD")]
    pub(crate) head: Option<AuditHead>,
    /// Checks this export instead of the store; needs no configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// With --file: the key whose checkpoints, beside it, are asked too
    #[arg(long, value_name = "FILE", requires = "file")]
    pub(crate) key: Option<PathBuf>,
}

/// What `audit export` takes.
#[derive(Debug, Args)]
pub(crate) struct AuditExportArguments {
    /// The configuration file [default: easgate.toml here, else /etc/easgate/easgate.toml]
    #[arg(long, short, value_name = "FILE", env = "EASGATE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Only this organisation [default: all of the file]
    #[arg(long, value_name = "NAME")]
    pub(crate) organization: Option<String>,
    /// Only what was recorded since: a date (UTC), or a time such as 2026-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<OffsetDateTime>,
    /// Pseudonyms in place of people, mailboxes and devices, always the same for the same one
    #[arg(long)]
    pub(crate) anonymous: bool,
    /// Where the lines go [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A date, which begins at midnight UTC, or a time.
pub(crate) fn since(text: &str) -> Result<OffsetDateTime, String> {
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(time);
    }
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map(|date| date.with_time(Time::MIDNIGHT).assume_utc())
        .map_err(|_| "a date such as 2026-03-01, or a time such as 2026-03-01T08:00:00Z".to_owned())
}
