//! Errors of an invocation, typed enough to be raised again.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use easgate_psrp::wsman::{Fault, ProviderFault};
use serde::{Deserialize, Serialize};

use super::redact::Redactor;
use crate::{AuthenticationError, ErrorRecord, InvokeError, TransportError};

/// An [`InvokeError`] in a recording.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Failure {
    Transport {
        endpoint: String,
        cmdlet: String,
        sent: bool,
        cause: Cause,
    },
    Unauthorized {
        endpoint: String,
        offered: String,
    },
    Authentication {
        endpoint: String,
        cmdlet: String,
        sent: bool,
        cause: LogOn,
    },
    Fault {
        endpoint: String,
        cmdlet: String,
        sent: bool,
        fault: Box<RecordedFault>,
    },
    Redirected {
        endpoint: String,
        location: String,
    },
    /// The error record is CLIXML.
    Failed {
        cmdlet: String,
        error: String,
    },
    SessionLost {
        endpoint: String,
        cmdlet: String,
        sent: bool,
    },
    Stopped {
        cmdlet: String,
    },
    Timeout {
        cmdlet: String,
        after_ms: u64,
        sent: bool,
    },
    Protocol {
        endpoint: String,
        cmdlet: String,
        sent: bool,
        reason: String,
    },
    Setup {
        endpoint: String,
        cmdlet: String,
        cause: Box<Self>,
    },
    Closed {
        endpoint: String,
    },
    NotRecorded {
        cmdlet: String,
    },
}

/// An [`AuthenticationError`] in a recording: what callers branch on, and its text.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LogOn {
    Refused(String),
    Passing(String),
    Other(String),
}

impl LogOn {
    fn of(redactor: &Redactor, error: &AuthenticationError) -> Self {
        let text = if let AuthenticationError::Protocol { reason: text }
        | AuthenticationError::KdcUnreachable { kdc: text } = error
        {
            redactor.message(text)
        } else {
            redactor.message(&error.to_string())
        };
        if error.is_refused_credential() {
            Self::Refused(text)
        } else if error.is_transient() {
            Self::Passing(text)
        } else {
            Self::Other(text)
        }
    }

    fn into_error(self) -> AuthenticationError {
        match self {
            Self::Refused(_) => AuthenticationError::CredentialRefused {
                username: "the recorded account".to_owned(),
            },
            Self::Passing(kdc) => AuthenticationError::KdcUnreachable { kdc },
            Self::Other(reason) => AuthenticationError::Protocol { reason },
        }
    }
}

/// A [`TransportError`] in a recording.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cause {
    Connect(String),
    Gone,
    Proxy { offered: Option<String> },
    Timeout { after_ms: u64 },
    Broken(String),
    Status(u16),
    TooLarge { limit: usize },
    Setup(String),
}

/// A [`Fault`] in a recording.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RecordedFault {
    code: Option<String>,
    subcode: Option<String>,
    reason: String,
    fault_detail: Option<String>,
    wsman_code: Option<u32>,
    machine: Option<String>,
    message: Option<String>,
    provider: Option<RecordedProviderFault>,
    redirect: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct RecordedProviderFault {
    provider: Option<String>,
    path: Option<String>,
    text: String,
    wsman_code: Option<u32>,
}

