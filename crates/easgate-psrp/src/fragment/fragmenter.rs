//! Messages out: cut to what the next request has room for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::{HEADER_BYTES, Header, MAX_FRAGMENT_BYTES};

/// Hands out the object ids of one direction of one runspace pool, from 1.
///
/// Clones share the count, so that a pool and its pipelines never use an id twice.
#[derive(Debug, Clone)]
pub struct ObjectIds(Arc<AtomicU64>);

impl ObjectIds {
    /// A count of its own.
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1)))
    }

    fn take(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl Default for ObjectIds {
    fn default() -> Self {
        Self::new()
    }
}

/// Messages that wait to be sent, cut into fragments when they are.
#[derive(Debug)]
pub struct Fragmenter {
    ids: ObjectIds,
    waiting: VecDeque<Outgoing>,
}

#[derive(Debug)]
struct Outgoing {
    object_id: u64,
    next_fragment: u64,
    /// What is not sent yet.
    rest: Bytes,
}

impl Fragmenter {
    /// Nothing to send yet; ids come from `ids`.
    pub const fn new(ids: ObjectIds) -> Self {
        Self {
            ids,
            waiting: VecDeque::new(),
        }
    }

    /// Appends a message. An empty one takes a fragment too, so that the peer sees its end.
    pub fn push(&mut self, message: impl Into<Bytes>) {
        self.waiting.push_back(Outgoing {
            object_id: self.ids.take(),
            next_fragment: 0,
            rest: message.into(),
        });
    }

    /// Whether everything was sent.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The bytes that wait, without headers.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(|outgoing| outgoing.rest.len()).sum()
    }

    /// One fragment of at most `budget` bytes, or `None` when all was sent.
    ///
    /// A fragment carries one byte of its message at least, whatever the budget: a caller that
    /// loops comes to an end, and the peer says what it thinks of the size.
    pub fn next_fragment(&mut self, budget: usize) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        self.append(&mut out, budget).then_some(out)
    }

    /// As many fragments as `budget` bytes hold, of as many messages as fit, or `None` when all was sent.
    pub fn pack(&mut self, budget: usize) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        while !self.waiting.is_empty() {
            let room = budget.saturating_sub(out.len());
            // A tail too small to carry a byte is left; the first fragment always goes.
            if !out.is_empty() && room <= HEADER_BYTES {
                break;
            }
            self.append(&mut out, room);
        }
        (!out.is_empty()).then_some(out)
    }

    fn append(&mut self, out: &mut Vec<u8>, budget: usize) -> bool {
        let Some(outgoing) = self.waiting.front_mut() else {
            return false;
        };
        let room = budget.min(MAX_FRAGMENT_BYTES).saturating_sub(HEADER_BYTES).max(1);
        let data = outgoing.rest.split_to(room.min(outgoing.rest.len()));
        let end = outgoing.rest.is_empty();
        let length = u32::try_from(data.len()).expect("a fragment is at most 32 KiB");
        out.reserve(HEADER_BYTES + data.len());
        Header {
            object_id: outgoing.object_id,
            fragment_id: outgoing.next_fragment,
            start: outgoing.next_fragment == 0,
            end,
            length,
        }
        .encode(out);
        out.extend_from_slice(&data);
        outgoing.next_fragment += 1;
        if end {
            self.waiting.pop_front();
        }
        true
    }
}
