//! What a pipeline says besides its output.

mod error;
mod host;
mod information;
mod progress;

pub use error::ErrorRecord;
pub use host::{HostCall, HostResponse, NO_ANSWER};
pub use information::{InformationRecord, InformationalRecord};
pub use progress::ProgressRecord;
