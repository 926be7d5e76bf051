//! The answers a client reads.

use super::fault::{Fault, read_fault};
use super::header::{Header, read_envelope, read_set, some_text};
use super::reader::{Element, Namespace, Reader, WsmanError};
use super::{Selector, action};

/// One answer of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The id of the request that this answers, as the server echoed it.
    pub relates_to: Option<String>,
    /// What it says.
    pub body: ResponseBody,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ResponseBody {
    /// The shell exists.
    Created(CreatedShell),
    /// The command exists; the id to use for it from now on.
    Command {
        /// The command's id as the server writes it; absent if the server did not say.
        command_id: Option<String>,
    },
    /// Output, in order.
    Received {
        /// The pieces of output.
        streams: Vec<Stream>,
        /// Where the command stands; in the last answer of a command, and rarely before.
        state: Option<CommandState>,
    },
    /// The input was taken.
    Sent,
    /// The signal was taken.
    Signalled,
    /// The shell is gone.
    Deleted,
    /// The request was refused.
    Fault(Fault),
    /// An answer to a request that this crate does not write.
    Other {
        /// Its `wsa:Action`.
        action: String,
    },
}

/// The shell that Create made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreatedShell {
    /// The selectors for every further request.
    pub selectors: Vec<Selector>,
    /// The resource URI for every further request.
    pub resource_uri: Option<String>,
    /// `rsp:IdleTimeOut`.
    pub idle_timeout: Option<std::time::Duration>,
    /// The account that owns the shell.
    pub owner: Option<String>,
}

impl CreatedShell {
    /// Returns the shell's id.
    #[must_use]
    pub fn shell_id(&self) -> Option<&str> {
        let selector = self
            .selectors
            .iter()
            .find(|selector| selector.name.eq_ignore_ascii_case("ShellId"));
        selector.map(|selector| selector.value.as_str())
    }
}

/// One `rsp:Stream` of output: part of a fragment, a fragment, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The stream's name, `stdout`.
    pub name: String,
    /// The command it belongs to; absent for the pool.
    pub command_id: Option<String>,
    /// The decoded bytes; may be empty.
    pub data: Vec<u8>,
}

/// Where a command stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandState {
    /// More may come.
    Running,
    /// Not started yet.
    Pending,
    /// Nothing more will come.
    Done {
        /// The exit code, 0 for PowerShell.
        exit_code: Option<i64>,
    },
    /// A state not known here, or none given.
    Unknown,
}

/// Reads an answer.
///
/// # Errors
///
/// When `body` is no well-formed SOAP 1.2 message, exceeds the limits, or lacks what its kind requires.
pub fn parse_response(body: &[u8]) -> Result<Response, WsmanError> {
    let mut parts = Parts::default();
    let header = read_envelope(body, |reader, element| parts.read(reader, element))?;
    let relates_to = header.relates_to.clone();
    Ok(Response {
        relates_to,
        body: parts.into_body(header)?,
    })
}

#[derive(Default)]
struct Parts {
    created: Option<CreatedShell>,
    body: Option<ResponseBody>,
}

impl Parts {
    fn read(&mut self, reader: &mut Reader<'_>, element: &Element<'_>) -> Result<(), WsmanError> {
        let body = match (element.namespace, element.local()) {
            (Namespace::Soap, "Fault") => ResponseBody::Fault(read_fault(reader)?),
            (Namespace::Transfer, "ResourceCreated") => {
                return read_resource_created(reader, self.created.get_or_insert_default());
            }
            (Namespace::Shell, "Shell") => return read_shell(reader, self.created.get_or_insert_default()),
            (Namespace::Shell, "CommandResponse") => ResponseBody::Command {
                command_id: read_command_id(reader)?,
            },
            (Namespace::Shell, "ReceiveResponse") => read_received(reader)?,
            (Namespace::Shell, "SendResponse") => ResponseBody::Sent,
            (Namespace::Shell, "SignalResponse") => ResponseBody::Signalled,
            _ => return Ok(()),
        };
        self.body.get_or_insert(body);
        Ok(())
    }