impl Failure {
    /// What may be written of `error`.
    #[expect(clippy::too_many_lines, reason = "one arm for each error")]
    pub(super) fn of(redactor: &Redactor, error: &InvokeError) -> Self {
        let name = |text: &String| redactor.program_name(text);
        let place = |text: &String| redactor.identity(text);
        match error {
            InvokeError::Transport {
                endpoint,
                cmdlet,
                sent,
                source,
            } => Self::Transport {
                endpoint: place(endpoint),
                cmdlet: name(cmdlet),
                sent: *sent,
                cause: Cause::of(redactor, source),
            },
            InvokeError::Unauthorized { endpoint, offered } => Self::Unauthorized {
                endpoint: place(endpoint),
                offered: redactor.message(offered),
            },
            InvokeError::Authentication {
                endpoint,
                cmdlet,
                sent,
                source,
            } => Self::Authentication {
                endpoint: place(endpoint),
                cmdlet: name(cmdlet),
                sent: *sent,
                cause: LogOn::of(redactor, source),
            },
            InvokeError::Fault {
                endpoint,
                cmdlet,
                sent,
                fault,
            } => Self::Fault {
                endpoint: place(endpoint),
                cmdlet: name(cmdlet),
                sent: *sent,
                fault: Box::new(RecordedFault::of(redactor, fault)),
            },
            InvokeError::Redirected {
                endpoint, location, ..
            } => Self::Redirected {
                endpoint: place(endpoint),
                location: place(location),
            },
            InvokeError::Failed { cmdlet, error } => Self::Failed {
                cmdlet: name(cmdlet),
                error: redactor.error_record(cmdlet, error),
            },
            InvokeError::SessionLost {
                endpoint,
                cmdlet,
                sent,
            } => Self::SessionLost {
                endpoint: place(endpoint),
                cmdlet: name(cmdlet),
                sent: *sent,
            },
            InvokeError::Stopped { cmdlet } => Self::Stopped { cmdlet: name(cmdlet) },
            InvokeError::Timeout { cmdlet, after, sent } => Self::Timeout {
                cmdlet: name(cmdlet),
                after_ms: milliseconds(*after),
                sent: *sent,
            },
            InvokeError::Protocol {
                endpoint,
                cmdlet,
                sent,
                reason,
            } => Self::Protocol {
                endpoint: place(endpoint),
                cmdlet: name(cmdlet),
                sent: *sent,
                reason: redactor.message(reason),
            },
            InvokeError::Setup {
                endpoint,
                cmdlet,
                source,
            } => Self::Setup {
                endpoint: place(endpoint),
                cmdlet: name(cmdlet),
                cause: Box::new(Self::of(redactor, source)),
            },
            InvokeError::Closed { endpoint } => Self::Closed {
                endpoint: place(endpoint),
            },
            InvokeError::NotRecorded { cmdlet, .. } => Self::NotRecorded { cmdlet: name(cmdlet) },
        }
    }

    /// The error again. Constant texts of the program that recorded it are lost.
    #[expect(clippy::too_many_lines, reason = "one arm for each error")]
    pub(super) fn into_error(self) -> InvokeError {
        match self {
            Self::Transport {
                endpoint,
                cmdlet,
                sent,
                cause,
            } => InvokeError::Transport {
                endpoint,
                cmdlet,
                sent,
                source: cause.into_error(),
            },
            Self::Unauthorized { endpoint, offered } => InvokeError::Unauthorized { endpoint, offered },
            Self::Authentication {
                endpoint,
                cmdlet,
                sent,
                cause,
            } => InvokeError::Authentication {
                endpoint,
                cmdlet,
                sent,
                source: Box::new(cause.into_error()),
            },
            Self::Fault {
                endpoint,
                cmdlet,
                sent,
                fault,
            } => InvokeError::Fault {
                endpoint,
                cmdlet,
                sent,
                fault: Box::new(fault.into_fault()),
            },
            Self::Redirected { endpoint, location } => InvokeError::Redirected {
                endpoint,
                location,
                reason: "as recorded",
            },
            Self::Failed { cmdlet, error } => match ErrorRecord::decode(&Bytes::from(error)) {
                Ok(error) => InvokeError::Failed {
                    cmdlet,
                    error: Box::new(error),
                },
                Err(error) => InvokeError::Protocol {
                    endpoint: "the recording".to_owned(),
                    cmdlet,
                    sent: true,
                    reason: error.to_string(),
                },
            },
            Self::SessionLost {
                endpoint,
                cmdlet,
                sent,
            } => InvokeError::SessionLost {
                endpoint,
                cmdlet,
                sent,
            },
            Self::Stopped { cmdlet } => InvokeError::Stopped { cmdlet },
            Self::Timeout {
                cmdlet,
                after_ms,
                sent,
            } => InvokeError::Timeout {
                cmdlet,
                after: Duration::from_millis(after_ms),
                sent,
            },
            Self::Protocol {
                endpoint,
                cmdlet,
                sent,
                reason,
            } => InvokeError::Protocol {
                endpoint,
                cmdlet,
                sent,
                reason,
            },
            Self::Setup {
                endpoint,
                cmdlet,
                cause,
            } => InvokeError::Setup {
                endpoint,
                cmdlet,
                source: Box::new(cause.into_error()),
            },
            Self::Closed { endpoint } => InvokeError::Closed { endpoint },
            Self::NotRecorded { cmdlet } => InvokeError::NotRecorded {
                asked: cmdlet.clone(),
                cmdlet,
                next: "what was not recorded".to_owned(),
            },
        }
    }
}

