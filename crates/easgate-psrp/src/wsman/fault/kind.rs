//! What a fault means for the caller.

use std::time::Duration;

use super::Fault;

/// The meaning of a fault, from its number first, then its subcode, then Exchange's category or text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The operation's time is over. For a Receive: no output yet, ask again.
    Timeout,
    /// The shell or the command is not known: expired, deleted, or on another back end.
    ShellNotFound,
    /// The endpoint does not know the resource URI: wrong port or path, or wrong configuration name.
    ResourceUriNotFound,
    /// The server finds our body invalid.
    SchemaInvalid,
    /// The account may not open this.
    AccessDenied,
    /// The work is to be done at another address, when one is given.
    Redirect(Option<String>),
    /// The account has as many shells as it may have.
    TooManyShells,
    /// The account asks too often.
    Throttled {
        /// How long the server wants to be left alone, when it says so.
        wait: Option<Duration>,
    },
    /// The account has no management role.
    NoRole,
    /// Remote PowerShell is switched off for the account.
    RemotePowerShellDisabled,
    /// None of these.
    Other,
}

const TIMED_OUT: u32 = 2_150_858_793;
const INVALID_SELECTORS: u32 = 2_150_858_843;
const RESOURCE_URI_NOT_FOUND: u32 = 2_150_858_811;
const SCHEMA_VALIDATION: u32 = 2_150_858_817;
const ACCESS_DENIED: u32 = 2_150_858_819;
const ERROR_ACCESS_DENIED: u32 = 5;
const REDIRECT_REQUESTED: u32 = 2_150_859_161;
/// `ERROR_WSMAN_QUOTA_MAX_SHELLS`, and its forms for the new quotas of a user and of a plug-in.
const QUOTA_SHELLS: [u32; 3] = [2_150_859_173, 2_150_859_236, 2_150_859_238];
/// `ERROR_WSMAN_QUOTA_LIMIT`, `ERROR_WSMAN_QUOTA_USER`, `ERROR_WSMAN_QUOTA_SYSTEM`.
const QUOTA_RATE: [u32; 3] = [2_150_858_815, 2_150_859_175, 2_150_859_176];

impl Fault {
    /// Returns what the fault means.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        let text = self.raw_text();
        // The quota texts come under general codes, so they are looked at first.
        if let Some(kind) = quota(text) {
            return kind;
        }
        let inner = self.provider.as_ref().and_then(|provider| provider.wsman_code);
        [self.wsman_code, inner]
            .into_iter()
            .flatten()
            .find_map(|code| self.by_code(code))
            .unwrap_or_else(|| {
                self.by_subcode()
                    .or_else(|| by_category(self))
                    .unwrap_or(FaultKind::Other)
            })
    }

    fn by_code(&self, code: u32) -> Option<FaultKind> {
        Some(match code {
            TIMED_OUT => FaultKind::Timeout,
            INVALID_SELECTORS => FaultKind::ShellNotFound,
            RESOURCE_URI_NOT_FOUND => FaultKind::ResourceUriNotFound,
            SCHEMA_VALIDATION => FaultKind::SchemaInvalid,
            ACCESS_DENIED | ERROR_ACCESS_DENIED => by_category(self).unwrap_or(FaultKind::AccessDenied),
            REDIRECT_REQUESTED => FaultKind::Redirect(self.redirect.clone()),
            code if QUOTA_SHELLS.contains(&code) => FaultKind::TooManyShells,
            code if QUOTA_RATE.contains(&code) => FaultKind::Throttled { wait: None },
            _ => return None,
        })
    }

    fn by_subcode(&self) -> Option<FaultKind> {
        Some(match self.subcode.as_deref()? {
            "TimedOut" => FaultKind::Timeout,
            "InvalidSelectors" => FaultKind::ShellNotFound,
            "SchemaValidationError" => FaultKind::SchemaInvalid,
            "AccessDenied" => FaultKind::AccessDenied,
            "InvalidResourceURI" | "DestinationUnreachable" => FaultKind::ResourceUriNotFound,
            _ => return None,
        })
    }
}

fn by_category(fault: &Fault) -> Option<FaultKind> {
    let category = fault.exchange().failure_category?;
    let (_, name) = category.split_once('-')?;
    Some(match name {
        "InvalidShellID" => FaultKind::ShellNotFound,
        "CmdletAccessDeniedException" => FaultKind::NoRole,
        "RemotePowerShellNotEnabledException" => FaultKind::RemotePowerShellDisabled,
        _ => return None,
    })
}

fn quota(text: &str) -> Option<FaultKind> {
    if text.contains("concurrent shells") || text.contains(": MaxConcurrency") {
        return Some(FaultKind::TooManyShells);
    }
    let after = text.split_once("for at least ").map(|(_, after)| after);
    if text.contains("load quota") || after.is_some_and(|after| after.contains("milliseconds")) {
        return Some(FaultKind::Throttled {
            wait: after.and_then(milliseconds),
        });
    }
    None
}

/// Reads the number before ` milliseconds`; some languages group its digits.
fn milliseconds(text: &str) -> Option<Duration> {
    let number = text.split_once(" milliseconds")?.0;
    let digits: String = number
        .chars()
        .filter(|character| !matches!(character, ',' | '.'))
        .collect();
    digits.trim().parse().ok().map(Duration::from_millis)
}
