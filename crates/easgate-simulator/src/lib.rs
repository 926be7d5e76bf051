//! An Exchange organisation and a tenant that speak the real wire protocols on loopback, with faults on demand.
//!
//! - [`tenant`]: Microsoft Graph and the token endpoint of Entra ID for that company.
//! - [`world`]: the people, phones and enrolments of an invented company, the same at every start.
//!
//! Source of Exchange's behaviour: the public cmdlet reference and published command output.

pub mod tenant;
pub mod world;
