//! Fragments in: joined to messages in linear time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use super::{HEADER_BYTES, Header, Limits, ProtocolError};

/// Joins fragments to messages, whatever the cuts of the input.
///
/// # Guarantees
///
/// - Input may end anywhere: inside a header, inside a character, between fragments.
/// - A message that lies in one fragment of one chunk is a slice of that chunk; any other byte is copied once.
/// - A message out of order is one [`Broken`]; the rest of it is passed over and other messages are not touched.
/// - What is held never exceeds [`Limits`], and nothing is held for a message that has ended.
#[derive(Debug)]
pub struct Reassembler {
    limits: Limits,
    header: Vec<u8>,
    /// The fragment whose data is not all here.
    current: Option<Current>,
    incomplete: BTreeMap<u64, Incomplete>,
    incomplete_bytes: usize,
    /// Messages told as broken whose end was not seen.
    broken: BTreeSet<u64>,
    ready: VecDeque<Result<Bytes, Broken>>,
    copied: u64,
}

#[derive(Debug)]
struct Current {
    header: Header,
    remaining: usize,
    /// Whether the data belongs to a broken message.
    skip: bool,
}

#[derive(Debug, Default)]
struct Incomplete {
    next_fragment: u64,
    data: Vec<u8>,
}

/// A message that could not be joined. The session goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum Broken {
    #[error("fragment {found} of message {object_id} came where {expected} was due")]
    Order {
        object_id: u64,
        expected: u64,
        found: u64,
    },
    #[error("message {object_id} began twice")]
    StartedTwice { object_id: u64 },
    #[error("fragment {fragment_id} of message {object_id} came without its beginning")]
    NoStart { object_id: u64, fragment_id: u64 },
    #[error("message {object_id} is longer than {limit} bytes")]
    TooLong { object_id: u64, limit: usize },
    #[error("message {object_id} has more than {limit} fragments")]
    TooManyFragments { object_id: u64, limit: u64 },
    #[error("message {object_id} began while {limit} others or their bytes were already held")]
    TooManyIncomplete { object_id: u64, limit: usize },
    #[error("message {object_id} was cut off after {received} bytes")]
    CutOff { object_id: u64, received: usize },
    #[error("the stream ended inside a fragment header")]
    HeaderCutOff,
}

