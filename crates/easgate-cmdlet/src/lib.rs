//! Runs PowerShell cmdlets on a remote endpoint: the WS-Management driver, record and replay.
//!
//! A [`CmdletTransport`] takes a [`Command`] and gives a stream of [`Record`]s as they arrive. [`WsmanTransport`]
//! runs it on a server; nothing here knows what the cmdlets do.
//!
//! ```no_run
//! use easgate_cmdlet::{Authentication, CmdletTransport, Command, Config, Record, WsmanTransport};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Service {
//!     name: String,
//!     status: Option<String>,
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Authentication::Basic {
//!     username: r"CONTOSO\reader".to_owned(),
//!     password: "the password".to_owned().into(),
//! };
//! let transport = WsmanTransport::new(Config::new("https://ex1.contoso.example/powershell".parse()?, credentials))?;
//!
//! let mut records = transport.invoke(Command::new("Get-Service").with("Name", "MSExchange*")).await?;
//! while let Some(record) = records.next().await {
//!     match record? {
//!         Record::Output(output) => {
//!             let service: Service = output.deserialize()?;
//!             println!("{}: {}", service.name, service.status.unwrap_or_default());
//!         }
//!         Record::Error(error) => eprintln!("{error}"),
//!         Record::Warning(text) => eprintln!("warning: {text}"),
//!         _ => {}
//!     }
//! }
//! transport.close().await;
//! # Ok(())
//! # }
//! ```

mod config;
mod error;
mod first_reachable;
mod invocation;
pub mod record;
mod transport;
mod wsman;

pub use config::{
    Authentication, CertificatePin, ClientCertificate, Config, ConfigError, HostAddresses, KdcAddress,
    KerberosLogon, Limits, Proxy, Secret, SetupCommand, SystemLogon,
};
pub use easgate_psrp::clixml::{ClixmlError, PsValue};
pub use easgate_psrp::command::Command;
pub use easgate_psrp::records::{ErrorRecord, ProgressRecord};
pub use easgate_psrp::wsman::{Fault, FaultKind};
pub use error::{AuthenticationError, InvokeError, TransportError};
pub use first_reachable::{FirstReachable, Reached};
pub use invocation::{Invocation, Output, Record, RecordSender};
pub use transport::CmdletTransport;
pub use wsman::WsmanTransport;
