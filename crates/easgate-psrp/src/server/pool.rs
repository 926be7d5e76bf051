//! The server's side of a runspace pool.

use std::collections::VecDeque;

use bytes::Bytes;
use uuid::Uuid;

use crate::clixml::PsValue;
use crate::fragment::{Fragmenter, Limits, ObjectIds, ProtocolError, Reassembler};
use crate::message::{
    Availability, ByteOrderMark, ConnectRunspacePool, Content, Destination, InitRunspacePool, Message,
    ProtocolVersion, RunspaceAnswer, RunspacePoolState, RunspacePoolStateMessage, SessionCapability,
};
use crate::records::{ErrorRecord, HostResponse};

use super::Pipeline;

/// How a server behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolConfig {
    /// The newest version of the protocol to speak: 2.1 for Exchange 2010, 2.3 for 2016 and later.
    pub version: ProtocolVersion,
    /// Runspaces that a client may ask for at most.
    pub max_runspaces: i32,
    /// What a client may make this side hold.
    pub limits: Limits,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            version: ProtocolVersion::V2_3,
            max_runspaces: i32::MAX,
            limits: Limits::default(),
        }
    }
}

/// What a client wants of a pool.
#[derive(Debug, Clone, PartialEq)]
pub enum PoolEvent {
    /// The client told its version, and has been told ours; `version` is what both speak.
    Negotiated {
        /// The older of both.
        version: ProtocolVersion,
    },
    /// The client wants a pool: [`RunspacePool::open`] it or [`RunspacePool::refuse`] it.
    Init(InitRunspacePool),
    /// A client that comes back: [`RunspacePool::reconnect`].
    Connect(ConnectRunspacePool),
    /// The limits were to change; the client has been told whether they did.
    RunspacesSet {
        /// Runspaces kept open, now.
        min_runspaces: i32,
        /// Pipelines at once at most, now.
        max_runspaces: i32,
        /// Whether it was done.
        done: bool,
    },
    /// How many runspaces are free? [`RunspacePool::answer`] it.
    GetAvailableRunspaces {
        /// The question's number.
        call_id: i64,
    },
    /// Reset the runspace; [`RunspacePool::answer`] whether it was done.
    ResetRunspaceState {
        /// The question's number.
        call_id: i64,
    },
    /// The client answers a host call.
    HostResponse {
        /// The pipeline that called, as the client's header has it; pypsrp sends that answer without a command.
        pipeline: Option<Uuid>,
        /// The answer.
        response: HostResponse,
    },
    /// The client sends its key for secure strings, which is not supported.
    PublicKey(String),
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

/// A runspace pool seen from the server.
#[derive(Debug)]
pub struct RunspacePool {
    config: PoolConfig,
    pool_id: Uuid,
    ids: ObjectIds,
    input: Reassembler,
    output: Fragmenter,
    events: VecDeque<PoolEvent>,
    version: ProtocolVersion,
    state: RunspacePoolState,
    min_runspaces: i32,
    max_runspaces: i32,
}

impl RunspacePool {
    /// A pool that no client has asked for yet.
    #[must_use]
    pub fn new(config: PoolConfig) -> Self {
        let ids = ObjectIds::new();
        Self {
            pool_id: Uuid::nil(),
            input: Reassembler::new(config.limits),
            output: Fragmenter::new(ids.clone()),
            ids,
            events: VecDeque::new(),
            version: config.version,
            config,
            state: RunspacePoolState::BeforeOpen,
            min_runspaces: 1,
            max_runspaces: 1,
        }
    }

    /// The pool's id as the client's headers have it.
    pub const fn id(&self) -> Uuid {
        self.pool_id
    }

    /// The pool's state.
    pub const fn state(&self) -> RunspacePoolState {
        self.state
    }

    /// The version both sides speak, ours until the client has told its own.
    pub const fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// The limits in force: runspaces kept open, and pipelines at once at most.
    pub const fn runspaces(&self) -> (i32, i32) {
        (self.min_runspaces, self.max_runspaces)
    }

