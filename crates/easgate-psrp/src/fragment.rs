//! Fragments: what carries a message over a stream of bytes.
//!
//! A message is cut into fragments, each with a header of 21 bytes ([MS-PSRP] 2.2.4).
//! Neither a chunk of input nor a fragment need end where the other does.
//!
//! [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/

mod fragmenter;
mod reassembler;

pub use fragmenter::{Fragmenter, ObjectIds};
pub use reassembler::{Broken, Reassembler};

/// The bytes of a fragment before its data.
pub const HEADER_BYTES: usize = 21;

/// The largest fragment that is sent, header and data together; what Windows sends and accepts.
pub const MAX_FRAGMENT_BYTES: usize = 32 * 1024;

/// The most that a peer may make this side hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Data bytes of one fragment. A larger one ends the session, since its header cannot be trusted.
    pub fragment_bytes: usize,
    /// Data bytes of one message.
    pub message_bytes: usize,
    /// Fragments of one message.
    pub fragments: u64,
    /// Messages begun and not ended.
    pub incomplete_messages: usize,
    /// Data bytes of all messages begun and not ended.
    pub incomplete_bytes: usize,
}

impl Default for Limits {
    /// 2 MiB a fragment, 64 MiB a message, 65,536 fragments a message, 16 messages and 96 MiB in the making.
    fn default() -> Self {
        Self {
            fragment_bytes: 2 << 20,
            message_bytes: 64 << 20,
            fragments: 1 << 16,
            incomplete_messages: 16,
            incomplete_bytes: 96 << 20,
        }
    }
}

/// The header of a fragment, big-endian on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Names the message among those of one direction.
    pub object_id: u64,
    /// The fragment's place in its message, from 0.
    pub fragment_id: u64,
    /// Whether the message begins here.
    pub start: bool,
    /// Whether the message ends here.
    pub end: bool,
    /// The data bytes that follow.
    pub length: u32,
}

impl Header {
    /// Reads a header; bits of the flags other than Start and End are reserved and passed over.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Self {
        let [
            o0,
            o1,
            o2,
            o3,
            o4,
            o5,
            o6,
            o7,
            f0,
            f1,
            f2,
            f3,
            f4,
            f5,
            f6,
            f7,
            flags,
            l0,
            l1,
            l2,
            l3,
        ] = *bytes;
        Self {
            object_id: u64::from_be_bytes([o0, o1, o2, o3, o4, o5, o6, o7]),
            fragment_id: u64::from_be_bytes([f0, f1, f2, f3, f4, f5, f6, f7]),
            start: flags & 1 != 0,
            end: flags & 2 != 0,
            length: u32::from_be_bytes([l0, l1, l2, l3]),
        }
    }

    /// Appends the header to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.object_id.to_be_bytes());
        out.extend_from_slice(&self.fragment_id.to_be_bytes());
        out.push(u8::from(self.start) | u8::from(self.end) << 1);
        out.extend_from_slice(&self.length.to_be_bytes());
    }
}

/// What a peer may not do to a stream; the session is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ProtocolError {
    #[error("a fragment of message {object_id} announces {length} bytes where {limit} are allowed")]
    FragmentTooLarge {
        object_id: u64,
        length: u32,
        limit: usize,
    },
    #[error("more than {limit} messages are broken at once")]
    TooManyBroken { limit: usize },
}

#[cfg(test)]
mod tests;
