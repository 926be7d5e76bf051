//! The lines of a recording: JSON, one for each thing that happened.

use serde::{Deserialize, Serialize};

use super::failure::Failure;

/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    #[serde(rename = "easgate-recording")]
    pub(super) version: u32,
    pub(super) identities: IdentityForm,
}

/// What became of identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IdentityForm {
    Pseudonyms,
    Kept,
}

/// Every other line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line<E = Event> {
    /// Rises from line to line.
    pub(super) n: u64,
    /// The command it belongs to, from 1.
    pub(super) invocation: u64,
    pub(super) event: E,
}

/// What happened.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// A command was asked for.
    Invoke {
        command: String,
        parameters: Vec<RecordedParameter>,
    },
    /// It could not be started.
    Refused(Failure),
    /// One object, as CLIXML.
    Output(String),
    /// One error record, as CLIXML.
    Error(String),
    Warning(String),
    Verbose(String),
    Debug(String),
    Information(String),
    Progress(RecordedProgress),
    Undecodable(String),
    /// It ended with an error.
    Failed(Failure),
    /// It ended.
    Ended,
    /// Whoever asked wanted no more of it.
    Stopped,
}

/// A parameter; the value is CLIXML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordedParameter {
    pub(super) name: Option<String>,
    pub(super) value: String,
}

/// A progress record.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordedProgress {
    pub(super) activity: String,
    pub(super) activity_id: i32,
    pub(super) status_description: Option<String>,
    pub(super) current_operation: Option<String>,
    pub(super) parent_activity_id: i32,
    pub(super) percent_complete: i32,
    pub(super) completed: bool,
    pub(super) seconds_remaining: i32,
}

impl Event {
    /// Whether nothing of the same command comes after it.
    pub(super) const fn is_last(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Failed(_) | Self::Ended | Self::Stopped => true,
            Self::Invoke { .. }
            | Self::Output(_)
            | Self::Error(_)
            | Self::Warning(_)
            | Self::Verbose(_)
            | Self::Debug(_)
            | Self::Information(_)
            | Self::Progress(_)
            | Self::Undecodable(_) => false,
        }
    }
}
