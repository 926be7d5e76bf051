//! The configuration file: its format, its checks, and where secrets come from.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = r#"
//!     [[organization]]
//!     name = "contoso"
//!
//!     [organization.exchange]
//!     servers = ["https://ex1.contoso.example/powershell"]
//!     username = 'CONTOSO\connector'
//!     password = { env = "EXCHANGE_PASSWORD" }
//!
//!     [organization.enrollment]
//!     source = "file"
//!     path = "enrolled.csv"
//! "#;
//! let configuration = easgate_config::parse(text, "/etc/easgate".as_ref())?;
//! assert_eq!(configuration.organizations[0].name, "contoso");
//!
//! let mistaken = text.replace("servers", "server");
//! let error = easgate_config::parse(&mistaken, "/etc/easgate".as_ref()).unwrap_err();
//! assert!(error.to_string().contains("did you mean `servers`?"));
//! # Ok(())
//! # }
//! ```
//!
//! **Invariants.** Only this crate knows the file, and only it reads environment variables. Each part declares
//! its own settings; this crate fills them in. Secrets stand in the file by reference alone, are read when they
//! are needed, and never print.

mod difference;
mod file;
mod load;
mod organization;
mod overrides;
mod parallel;
mod problem;
mod resolve;
mod retention;
mod schedule;
mod schema;
mod secret;
mod service;
mod spelling;
mod text;
mod warnings;

pub use difference::{Difference, differences};
pub use load::{LoadError, load, load_text, parse};
pub use organization::{
    Configuration, Enrollment, Exchange, ExchangeError, Graph, GraphCredential, GraphError, Organization,
    StoreLocation,
};
pub use overrides::OverrideTimes;
pub use parallel::Parallel;
pub use problem::{ParseError, Problem, Warning};
pub use retention::Retention;
pub use schema::{reference, schema};
pub use secret::{Environment, SecretError, SecretRef};
pub use service::{ServiceManager, ServiceSettings};

#[cfg(test)]
mod tests;
