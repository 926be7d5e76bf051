//! The answers a server writes.

use std::time::Duration;

use uuid::Uuid;

use crate::wsman::write::{
    base64, begin_envelope, element, escaped, finish_envelope, selector_set, uuid_urn,
};
use crate::wsman::{CommandState, Selector, Stream, action, format_duration, ns};

/// What every answer needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The `MessageID` of the request, exactly as written.
    pub relates_to: &'a str,
    /// A fresh id.
    pub message_id: Uuid,
}

/// A shell as the answer to Create describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellDescription {
    /// The address of the endpoint.
    pub address: String,
    /// The shell's id as further requests must give it.
    pub shell_id: String,
    /// The resource URI that further requests must give.
    pub resource_uri: String,
    /// The account.
    pub owner: String,
    /// The address of the client.
    pub client_ip: String,
    /// When the shell ends by itself.
    pub idle_timeout: Duration,
}

/// A fault to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultReply {
    /// Whether the sender is to blame; else the receiver.
    pub sender: bool,
    /// The subcode with its prefix, such as `w:TimedOut` (`w` and `a` are declared).
    pub subcode: String,
    /// The reason.
    pub reason: String,
    /// The number of the `WSManFault`.
    pub wsman_code: Option<u32>,
    /// The computer's name.
    pub machine: String,
    /// The exact message; the reason when empty.
    pub message: String,
    /// Whether the message is to stand in a `ProviderFault` with this provider and path.
    pub provider: Option<(String, String)>,
}

impl FaultReply {
    /// Returns the fault for a Receive that found nothing in time.
    #[must_use]
    pub fn timed_out(machine: &str) -> Self {
        Self {
            sender: false,
            subcode: "w:TimedOut".to_owned(),
            reason: "The WS-Management service cannot complete the operation within the time specified in \
                     OperationTimeout.  "
                .to_owned(),
            wsman_code: Some(2_150_858_793),
            machine: machine.to_owned(),
            message: String::new(),
            provider: None,
        }
    }

    /// Returns the fault for a shell or a command that does not exist; `message` says which.
    #[must_use]
    pub fn invalid_selectors(machine: &str, message: &str) -> Self {
        Self {
            sender: true,
            subcode: "w:InvalidSelectors".to_owned(),
            reason: "The WS-Management service cannot process the request because the request contained \
                     invalid selectors for the resource. "
                .to_owned(),
            wsman_code: Some(2_150_858_843),
            machine: machine.to_owned(),
            message: message.to_owned(),
            provider: None,
        }
    }
}

/// Answers Create.
#[must_use]
pub fn create_response(reply: &Reply<'_>, shell: &ShellDescription) -> String {
    let mut body = String::from("<x:ResourceCreated>");
    element("a:Address", &shell.address, &mut body);
    body.push_str("<a:ReferenceParameters>");
    element("w:ResourceURI", &shell.resource_uri, &mut body);
    let selector = Selector {
        name: "ShellId".to_owned(),
        value: shell.shell_id.clone(),
    };
    selector_set(&[selector], &mut body);
    body.push_str("</a:ReferenceParameters></x:ResourceCreated><rsp:Shell>");
    element("rsp:ShellId", &shell.shell_id, &mut body);
    element("rsp:ResourceUri", &shell.resource_uri, &mut body);
    element("rsp:Owner", &shell.owner, &mut body);
    element("rsp:ClientIP", &shell.client_ip, &mut body);
    element("rsp:IdleTimeOut", &format_duration(shell.idle_timeout), &mut body);
    element("rsp:InputStreams", "stdin pr", &mut body);
    element("rsp:OutputStreams", "stdout", &mut body);
    element("rsp:ShellRunTime", "P0DT0H0M0S", &mut body);
    element("rsp:ShellInactivity", "P0DT0H0M0S", &mut body);
    body.push_str("</rsp:Shell>");
    envelope(reply, &format!("{}Response", action::CREATE), &body)
}

/// Answers Command with the id in force.
#[must_use]
pub fn command_response(reply: &Reply<'_>, command_id: &str) -> String {
    let mut body = String::from("<rsp:CommandResponse>");
    element("rsp:CommandId", command_id, &mut body);
    body.push_str("</rsp:CommandResponse>");
    envelope(reply, &format!("{}Response", action::COMMAND), &body)
}

