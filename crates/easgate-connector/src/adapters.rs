//! The ports over the real Exchange and the real enrolment sources.

mod breaker;
mod enrollment;
mod exchange;
mod outages;

pub use breaker::{Breaker, SecretMark};
pub use exchange::ExchangeAdapter;
pub use outages::{Choice, Outages};
