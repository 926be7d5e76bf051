//! The server's side of runspace pools and pipelines, without I/O.
//!
//! Bytes of the client go into `handle`, what it wants comes out of `poll_event`; answers are method
//! calls, and bytes for the client come out of `next_fragment`. Messages are written as Windows writes
//! them: with a byte order mark, and with the ids of the client's headers.

mod pipeline;
mod pool;

pub use crate::fragment::{Limits, ProtocolError};
pub use pipeline::{Pipeline, PipelineEvent};
pub use pool::{PoolConfig, PoolEvent, RunspacePool};
