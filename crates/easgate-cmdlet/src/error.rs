//! Why a command did not run to its end.

mod authentication;

use std::time::Duration;

pub(crate) use authentication::Again;
pub use authentication::AuthenticationError;
use easgate_psrp::wsman::{Fault, FaultKind};

use crate::ErrorRecord;

/// Why a command could not be started or did not complete.
///
/// Records that came before it are valid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message says it")]
pub enum InvokeError {
    #[error("could not reach {endpoint} to run {cmdlet}")]
    Transport {
        endpoint: String,
        cmdlet: String,
        sent: bool,
        source: TransportError,
    },

    #[error("{endpoint} did not accept the credentials (it offers {offered})")]
    Unauthorized { endpoint: String, offered: String },

    #[error("could not log on to {endpoint} to run {cmdlet}")]
    Authentication {
        endpoint: String,
        cmdlet: String,
        sent: bool,
        source: Box<AuthenticationError>,
    },

    #[error("{endpoint} refused {cmdlet}: {fault}")]
    Fault {
        endpoint: String,
        cmdlet: String,
        sent: bool,
        fault: Box<Fault>,
    },

    #[error("{endpoint} redirects to {location}, which is not followed: {reason}")]
    Redirected {
        endpoint: String,
        location: String,
        reason: &'static str,
    },

    #[error("{cmdlet} failed: {error}")]
    Failed { cmdlet: String, error: Box<ErrorRecord> },

    #[error("{endpoint} lost the session while it ran {cmdlet}")]
    SessionLost {
        endpoint: String,
        cmdlet: String,
        sent: bool,
    },

    #[error("{cmdlet} was stopped")]
    Stopped { cmdlet: String },

    #[error("{cmdlet} took longer than {after:?}")]
    Timeout {
        cmdlet: String,
        after: Duration,
        sent: bool,
    },

    #[error("{endpoint} broke the protocol while running {cmdlet}: {reason}")]
    Protocol {
        endpoint: String,
        cmdlet: String,
        sent: bool,
        reason: String,
    },

    #[error("could not prepare a runspace on {endpoint} with {cmdlet}")]
    Setup {
        endpoint: String,
        cmdlet: String,
        source: Box<Self>,
    },

    #[error("the transport to {endpoint} is closed")]
    Closed { endpoint: String },

    #[error("the recording has no answer to {asked}; next it has {next}")]
    NotRecorded {
        cmdlet: String,
        asked: String,
        next: String,
    },
}

impl InvokeError {
    /// Whether the same call may succeed later without anyone changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport { source, .. } => source.is_transient(),
            Self::Authentication { source, .. } => source.is_transient(),
            Self::Fault { fault, .. } => matches!(
                fault.kind(),
                FaultKind::Timeout
                    | FaultKind::ShellNotFound
                    | FaultKind::TooManyShells
                    | FaultKind::Throttled { .. }
            ),
            Self::SessionLost { .. } | Self::Timeout { .. } => true,
            Self::Setup { source, .. } => source.is_transient(),
            Self::Unauthorized { .. }
            | Self::Redirected { .. }
            | Self::Failed { .. }
            | Self::Stopped { .. }
            | Self::Protocol { .. }
            | Self::Closed { .. }
            | Self::NotRecorded { .. } => false,
        }
    }

    /// Whether the account itself was refused; trying again with the same secret may lock it.
    #[must_use]
    pub fn is_refused_credential(&self) -> bool {
        match self {
            Self::Unauthorized { .. } => true,
            Self::Authentication { source, .. } => source.is_refused_credential(),
            Self::Setup { source, .. } => source.is_refused_credential(),
            Self::Transport { .. }
            | Self::Fault { .. }
            | Self::Redirected { .. }
            | Self::Failed { .. }
            | Self::SessionLost { .. }
            | Self::Stopped { .. }
            | Self::Timeout { .. }
            | Self::Protocol { .. }
            | Self::Closed { .. }
            | Self::NotRecorded { .. } => false,
        }
    }

    /// Whether the command may have run, in part or whole.
    #[must_use]
    pub const fn sent(&self) -> bool {
        match self {
            Self::Transport { sent, .. }
            | Self::Authentication { sent, .. }
            | Self::Fault { sent, .. }
            | Self::SessionLost { sent, .. }
            | Self::Timeout { sent, .. }
            | Self::Protocol { sent, .. } => *sent,
            Self::Failed { .. } | Self::Stopped { .. } => true,
            Self::Unauthorized { .. }
            | Self::Redirected { .. }
            | Self::Setup { .. }
            | Self::Closed { .. }
            | Self::NotRecorded { .. } => false,
        }
    }

    /// Returns how long the server wants to be left alone, when it said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        if let Self::Setup { source, .. } = self {
            return source.retry_after();
        }
        let Self::Fault { fault, .. } = self else {
            return None;
        };
        let FaultKind::Throttled { wait } = fault.kind() else {
            return None;
        };
        wait
    }
}

/// Why a request got no WS-Management answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message says it")]
pub enum TransportError {
    #[error("no connection")]
    Connect {
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    #[error("the server closed the connection before anything was sent on it")]
    Gone,

    #[error("the proxy wants credentials{}", proxy_offer(offered.as_deref()))]
    Proxy { offered: Option<String> },

    #[error("no answer within {after:?}")]
    Timeout { after: Duration },

    #[error("the connection broke")]
    Broken {
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    #[error("HTTP status {status} without a WS-Management answer: {hint}")]
    Status { status: u16, hint: &'static str },

    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },

    #[error("could not set up the connection")]
    Setup {
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl TransportError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Gone | Self::Timeout { .. } | Self::Broken { .. } => true,
            Self::Status { status, .. } => *status == 408 || *status == 429 || *status >= 500,
            Self::Proxy { .. } | Self::TooLarge { .. } | Self::Setup { .. } => false,
        }
    }

    /// The first thing to look at.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Connect { source } if mentions(source.as_ref(), "alert protocol version") => {
                "the server takes TLS 1.3 alone, and 1.2 is spoken to it; allow TLS 1.2 there, or use http with Kerberos"
            }
            Self::Connect { source } if mentions(source.as_ref(), "certificate verify failed") => {
                "the server's certificate is not trusted or is for another name; name its authority in `ca_file`, and \
                 connect to the name that the certificate has"
            }
            Self::Proxy { .. } => "look at the proxy's user name and password",
            Self::Connect { .. }
            | Self::Gone
            | Self::Timeout { .. }
            | Self::Broken { .. }
            | Self::Status { .. }
            | Self::TooLarge { .. }
            | Self::Setup { .. } => "look at the address, the firewall and the certificate of the server",
        }
    }

    /// Whether the server provably never saw the request.
    #[must_use]
    pub const fn is_unsent(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Gone | Self::Proxy { .. } | Self::Setup { .. }
        )
    }
}

/// Whether `text` is in an error or in what caused it.
pub(crate) fn mentions(error: &(dyn std::error::Error + 'static), text: &str) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.to_string().contains(text) {
            return true;
        }
        next = error.source();
    }
    false
}

/// What a proxy wants, and what can be done about it.
fn proxy_offer(offered: Option<&str>) -> String {
    match offered {
        None => "; give it a user name and a password, which it takes by Basic only".to_owned(),
        Some(schemes) if schemes.to_ascii_lowercase().contains("basic") => format!(" (it offers {schemes})"),
        Some(schemes) => format!(
            " by {schemes}, which is not spoken to proxies; let this computer through it, or reach the server without it"
        ),
    }
}