    /// Takes bytes of `creationXml` or of a Send without a command, cut anywhere.
    ///
    /// # Errors
    ///
    /// A stream that cannot be followed any more; a message that cannot be read is an event.
    pub fn handle(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        let result = self.input.push(Bytes::copy_from_slice(bytes));
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

    /// What the client wants next.
    pub fn poll_event(&mut self) -> Option<PoolEvent> {
        self.events.pop_front()
    }

    /// Opens the pool. `private_data` is what the session tells of itself, `None` for nothing.
    pub fn open(&mut self, private_data: Option<PsValue>) {
        self.queue(&Content::ApplicationPrivateData(
            private_data.unwrap_or(PsValue::NIL),
        ));
        self.change(RunspacePoolState::Opened, None);
    }

    /// Says that the pool is broken, at its opening or later.
    pub fn refuse(&mut self, error: ErrorRecord) {
        self.change(RunspacePoolState::Broken, Some(error));
    }

    /// Tells a client that comes back what the pool has.
    pub fn reconnect(&mut self, private_data: Option<PsValue>) {
        self.queue(&Content::RunspacePoolInitData {
            min_runspaces: self.min_runspaces,
            max_runspaces: self.max_runspaces,
        });
        self.queue(&Content::ApplicationPrivateData(
            private_data.unwrap_or(PsValue::NIL),
        ));
    }

    /// Says that the pool has ended.
    pub fn close(&mut self) {
        self.change(RunspacePoolState::Closed, None);
    }

    /// Answers a question about runspaces.
    pub fn answer(&mut self, call_id: i64, answer: RunspaceAnswer) {
        self.queue(&Content::RunspaceAvailability(Availability { call_id, answer }));
    }

    /// Queues any message, for what has no method here.
    pub fn send(&mut self, content: &Content) {
        self.queue(content);
    }

    /// One fragment of at most `budget` bytes for a Receive of the pool, or `None` when all was sent.
    pub fn next_fragment(&mut self, budget: usize) -> Option<Vec<u8>> {
        self.output.next_fragment(budget)
    }

    /// As many fragments as `budget` holds, or `None` when all was sent.
    pub fn data_to_send(&mut self, budget: usize) -> Option<Vec<u8>> {
        self.output.pack(budget)
    }

    /// A pipeline for the WSMan command `id`.
    pub fn pipeline(&self, id: Uuid) -> Pipeline {
        Pipeline::new(
            self.pool_id,
            id,
            self.version,
            self.config.limits,
            self.ids.clone(),
        )
    }

    fn handle_message(&mut self, message: &Message) {
        let content = match Content::decode(message) {
            Ok(content) => content,
            Err(error) => {
                let reason = error.in_one_line();
                self.events.push_back(PoolEvent::Undecodable {
                    message_type: message.message_type,
                    reason,
                });
                return;
            }
        };
        if matches!(content, Content::SessionCapability(_)) {
            self.pool_id = message.pool_id;
        }
        let event = self.event(content, message);
        self.events.push_back(event);
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other type, a new one too, has no place in a pool seen from its server"
    )]
    fn event(&mut self, content: Content, message: &Message) -> PoolEvent {
        match content {
            Content::SessionCapability(SessionCapability { protocol_version, .. }) => {
                self.version = protocol_version.min(self.config.version);
                let ours = Content::SessionCapability(SessionCapability::of(self.config.version));
                // Windows leaves the pool's id out of this one message.
                self.output.push(written(Uuid::nil(), &ours, self.version));
                PoolEvent::Negotiated {
                    version: self.version,
                }
            }
            Content::InitRunspacePool(init) => {
                self.state = RunspacePoolState::Opening;
                self.min_runspaces = init.min_runspaces;
                self.max_runspaces = init.max_runspaces;
                PoolEvent::Init(init)
            }
            Content::ConnectRunspacePool(connect) => PoolEvent::Connect(connect),
            Content::SetMaxRunspaces { call_id, runspaces } => {
                self.set_runspaces(call_id, self.min_runspaces, runspaces)
            }
            Content::SetMinRunspaces { call_id, runspaces } => {
                self.set_runspaces(call_id, runspaces, self.max_runspaces)
            }
            Content::GetAvailableRunspaces { call_id } => PoolEvent::GetAvailableRunspaces { call_id },
            Content::ResetRunspaceState { call_id } => PoolEvent::ResetRunspaceState { call_id },
            Content::RunspacePoolHostResponse(response) => PoolEvent::HostResponse {
                pipeline: None,
                response,
            },
            Content::PipelineHostResponse(response) => PoolEvent::HostResponse {
                pipeline: Some(message.pipeline_id),
                response,
            },
            Content::PublicKey(key) => PoolEvent::PublicKey(key),
            other => PoolEvent::Unknown {
                message_type: other.message_type(),
            },
        }
    }

    fn set_runspaces(&mut self, call_id: i64, min_runspaces: i32, max_runspaces: i32) -> PoolEvent {
        let done = min_runspaces >= 1
            && min_runspaces <= max_runspaces
            && max_runspaces <= self.config.max_runspaces;
        if done {
            (self.min_runspaces, self.max_runspaces) = (min_runspaces, max_runspaces);
        }
        self.answer(call_id, RunspaceAnswer::Done(done));
        PoolEvent::RunspacesSet {
            min_runspaces: self.min_runspaces,
            max_runspaces: self.max_runspaces,
            done,
        }
    }

    fn change(&mut self, state: RunspacePoolState, error: Option<ErrorRecord>) {
        self.state = state;
        self.queue(&Content::RunspacePoolState(RunspacePoolStateMessage {
            state,
            error,
        }));
    }

    fn queue(&mut self, content: &Content) {
        self.output.push(written(self.pool_id, content, self.version));
    }
}

fn written(pool_id: Uuid, content: &Content, version: ProtocolVersion) -> Vec<u8> {
    Message {
        destination: Destination::Client,
        message_type: content.message_type(),
        pool_id,
        pipeline_id: Uuid::nil(),
        data: content.encode(version),
    }
    .encode(ByteOrderMark::Written)
}
