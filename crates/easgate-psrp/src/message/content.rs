//! What a message says, by its type.

use bytes::Bytes;

use crate::clixml::{self, ClixmlError, PsValue};
use crate::records::{
    ErrorRecord, HostCall, HostResponse, InformationRecord, InformationalRecord, ProgressRecord,
};

use super::members::{bag, i64_value, member, number, small_number, text};
use super::pool::{question, read_question};
use super::{
    Availability, ConnectRunspacePool, GetCommandMetadata, InitRunspacePool, Message, MessageType,
    PipelineStateMessage, PowerShell, ProtocolVersion, RunspacePoolStateMessage, SessionCapability,
    UserEvent,
};

/// The contents of every type of message.
///
/// Objects that belong to the caller, input and output, stay CLIXML.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the types of message of the specification")]
pub enum Content {
    SessionCapability(SessionCapability),
    InitRunspacePool(InitRunspacePool),
    /// The client's key in base64.
    PublicKey(String),
    /// The session's key in base64.
    EncryptedSessionKey(String),
    PublicKeyRequest,
    ConnectRunspacePool(ConnectRunspacePool),
    SetMaxRunspaces {
        call_id: i64,
        runspaces: i32,
    },
    SetMinRunspaces {
        call_id: i64,
        runspaces: i32,
    },
    RunspaceAvailability(Availability),
    RunspacePoolState(RunspacePoolStateMessage),
    CreatePipeline(PowerShell),
    GetAvailableRunspaces {
        call_id: i64,
    },
    UserEvent(Box<UserEvent>),
    /// What the server says of its session; Nil when it says nothing.
    ApplicationPrivateData(PsValue),
    GetCommandMetadata(GetCommandMetadata),
    RunspacePoolInitData {
        min_runspaces: i32,
        max_runspaces: i32,
    },
    ResetRunspaceState {
        call_id: i64,
    },
    RunspacePoolHostCall(HostCall),
    RunspacePoolHostResponse(HostResponse),
    PipelineInput(Bytes),
    EndOfPipelineInput,
    PipelineOutput(Bytes),
    ErrorRecord(Box<ErrorRecord>),
    PipelineState(PipelineStateMessage),
    DebugRecord(InformationalRecord),
    VerboseRecord(InformationalRecord),
    WarningRecord(InformationalRecord),
    ProgressRecord(ProgressRecord),
    InformationRecord(InformationRecord),
    PipelineHostCall(HostCall),
    PipelineHostResponse(HostResponse),
    /// A type that is not known: passed over.
    Unknown {
        message_type: u32,
        data: Bytes,
    },
}

