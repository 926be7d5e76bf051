//! An Exchange organisation behind a remote PowerShell endpoint: WS-Management, PowerShell remoting, cmdlets.
//!
//! It behaves as Exchange does where a client can go wrong: lists that are cut at 1000 with a warning, errors that
//! do not end a pipeline, states that lag behind lists, sessions that see one domain alone, cookies that lead to a
//! back end, two serialisations, five versions. What goes wrong, and when, is told by [`Faults`].
//!
//! - [`ExchangeSimulator`] listens; [`ExchangeConfig`] says how.
//! - [`Organization`] is what it holds: what other people and phones do meanwhile.
//!
//! Sources: the cmdlet reference, [MS-PSRP], [MS-WSMV], and published command output.
//!
//! [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
//! [MS-WSMV]: https://learn.microsoft.com/openspecs/windows_protocols/ms-wsmv/

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a fault is looked for among all others, and members of other kinds are passed on"
)]

mod bind;
mod catalog;
mod cmdlets;
mod culture;
mod door;
mod error;
mod fault_plan;
mod filter;
mod http;
mod names;
mod operations;
mod organization;
mod refusal;
mod row;
mod rows;
mod service;
mod shell;
mod start;
mod version;

pub use catalog::Rbac;
pub use culture::{Culture, EN_GB, EN_US, JA_JP};
pub use fault_plan::{Fault, Faults, Refusal};
pub use organization::{DeviceNow, ListWrite, Organization};
pub use start::{ExchangeConfig, ExchangeSimulator, LoggedCommand};
pub use version::ExchangeVersion;

/// Whether two texts are the same to the directory, which looks at no case.
fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

#[cfg(test)]
mod tests;
