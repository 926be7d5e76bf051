//! The ports over the real Exchange and the real enrolment sources.

mod breaker;
mod enrollment;
mod exchange;

pub use breaker::{Breaker, SecretMark};
pub use exchange::ExchangeAdapter;