/// Why the contents of a message could not be read. It concerns this message only.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ContentError {
    #[error("the data is not CLIXML")]
    Clixml(#[from] ClixmlError),
    #[error("member {0} is missing")]
    Missing(&'static str),
    #[error("member {name} is not {expected}")]
    Kind {
        name: &'static str,
        expected: &'static str,
    },
}

impl ContentError {
    /// The fault and its cause in one line, for a record of what was not understood.
    pub(crate) fn in_one_line(&self) -> String {
        match self {
            Self::Clixml(source) => format!("{self}: {source}"),
            Self::Missing(_) | Self::Kind { .. } => self.to_string(),
        }
    }
}

impl Content {
    /// Reads what a message says.
    ///
    /// # Errors
    ///
    /// CLIXML that is broken, or an object without what the type demands. A type that is not known is no error.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the types of the pool are read below"
    )]
    pub fn decode(message: &Message) -> Result<Self, ContentError> {
        let data = &message.data;
        let Some(message_type) = MessageType::of(message.message_type) else {
            return Ok(Self::Unknown {
                message_type: message.message_type,
                data: data.clone(),
            });
        };
        Ok(match message_type {
            MessageType::PipelineInput => Self::PipelineInput(data.clone()),
            MessageType::PipelineOutput => Self::PipelineOutput(data.clone()),
            MessageType::EndOfPipelineInput => Self::EndOfPipelineInput,
            MessageType::PublicKeyRequest => Self::PublicKeyRequest,
            MessageType::DebugRecord => Self::DebugRecord(InformationalRecord::decode(data)?),
            MessageType::VerboseRecord => Self::VerboseRecord(InformationalRecord::decode(data)?),
            MessageType::WarningRecord => Self::WarningRecord(InformationalRecord::decode(data)?),
            MessageType::ErrorRecord => Self::ErrorRecord(Box::new(ErrorRecord::decode(data)?)),
            MessageType::ProgressRecord => Self::ProgressRecord(ProgressRecord::read(&value(data)?)),
            MessageType::InformationRecord => Self::InformationRecord(InformationRecord::read(&value(data)?)),
            MessageType::CreatePipeline => Self::CreatePipeline(PowerShell::read(&value(data)?)?),
            MessageType::GetCommandMetadata => {
                Self::GetCommandMetadata(GetCommandMetadata::read(&value(data)?))
            }
            MessageType::PipelineState => Self::PipelineState(PipelineStateMessage::read(&value(data)?)?),
            MessageType::PipelineHostCall => Self::PipelineHostCall(HostCall::read(&value(data)?)?),
            MessageType::PipelineHostResponse => {
                Self::PipelineHostResponse(HostResponse::read(&value(data)?)?)
            }
            _ => Self::of_pool(message_type, &value(data)?)?,
        })
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the types of pipelines were read above"
    )]
    fn of_pool(message_type: MessageType, value: &PsValue) -> Result<Self, ContentError> {
        Ok(match message_type {
            MessageType::SessionCapability => Self::SessionCapability(SessionCapability::read(value)?),
            MessageType::InitRunspacePool => Self::InitRunspacePool(InitRunspacePool::read(value)?),
            MessageType::PublicKey => Self::PublicKey(text(value, "PublicKey")),
            MessageType::EncryptedSessionKey => Self::EncryptedSessionKey(text(value, "EncryptedSessionKey")),
            MessageType::ConnectRunspacePool => Self::ConnectRunspacePool(ConnectRunspacePool::read(value)),
            MessageType::SetMaxRunspaces => {
                let (call_id, runspaces) = read_question(value, "MaxRunspaces")?;
                Self::SetMaxRunspaces { call_id, runspaces }
            }
            MessageType::SetMinRunspaces => {
                let (call_id, runspaces) = read_question(value, "MinRunspaces")?;
                Self::SetMinRunspaces { call_id, runspaces }
            }
            MessageType::RunspaceAvailability => Self::RunspaceAvailability(Availability::read(value)?),
            MessageType::RunspacePoolState => Self::RunspacePoolState(RunspacePoolStateMessage::read(value)?),
            MessageType::GetAvailableRunspaces => Self::GetAvailableRunspaces {
                call_id: number(value, "ci")?,
            },
            MessageType::UserEvent => Self::UserEvent(Box::new(UserEvent::read(value))),
            MessageType::ApplicationPrivateData => Self::ApplicationPrivateData(
                member(value, "ApplicationPrivateData")
                    .cloned()
                    .unwrap_or(PsValue::NIL),
            ),
            MessageType::RunspacePoolInitData => Self::RunspacePoolInitData {
                min_runspaces: small_number(value, "MinRunspaces")?,
                max_runspaces: small_number(value, "MaxRunspaces")?,
            },
            MessageType::ResetRunspaceState => Self::ResetRunspaceState {
                call_id: number(value, "ci")?,
            },
            MessageType::RunspacePoolHostCall => Self::RunspacePoolHostCall(HostCall::read(value)?),
            MessageType::RunspacePoolHostResponse => {
                Self::RunspacePoolHostResponse(HostResponse::read(value)?)
            }
            other => Self::Unknown {
                message_type: other.number(),
                data: Bytes::new(),
            },
        })
    }

    /// The number of the message's type.
    pub const fn message_type(&self) -> u32 {
        let known = match self {
            Self::SessionCapability(_) => MessageType::SessionCapability,
            Self::InitRunspacePool(_) => MessageType::InitRunspacePool,
            Self::PublicKey(_) => MessageType::PublicKey,
            Self::EncryptedSessionKey(_) => MessageType::EncryptedSessionKey,
            Self::PublicKeyRequest => MessageType::PublicKeyRequest,
            Self::ConnectRunspacePool(_) => MessageType::ConnectRunspacePool,
            Self::SetMaxRunspaces { .. } => MessageType::SetMaxRunspaces,
            Self::SetMinRunspaces { .. } => MessageType::SetMinRunspaces,
            Self::RunspaceAvailability(_) => MessageType::RunspaceAvailability,
            Self::RunspacePoolState(_) => MessageType::RunspacePoolState,
            Self::CreatePipeline(_) => MessageType::CreatePipeline,
            Self::GetAvailableRunspaces { .. } => MessageType::GetAvailableRunspaces,
            Self::UserEvent(_) => MessageType::UserEvent,
            Self::ApplicationPrivateData(_) => MessageType::ApplicationPrivateData,
            Self::GetCommandMetadata(_) => MessageType::GetCommandMetadata,
            Self::RunspacePoolInitData { .. } => MessageType::RunspacePoolInitData,
            Self::ResetRunspaceState { .. } => MessageType::ResetRunspaceState,
            Self::RunspacePoolHostCall(_) => MessageType::RunspacePoolHostCall,
            Self::RunspacePoolHostResponse(_) => MessageType::RunspacePoolHostResponse,
            Self::PipelineInput(_) => MessageType::PipelineInput,
            Self::EndOfPipelineInput => MessageType::EndOfPipelineInput,
            Self::PipelineOutput(_) => MessageType::PipelineOutput,
            Self::ErrorRecord(_) => MessageType::ErrorRecord,
            Self::PipelineState(_) => MessageType::PipelineState,
            Self::DebugRecord(_) => MessageType::DebugRecord,
            Self::VerboseRecord(_) => MessageType::VerboseRecord,
            Self::WarningRecord(_) => MessageType::WarningRecord,
            Self::ProgressRecord(_) => MessageType::ProgressRecord,
            Self::InformationRecord(_) => MessageType::InformationRecord,
            Self::PipelineHostCall(_) => MessageType::PipelineHostCall,
            Self::PipelineHostResponse(_) => MessageType::PipelineHostResponse,
            Self::Unknown { message_type, .. } => return *message_type,
        };
        known.number()
    }

    /// Writes the data for a peer that speaks `version`: no member newer than that.
    pub fn encode(&self, version: ProtocolVersion) -> Bytes {
        let value = match self {
            Self::PipelineInput(data) | Self::PipelineOutput(data) | Self::Unknown { data, .. } => {
                return data.clone();
            }
            Self::EndOfPipelineInput => return Bytes::new(),
            Self::PublicKeyRequest => PsValue::from(""),
            Self::SessionCapability(capability) => capability.value(),
            Self::InitRunspacePool(pool) => pool.value(),
            Self::PublicKey(key) => bag([("PublicKey", key.as_str().into())]),
            Self::EncryptedSessionKey(key) => bag([("EncryptedSessionKey", key.as_str().into())]),
            Self::ConnectRunspacePool(connect) => connect.value(),
            Self::SetMaxRunspaces { call_id, runspaces } => question("MaxRunspaces", *runspaces, *call_id),
            Self::SetMinRunspaces { call_id, runspaces } => question("MinRunspaces", *runspaces, *call_id),
            Self::RunspaceAvailability(availability) => availability.value(),
            Self::RunspacePoolState(state) => state.value(),
            Self::CreatePipeline(powershell) => powershell.value(version),
            Self::GetAvailableRunspaces { call_id } | Self::ResetRunspaceState { call_id } => {
                bag([("ci", i64_value(*call_id))])
            }
            Self::UserEvent(event) => event.value(),
            Self::ApplicationPrivateData(value) => bag([("ApplicationPrivateData", value.clone())]),
            Self::GetCommandMetadata(metadata) => metadata.value(),
            Self::RunspacePoolInitData {
                min_runspaces,
                max_runspaces,
            } => bag([
                ("MinRunspaces", (*min_runspaces).into()),
                ("MaxRunspaces", (*max_runspaces).into()),
            ]),
            Self::RunspacePoolHostCall(call) | Self::PipelineHostCall(call) => call.value(),
            Self::RunspacePoolHostResponse(response) | Self::PipelineHostResponse(response) => {
                response.value()
            }
            Self::ErrorRecord(record) => record.value(),
            Self::PipelineState(state) => state.value(),
            Self::DebugRecord(record) => record.value("Debug"),
            Self::VerboseRecord(record) => record.value("Verbose"),
            Self::WarningRecord(record) => record.value("Warning"),
            Self::ProgressRecord(record) => record.value(),
            Self::InformationRecord(record) => record.value(),
        };
        Bytes::from(clixml::to_vec(&value))
    }
}

/// The first value of a message's data; Nil when there is none.
pub(crate) fn value(data: &[u8]) -> Result<PsValue, ClixmlError> {
    if data.is_empty() {
        return Ok(PsValue::NIL);
    }
    Ok(clixml::parse(data)?.into_iter().next().unwrap_or(PsValue::NIL))
}