    fn into_body(self, header: Header) -> Result<ResponseBody, WsmanError> {
        if let Some(body) = self.body {
            return Ok(body);
        }
        match (self.created, header.action.strip_suffix("Response")) {
            (Some(shell), Some(action::CREATE)) if shell.shell_id().is_none() => {
                Err(WsmanError::Missing { what: "shell id" })
            }
            (Some(shell), Some(action::CREATE)) => Ok(ResponseBody::Created(shell)),
            (None, Some(action::DELETE)) => Ok(ResponseBody::Deleted),
            (None, Some(action::SEND)) => Ok(ResponseBody::Sent),
            (None, Some(action::SIGNAL)) => Ok(ResponseBody::Signalled),
            _ => Ok(ResponseBody::Other {
                action: header.action,
            }),
        }
    }
}

fn read_resource_created(reader: &mut Reader<'_>, shell: &mut CreatedShell) -> Result<(), WsmanError> {
    reader.children(|reader, element| {
        if !element.is(Namespace::Addressing, "ReferenceParameters") {
            return Ok(());
        }
        reader.children(|reader, parameter| {
            match (parameter.namespace, parameter.local()) {
                (Namespace::Wsman, "ResourceURI") => shell.resource_uri = some_text(reader)?,
                (Namespace::Wsman, "SelectorSet") => {
                    shell.selectors.clear();
                    read_set(reader, &mut shell.selectors)?;
                }
                _ => {}
            }
            Ok(())
        })
    })
}

/// Reads `rsp:Shell`, which repeats what `ResourceCreated` says; the latter prevails.
fn read_shell(reader: &mut Reader<'_>, shell: &mut CreatedShell) -> Result<(), WsmanError> {
    reader.children(|reader, element| {
        match (element.namespace, element.local()) {
            (Namespace::Shell, "ShellId") if shell.selectors.is_empty() => {
                if let Some(value) = some_text(reader)? {
                    shell.selectors.push(Selector {
                        name: "ShellId".to_owned(),
                        value,
                    });
                }
            }
            (Namespace::Shell, "ResourceUri") if shell.resource_uri.is_none() => {
                shell.resource_uri = some_text(reader)?;
            }
            (Namespace::Shell, "IdleTimeOut") => {
                shell.idle_timeout = super::parse_duration(&reader.text()?);
            }
            (Namespace::Shell, "Owner") => shell.owner = some_text(reader)?,
            _ => {}
        }
        Ok(())
    })
}

fn read_command_id(reader: &mut Reader<'_>) -> Result<Option<String>, WsmanError> {
    let mut command_id = None;
    reader.children(|reader, element| {
        if element.is(Namespace::Shell, "CommandId") {
            command_id = some_text(reader)?;
        }
        Ok(())
    })?;
    Ok(command_id)
}

fn read_received(reader: &mut Reader<'_>) -> Result<ResponseBody, WsmanError> {
    let mut streams = Vec::new();
    let mut state = None;
    reader.children(|reader, element| {
        if element.is(Namespace::Shell, "Stream") {
            streams.push(Stream {
                name: element.attribute("Name")?.unwrap_or_default(),
                command_id: element.attribute("CommandId")?,
                data: reader.base64("stream")?,
            });
        } else if element.is(Namespace::Shell, "CommandState") {
            state = Some(read_command_state(reader, element)?);
        }
        Ok(())
    })?;
    Ok(ResponseBody::Received { streams, state })
}

fn read_command_state(reader: &mut Reader<'_>, element: &Element<'_>) -> Result<CommandState, WsmanError> {
    let state = element.attribute("State")?.unwrap_or_default();
    let mut exit_code = None;
    reader.children(|reader, child| {
        if child.is(Namespace::Shell, "ExitCode") {
            exit_code = reader.text()?.parse().ok();
        }
        Ok(())
    })?;
    Ok(match state.rsplit_once('/').map(|(_, name)| name) {
        Some("Done") => CommandState::Done { exit_code },
        Some("Running") => CommandState::Running,
        Some("Pending") => CommandState::Pending,
        _ => CommandState::Unknown,
    })
}
