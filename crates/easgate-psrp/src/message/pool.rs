//! The messages of an open runspace pool.

use crate::clixml::PsValue;
use crate::records::ErrorRecord;

use super::ContentError;
use super::members::{
    bag, bag_of, i64_value, items, list, member, number, optional, optional_text, required, small_number,
    small_number_or, text,
};

/// The state of a runspace pool; numbers above 5 differ between the specification and .NET and are kept as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the specification")]
pub enum RunspacePoolState {
    BeforeOpen,
    Opening,
    Opened,
    Closed,
    Closing,
    Broken,
    Other(i32),
}

impl RunspacePoolState {
    /// The state of a number.
    pub const fn of(number: i32) -> Self {
        match number {
            0 => Self::BeforeOpen,
            1 => Self::Opening,
            2 => Self::Opened,
            3 => Self::Closed,
            4 => Self::Closing,
            5 => Self::Broken,
            other => Self::Other(other),
        }
    }

    /// The number on the wire.
    pub const fn number(self) -> i32 {
        match self {
            Self::BeforeOpen => 0,
            Self::Opening => 1,
            Self::Opened => 2,
            Self::Closed => 3,
            Self::Closing => 4,
            Self::Broken => 5,
            Self::Other(other) => other,
        }
    }
}

/// RUNSPACEPOOL_STATE: a pool changed its state.
#[derive(Debug, Clone, PartialEq)]
pub struct RunspacePoolStateMessage {
    /// The state it is in now.
    pub state: RunspacePoolState,
    /// Why it is broken.
    pub error: Option<ErrorRecord>,
}

impl RunspacePoolStateMessage {
    pub(super) fn read(value: &PsValue) -> Result<Self, ContentError> {
        Ok(Self {
            state: RunspacePoolState::of(small_number(value, "RunspaceState")?),
            error: member(value, "ExceptionAsErrorRecord").map(ErrorRecord::read),
        })
    }

    pub(super) fn value(&self) -> PsValue {
        let mut members = vec![("RunspaceState".to_owned(), self.state.number().into())];
        members.extend(
            self.error
                .as_ref()
                .map(|error| ("ExceptionAsErrorRecord".to_owned(), error.value())),
        );
        bag_of(members)
    }
}

/// RUNSPACE_AVAILABILITY: the answer to a question about runspaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Availability {
    /// The question's number.
    pub call_id: i64,
    /// What it says.
    pub answer: RunspaceAnswer,
}

/// What RUNSPACE_AVAILABILITY says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunspaceAnswer {
    /// To SET_MAX_RUNSPACES, SET_MIN_RUNSPACES and RESET_RUNSPACE_STATE: whether it was done.
    Done(bool),
    /// To GET_AVAILABLE_RUNSPACES: how many runspaces are free.
    Free(i64),
}

const ANSWER: &str = "SetMinMaxRunspacesResponse";

impl Availability {
    pub(super) fn read(value: &PsValue) -> Result<Self, ContentError> {
        let answer = required(value, ANSWER)?;
        let answer = match (answer.as_bool(), answer.as_i64()) {
            (Some(done), _) => RunspaceAnswer::Done(done),
            (None, Some(free)) => RunspaceAnswer::Free(free),
            (None, None) => {
                return Err(ContentError::Kind {
                    name: ANSWER,
                    expected: "a flag or a number",
                });
            }
        };
        Ok(Self {
            call_id: number(value, "ci")?,
            answer,
        })
    }

    pub(super) fn value(self) -> PsValue {
        let answer = match self.answer {
            RunspaceAnswer::Done(done) => done.into(),
            RunspaceAnswer::Free(free) => i64_value(free),
        };
        bag([(ANSWER, answer), ("ci", i64_value(self.call_id))])
    }
}

/// The call id of a question about runspaces, and the number it sets if it sets one.
pub(super) fn read_question(value: &PsValue, name: &'static str) -> Result<(i64, i32), ContentError> {
    Ok((number(value, "ci")?, small_number(value, name)?))
}

