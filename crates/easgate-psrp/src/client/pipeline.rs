//! The client's side of a pipeline.

use std::collections::VecDeque;

use bytes::Bytes;
use uuid::Uuid;

use crate::clixml::{self, PsValue};
use crate::fragment::{Fragmenter, Limits, ObjectIds, ProtocolError, Reassembler};
use crate::message::{
    ByteOrderMark, Content, Destination, Message, PipelineState, PipelineStateMessage, ProtocolVersion,
};
use crate::records::{ErrorRecord, HostCall, InformationRecord, InformationalRecord, ProgressRecord};

/// What a server says of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum PipelineEvent {
    /// One object: its CLIXML without byte order mark, a slice of the input where it came whole.
    Output(Bytes),
    /// An error that did not end the pipeline.
    Error(Box<ErrorRecord>),
    /// A warning.
    Warning(InformationalRecord),
    /// A verbose text.
    Verbose(InformationalRecord),
    /// A debug text.
    Debug(InformationalRecord),
    /// A record of the information stream.
    Information(InformationRecord),
    /// How far it is.
    Progress(ProgressRecord),
    /// The server calls the host; one that wants an answer has been refused.
    HostCall(HostCall),
    /// A message that has no place here; passed over.
    Unknown {
        /// Its type.
        message_type: u32,
    },
    /// A message that could not be read: what the pipeline said is not complete.
    Undecodable {
        /// Its type, 0 if not even that could be read.
        message_type: u32,
        /// What was wrong.
        reason: String,
    },
    /// The pipeline changed its state. A final one is told once, and nothing follows it.
    State {
        /// The state it is in now.
        state: PipelineState,
        /// Why it failed or was stopped.
        error: Option<Box<ErrorRecord>>,
    },
}

/// A pipeline seen from the client; it needs its pool no more.
///
/// # Expected flow
///
/// The first [`data_to_send`](Self::data_to_send) goes into Command, every further one into a Send on
/// `stdin`, [`answers_to_send`](Self::answers_to_send) into a Send on `pr`. What Receive brings goes into
/// [`handle`](Self::handle), and the command's end into [`handle_command_done`](Self::handle_command_done).
#[derive(Debug)]
pub struct Pipeline {
    pool_id: Uuid,
    id: Uuid,
    version: ProtocolVersion,
    input: Reassembler,
    output: Fragmenter,
    answers: Fragmenter,
    events: VecDeque<PipelineEvent>,
    state: PipelineState,
}

impl Pipeline {
    pub(super) fn new(
        pool_id: Uuid,
        id: Uuid,
        version: ProtocolVersion,
        limits: Limits,
        ids: ObjectIds,
        content: &Content,
    ) -> Self {
        let mut pipeline = Self {
            pool_id,
            id,
            version,
            input: Reassembler::new(limits),
            output: Fragmenter::new(ids.clone()),
            answers: Fragmenter::new(ids),
            events: VecDeque::new(),
            state: PipelineState::NotStarted,
        };
        let message = pipeline.message(content);
        pipeline.output.push(message);
        pipeline
    }

    /// The pipeline's id, which is the WSMan command id too.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// The state: Running from the first byte sent, then as the server tells.
    pub const fn state(&self) -> PipelineState {
        self.state
    }

    /// Bytes for the next request, at most `budget` of them before base64, or `None` when all was sent.
    ///
    /// The first are for Command and are one fragment, as PowerShell sends them; the others are for Send and
    /// hold as many as fit.
    pub fn data_to_send(&mut self, budget: usize) -> Option<Vec<u8>> {
        if self.state == PipelineState::NotStarted {
            self.state = PipelineState::Running;
            return self.output.next_fragment(budget);
        }
        self.output.pack(budget)
    }

    /// Bytes for a Send on `pr`: answers to host calls.
    pub fn answers_to_send(&mut self, budget: usize) -> Option<Vec<u8>> {
        self.answers.pack(budget)
    }

    /// Adds an input object.
    pub fn input(&mut self, value: &PsValue) {
        let message = self.message(&Content::PipelineInput(Bytes::from(clixml::to_vec(value))));
        self.output.push(message);
    }

