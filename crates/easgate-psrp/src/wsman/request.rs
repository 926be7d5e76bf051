//! The requests a client writes.

use uuid::Uuid;

use super::write::{
    base64, begin_envelope, element, escape, escaped, finish_envelope, guid, selector_set, uuid_urn,
};
use super::{RequestContext, action, format_duration, ns};

/// What a Signal asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalCode {
    /// Stops the pipeline, as Ctrl+C does ([MS-PSRP] 3.1.5.3.9).
    ///
    /// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
    Stop,
    /// Releases a command that has ended.
    Terminate,
    /// Any other code, as written.
    Other(String),
}

impl SignalCode {
    const STOP: &str = "powershell/signal/ctrl_c";
    const TERMINATE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/Terminate";

    /// Returns the code as it is written in `rsp:Code`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => Self::STOP,
            Self::Terminate => Self::TERMINATE,
            Self::Other(code) => code,
        }
    }

    /// Reads a code; Windows clients write `crtl_c` for stop and vary the case of `Terminate`.
    pub(super) fn from_wire(code: &str) -> Self {
        if code.eq_ignore_ascii_case(Self::STOP) || code.eq_ignore_ascii_case("powershell/signal/crtl_c") {
            Self::Stop
        } else if code.eq_ignore_ascii_case(Self::TERMINATE) {
            Self::Terminate
        } else {
            Self::Other(code.to_owned())
        }
    }
}

/// Writes Create: opens a shell whose opening messages, as fragments, are `creation`.
///
/// `shell_id` is a proposal; the server answers with the id in force. `protocol_version` is the value of the
/// `protocolversion` option, such as `2.3`.
#[must_use]
pub fn create(
    context: &RequestContext,
    message_id: Uuid,
    shell_id: Uuid,
    protocol_version: &str,
    creation: &[u8],
) -> String {
    let options = format!(
        "<w:OptionSet s:mustUnderstand=\"true\"><w:Option Name=\"protocolversion\" MustComply=\"true\">{}\
         </w:Option></w:OptionSet>",
        escaped(protocol_version)
    );
    let mut body = format!("<rsp:Shell ShellId=\"{}\">", guid(shell_id));
    body.push_str(
        "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>",
    );
    body.push_str("<creationXml xmlns=\"");
    body.push_str(ns::POWERSHELL);
    body.push_str("\">");
    base64(creation, &mut body);
    body.push_str("</creationXml></rsp:Shell>");
    envelope(context, message_id, action::CREATE, &options, &body)
}

/// Writes Command: starts the pipeline `command_id` with its first fragments.
#[must_use]
pub fn command(context: &RequestContext, message_id: Uuid, command_id: Uuid, fragments: &[u8]) -> String {
    let options = "<w:OptionSet s:mustUnderstand=\"true\"><w:Option Name=\"WINRS_SKIP_CMD_SHELL\">False\
                   </w:Option></w:OptionSet>";
    let mut body = format!(
        "<rsp:CommandLine CommandId=\"{}\"><rsp:Command></rsp:Command><rsp:Arguments>",
        guid(command_id)
    );
    base64(fragments, &mut body);
    body.push_str("</rsp:Arguments></rsp:CommandLine>");
    envelope(context, message_id, action::COMMAND, options, &body)
}

/// Writes Send: more input on `stream`, `stdin` or `pr` (answers of the host), for a pipeline or for the pool.
#[must_use]
pub fn send(
    context: &RequestContext,
    message_id: Uuid,
    stream: &str,
    command_id: Option<&str>,
    fragments: &[u8],
) -> String {
    let mut body = format!("<rsp:Send><rsp:Stream Name=\"{}\"", escaped(stream));
    command_attribute(command_id, &mut body);
    body.push('>');
    base64(fragments, &mut body);
    body.push_str("</rsp:Stream></rsp:Send>");
    envelope(context, message_id, action::SEND, "", &body)
}

/// Writes Receive: waits for output of a pipeline, or of the pool when there is no `command_id`.
#[must_use]
pub fn receive(context: &RequestContext, message_id: Uuid, command_id: Option<&str>) -> String {
    let options = "<w:OptionSet s:mustUnderstand=\"true\"><w:Option Name=\"WSMAN_CMDSHELL_OPTION_KEEPALIVE\">\
                   True</w:Option></w:OptionSet>";
    let mut body = String::from("<rsp:Receive><rsp:DesiredStream");
    command_attribute(command_id, &mut body);
    body.push_str(">stdout</rsp:DesiredStream></rsp:Receive>");
    envelope(context, message_id, action::RECEIVE, options, &body)
}

/// Writes Signal: stops or releases a pipeline.
#[must_use]
pub fn signal(context: &RequestContext, message_id: Uuid, command_id: &str, code: &SignalCode) -> String {
    let mut body = String::from("<rsp:Signal");
    command_attribute(Some(command_id), &mut body);
    body.push('>');
    element("rsp:Code", code.as_str(), &mut body);
    body.push_str("</rsp:Signal>");
    envelope(context, message_id, action::SIGNAL, "", &body)
}

/// Writes Delete: ends the shell.
#[must_use]
pub fn delete(context: &RequestContext, message_id: Uuid) -> String {
    envelope(context, message_id, action::DELETE, "", "")
}

/// Returns the size in bytes of a Command envelope without fragments, for [`super::fragment_budget`].
#[must_use]
pub fn empty_command_size(context: &RequestContext) -> usize {
    command(context, Uuid::nil(), Uuid::nil(), &[]).len()
}

/// Returns the size in bytes of a Send envelope without fragments, for [`super::fragment_budget`].
#[must_use]
pub fn empty_send_size(context: &RequestContext, stream: &str, command_id: Option<&str>) -> usize {
    send(context, Uuid::nil(), stream, command_id, &[]).len()
}

fn command_attribute(command_id: Option<&str>, body: &mut String) {
    if let Some(command_id) = command_id {
        body.push_str(" CommandId=\"");
        escape(command_id, body);
        body.push('"');
    }
}

fn envelope(context: &RequestContext, message_id: Uuid, action: &str, options: &str, body: &str) -> String {
    let mut out = String::with_capacity(2048 + body.len());
    begin_envelope(&mut out);
    element("a:To", &context.to, &mut out);
    element(
        "w:ResourceURI s:mustUnderstand=\"true\"",
        &context.resource_uri,
        &mut out,
    );
    out.push_str("<a:ReplyTo>");
    element("a:Address s:mustUnderstand=\"true\"", ns::ANONYMOUS, &mut out);
    out.push_str("</a:ReplyTo>");
    element("a:Action s:mustUnderstand=\"true\"", action, &mut out);
    let size = context.max_envelope_size.to_string();
    element("w:MaxEnvelopeSize s:mustUnderstand=\"true\"", &size, &mut out);
    element("a:MessageID", &uuid_urn(message_id), &mut out);
    let locale = escaped(&context.locale);
    for tag in ["w:Locale", "p:DataLocale"] {
        out.push_str(&format!(
            "<{tag} xml:lang=\"{locale}\" s:mustUnderstand=\"false\"/>"
        ));
    }
    element(
        "p:SessionId s:mustUnderstand=\"false\"",
        &uuid_urn(context.session_id),
        &mut out,
    );
    element(
        "w:OperationTimeout",
        &format_duration(context.operation_timeout),
        &mut out,
    );
    out.push_str(options);
    selector_set(&context.selectors, &mut out);
    finish_envelope(body, &mut out);
    out
}
