//! A tenant: the token endpoint of Entra ID, and Microsoft Graph as far as Intune and the directory go.
//!
//! It behaves as Graph does where a client can go wrong: pages of 1,000 rows, filters that Intune ignores in
//! silence, ids of zeros and dates of the year 1, errors nested in errors, throttling in every form. What goes
//! wrong, and when, is told by [`Fault`].
//!
//! Sources: Microsoft's Graph and Entra documentation, and published recordings.

mod batch;
mod data;
mod delta;
mod directory;
mod fault;
mod filter;
mod intune;
mod reply;
mod serve;
mod token;

pub use data::{Group, TenantData};
pub use fault::{Fault, RetryAfter};
pub use serve::{LoggedRequest, TenantConfig, TenantSimulator};
