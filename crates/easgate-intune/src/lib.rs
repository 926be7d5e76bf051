//! Microsoft Graph as far as Intune goes, tokens for it, and enrolment facts from a file.
//!
//! - [`Graph`] reads devices, users, licences and groups; [`Graph::inventory`] reads all of them completely.
//! - [`FileSource`] reads the same facts from a CSV file.
//! - [`TokenSource`] gives the tokens: [`EntraTokens`] by secret or certificate, [`StaticToken`] for tests.
//!
//! ```
//! use easgate_intune::{Cloud, Credential, Graph, GraphConfig, Timing};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = GraphConfig::new(
//!     Cloud::Global,
//!     "8bb1a4b5-0b9c-4f5e-9a55-6f1d6c2f0c11",
//!     "11111111-aaaa-4bbb-8ccc-000000000001",
//!     Credential::Secret("from a file that only the service can read".into()),
//! );
//! let graph = Graph::new(config, Timing::from_clock(|| time::OffsetDateTime::UNIX_EPOCH))?;
//! // let inventory = graph.inventory(&|_progress| ()).await?;
//! # let _ = graph;
//! # Ok(())
//! # }
//! ```
//!
//! **Invariants.** Graph's JSON and CSV never leave this crate: what leaves are `easgate_model` values. A token
//! is sent to the configured origin alone. A list that was not read to its end is an error, never a list.
//! Time, jitter and waiting come from [`Timing`].

mod batch;
mod cloud;
mod config;
mod delta;
mod file;
mod graph;
mod http;
mod inventory;
mod map;
mod page;
mod part;
mod policy;
mod request;
mod timing;
mod token;
mod wire;

pub use cloud::Cloud;
pub use config::{Credential, GraphConfig, GraphConfigError, INTUNE_PLANS};
pub use delta::{Delta, DeltaLink, GroupChange, UserChange};
pub use file::{FileError, FileSource};
pub use graph::{Graph, SubscriptionState, TenantState};
pub use http::error::{GraphError, Permission, RequestIds};
pub use http::proxy::{Proxy, ProxyLogin, ProxySchemes};
pub use inventory::{Input, InventoryError, Progress};
pub use part::Recent;
pub use policy::{
    ConditionalAccessSettings, ConnectorStatus, DeviceClass, DeviceClassKind, ExchangeAccessLevel,
    ExchangeConnector, ExchangePolicy, PolicyRule,
};
pub use timing::Timing;
pub use token::certificate::{CertificateError, SigningCertificate};
pub use token::entra::EntraTokens;
pub use token::{AccessToken, Refusal, StaticToken, TokenError, TokenSource};