/// Answers Receive; `state` belongs to the command `command_id` and stands in the last answer only.
#[must_use]
pub fn receive_response(
    reply: &Reply<'_>,
    streams: &[Stream],
    state: Option<(&str, &CommandState)>,
) -> String {
    let mut body = String::from("<rsp:ReceiveResponse>");
    for stream in streams {
        body.push_str(&format!("<rsp:Stream Name=\"{}\"", escaped(&stream.name)));
        if let Some(command_id) = &stream.command_id {
            body.push_str(&format!(" CommandId=\"{}\"", escaped(command_id)));
        }
        body.push('>');
        base64(&stream.data, &mut body);
        body.push_str("</rsp:Stream>");
    }
    if let Some((command_id, state)) = state {
        command_state(command_id, state, &mut body);
    }
    body.push_str("</rsp:ReceiveResponse>");
    envelope(reply, &format!("{}Response", action::RECEIVE), &body)
}

/// Answers Send.
#[must_use]
pub fn send_response(reply: &Reply<'_>) -> String {
    envelope(reply, &format!("{}Response", action::SEND), "<rsp:SendResponse/>")
}

/// Answers Signal.
#[must_use]
pub fn signal_response(reply: &Reply<'_>) -> String {
    envelope(
        reply,
        &format!("{}Response", action::SIGNAL),
        "<rsp:SignalResponse/>",
    )
}

/// Answers Delete.
#[must_use]
pub fn delete_response(reply: &Reply<'_>) -> String {
    envelope(reply, &format!("{}Response", action::DELETE), "")
}

/// Refuses a request.
#[must_use]
pub fn fault(reply: &Reply<'_>, fault: &FaultReply) -> String {
    let code = if fault.sender { "s:Sender" } else { "s:Receiver" };
    let mut body = String::from("<s:Fault><s:Code>");
    element("s:Value", code, &mut body);
    body.push_str("<s:Subcode>");
    element("s:Value", &fault.subcode, &mut body);
    body.push_str("</s:Subcode></s:Code><s:Reason>");
    element("s:Text xml:lang=\"en-US\"", &fault.reason, &mut body);
    body.push_str("</s:Reason>");
    if let Some(code) = fault.wsman_code {
        body.push_str(&format!(
            "<s:Detail><f:WSManFault xmlns:f=\"{}\" Code=\"{code}\" Machine=\"{}\"><f:Message>",
            ns::WSMAN_FAULT,
            escaped(&fault.machine)
        ));
        let message = if fault.message.is_empty() {
            &fault.reason
        } else {
            &fault.message
        };
        match &fault.provider {
            Some((provider, path)) => element(
                &format!(
                    "f:ProviderFault provider=\"{}\" path=\"{}\"",
                    escaped(provider),
                    escaped(path)
                ),
                message,
                &mut body,
            ),
            None => body.push_str(&escaped(message)),
        }
        body.push_str("</f:Message></f:WSManFault></s:Detail>");
    }
    body.push_str("</s:Fault>");
    envelope(reply, action::FAULT, &body)
}

fn command_state(command_id: &str, state: &CommandState, body: &mut String) {
    let name = match state {
        CommandState::Done { .. } => "Done",
        CommandState::Pending => "Pending",
        CommandState::Running | CommandState::Unknown => "Running",
    };
    body.push_str(&format!(
        "<rsp:CommandState CommandId=\"{}\" State=\"{}/CommandState/{name}\">",
        escaped(command_id),
        ns::SHELL
    ));
    if let CommandState::Done {
        exit_code: Some(code),
    } = state
    {
        element("rsp:ExitCode", &code.to_string(), body);
    }
    body.push_str("</rsp:CommandState>");
}

fn envelope(reply: &Reply<'_>, action: &str, body: &str) -> String {
    let mut out = String::with_capacity(1024 + body.len());
    begin_envelope(&mut out);
    element("a:Action", action, &mut out);
    element("a:MessageID", &uuid_urn(reply.message_id), &mut out);
    element("a:To", ns::ANONYMOUS, &mut out);
    element("a:RelatesTo", reply.relates_to, &mut out);
    finish_envelope(body, &mut out);
    out
}
