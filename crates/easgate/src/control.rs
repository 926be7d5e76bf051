//! The control socket: how the commands talk to a running service.
//!
//! One request is one line of JSON, as are the answers: progress while a sync runs, then the outcomes, and at the end
//! `done` or why the request was refused.

mod client;
mod wire;

pub(crate) use client::{hand_over, metrics, status};
pub(crate) use wire::{Answer, Request, SyncRequest};

/// The longest line that is read, in bytes. A report names what failed, device by device.
pub(crate) const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// The longest request, in bytes.
pub(crate) const LONGEST_REQUEST: u64 = 16 * 1024;
