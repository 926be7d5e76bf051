//! The server's side of a pipeline.

use std::collections::VecDeque;

use bytes::Bytes;
use uuid::Uuid;

use crate::clixml::{self, PsValue};
use crate::fragment::{Fragmenter, Limits, ObjectIds, ProtocolError, Reassembler};
use crate::message::{
    ByteOrderMark, Content, Destination, GetCommandMetadata, Message, PipelineState, PipelineStateMessage,
    PowerShell, ProtocolVersion,
};
use crate::records::{
    ErrorRecord, HostCall, HostResponse, InformationRecord, InformationalRecord, ProgressRecord,
};

/// What a client wants of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum PipelineEvent {
    /// Run these commands.
    Create(PowerShell),
    /// Tell which commands there are.
    GetCommandMetadata(GetCommandMetadata),
    /// An input object's CLIXML.
    Input(Bytes),
    /// No more input objects come.
    InputEnded,
    /// The client answers a host call.
    HostResponse(HostResponse),
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

/// A pipeline seen from the server.
#[derive(Debug)]
pub struct Pipeline {
    pool_id: Uuid,
    id: Uuid,
    version: ProtocolVersion,
    input: Reassembler,
    output: Fragmenter,
    events: VecDeque<PipelineEvent>,
    state: PipelineState,
}

impl Pipeline {
    pub(super) const fn new(
        pool_id: Uuid,
        id: Uuid,
        version: ProtocolVersion,
        limits: Limits,
        ids: ObjectIds,
    ) -> Self {
        Self {
            pool_id,
            id,
            version,
            input: Reassembler::new(limits),
            output: Fragmenter::new(ids),
            events: VecDeque::new(),
            state: PipelineState::NotStarted,
        }
    }

    /// The pipeline's id as the client's headers have it; the command id before any came.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// The pipeline's state.
    pub const fn state(&self) -> PipelineState {
        self.state
    }

    /// Takes bytes of Command's arguments or of a Send with this command, cut anywhere.
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
                Err(reason) => self.events.push_back(PipelineEvent::Undecodable {
                    message_type: 0,
                    reason,
                }),
            }
        }
        result
    }

    /// What the client wants next.
    pub fn poll_event(&mut self) -> Option<PipelineEvent> {
        self.events.pop_front()
    }

    /// Sends an object.
    pub fn output(&mut self, value: &PsValue) {
        self.output_clixml(clixml::to_vec(value));
    }

    /// Sends an object whose CLIXML is written already.
    pub fn output_clixml(&mut self, clixml: impl Into<Bytes>) {
        self.send(&Content::PipelineOutput(clixml.into()));
    }

    /// Sends an error that does not end the pipeline.
    pub fn error(&mut self, record: &ErrorRecord) {
        self.send(&Content::ErrorRecord(Box::new(record.clone())));
    }

    /// Sends a warning.
    pub fn warning(&mut self, message: &str) {
        self.send(&Content::WarningRecord(InformationalRecord::new(message)));
    }

    /// Sends a verbose text.
    pub fn verbose(&mut self, message: &str) {
        self.send(&Content::VerboseRecord(InformationalRecord::new(message)));
    }

    /// Sends a debug text.
    pub fn debug(&mut self, message: &str) {
        self.send(&Content::DebugRecord(InformationalRecord::new(message)));
    }

    /// Sends an information record, unless the client is older than protocol 2.3 and does not know it.
    pub fn information(&mut self, record: &InformationRecord) {
        if self.version >= ProtocolVersion::V2_3 {
            self.send(&Content::InformationRecord(record.clone()));
        }
    }

    /// Sends how far the pipeline is.
    pub fn progress(&mut self, record: &ProgressRecord) {
        self.send(&Content::ProgressRecord(record.clone()));
    }

    /// Calls the client's host.
    pub fn host_call(&mut self, call: &HostCall) {
        self.send(&Content::PipelineHostCall(call.clone()));
    }

    /// Ends the pipeline well.
    pub fn complete(&mut self) {
        self.end(PipelineState::Completed, None);
    }

    /// Ends the pipeline with an error.
    pub fn fail(&mut self, error: &ErrorRecord) {
        self.end(PipelineState::Failed, Some(error.clone()));
    }

    /// Ends the pipeline since the client stopped it, with the error that Windows puts there.
    pub fn stop(&mut self) {
        let error = ErrorRecord {
            message: "The pipeline has been stopped.".to_owned(),
            fully_qualified_error_id: "PipelineStopped".to_owned(),
            category: 14,
            reason: "PipelineStoppedException".to_owned(),
            category_message: "OperationStopped: (:) [], PipelineStoppedException".to_owned(),
            exception_type: Some("System.Management.Automation.PipelineStoppedException".to_owned()),
            ..ErrorRecord::default()
        };
        self.end(PipelineState::Stopped, Some(error));
    }

    /// Queues any message, for what has no method here.
    pub fn send(&mut self, content: &Content) {
        let message = Message {
            destination: Destination::Client,
            message_type: content.message_type(),
            pool_id: self.pool_id,
            pipeline_id: self.id,
            data: content.encode(self.version),
        };
        self.output.push(message.encode(ByteOrderMark::Written));
    }

    /// The bytes that wait to be sent, for back-pressure.
    pub fn waiting_bytes(&self) -> usize {
        self.output.waiting_bytes()
    }

    /// One fragment of at most `budget` bytes for a Receive of the command, or `None` when all was sent.
    pub fn next_fragment(&mut self, budget: usize) -> Option<Vec<u8>> {
        self.output.next_fragment(budget)
    }

    /// As many fragments as `budget` holds, or `None` when all was sent.
    pub fn data_to_send(&mut self, budget: usize) -> Option<Vec<u8>> {
        self.output.pack(budget)
    }

    fn handle_message(&mut self, message: &Message) {
        let event = match Content::decode(message) {
            Ok(content) => self.event(content, message),
            Err(error) => PipelineEvent::Undecodable {
                message_type: message.message_type,
                reason: error.in_one_line(),
            },
        };
        self.events.push_back(event);
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other type, a new one too, has no place in a pipeline seen from its server"
    )]
    fn event(&mut self, content: Content, message: &Message) -> PipelineEvent {
        match content {
            Content::CreatePipeline(powershell) => {
                self.begin(message);
                PipelineEvent::Create(powershell)
            }
            Content::GetCommandMetadata(question) => {
                self.begin(message);
                PipelineEvent::GetCommandMetadata(question)
            }
            Content::PipelineInput(object) => PipelineEvent::Input(object),
            Content::EndOfPipelineInput => PipelineEvent::InputEnded,
            Content::PipelineHostResponse(response) => PipelineEvent::HostResponse(response),
            other => PipelineEvent::Unknown {
                message_type: other.message_type(),
            },
        }
    }

    fn begin(&mut self, message: &Message) {
        self.id = message.pipeline_id;
        self.state = PipelineState::Running;
    }

    fn end(&mut self, state: PipelineState, error: Option<ErrorRecord>) {
        self.state = state;
        self.send(&Content::PipelineState(PipelineStateMessage { state, error }));
    }
}