    /// Says that no more input objects come.
    pub fn end_input(&mut self) {
        let message = self.message(&Content::EndOfPipelineInput);
        self.output.push(message);
    }

    /// Takes bytes of the pipeline's stream, cut anywhere.
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
        if self.state.is_final() {
            return Ok(());
        }
        let result = self.input.push(bytes);
        self.take_messages();
        result
    }

    /// Takes WSMan's word that the command is done.
    ///
    /// A pipeline that has not told its end has failed: what it said may lack its tail.
    pub fn handle_command_done(&mut self) {
        if self.state.is_final() {
            return;
        }
        self.input.finish();
        self.take_messages();
        if !self.state.is_final() {
            let error = ErrorRecord {
                message: "the command ended and its pipeline did not say how".to_owned(),
                fully_qualified_error_id: "PipelineStateMissing".to_owned(),
                reason: "PSRemotingTransportException".to_owned(),
                ..ErrorRecord::default()
            };
            self.change(PipelineState::Failed, Some(error));
        }
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<PipelineEvent> {
        self.events.pop_front()
    }

    fn take_messages(&mut self) {
        while let Some(joined) = self.input.pop() {
            let message = joined
                .map_err(|broken| broken.to_string())
                .and_then(|bytes| Message::decode(bytes).map_err(|short| short.to_string()));
            match message {
                Ok(message) => self.handle_message(&message),
                Err(reason) => self.events.push_back(PipelineEvent::Undecodable {
                    message_type: 0,
                    reason,
                }),
            }
        }
    }

    fn handle_message(&mut self, message: &Message) {
        match Content::decode(message) {
            Ok(Content::PipelineState(PipelineStateMessage { state, error })) => {
                if state.is_final() {
                    self.tell_what_is_lost();
                }
                self.change(state, error);
            }
            Ok(content) => {
                let event = self.event(content);
                self.events.push_back(event);
            }
            Err(error) => {
                let reason = error.in_one_line();
                self.events.push_back(PipelineEvent::Undecodable {
                    message_type: message.message_type,
                    reason,
                });
            }
        }
    }

    /// Tells of messages that the end left incomplete or behind it, before the end is told.
    fn tell_what_is_lost(&mut self) {
        self.input.finish();
        while let Some(joined) = self.input.pop() {
            let reason = match joined {
                Ok(_) => "a message came after the end of its pipeline".to_owned(),
                Err(broken) => broken.to_string(),
            };
            self.events.push_back(PipelineEvent::Undecodable {
                message_type: 0,
                reason,
            });
        }
    }

    fn change(&mut self, state: PipelineState, error: Option<ErrorRecord>) {
        self.state = state;
        self.events.push_back(PipelineEvent::State {
            state,
            error: error.map(Box::new),
        });
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other type, a new one too, has no place in a pipeline seen from its client"
    )]
    fn event(&mut self, content: Content) -> PipelineEvent {
        match content {
            Content::PipelineOutput(object) => PipelineEvent::Output(object),
            Content::ErrorRecord(record) => PipelineEvent::Error(record),
            Content::WarningRecord(record) => PipelineEvent::Warning(record),
            Content::VerboseRecord(record) => PipelineEvent::Verbose(record),
            Content::DebugRecord(record) => PipelineEvent::Debug(record),
            Content::InformationRecord(record) => PipelineEvent::Information(record),
            Content::ProgressRecord(record) => PipelineEvent::Progress(record),
            Content::PipelineHostCall(call) => {
                if call.wants_answer() {
                    let refusal = self.message(&Content::PipelineHostResponse(call.refusal()));
                    self.answers.push(refusal);
                }
                PipelineEvent::HostCall(call)
            }
            other => PipelineEvent::Unknown {
                message_type: other.message_type(),
            },
        }
    }

    fn message(&self, content: &Content) -> Vec<u8> {
        Message {
            destination: Destination::Server,
            message_type: content.message_type(),
            pool_id: self.pool_id,
            pipeline_id: self.id,
            data: content.encode(self.version),
        }
        .encode(ByteOrderMark::Absent)
    }
}
