//! Recordings of Windows hosts and of pypsrp, read by both of our machines.

#![expect(clippy::print_stdout, reason = "a test says what it leaves out")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an event of another kind is told, or fails the test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use easgate_psrp::client::{self, PoolConfig};
use easgate_psrp::command::Command;
use easgate_psrp::message::{MessageType, PowerShell};
use easgate_psrp::server;
use expect_test::{Expect, expect};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use uuid::Uuid;

/// The folder of recordings, or `None` after saying that the test is left out.
fn recordings(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("EASGATE_CONFORMANCE_DATA") else {
        println!("left out: EASGATE_CONFORMANCE_DATA is not set, {folder} is not read");
        return None;
    };
    Some(Path::new(&root).join(folder))
}

/// One piece of PSRP in an envelope.
#[derive(Debug)]
struct Piece {
    /// The element it was in: `creationXml`, `Arguments`, `Stream`.
    place: String,
    /// The command it belongs to, upper-case; empty for the pool.
    command: String,
    bytes: Vec<u8>,
}

/// Every piece of PSRP in an envelope, in its order.
fn pieces(xml: &str) -> Vec<Piece> {
    let mut reader = Reader::from_str(xml);
    let (mut found, mut place, mut command, mut text) =
        (Vec::new(), String::new(), String::new(), String::new());
    loop {
        match reader.read_event().expect("the recording is XML") {
            Event::Start(element) => {
                place = element.local_name().as_ref().to_owned();
                text.clear();
                if [
                    "Stream",
                    "CommandLine",
                    "creationXml",
                    "connectXml",
                    "connectResponseXml",
                ]
                .contains(&place.as_str())
                {
                    let id = element
                        .try_get_attribute("CommandId")
                        .expect("attributes are well formed");
                    command = id.map_or(String::new(), |id| id.value.to_uppercase());
                }
            }
            Event::Text(part) => text.push_str(&part),
            Event::End(_)
                if [
                    "Stream",
                    "Arguments",
                    "creationXml",
                    "connectXml",
                    "connectResponseXml",
                ]
                .contains(&place.as_str()) =>
            {
                let bytes = base64_simd::STANDARD
                    .decode_to_vec(text.trim())
                    .expect("the piece is base64");
                found.push(Piece {
                    place: std::mem::take(&mut place),
                    command: command.clone(),
                    bytes,
                });
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

/// A client and a server that overhear one shell.
#[derive(Default)]
struct Listeners {
    client: Option<client::RunspacePool>,
    server: Option<server::RunspacePool>,
    client_pipelines: BTreeMap<String, client::Pipeline>,
    server_pipelines: BTreeMap<String, server::Pipeline>,
}

impl Listeners {
    /// Feeds a piece to the machine it was sent to; says what that understood, one line a message.
    fn hear(&mut self, from_client: bool, piece: &Piece) -> Vec<String> {
        if piece.place == "creationXml" && from_client {
            self.server = Some(server::RunspacePool::new(server::PoolConfig::default()));
            self.client = Some(client::RunspacePool::new(PoolConfig::new(Uuid::nil())));
        }
        if piece.place == "Arguments" {
            // A recording may use the id of an ended command again.
            self.client_pipelines.remove(&piece.command);
            self.server_pipelines.remove(&piece.command);
        }
        let (Some(server), Some(client)) = (&mut self.server, &mut self.client) else {
            panic!("no Create yet")
        };
        if from_client && piece.command.is_empty() {
            server.handle(&piece.bytes).expect("a good stream");
            return std::iter::from_fn(|| server.poll_event())
                .map(|event| server_pool(&event))
                .collect();
        }
        if from_client {
            let pipeline = self
                .server_pipelines
                .entry(piece.command.clone())
                .or_insert_with(|| server.pipeline(Uuid::nil()));
            pipeline.handle(&piece.bytes).expect("a good stream");
            return std::iter::from_fn(|| pipeline.poll_event())
                .map(|event| server_pipeline(&event))
                .collect();
        }
        if piece.command.is_empty() {
            client.handle(&piece.bytes).expect("a good stream");
            return std::iter::from_fn(|| client.poll_event())
                .map(|event| client_pool(&event))
                .collect();
        }
        let pipeline = self
            .client_pipelines
            .entry(piece.command.clone())
            .or_insert_with(|| client.pipeline(Uuid::nil(), &[]));
        pipeline.handle(&piece.bytes).expect("a good stream");
        std::iter::from_fn(|| pipeline.poll_event())
            .map(|event| client_pipeline(&event))
            .collect()
    }
}

fn say(message_type: MessageType, more: &str) -> String {
    format!("{} {more}", message_type.name()).trim_end().to_owned()
}

fn server_pool(event: &server::PoolEvent) -> String {
    use server::PoolEvent as E;
    match event {
        E::Negotiated { .. } => say(MessageType::SessionCapability, ""),
        E::Init(_) => say(MessageType::InitRunspacePool, ""),
        E::Connect(_) => say(MessageType::ConnectRunspacePool, ""),
        E::ResetRunspaceState { .. } => say(MessageType::ResetRunspaceState, ""),
        E::HostResponse {
            pipeline: Some(_), ..
        } => say(MessageType::PipelineHostResponse, ""),
        E::PublicKey(_) => say(MessageType::PublicKey, ""),
        other => panic!("not in the recordings: {other:?}"),
    }
}

fn server_pipeline(event: &server::PipelineEvent) -> String {
    use server::PipelineEvent as E;
    match event {
        E::Create(powershell) => {
            assert!(!powershell.commands.is_empty());
            say(MessageType::CreatePipeline, "")
        }
        E::GetCommandMetadata(_) => say(MessageType::GetCommandMetadata, ""),
        E::Input(data) => say(MessageType::PipelineInput, &String::from_utf8_lossy(data)),
        E::InputEnded => say(MessageType::EndOfPipelineInput, ""),
        E::HostResponse(_) => say(MessageType::PipelineHostResponse, ""),
        other => panic!("not in the recordings: {other:?}"),
    }
}

fn client_pool(event: &client::PoolEvent) -> String {
    use client::PoolEvent as E;
    match event {
        E::Negotiated { .. } => say(MessageType::SessionCapability, ""),
        E::ApplicationPrivateData(_) => say(MessageType::ApplicationPrivateData, ""),
        E::Opened => say(MessageType::RunspacePoolState, "2"),
        E::Broken { error } => {
            assert!(error.as_ref().is_some_and(|error| !error.message.is_empty()));
            say(MessageType::RunspacePoolState, "5")
        }
        E::Closed => say(MessageType::RunspacePoolState, "3"),
        E::State(state) => say(MessageType::RunspacePoolState, &state.number().to_string()),
        E::Availability(_) => say(MessageType::RunspaceAvailability, ""),
        E::InitData { .. } => say(MessageType::RunspacePoolInitData, ""),
        other => panic!("not in the recordings: {other:?}"),
    }
}

fn client_pipeline(event: &client::PipelineEvent) -> String {
    use client::PipelineEvent as E;
    match event {
        E::Output(data) => say(MessageType::PipelineOutput, &String::from_utf8_lossy(data)),
        E::Error(record) => {
            assert!(
                !record.message.is_empty() && !record.fully_qualified_error_id.is_empty(),
                "{record:?}"
            );
            say(MessageType::ErrorRecord, &String::from_utf8_lossy(&record.raw))
        }
        E::Warning(record) => say(MessageType::WarningRecord, &String::from_utf8_lossy(&record.raw)),
        E::Verbose(record) => say(MessageType::VerboseRecord, &String::from_utf8_lossy(&record.raw)),
        E::Debug(record) => say(MessageType::DebugRecord, &String::from_utf8_lossy(&record.raw)),
        E::Information(record) => {
            assert_eq!(record.message(), "information stream");
            say(MessageType::InformationRecord, "")
        }
        E::Progress(record) => {
            assert_eq!(record.activity, "Preparing modules for first use.");
            say(MessageType::ProgressRecord, "")
        }
        E::HostCall(call) => {
            assert!(!call.method_name.is_empty());
            say(MessageType::PipelineHostCall, "")
        }
        E::State { state, error } => {
            assert_eq!(error.is_some(), state.number() != 4, "{state:?}: {error:?}");
            say(MessageType::PipelineState, &state.number().to_string())
        }
        other => panic!("not in the recordings: {other:?}"),
    }
}

/// What an independent decoder wrote of one piece, in the form of [`Listeners::hear`].
fn told(piece: &Value) -> Vec<String> {
    let fragments = piece["fragments"].as_array().expect("a list of fragments");
    fragments
        .iter()
        .filter_map(|fragment| fragment.get("message"))
        .map(told_message)
        .collect()
}

fn told_message(message: &Value) -> String {
    let name = message["name"].as_str().expect("a name");
    let xml = message["xml"].as_str().expect("data");
    let more = match name {
        "PIPELINE_OUTPUT" | "PIPELINE_INPUT" | "ERROR_RECORD" | "WARNING_RECORD" | "VERBOSE_RECORD"
        | "DEBUG_RECORD" => xml,
        "PIPELINE_STATE" | "RUNSPACEPOOL_STATE" => {
            let (_, after) = xml.split_once("State\">").expect("a state");
            after.split('<').next().expect("a number")
        }
        _ => "",
    };
    format!("{name} {more}").trim_end().to_owned()
}

#[test]
fn every_recorded_message_of_windows_is_understood_as_an_independent_decoder_does() {
    let Some(folder) = recordings("recorded-windows") else {
        return;
    };
    let mut messages = 0;
    for conversation in sorted(&folder) {
        let mut listeners = Listeners::default();
        for file in sorted(&conversation) {
            let Some(stem) = file.to_str().and_then(|name| name.strip_suffix(".psrp.json")) else {
                continue;
            };
            let json: Value = serde_json::from_slice(&read(&file)).expect("JSON");
            for (side, from_client) in [("request", true), ("response", false)] {
                let Some(told_pieces) = json[side].as_array() else {
                    continue;
                };
                let xml = String::from_utf8(read(Path::new(&format!("{stem}.{side}.xml")))).expect("UTF-8");
                let found: Vec<Piece> = pieces(&xml)
                    .into_iter()
                    .filter(|piece| !piece.bytes.is_empty())
                    .collect();
                assert_eq!(found.len(), told_pieces.len(), "{stem} {side}");
                for (piece, told_piece) in found.iter().zip(told_pieces) {
                    let heard = listeners.hear(from_client, piece);
                    assert_eq!(heard, told(told_piece), "{stem} {side}");
                    messages += heard.len();
                }
            }
        }
        for (_, mut pipeline) in listeners.client_pipelines {
            let state = pipeline.state();
            pipeline.handle_command_done();
            assert_eq!(
                pipeline.poll_event().is_none(),
                state.is_final(),
                "{}",
                conversation.display()
            );
        }
    }
    assert!(messages > 300, "{messages} messages");
}

#[test]
fn the_conversation_of_pypsrp_with_a_server_is_understood_on_both_sides() {
    let Some(folder) = recordings("pypsrp-client") else {
        return;
    };
    let mut text = String::new();
    let mut listeners = Listeners::default();
    for file in sorted(&folder.join("read_devices")) {
        let name = file.to_string_lossy();
        let from_client = name.ends_with(".request.xml");
        if !name.ends_with(".xml") {
            continue;
        }
        for piece in pieces(&String::from_utf8(read(&file)).expect("UTF-8")) {
            if from_client && piece.place == "Arguments" {
                let pool = listeners.server.as_ref().expect("a pool");
                text.push_str(&commands(&mut pool.pipeline(Uuid::nil()), &piece.bytes));
            }
            let heard = listeners.hear(from_client, &piece);
            for line in heard.iter().filter(|line| !line.starts_with("PIPELINE_OUTPUT")) {
                text.push_str(line.split(" <").next().unwrap_or_default());
                text.push('\n');
            }
        }
    }
    check(
        &text,
        &expect![[r#"
        SESSION_CAPABILITY
        INIT_RUNSPACEPOOL
        SESSION_CAPABILITY
        APPLICATION_PRIVATE_DATA
        RUNSPACEPOOL_STATE 2
        Get-MobileDevice -ResultSize Unlimited
        CREATE_PIPELINE
        PROGRESS_RECORD
        PIPELINE_STATE 4
        Get-ActiveSyncDevice -Mailbox user00001
        CREATE_PIPELINE
        WARNING_RECORD
        PIPELINE_STATE 4
        Get-ActiveSyncDeviceStatistics -Mailbox user00001
        CREATE_PIPELINE
        PIPELINE_STATE 4
        Get-CASMailbox -Identity user00001@contoso.com
        CREATE_PIPELINE
        PIPELINE_STATE 4
        Get-ExchangeServer
        CREATE_PIPELINE
        PIPELINE_STATE 4
        Get-ActiveSyncOrganizationSettings
        CREATE_PIPELINE
        PIPELINE_STATE 4
    "#]],
    );
}

#[test]
fn a_windows_client_opens_a_pool() {
    let Some(folder) = recordings("windows-captures") else {
        return;
    };
    let text = String::from_utf8(read(&folder.join("creationXml.b64"))).expect("ASCII");
    let mut pool = server::RunspacePool::new(server::PoolConfig::default());
    pool.handle(&base64_simd::STANDARD.decode_to_vec(text.trim()).expect("base64"))
        .expect("a good stream");
    let mut lines = String::new();
    while let Some(event) = pool.poll_event() {
        lines.push_str(&match event {
            server::PoolEvent::Init(init) => {
                format!(
                    "{}..{} {:?} {:?}\n",
                    init.min_runspaces,
                    init.max_runspaces,
                    init.host,
                    init.application_arguments.type_names()
                )
            }
            other => format!("{other:?}\n"),
        });
    }
    check(
        &lines,
        &expect![[r#"
        Negotiated { version: ProtocolVersion { major: 2, minor: 3 } }
        1..1 HostInfo { host_null: false, ui_null: false, raw_ui_null: false, use_runspace_host: false } ["System.Management.Automation.PSPrimitiveDictionary", "System.Collections.Hashtable", "System.Object"]
    "#]],
    );
}

fn commands(pipeline: &mut server::Pipeline, bytes: &[u8]) -> String {
    pipeline.handle(bytes).expect("a good stream");
    match pipeline.poll_event() {
        Some(server::PipelineEvent::Create(PowerShell { commands, .. })) => {
            let commands: Vec<String> = commands.iter().map(command).collect();
            format!("{}\n", commands.join(" | "))
        }
        other => panic!("no pipeline: {other:?}"),
    }
}

fn command(command: &Command) -> String {
    let mut text = command.name.clone();
    for parameter in &command.parameters {
        if let Some(name) = &parameter.name {
            text.push_str(&format!(" -{name}"));
        }
        let value = &parameter.value;
        text.push_str(&format!(
            " {}",
            value.as_str().map_or_else(|| format!("{value:?}"), str::to_owned)
        ));
    }
    text
}

fn check(text: &str, expected: &Expect) {
    expected.assert_eq(text);
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
