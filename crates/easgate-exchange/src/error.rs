//! What Exchange refuses, and whose turn it then is.

mod cure;
mod request;

use easgate_cmdlet::InvokeError;
use easgate_model::escape;
use easgate_psrp::records::ErrorRecord;

/// Why a typed call did not give its result.
///
/// Errors of Exchange are told apart by the name of their exception (`ErrorCategory_Reason`, then
/// `FailureCategory=` in the error id), never by text, which is in the server's language, and never by number.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ExchangeError {
    #[error("{cmdlet} did not find the object: {}", shown(.error))]
    NotFound {
        cmdlet: &'static str,
        error: Box<ErrorRecord>,
    },
    #[error("{cmdlet} found several objects of that identity: {}", shown(.error))]
    Ambiguous {
        cmdlet: &'static str,
        error: Box<ErrorRecord>,
    },
    #[error("{cmdlet} is not granted to this account, or this server does not have it")]
    NotGranted { cmdlet: &'static str },
    #[error("{cmdlet} lacks a parameter, or this account is not granted it: {}", shown(.error))]
    UnknownParameter {
        cmdlet: &'static str,
        error: Box<ErrorRecord>,
    },
    #[error("{cmdlet} refused an argument: {}", shown(.error))]
    ArgumentRefused {
        cmdlet: &'static str,
        error: Box<ErrorRecord>,
    },
    #[error("Active Directory refused {cmdlet}: {}", shown(.error))]
    Denied {
        cmdlet: &'static str,
        error: Box<ErrorRecord>,
    },
    #[error("{cmdlet} cannot add to the device list of this mailbox, because it is full: {}", shown(.error))]
    ListFull {
        cmdlet: &'static str,
        error: Box<ErrorRecord>,
    },
    #[error("Exchange throttles {cmdlet}: {}", shown(.error))]
    Throttled {
        cmdlet: &'static str,
        error: Box<ErrorRecord>,
    },
    #[error("{cmdlet} failed: {}", shown(.error))]
    Failed {
        cmdlet: &'static str,
        error: Box<ErrorRecord>,
    },
    #[error("{cmdlet} gave only a part of the list: {}", escape(.warning))]
    Truncated { cmdlet: &'static str, warning: String },
    #[error("{cmdlet} gave {found} objects where one was expected")]
    Count { cmdlet: &'static str, found: usize },
    #[error("a record of {cmdlet} cannot be read: {}: {}", escape(.object), escape(.fault))]
    Decode {
        cmdlet: &'static str,
        /// Which object it is, as far as the record tells.
        object: String,
        fault: String,
    },
    #[error("{cmdlet} could not be run")]
    Transport {
        cmdlet: &'static str,
        source: InvokeError,
    },
}

impl ExchangeError {
    /// Whether the same call may succeed later without anybody's doing.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Throttled { .. } => true,
            Self::Transport { source, .. } => source.is_transient(),
            Self::NotFound { .. }
            | Self::Ambiguous { .. }
            | Self::NotGranted { .. }
            | Self::UnknownParameter { .. }
            | Self::ArgumentRefused { .. }
            | Self::Denied { .. }
            | Self::ListFull { .. }
            | Self::Failed { .. }
            | Self::Truncated { .. }
            | Self::Count { .. }
            | Self::Decode { .. } => false,
        }
    }

    /// Whether only one record of a stream was lost, so that the stream goes on.
    ///
    /// The read is incomplete all the same.
    #[must_use]
    pub const fn is_one_record(&self) -> bool {
        matches!(self, Self::Decode { .. })
    }

    /// What an administrator can do about it.
    #[must_use]
    pub fn cure(&self) -> Option<&'static str> {
        cure::of(self)
    }

    /// Tells what `source` means when it ended `cmdlet`.
    pub(crate) fn from_invoke(cmdlet: &'static str, source: InvokeError) -> Self {
        if let InvokeError::Failed { error, .. } = source {
            Self::from_record(cmdlet, error)
        } else {
            Self::Transport { cmdlet, source }
        }
    }

    /// Tells what an error record of `cmdlet` means.
    pub(crate) fn from_record(cmdlet: &'static str, error: Box<ErrorRecord>) -> Self {
        let id = error.fully_qualified_error_id.as_str();
        let kind = Kind::of_exception(&error.reason)
            .or_else(|| failure_category(id).and_then(Kind::of_exception))
            .or_else(|| Kind::of_error_id(id));
        match kind {
            Some(Kind::NotFound) => Self::NotFound { cmdlet, error },
            Some(Kind::Ambiguous) => Self::Ambiguous { cmdlet, error },
            Some(Kind::NoCommand) => Self::NotGranted { cmdlet },
            Some(Kind::Binding) if names(id, "NamedParameterNotFound") => {
                Self::UnknownParameter { cmdlet, error }
            }
            Some(Kind::Binding) => Self::ArgumentRefused { cmdlet, error },
            Some(Kind::Directory) if is_administrative_limit(&error) => Self::ListFull { cmdlet, error },
            Some(Kind::Directory) => Self::Denied { cmdlet, error },
            Some(Kind::Budget) => Self::Throttled { cmdlet, error },
            None => Self::Failed { cmdlet, error },
        }
    }
}

