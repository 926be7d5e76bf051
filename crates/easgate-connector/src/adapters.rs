//! The ports over the real Exchange and the real enrolment sources.

mod enrollment;
mod exchange;

pub use exchange::ExchangeAdapter;
