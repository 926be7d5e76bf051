//! What servers write, read the short way.
//!
//! Nearly every element of a list is written alike: no space between elements, one space before an attribute, double quotes,
//! no attributes but `N` and `RefId`. That is told from a few bytes. Whatever is written otherwise, or wrong, is left to the
//! strict scanner, which alone makes errors: here nothing is decided but "just so" or "look closer".

use super::{Open, Scanner};
use crate::clixml::error::ClixmlError;

/// What [`Scanner::plain_child`] finds.
pub(in super::super) enum Plain<'de> {
    Child(Open<'de>),
    /// The end of the parent.
    End,
    /// Something that is written otherwise; nothing was read.
    Unknown,
}

impl<'de> Scanner<'de> {
    /// [`Scanner::child`] where the document is written as servers write it: no space between elements, tags without
    /// oddities. It is inlined into the loops that pass over members, so that what is passed over never leaves the registers.
    #[inline(always)]
    pub(in super::super) fn plain_child(&mut self, parent: &Open<'de>) -> Result<Plain<'de>, ClixmlError> {
        let bytes = self.text.as_bytes();
        if parent.empty || bytes.get(self.at) != Some(&b'<') {
            return Ok(Plain::Unknown);
        }
        if bytes.get(self.at + 1) == Some(&b'/') {
            let ended = self.text_to_end(parent).is_some();
            return Ok(if ended { Plain::End } else { Plain::Unknown });
        }
        let Some(open) = self.plain_start_tag(self.at) else {
            return Ok(Plain::Unknown);
        };
        self.note_start(&open)?;
        Ok(Plain::Child(open))
    }

    /// Goes behind the end tag of `open` and returns the text before it, as written, if there is nothing but text and the end
    /// tag is written as usual; else stays where it is.
    #[inline]
    pub(super) fn text_to_end(&mut self, open: &Open<'de>) -> Option<&'de str> {
        self.end_at(self.next_start()?, open)
    }

    /// [`Scanner::text_to_end`] if the text also stands for itself, with nothing to decode.
    #[inline]
    pub(in super::super) fn plain_text(&mut self, open: &Open<'de>) -> Option<&'de str> {
        if open.empty {
            return None;
        }
        let length = clean_length::<b'<'>(self.text.as_bytes().get(self.at..)?)?;
        self.end_at(self.at + length, open)
    }

    /// Goes behind the end tag of `open`, if that is what stands at `end`, and returns the text before it.
    #[inline]
    fn end_at(&mut self, end: usize, open: &Open<'de>) -> Option<&'de str> {
        let behind = end + 2 + open.tag.len();
        let bytes = self.text.as_bytes();
        let same = match open.tag.as_bytes() {
            [letter] => bytes.get(end + 2) == Some(letter),
            tag => bytes.get(end + 2..behind) == Some(tag),
        };
        if !same
            || bytes.get(end + 1) != Some(&b'/')
            || bytes.get(behind) != Some(&b'>')
            || self.elements == 0
        {
            return None;
        }
        let text = self.slice(self.at, end);
        self.at = behind + 1;
        self.note_end(open.tag);
        Some(text)
    }

    /// The start tag at `start` if it is written as servers write it: one space before each attribute, double quotes, no
    /// attributes but `N` and `RefId`, and nothing to decode in them. `None`, and no move, for every other, whatever is wrong with it.
    #[inline(always)]
    pub(super) fn plain_start_tag(&mut self, start: usize) -> Option<Open<'de>> {
        let bytes = self.text.as_bytes();
        let from = start + 1;
        let length = position(bytes.get(from..)?, &ENDS_NAME)?;
        if length == 0 {
            return None;
        }
        let mut at = from + length;
        let tag = self.slice(from, at);
        let (mut name, mut ref_id) = (None, None);
        let empty = loop {
            match bytes.get(at)? {
                b'>' => {
                    self.at = at + 1;
                    break false;
                }
                b'/' if bytes.get(at + 1) == Some(&b'>') => {
                    self.at = at + 2;
                    break true;
                }
                b' ' if bytes.get(at + 1..at + 3) == Some(b"/>") => {
                    self.at = at + 3;
                    break true;
                }
                b' ' => {}
                _ => return None,
            }
            let attribute = bytes.get(at + 1..)?;
            if attribute.starts_with(b"N=\"") && name.is_none() {
                let begin = at + 4;
                at = begin + clean_length::<b'"'>(bytes.get(begin..)?)?;
                name = Some(self.slice(begin, at));
            } else if attribute.starts_with(b"RefId=\"") && ref_id.is_none() {
                let begin = at + 8;
                at = begin + clean_length::<b'"'>(bytes.get(begin..)?)?;
                ref_id = Some(self.slice(begin, at));
            } else {
                return None;
            }
            at += 1;
        };
        Some(Open {
            tag,
            name,
            ref_id,
            plain_name: true,
            empty,
            start,
        })
    }
}

/// The bytes that end a name, or may not stand in one.
const ENDS_NAME: [bool; 256] = table(b" \t\r\n>/=<&\"'");
const fn table(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < bytes.len() {
        #[expect(clippy::as_conversions, reason = "the one widening that a const can do")]
        let byte = bytes[at] as usize;
        table[byte] = true;
        at += 1;
    }
    table
}

/// Where the first byte of `bytes` is that the table holds. Names are short: a loop finds their end sooner than a vector
/// search.
#[inline]
fn position(bytes: &[u8], table: &[bool; 256]) -> Option<usize> {
    bytes.iter().position(|byte| table[usize::from(*byte)])
}

/// How long the text is that `bytes` begin with, up to the byte `END`; `None` if it does not end, or has a byte that may
/// not stand in it or might have to be decoded.
///
/// Eight bytes are looked at in one go: `(v - 0x01…) & !v & 0x80…` marks the zero bytes of `v`, and its lowest mark is
/// never a wrong one.
#[inline]
fn clean_length<const END: u8>(bytes: &[u8]) -> Option<usize> {
    const TOPS: u64 = of(0x80);
    const fn of(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    let stops = |byte: u8| byte == END || matches!(byte, b'<' | b'&' | b'_' | 0..b' ');
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let mut found = word.wrapping_sub(of(b' ')) | (word ^ of(b'<')).wrapping_sub(of(1));
        found |= (word ^ of(b'_')).wrapping_sub(of(1));
        if END == b'"' {
            // A quote and an ampersand differ in one bit.
            found |= ((word | of(b'"' ^ b'&')) ^ of(b'&')).wrapping_sub(of(1));
        } else {
            found |= (word ^ of(END)).wrapping_sub(of(1)) | (word ^ of(b'&')).wrapping_sub(of(1));
        }
        found &= !word & TOPS;
        if found != 0 {
            let first = usize::try_from(found.trailing_zeros() / 8).ok()?;
            return (chunk.get(first) == Some(&END)).then_some(at + first);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    let length = rest.iter().position(|byte| stops(*byte))?;
    (rest.get(length) == Some(&END)).then_some(at + length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::clean_length;

    fn one_by_one(bytes: &[u8], end: u8) -> Option<usize> {
        let stop = |byte: &u8| *byte == end || matches!(byte, b'<' | b'&' | b'_' | 0..b' ');
        let length = bytes.iter().position(stop)?;
        (bytes[length] == end).then_some(length)
    }

    proptest! {
        #[test]
        fn eight_bytes_at_once_are_as_one_after_the_other(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\"<&_#=^;!\x1f \x7f\x80\xff".to_vec())], 0..64),
            clean in 0_usize..24,
        ) {
            let mut text = vec![b'a'; clean];
            text.extend(bytes);
            prop_assert_eq!(clean_length::<b'"'>(&text), one_by_one(&text, b'"'));
            prop_assert_eq!(clean_length::<b'<'>(&text), one_by_one(&text, b'<'));
        }
    }
}