/// What the name of an exception stands for.
#[derive(Debug, Clone, Copy)]
enum Kind {
    NotFound,
    Ambiguous,
    NoCommand,
    Binding,
    Directory,
    Budget,
}

impl Kind {
    fn of_exception(name: &str) -> Option<Self> {
        let short = name.trim().rsplit('.').next().unwrap_or_default();
        [
            ("ManagementObjectNotFoundException", Self::NotFound),
            ("ManagementObjectAmbiguousException", Self::Ambiguous),
            ("CommandNotFoundException", Self::NoCommand),
            ("ParameterBindingException", Self::Binding),
            ("ParameterBindingValidationException", Self::Binding),
            ("ParameterBindingArgumentTransformationException", Self::Binding),
            ("ADOperationException", Self::Directory),
            ("OverBudgetException", Self::Budget),
        ]
        .into_iter()
        .find_map(|(known, kind)| known.eq_ignore_ascii_case(short).then_some(kind))
    }

    /// Errors that PowerShell itself raises name themselves in their id.
    fn of_error_id(id: &str) -> Option<Self> {
        if names(id, "CommandNotFoundException") {
            Some(Self::NoCommand)
        } else if [
            "NamedParameterNotFound",
            "ParameterBindingFailed",
            "ParameterArgumentValidationError",
            "ParameterArgumentValidationErrorNullNotAllowed",
            "ParameterArgumentTransformationError",
            "CannotConvertArgumentNoMessage",
        ]
        .iter()
        .any(|known| names(id, known))
        {
            Some(Self::Binding)
        } else {
            None
        }
    }
}

/// The exception that Exchange 2013 and later names in an error id, `[FailureCategory=Cmdlet-Name]`.
fn failure_category(id: &str) -> Option<&str> {
    let (_, rest) = id.split_once("[FailureCategory=")?;
    let (category, _) = rest.split_once(']')?;
    Some(category.split_once('-').map_or(category, |(_, name)| name))
}

/// Whether the error id is `known`, or `known,Cmdlet`.
fn names(id: &str, known: &str) -> bool {
    id.split(',')
        .next()
        .is_some_and(|first| first.trim().eq_ignore_ascii_case(known))
}

/// Whether the directory's own answer, which is in no language, says that the object can take no more values.
///
/// The answer of a domain controller stands in the message as `00002024: SvcErr: ..., problem 5008
/// (ADMIN_LIMIT_EXCEEDED)`. Source: MS-ADTS 3.1.1.5.3, Win32 error 0x2024.
fn is_administrative_limit(error: &ErrorRecord) -> bool {
    ["ADMIN_LIMIT_EXCEEDED", "00002024:"]
        .iter()
        .any(|token| error.message.contains(token))
}

/// The message of `error`, safe to show.
fn shown(error: &ErrorRecord) -> String {
    escape(error.message.trim())
}
