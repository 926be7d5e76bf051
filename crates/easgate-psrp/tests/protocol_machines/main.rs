//! Transcripts of the pools and pipelines, what they make of each other, and their laws.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an event of another kind is told as it is"
)]

mod contents;
mod laws;
mod pipelines;
mod pools;

use std::fmt::Write as _;

use bytes::Bytes;
use easgate_psrp::client::{self, PipelineEvent, PoolConfig};
use easgate_psrp::fragment::{Limits, Reassembler};
use easgate_psrp::message::{Message, MessageType, ProtocolVersion};
use easgate_psrp::server;
use expect_test::Expect;
use uuid::Uuid;

const POOL: Uuid = Uuid::from_u128(0x1111_2222_3333_4444_5555_6666_7777_8888);
const PIPELINE: Uuid = Uuid::from_u128(0x9999);

/// What bytes say: a line a message, then its data.
fn transcript(bytes: &[u8]) -> String {
    let mut input = Reassembler::new(Limits::default());
    input.push(Bytes::copy_from_slice(bytes)).expect("a good stream");
    let mut text = String::new();
    while let Some(message) = input.pop() {
        let message = Message::decode(message.expect("whole")).expect("a message");
        let name = MessageType::of(message.message_type).map_or("?", MessageType::name);
        let data = String::from_utf8_lossy(&message.data);
        let data = data
            .replace("><", ">\n<")
            .replace("System.Management.Automation.", "SMA.");
        writeln!(
            text,
            "{name} {:?} {}\n{data}",
            message.destination,
            message.pipeline_id.as_u128()
        )
        .expect("a String takes it");
    }
    text
}

fn check(text: &str, expected: &Expect) {
    expected.assert_eq(text);
}

/// A pool open on both sides, the events of its opening told.
fn opened(version: ProtocolVersion) -> (client::RunspacePool, server::RunspacePool, String) {
    let mut client = client::RunspacePool::new(PoolConfig {
        max_runspaces: 3,
        ..PoolConfig::new(POOL)
    });
    let mut server = server::RunspacePool::new(server::PoolConfig {
        version,
        ..server::PoolConfig::default()
    });
    let mut text = String::new();
    server.handle(&client.opening()).expect("a good stream");
    while let Some(event) = server.poll_event() {
        writeln!(text, "server: {event:?}").expect("a String takes it");
        if matches!(event, server::PoolEvent::Init(_)) {
            server.open(None);
        }
    }
    talk(&mut client, &mut server, &mut text);
    (client, server, text)
}

/// Carries everything to the client in small pieces, and tells its events.
fn talk(client: &mut client::RunspacePool, server: &mut server::RunspacePool, text: &mut String) {
    while let Some(bytes) = server.next_fragment(50) {
        client.handle(&bytes).expect("a good stream");
    }
    while let Some(event) = client.poll_event() {
        writeln!(text, "client: {event:?}").expect("a String takes it");
    }
}

/// Carries a pipeline's request to a server's pipeline, and gives that.
fn started(server: &server::RunspacePool, client: &mut client::Pipeline) -> server::Pipeline {
    let mut pipeline = server.pipeline(client.id());
    while let Some(bytes) = client.data_to_send(300) {
        assert!(bytes.len() <= 300);
        pipeline.handle(&bytes).expect("a good stream");
    }
    pipeline
}

/// Carries a server's records to the client, and tells its events.
fn told(server: &mut server::Pipeline, client: &mut client::Pipeline) -> String {
    while let Some(bytes) = server.next_fragment(100) {
        client.handle(&bytes).expect("a good stream");
    }
    let mut text = String::new();
    while let Some(event) = client.poll_event() {
        let line = match event {
            PipelineEvent::Output(object) => format!("output {}", String::from_utf8_lossy(&object)),
            PipelineEvent::Error(record) => format!("error {record} | {}", record.reason),
            PipelineEvent::Warning(record) => format!("warning {}", record.message),
            PipelineEvent::Verbose(record) => format!("verbose {}", record.message),
            PipelineEvent::Debug(record) => format!("debug {}", record.message),
            PipelineEvent::Information(record) => {
                format!("information {} from {}", record.message(), record.source)
            }
            PipelineEvent::State { state, error } => {
                format!(
                    "{state:?} {}",
                    error.map_or(String::new(), |error| error.fully_qualified_error_id)
                )
            }
            other => format!("{other:?}"),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
