//! Runs PowerShell cmdlets on a remote endpoint: the WS-Management driver, record and replay.
//!
//! A [`CmdletTransport`] takes a [`Command`] and gives a stream of [`Record`]s as they arrive.

mod config;
mod error;
mod invocation;
mod transport;

pub use config::{Authentication, Config, ConfigError, Limits, SetupCommand};
pub use easgate_psrp::clixml::{ClixmlError, PsValue};
pub use easgate_psrp::command::Command;
pub use easgate_psrp::records::{ErrorRecord, ProgressRecord};
pub use error::{InvokeError, TransportError};
pub use invocation::{Invocation, Output, Record, RecordSender};
pub use transport::CmdletTransport;