impl Cause {
    fn of(redactor: &Redactor, error: &TransportError) -> Self {
        let chain = |source: &(dyn std::error::Error + Send + Sync)| redactor.message(&source.to_string());
        match error {
            TransportError::Connect { source } => Self::Connect(chain(source.as_ref())),
            TransportError::Gone => Self::Gone,
            TransportError::Proxy { offered } => Self::Proxy {
                offered: offered.as_ref().map(|text| redactor.message(text)),
            },
            TransportError::Timeout { after } => Self::Timeout {
                after_ms: milliseconds(*after),
            },
            TransportError::Broken { source } => Self::Broken(chain(source.as_ref())),
            TransportError::Status { status, .. } => Self::Status(*status),
            TransportError::TooLarge { limit } => Self::TooLarge { limit: *limit },
            TransportError::Setup { source } => Self::Setup(chain(source.as_ref())),
        }
    }

    fn into_error(self) -> TransportError {
        match self {
            Self::Connect(text) => TransportError::Connect {
                source: io::Error::other(text).into(),
            },
            Self::Gone => TransportError::Gone,
            Self::Proxy { offered } => TransportError::Proxy { offered },
            Self::Timeout { after_ms } => TransportError::Timeout {
                after: Duration::from_millis(after_ms),
            },
            Self::Broken(text) => TransportError::Broken {
                source: io::Error::other(text).into(),
            },
            Self::Status(status) => TransportError::Status {
                status,
                hint: "as recorded",
            },
            Self::TooLarge { limit } => TransportError::TooLarge { limit },
            Self::Setup(text) => TransportError::Setup {
                source: io::Error::other(text).into(),
            },
        }
    }
}

impl RecordedFault {
    fn of(redactor: &Redactor, fault: &Fault) -> Self {
        let name = |text: &Option<String>| text.as_deref().map(|text| redactor.program_name(text));
        let place = |text: &Option<String>| text.as_deref().map(|text| redactor.identity(text));
        let message = |text: &Option<String>| text.as_deref().map(|text| redactor.message(text));
        Self {
            code: name(&fault.code),
            subcode: name(&fault.subcode),
            reason: redactor.message(&fault.reason),
            fault_detail: place(&fault.fault_detail),
            wsman_code: fault.wsman_code,
            machine: place(&fault.machine),
            message: message(&fault.message),
            provider: fault.provider.as_ref().map(|provider| RecordedProviderFault {
                provider: message(&provider.provider),
                path: place(&provider.path),
                text: redactor.message(&provider.text),
                wsman_code: provider.wsman_code,
            }),
            redirect: place(&fault.redirect),
        }
    }

    fn into_fault(self) -> Fault {
        Fault {
            code: self.code,
            subcode: self.subcode,
            reason: self.reason,
            fault_detail: self.fault_detail,
            wsman_code: self.wsman_code,
            machine: self.machine,
            message: self.message,
            provider: self.provider.map(|provider| ProviderFault {
                provider: provider.provider,
                path: provider.path,
                text: provider.text,
                wsman_code: provider.wsman_code,
            }),
            redirect: self.redirect,
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