impl Reassembler {
    /// Nothing received yet.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            header: Vec::new(),
            current: None,
            incomplete: BTreeMap::new(),
            incomplete_bytes: 0,
            broken: BTreeSet::new(),
            ready: VecDeque::new(),
            copied: 0,
        }
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    ///
    /// A fragment larger than allowed, or too many broken messages: the stream cannot be followed any more.
    pub fn push(&mut self, mut input: Bytes) -> Result<(), ProtocolError> {
        while !input.is_empty() {
            let Some(mut current) = self.current.take() else {
                self.take_header(&mut input)?;
                continue;
            };
            let data = input.split_to(current.remaining.min(input.len()));
            current.remaining -= data.len();
            let ended = current.remaining == 0;
            self.take_data(&mut current, data)?;
            if !ended {
                self.current = Some(current);
            }
        }
        Ok(())
    }

    /// The next message in the order of their ends, or what was wrong with one.
    pub fn pop(&mut self) -> Option<Result<Bytes, Broken>> {
        self.ready.pop_front()
    }

    /// Ends the stream: every message still in the making is told as cut off.
    pub fn finish(&mut self) {
        if let Some(current) = self.current.take()
            && !current.skip
        {
            // A first fragment that was never completed has no entry yet.
            self.incomplete.entry(current.header.object_id).or_default();
        }
        if !self.header.is_empty() {
            self.header.clear();
            self.ready.push_back(Err(Broken::HeaderCutOff));
        }
        self.incomplete_bytes = 0;
        self.broken.clear();
        for (object_id, message) in std::mem::take(&mut self.incomplete) {
            self.ready.push_back(Err(Broken::CutOff {
                object_id,
                received: message.data.len(),
            }));
        }
    }

    /// Bytes that were copied to join messages, so far.
    pub const fn copied_bytes(&self) -> u64 {
        self.copied
    }

    fn take_header(&mut self, input: &mut Bytes) -> Result<(), ProtocolError> {
        let missing = HEADER_BYTES - self.header.len();
        let part = input.split_to(missing.min(input.len()));
        self.header.extend_from_slice(&part);
        let Ok(bytes) = <[u8; HEADER_BYTES]>::try_from(self.header.as_slice()) else {
            return Ok(());
        };
        self.header.clear();
        let header = Header::decode(&bytes);
        let remaining = usize::try_from(header.length).unwrap_or(usize::MAX);
        if remaining > self.limits.fragment_bytes {
            return Err(ProtocolError::FragmentTooLarge {
                object_id: header.object_id,
                length: header.length,
                limit: self.limits.fragment_bytes,
            });
        }
        let mut current = Current {
            skip: !self.begin(&header)?,
            header,
            remaining,
        };
        if remaining == 0 {
            self.take_data(&mut current, Bytes::new())?;
        } else {
            self.current = Some(current);
        }
        Ok(())
    }

    /// Checks a fragment's place; says whether its data is wanted.
    fn begin(&mut self, header: &Header) -> Result<bool, ProtocolError> {
        let Header {
            object_id,
            fragment_id,
            start,
            ..
        } = *header;
        if self.broken.contains(&object_id) {
            // The same id may begin again once its broken message is over.
            if !start {
                return Ok(false);
            }
            self.broken.remove(&object_id);
        }
        let fault = match (start, self.incomplete.get(&object_id)) {
            (true, Some(_)) => Broken::StartedTwice { object_id },
            (true, None) if fragment_id != 0 => Broken::Order {
                object_id,
                expected: 0,
                found: fragment_id,
            },
            (true, None) if !header.end && self.incomplete.len() >= self.limits.incomplete_messages => {
                Broken::TooManyIncomplete {
                    object_id,
                    limit: self.limits.incomplete_messages,
                }
            }
            (true, None) => return Ok(true),
            (false, None) => Broken::NoStart {
                object_id,
                fragment_id,
            },
            (false, Some(message)) if message.next_fragment != fragment_id => Broken::Order {
                object_id,
                expected: message.next_fragment,
                found: fragment_id,
            },
            (false, Some(_)) if fragment_id >= self.limits.fragments => Broken::TooManyFragments {
                object_id,
                limit: self.limits.fragments,
            },
            (false, Some(_)) => return Ok(true),
        };
        self.give_up(object_id, fault)?;
        Ok(false)
    }

    fn take_data(&mut self, current: &mut Current, data: Bytes) -> Result<(), ProtocolError> {
        let Header {
            object_id,
            start,
            end,
            length,
            ..
        } = current.header;
        let whole = data.len() == usize::try_from(length).unwrap_or(usize::MAX);
        if current.skip {
            if current.remaining == 0 && end {
                self.broken.remove(&object_id);
            }
            return Ok(());
        }
        if start && end && whole {
            self.finish_whole(object_id, data)?;
            return Ok(());
        }
        if let Err(fault) = self.keep(object_id, &data) {
            current.skip = true;
            self.give_up(object_id, fault)?;
            if current.remaining == 0 && end {
                self.broken.remove(&object_id);
            }
            return Ok(());
        }
        if current.remaining > 0 {
            return Ok(());
        }
        if end {
            if let Some(message) = self.incomplete.remove(&object_id) {
                self.incomplete_bytes -= message.data.len();
                self.ready.push_back(Ok(Bytes::from(message.data)));
            }
        } else if let Some(message) = self.incomplete.get_mut(&object_id) {
            message.next_fragment += 1;
        }
        Ok(())
    }

    fn finish_whole(&mut self, object_id: u64, data: Bytes) -> Result<(), ProtocolError> {
        if data.len() <= self.limits.message_bytes {
            self.ready.push_back(Ok(data));
            return Ok(());
        }
        self.give_up(
            object_id,
            Broken::TooLong {
                object_id,
                limit: self.limits.message_bytes,
            },
        )?;
        self.broken.remove(&object_id);
        Ok(())
    }

    fn keep(&mut self, object_id: u64, data: &[u8]) -> Result<(), Broken> {
        let held = self
            .incomplete
            .get(&object_id)
            .map_or(0, |message| message.data.len());
        if held + data.len() > self.limits.message_bytes {
            return Err(Broken::TooLong {
                object_id,
                limit: self.limits.message_bytes,
            });
        }
        if self.incomplete_bytes + data.len() > self.limits.incomplete_bytes {
            return Err(Broken::TooManyIncomplete {
                object_id,
                limit: self.limits.incomplete_messages,
            });
        }
        let message = self.incomplete.entry(object_id).or_default();
        message.data.extend_from_slice(data);
        self.incomplete_bytes += data.len();
        self.copied += u64::try_from(data.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    fn give_up(&mut self, object_id: u64, fault: Broken) -> Result<(), ProtocolError> {
        if let Some(message) = self.incomplete.remove(&object_id) {
            self.incomplete_bytes -= message.data.len();
        }
        self.ready.push_back(Err(fault));
        let limit = self.limits.incomplete_messages;
        if self.broken.len() >= limit {
            return Err(ProtocolError::TooManyBroken { limit });
        }
        self.broken.insert(object_id);
        Ok(())
    }
}
