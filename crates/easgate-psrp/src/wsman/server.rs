//! The server's side: requests read, answers written.
//!
//! Requests of pypsrp, Windows and other clients are taken as they come: any prefixes, white space around text,
//! `OperationID`, `SequenceId` and a wish for compression, which may be left unanswered.

mod reply;

pub use reply::{
    FaultReply, Reply, ShellDescription, command_response, create_response, delete_response, fault,
    receive_response, send_response, signal_response,
};

use std::time::Duration;

use super::header::{read_envelope, some_text};
use super::reader::{Element, Namespace, Reader, WsmanError};
use super::{Selector, SignalCode, action};

/// One request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The request's id exactly as written; the answer must echo it in `RelatesTo`.
    pub message_id: String,
    /// `wsa:Action`.
    pub action: String,
    /// `wsa:To`.
    pub to: Option<String>,
    /// The resource URI: the shell's type.
    pub resource_uri: Option<String>,
    /// `wsmv:SessionId`.
    pub session_id: Option<String>,
    /// `wsmv:OperationID`.
    pub operation_id: Option<String>,
    /// How long the client wants the server to wait.
    pub operation_timeout: Option<Duration>,
    /// The largest envelope that the client takes, in bytes.
    pub max_envelope_size: Option<u32>,
    /// The client's language.
    pub locale: Option<String>,
    /// The options, such as `protocolversion`.
    pub options: Vec<Selector>,
    /// The selectors, such as `ShellId`.
    pub selectors: Vec<Selector>,
    /// What is asked for.
    pub body: RequestBody,
}

impl Request {
    /// Returns the shell that the request is for.
    #[must_use]
    pub fn shell_id(&self) -> Option<&str> {
        find(&self.selectors, "ShellId")
    }

    /// Returns the value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        find(&self.options, name)
    }
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestBody {
    /// Open a shell.
    Create {
        /// The id that the client proposes.
        shell_id: Option<String>,
        /// The name of the shell.
        name: Option<String>,
        /// The idle time-out that the client asks for.
        idle_timeout: Option<Duration>,
        /// The opening fragments, decoded; empty for a shell that is not PowerShell's.
        creation: Vec<u8>,
    },
    /// Start a command.
    Command {
        /// The id that the client proposes.
        command_id: Option<String>,
        /// The command line; empty for PowerShell.
        command: String,
        /// The arguments as written; for PowerShell see [`RequestBody::fragments`].
        arguments: Vec<String>,
    },
    /// Take input.
    Send {
        /// The pieces of input.
        streams: Vec<super::Stream>,
    },
    /// Wait for output.
    Receive {
        /// The command whose output is wanted; none for the pool.
        command_id: Option<String>,
        /// The names of the streams, separated by spaces.
        streams: String,
    },
    /// Stop or release a command.
    Signal {
        /// The command.
        command_id: Option<String>,
        /// The signal.
        code: SignalCode,
    },
    /// End the shell.
    Delete,
    /// Anything else; see [`Request::action`].
    Other,
}

impl RequestBody {
    /// Returns the fragments in the arguments of a PowerShell command.
    ///
    /// # Errors
    ///
    /// When an argument is not base64.
    pub fn fragments(&self) -> Result<Vec<u8>, WsmanError> {
        let Self::Command { arguments, .. } = self else {
            return Ok(Vec::new());
        };
        let mut fragments = Vec::new();
        for argument in arguments {
            let decoded = base64_simd::forgiving_decode_to_vec(argument.as_bytes());
            fragments.extend(decoded.map_err(|_| WsmanError::Base64 { element: "argument" })?);
        }
        Ok(fragments)
    }
}

