//! The client's side of a runspace pool.

use std::collections::VecDeque;

use bytes::Bytes;
use uuid::Uuid;

use crate::clixml::PsValue;
use crate::command::Command;
use crate::fragment::{Fragmenter, Limits, ObjectIds, ProtocolError, Reassembler};
use crate::message::{
    Availability, ByteOrderMark, Content, Destination, GetCommandMetadata, InitRunspacePool, Message,
    NULL_HOST, PowerShell, ProtocolVersion, RunspacePoolState, RunspacePoolStateMessage, SessionCapability,
    UserEvent,
};
use crate::records::{ErrorRecord, HostCall};

use super::Pipeline;

/// What a pool is opened with.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolConfig {
    /// The pool's id, new for each pool.
    pub pool_id: Uuid,
    /// Runspaces kept open, 1 or more.
    pub min_runspaces: u32,
    /// Pipelines at once at most.
    pub max_runspaces: u32,
    /// The newest version of the protocol to speak.
    pub version: ProtocolVersion,
    /// A dictionary for the session, or Nil.
    pub application_arguments: PsValue,
    /// What the server may make this side hold.
    pub limits: Limits,
}

impl PoolConfig {
    /// One runspace, protocol 2.3, usual limits.
    #[must_use]
    pub fn new(pool_id: Uuid) -> Self {
        Self {
            pool_id,
            min_runspaces: 1,
            max_runspaces: 1,
            version: ProtocolVersion::V2_3,
            application_arguments: PsValue::NIL,
            limits: Limits::default(),
        }
    }
}

/// What a server says of a pool.
#[derive(Debug, Clone, PartialEq)]
pub enum PoolEvent {
    /// The server told its version; `version` is what both speak.
    Negotiated {
        /// The older of both.
        version: ProtocolVersion,
    },
    /// What the server says of its session; Nil when nothing.
    ApplicationPrivateData(PsValue),
    /// Pipelines may run.
    Opened,
    /// The pool cannot be used any more.
    Broken {
        /// Why.
        error: Option<Box<ErrorRecord>>,
    },
    /// The pool has ended.
    Closed,
    /// A state in between.
    State(RunspacePoolState),
    /// The answer to a question about runspaces.
    Availability(Availability),
    /// The limits of a pool that was connected to again.
    InitData {
        /// Runspaces kept open.
        min_runspaces: i32,
        /// Pipelines at once at most.
        max_runspaces: i32,
    },
    /// An event of the session.
    UserEvent(Box<UserEvent>),
    /// The server calls the host; one that wants an answer has been refused.
    HostCall(HostCall),
    /// The server wants a key for secure strings; none are sent here.
    PublicKeyRequest,
    /// A message that has no place here; passed over.
    Unknown {
        /// Its type.
        message_type: u32,
    },
    /// A message that could not be read; passed over.
    Undecodable {
        /// Its type, 0 if not even that could be read.
        message_type: u32,
        /// What was wrong.
        reason: String,
    },
}

/// A runspace pool seen from the client.
#[derive(Debug)]
pub struct RunspacePool {
    config: PoolConfig,
    ids: ObjectIds,
    input: Reassembler,
    output: Fragmenter,
    answers: Fragmenter,
    events: VecDeque<PoolEvent>,
    negotiated: Option<ProtocolVersion>,
    state: RunspacePoolState,
    next_call: i64,
}

impl RunspacePool {
    /// A pool that is not opened yet.
    #[must_use]
    pub fn new(config: PoolConfig) -> Self {
        let ids = ObjectIds::new();
        Self {
            input: Reassembler::new(config.limits),
            output: Fragmenter::new(ids.clone()),
            answers: Fragmenter::new(ids.clone()),
            ids,
            config,
            events: VecDeque::new(),
            negotiated: None,
            state: RunspacePoolState::BeforeOpen,
            next_call: 0,
        }
    }

