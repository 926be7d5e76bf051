//! The client's side of a runspace pool and its pipelines, without I/O.
//!
//! Bytes of the server go into `handle`, what they mean comes out of `poll_event`, and bytes for the
//! server come out of `data_to_send`, cut to the room that the next request has.
//!
//! ```
//! use easgate_psrp::client::{PoolConfig, RunspacePool};
//! use easgate_psrp::command::Command;
//! use uuid::Uuid;
//!
//! let mut pool = RunspacePool::new(PoolConfig::new(Uuid::from_u128(1)));
//! let creation_xml = pool.opening();
//! assert!(creation_xml.len() > 40);
//! // ... Create, Receive, pool.handle(...), pool.poll_event() until Opened ...
//! let command = Command::new("Get-MobileDevice").with("ResultSize", "Unlimited");
//! let mut pipeline = pool.pipeline(Uuid::from_u128(2), &[command]);
//! let arguments = pipeline.data_to_send(100_000);
//! assert!(arguments.is_some());
//! ```

mod pipeline;
mod pool;

pub use crate::fragment::{Limits, ProtocolError};
pub use crate::message::{PipelineState, ProtocolVersion};
pub use pipeline::{Pipeline, PipelineEvent};
pub use pool::{PoolConfig, PoolEvent, RunspacePool};