/// Reads a request.
///
/// # Errors
///
/// When `body` is no well-formed SOAP 1.2 message, exceeds the limits, or has no `MessageID`.
pub fn parse_request(body: &[u8]) -> Result<Request, WsmanError> {
    let mut found = None;
    let header = read_envelope(body, |reader, element| {
        let part = read_part(reader, element)?;
        if found.is_none() {
            found = part;
        }
        Ok(())
    })?;
    let body = match found {
        Some(body) => body,
        None if header.action == action::DELETE => RequestBody::Delete,
        None => RequestBody::Other,
    };
    Ok(Request {
        message_id: header
            .message_id
            .ok_or(WsmanError::Missing { what: "message id" })?,
        action: header.action,
        to: header.to,
        resource_uri: header.resource_uri,
        session_id: header.session_id,
        operation_id: header.operation_id,
        operation_timeout: header.operation_timeout,
        max_envelope_size: header.max_envelope_size,
        locale: header.locale,
        options: header.options,
        selectors: header.selectors,
        body,
    })
}

fn read_part(reader: &mut Reader<'_>, element: &Element<'_>) -> Result<Option<RequestBody>, WsmanError> {
    if element.namespace != Namespace::Shell {
        return Ok(None);
    }
    Ok(Some(match element.local() {
        "Shell" => read_create(reader, element)?,
        "CommandLine" => read_command(reader, element)?,
        "Send" => read_send(reader)?,
        "Receive" => read_receive(reader)?,
        "Signal" => read_signal(reader, element)?,
        _ => return Ok(None),
    }))
}

fn read_create(reader: &mut Reader<'_>, element: &Element<'_>) -> Result<RequestBody, WsmanError> {
    let shell_id = element.attribute("ShellId")?;
    let mut name = element.attribute("Name")?;
    let (mut idle_timeout, mut creation) = (None, Vec::new());
    reader.children(|reader, part| {
        match (part.namespace, part.local()) {
            (Namespace::Shell, "Name") => name = some_text(reader)?,
            (Namespace::Shell, "IdleTimeOut" | "IdleTimeout") => {
                idle_timeout = super::parse_duration(&reader.text()?);
            }
            (Namespace::PowerShell, "creationXml") => creation = reader.base64("creationXml")?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(RequestBody::Create {
        shell_id,
        name,
        idle_timeout,
        creation,
    })
}

fn read_command(reader: &mut Reader<'_>, element: &Element<'_>) -> Result<RequestBody, WsmanError> {
    let command_id = element.attribute("CommandId")?;
    let (mut command, mut arguments) = (String::new(), Vec::new());
    reader.children(|reader, part| {
        match (part.namespace, part.local()) {
            (Namespace::Shell, "Command") => command = reader.text()?.into_owned(),
            (Namespace::Shell, "Arguments") => arguments.push(reader.text()?.into_owned()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(RequestBody::Command {
        command_id,
        command,
        arguments,
    })
}

fn read_send(reader: &mut Reader<'_>) -> Result<RequestBody, WsmanError> {
    let mut streams = Vec::new();
    reader.children(|reader, part| {
        if part.is(Namespace::Shell, "Stream") {
            streams.push(super::Stream {
                name: part.attribute("Name")?.unwrap_or_default(),
                command_id: part.attribute("CommandId")?,
                data: reader.base64("stream")?,
            });
        }
        Ok(())
    })?;
    Ok(RequestBody::Send { streams })
}

fn read_receive(reader: &mut Reader<'_>) -> Result<RequestBody, WsmanError> {
    let (mut command_id, mut streams) = (None, String::new());
    reader.children(|reader, part| {
        if part.is(Namespace::Shell, "DesiredStream") {
            command_id = part.attribute("CommandId")?;
            streams = reader.text()?.into_owned();
        }
        Ok(())
    })?;
    Ok(RequestBody::Receive { command_id, streams })
}

fn read_signal(reader: &mut Reader<'_>, element: &Element<'_>) -> Result<RequestBody, WsmanError> {
    let command_id = element.attribute("CommandId")?;
    let mut code = SignalCode::Other(String::new());
    reader.children(|reader, part| {
        if part.is(Namespace::Shell, "Code") {
            code = SignalCode::from_wire(&reader.text()?);
        }
        Ok(())
    })?;
    Ok(RequestBody::Signal { command_id, code })
}

fn find<'a>(set: &'a [Selector], name: &str) -> Option<&'a str> {
    let entry = set.iter().find(|entry| entry.name.eq_ignore_ascii_case(name));
    entry.map(|entry| entry.value.as_str())
}