    /// The fragments that `creationXml` carries: SESSION_CAPABILITY and INIT_RUNSPACEPOOL.
    pub fn opening(&mut self) -> Vec<u8> {
        let runspaces = |count: u32| i32::try_from(count.max(1)).unwrap_or(i32::MAX);
        self.queue(&Content::SessionCapability(SessionCapability::of(
            self.config.version,
        )));
        self.queue(&Content::InitRunspacePool(InitRunspacePool {
            min_runspaces: runspaces(self.config.min_runspaces),
            max_runspaces: runspaces(self.config.max_runspaces.max(self.config.min_runspaces)),
            thread_options: 0,
            apartment_state: 2,
            host: NULL_HOST,
            application_arguments: self.config.application_arguments.clone(),
        }));
        self.state = RunspacePoolState::Opening;
        self.output.pack(usize::MAX).unwrap_or_default()
    }

    /// The pool's id.
    pub const fn id(&self) -> Uuid {
        self.config.pool_id
    }

    /// The state that the server told last.
    pub const fn state(&self) -> RunspacePoolState {
        self.state
    }

    /// The version both sides speak, once the server has told its own.
    pub const fn negotiated(&self) -> Option<ProtocolVersion> {
        self.negotiated
    }

    /// Takes bytes of the pool's stream, cut anywhere.
    ///
    /// # Errors
    ///
    /// A stream that cannot be followed any more; a message that cannot be read is an event.
    pub fn handle(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        self.handle_bytes(Bytes::copy_from_slice(bytes))
    }

