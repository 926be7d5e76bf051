//! WS-Management envelopes, written and read.
//!
//! A client writes requests with [`create`], [`command`], [`send`], [`receive`], [`signal`] and [`delete`], and
//! reads the answers with [`parse_response`]. A server reads requests and writes answers with [`server`].
//! Elements are matched by namespace and local name, since peers choose their own prefixes.
//!
//! See [MS-WSMV] 3.1.4 (operations) and 2.2.4 (types), and [MS-PSRP] 3.1.5.3 (what PowerShell puts into them).
//! Nothing here does I/O or chooses an identifier: message, session, shell and command ids are arguments.
//!
//! [MS-WSMV]: https://learn.microsoft.com/openspecs/windows_protocols/ms-wsmv/
//! [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/

mod duration;
mod fault;
mod header;
mod reader;
mod request;
mod response;
pub mod server;
mod write;

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;

use std::time::Duration;

use uuid::Uuid;

pub use duration::{format_duration, parse_duration};
pub use fault::{ExchangeDiagnostics, Fault, FaultKind, ProviderFault};
pub use reader::WsmanError;
pub use request::{
    SignalCode, command, create, delete, empty_command_size, empty_send_size, receive, send, signal,
};
pub use response::{CommandState, CreatedShell, Response, ResponseBody, Stream, parse_response};

/// The media type of every unsealed body.
pub const CONTENT_TYPE: &str = "application/soap+xml;charset=UTF-8";

/// The start of every PowerShell resource URI; the name of the session configuration follows.
pub const RESOURCE_URI_PREFIX: &str = "http://schemas.microsoft.com/powershell/";

/// The largest request body, in bytes, that IIS reads ahead while it asks for a client certificate, less room
/// for what sealing adds.
pub const MAX_REQUEST_BODY: usize = 508_000;

/// What every request of one shell has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContext {
    /// The address of the endpoint, as in `wsa:To`; without the port when it is the scheme's own.
    pub to: String,
    /// The resource URI: the configured one for Create, the one the server returned afterwards.
    pub resource_uri: String,
    /// `wsmv:SessionId`, the same for all requests of a client session.
    pub session_id: Uuid,
    /// The largest envelope that either side should send, in bytes.
    pub max_envelope_size: u32,
    /// How long the server may take before it answers with `w:TimedOut`.
    pub operation_timeout: Duration,
    /// The language of messages and data, as `en-US`.
    pub locale: String,
    /// The selectors of the shell as the server returned them; empty for Create.
    pub selectors: Vec<Selector>,
}

/// A name and a value of a `wsman:SelectorSet`, such as `ShellId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The selector's name.
    pub name: String,
    /// The selector's value, as the server wrote it.
    pub value: String,
}

/// Returns how many bytes of fragments fit into a request whose envelope without them has `empty_envelope` bytes.
///
/// Fragments travel as base64, so three bytes take four. The result is 0 when nothing fits.
#[must_use]
pub fn fragment_budget(empty_envelope: usize, max_envelope_size: u32) -> usize {
    let limit = usize::try_from(max_envelope_size)
        .unwrap_or(usize::MAX)
        .min(MAX_REQUEST_BODY);
    limit.saturating_sub(empty_envelope) / 4 * 3
}

/// The namespaces that matter on this wire.
pub(crate) mod ns {
    pub(crate) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
    pub(crate) const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
    pub(crate) const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
    pub(crate) const WSMV: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
    pub(crate) const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
    pub(crate) const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
    pub(crate) const WSMAN_FAULT: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
    pub(crate) const POWERSHELL: &str = "http://schemas.microsoft.com/powershell";
    pub(crate) const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
}

/// The WS-Addressing actions of requests; a response adds `Response`.
pub mod action {
    /// Opens a shell.
    pub const CREATE: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create";
    /// Ends a shell.
    pub const DELETE: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete";
    /// Reads a resource.
    pub const GET: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
    /// Starts a command.
    pub const COMMAND: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command";
    /// Sends input.
    pub const SEND: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send";
    /// Waits for output.
    pub const RECEIVE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive";
    /// Stops or releases a command.
    pub const SIGNAL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Signal";
    /// Leaves a shell running without a client.
    pub const DISCONNECT: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Disconnect";
    /// Comes back to a shell of one's own.
    pub const RECONNECT: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Reconnect";
    /// Takes a disconnected shell over.
    pub const CONNECT: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Connect";
    /// The action of most faults.
    pub const FAULT: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault";
}
