//! The control socket: how the commands talk to a running service.
//!
//! One request is one line of JSON, as are the answers: progress while a sync runs, then the outcomes, and at the end
//! `done` or why the request was refused.

mod ask;
mod client;
mod wire;

pub(crate) use ask::{Told, reports};
pub(crate) use client::{AskError, hand_over, metrics, order, status};
pub(crate) use wire::{Answer, OrderName, OrderRequest, Request, SyncRequest};

/// The longest line that is read, in bytes. A report names what failed, device by device.
pub(crate) const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// The longest request, in bytes.
pub(crate) const LONGEST_REQUEST: u64 = 16 * 1024;

/// The longest plan that may follow a request, in bytes: some 60,000 changes.
pub(crate) const LONGEST_PLAN: u64 = 64 * 1024 * 1024;