    /// As [`handle`](Self::handle), without a copy.
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle).
    pub fn handle_bytes(&mut self, bytes: Bytes) -> Result<(), ProtocolError> {
        let result = self.input.push(bytes);
        while let Some(joined) = self.input.pop() {
            let message = joined
                .map_err(|broken| broken.to_string())
                .and_then(|bytes| Message::decode(bytes).map_err(|short| short.to_string()));
            match message {
                Ok(message) => self.handle_message(&message),
                Err(reason) => self.events.push_back(PoolEvent::Undecodable {
                    message_type: 0,
                    reason,
                }),
            }
        }
        result
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<PoolEvent> {
        self.events.pop_front()
    }

    /// Bytes for a Send on `stdin` without a command, at most `budget` of them.
    pub fn data_to_send(&mut self, budget: usize) -> Option<Vec<u8>> {
        self.output.pack(budget)
    }

    /// Bytes for a Send on `pr` without a command: answers to host calls.
    pub fn answers_to_send(&mut self, budget: usize) -> Option<Vec<u8>> {
        self.answers.pack(budget)
    }

    /// Asks for another upper limit; [`PoolEvent::Availability`] answers with the call id given back here.
    pub fn set_max_runspaces(&mut self, runspaces: u32) -> i64 {
        let runspaces = i32::try_from(runspaces).unwrap_or(i32::MAX);
        self.ask(|call_id| Content::SetMaxRunspaces { call_id, runspaces })
    }

    /// Asks for another lower limit.
    pub fn set_min_runspaces(&mut self, runspaces: u32) -> i64 {
        let runspaces = i32::try_from(runspaces).unwrap_or(i32::MAX);
        self.ask(|call_id| Content::SetMinRunspaces { call_id, runspaces })
    }

    /// Asks how many runspaces are free.
    pub fn get_available_runspaces(&mut self) -> i64 {
        self.ask(|call_id| Content::GetAvailableRunspaces { call_id })
    }

    /// Asks for the runspace's variables to be reset; `None` with a server older than protocol 2.3, which cannot.
    pub fn reset_runspace_state(&mut self) -> Option<i64> {
        (self.version() >= ProtocolVersion::V2_3)
            .then(|| self.ask(|call_id| Content::ResetRunspaceState { call_id }))
    }

    /// A pipeline of `commands` without input objects. `id` is new, and is the WSMan command id too.
    pub fn pipeline(&mut self, id: Uuid, commands: &[Command]) -> Pipeline {
        self.start(id, &Content::CreatePipeline(PowerShell::new(commands.to_vec())))
    }

    /// A pipeline that takes input objects: [`Pipeline::input`], then [`Pipeline::end_input`].
    pub fn pipeline_with_input(&mut self, id: Uuid, commands: &[Command]) -> Pipeline {
        self.start(
            id,
            &Content::CreatePipeline(PowerShell {
                no_input: false,
                ..PowerShell::new(commands.to_vec())
            }),
        )
    }

    /// A pipeline that asks which commands the session has; each comes as an output object.
    pub fn command_metadata(&mut self, id: Uuid, question: GetCommandMetadata) -> Pipeline {
        self.start(id, &Content::GetCommandMetadata(question))
    }

    fn start(&self, id: Uuid, content: &Content) -> Pipeline {
        Pipeline::new(
            self.config.pool_id,
            id,
            self.version(),
            self.config.limits,
            self.ids.clone(),
            content,
        )
    }

    fn version(&self) -> ProtocolVersion {
        self.negotiated.unwrap_or(self.config.version)
    }

    fn ask(&mut self, question: impl FnOnce(i64) -> Content) -> i64 {
        let call_id = self.next_call;
        self.next_call += 1;
        self.queue(&question(call_id));
        call_id
    }

    fn queue(&mut self, content: &Content) {
        let message = self.message(content);
        self.output.push(message);
    }

    fn message(&self, content: &Content) -> Vec<u8> {
        Message {
            destination: Destination::Server,
            message_type: content.message_type(),
            pool_id: self.config.pool_id,
            pipeline_id: Uuid::nil(),
            data: content.encode(self.version()),
        }
        .encode(ByteOrderMark::Absent)
    }

    fn handle_message(&mut self, message: &Message) {
        let event = match Content::decode(message) {
            Ok(content) => self.event(content),
            Err(error) => PoolEvent::Undecodable {
                message_type: message.message_type,
                reason: error.in_one_line(),
            },
        };
        self.events.push_back(event);
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other type, a new one too, has no place in a pool seen from its client"
    )]
    fn event(&mut self, content: Content) -> PoolEvent {
        match content {
            Content::SessionCapability(SessionCapability { protocol_version, .. }) => {
                let version = protocol_version.min(self.config.version);
                self.negotiated = Some(version);
                PoolEvent::Negotiated { version }
            }
            Content::RunspacePoolState(RunspacePoolStateMessage { state, error }) => {
                self.state = state;
                match state {
                    RunspacePoolState::Opened => PoolEvent::Opened,
                    RunspacePoolState::Broken => PoolEvent::Broken {
                        error: error.map(Box::new),
                    },
                    RunspacePoolState::Closed => PoolEvent::Closed,
                    RunspacePoolState::BeforeOpen
                    | RunspacePoolState::Opening
                    | RunspacePoolState::Closing
                    | RunspacePoolState::Other(_) => PoolEvent::State(state),
                }
            }
            Content::ApplicationPrivateData(data) => PoolEvent::ApplicationPrivateData(data),
            Content::RunspaceAvailability(availability) => PoolEvent::Availability(availability),
            Content::RunspacePoolInitData {
                min_runspaces,
                max_runspaces,
            } => PoolEvent::InitData {
                min_runspaces,
                max_runspaces,
            },
            Content::UserEvent(event) => PoolEvent::UserEvent(event),
            Content::PublicKeyRequest => PoolEvent::PublicKeyRequest,
            Content::RunspacePoolHostCall(call) => {
                if call.wants_answer() {
                    let refusal = self.message(&Content::RunspacePoolHostResponse(call.refusal()));
                    self.answers.push(refusal);
                }
                PoolEvent::HostCall(call)
            }
            other => PoolEvent::Unknown {
                message_type: other.message_type(),
            },
        }
    }
}