/// SET_MAX_RUNSPACES or SET_MIN_RUNSPACES.
pub(super) fn question(name: &str, runspaces: i32, call_id: i64) -> PsValue {
    bag([(name, runspaces.into()), ("ci", i64_value(call_id))])
}

/// USER_EVENT: an event that a session subscribed to ([MS-PSRP] 2.2.2.12).
///
/// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
#[derive(Debug, Clone, PartialEq)]
pub struct UserEvent {
    /// The event's number in its session.
    pub event_identifier: i32,
    /// The subscription's name.
    pub source_identifier: String,
    /// When it happened, as written.
    pub time_generated: Option<String>,
    /// Who raised it.
    pub sender: PsValue,
    /// Its arguments.
    pub arguments: PsValue,
    /// What the subscription added.
    pub message_data: PsValue,
    /// Where it happened.
    pub computer: Option<String>,
}

impl UserEvent {
    pub(super) fn read(value: &PsValue) -> Self {
        let part = |name| value.property(name).cloned().unwrap_or(PsValue::NIL);
        Self {
            event_identifier: small_number_or(value, "PSEventArgs.EventIdentifier", 0),
            source_identifier: text(value, "PSEventArgs.SourceIdentifier"),
            time_generated: optional(value, "PSEventArgs.TimeGenerated"),
            sender: part("PSEventArgs.Sender"),
            arguments: part("PSEventArgs.SourceArgs"),
            message_data: part("PSEventArgs.MessageData"),
            computer: optional(value, "PSEventArgs.ComputerName"),
        }
    }

    pub(super) fn value(&self) -> PsValue {
        use crate::clixml::Primitive;
        let time = self
            .time_generated
            .clone()
            .map_or(PsValue::NIL, |time| PsValue::Primitive(Primitive::DateTime(time)));
        bag([
            ("PSEventArgs.EventIdentifier", self.event_identifier.into()),
            (
                "PSEventArgs.SourceIdentifier",
                self.source_identifier.as_str().into(),
            ),
            ("PSEventArgs.TimeGenerated", time),
            ("PSEventArgs.Sender", self.sender.clone()),
            ("PSEventArgs.SourceArgs", self.arguments.clone()),
            ("PSEventArgs.MessageData", self.message_data.clone()),
            (
                "PSEventArgs.ComputerName",
                optional_text(self.computer.as_deref()),
            ),
        ])
    }
}

/// GET_COMMAND_METADATA: a question for the commands of a session, in the place of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct GetCommandMetadata {
    /// Names or patterns with wildcards; empty asks for all.
    pub names: Vec<String>,
    /// A sum of command types, 511 for all.
    pub command_type: i32,
    /// Modules, if it wants some only.
    pub namespaces: Vec<String>,
    /// Arguments that dynamic parameters may depend on.
    pub arguments: PsValue,
}

impl GetCommandMetadata {
    pub(super) fn read(value: &PsValue) -> Self {
        let texts = |name| {
            items(value, name)
                .iter()
                .filter_map(PsValue::as_str)
                .map(str::to_owned)
                .collect()
        };
        Self {
            names: texts("Name"),
            command_type: small_number_or(value, "CommandType", 511),
            namespaces: texts("Namespace"),
            arguments: value.property("ArgumentList").cloned().unwrap_or(PsValue::NIL),
        }
    }

    pub(super) fn value(&self) -> PsValue {
        let texts = |texts: &[String]| match texts {
            [] => PsValue::NIL,
            some => list(
                "System.String[]",
                some.iter().map(|text| text.as_str().into()).collect(),
            ),
        };
        let kind = PsValue::enumeration(
            "System.Management.Automation.CommandTypes",
            "All",
            self.command_type,
        );
        bag([
            ("Name", texts(&self.names)),
            ("CommandType", kind),
            ("Namespace", texts(&self.namespaces)),
            ("ArgumentList", self.arguments.clone()),
        ])
    }
}
