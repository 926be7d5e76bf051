//! An Exchange organisation and a tenant that speak the real wire protocols on loopback, with faults on demand.
//!
//! - [`world`]: the people, phones and enrolments of an invented company, the same at every start.
//! - [`exchange`]: its Exchange organisation behind a remote PowerShell endpoint.
//! - [`tenant`]: its tenant behind Graph and the token endpoint.
//!
//! Source of Exchange's behaviour: the public cmdlet reference and published command output.

pub mod exchange;
pub mod tenant;
pub mod world;
