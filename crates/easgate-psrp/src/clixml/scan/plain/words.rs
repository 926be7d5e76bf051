//! Where names, values and texts end, told by whole words.
//!
//! A word holds eight bytes, the first of them lowest. What is searched for is marked by the top bit of its byte.

use memchr::{memchr, memchr3};

/// How long the name is that `bytes` begin with, behind which a start tag goes on or ends.
///
/// Its end is the first byte below `0`, as a space, `/` and quotes are, or of `<=>?`. Nearly all are shorter than eight bytes,
/// so that it is found without a loop.
#[inline(always)]
pub(super) fn tag_length(bytes: &[u8]) -> Option<usize> {
    let marks = |word| below(b'0', word) | zeros((word | every(3)) ^ every(b'?'));
    let found = marks(word(bytes)?);
    let length = if found == 0 {
        first_marked(bytes, marks)?
    } else {
        first_of(u128::from(found))
    };
    (length > 0 && matches!(bytes.get(length), Some(b' ' | b'>' | b'/'))).then_some(length)
}

/// How long the value of an attribute is that `bytes` begin with; `None` if it does not end, or is not of letters, digits, and
/// what else stands for itself and is usual there.
///
/// Its end is among the bytes below `'`, as `&` and spaces are; `<` and `_` are among those whose five lowest bits are 0x1C or
/// more, as no letter's and no digit's are.
#[inline(always)]
pub(super) fn attribute_length(bytes: &[u8]) -> Option<usize> {
    let length = first_marked(bytes, |word| {
        below(b'\'', word) | zeros((word | every(0x63)) ^ every(0x7F))
    })?;
    (bytes.get(length) == Some(&b'"')).then_some(length)
}

/// How long the text is that `bytes` begin with; `None` if it does not end, or has a byte that might have to be decoded.
#[inline(always)]
pub(super) fn clean_length(bytes: &[u8]) -> Option<usize> {
    let near = bytes.get(..NEAR).unwrap_or(bytes);
    let marks = |word: u64| {
        below(b' ', word) | zeros(word ^ every(b'<')) | zeros(word ^ every(b'_')) | zeros(word ^ every(b'&'))
    };
    match first_marked(near, marks) {
        Some(length) => (bytes.get(length) == Some(&b'<')).then_some(length),
        None => clean_length_from(near.len(), bytes),
    }
}

/// The same, if the text is at least `at` long.
#[cold]
fn clean_length_from(at: usize, bytes: &[u8]) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let text = rest.get(..memchr(b'<', rest)?)?;
    memchr3(b'&', b'_', b'\r', text)
        .is_none()
        .then_some(at + text.len())
}

/// Where the next `<` is.
#[inline(always)]
pub(super) fn text_length(bytes: &[u8]) -> Option<usize> {
    let near = bytes.get(..NEAR).unwrap_or(bytes);
    first_marked(near, |word| zeros(word ^ every(b'<')))
        .or_else(|| memchr(b'<', bytes.get(near.len()..)?).map(|found| near.len() + found))
}

/// Most texts end within so many bytes, where no search pays that has to be called.
const NEAR: usize = 64;

/// The first eight bytes, the first of them lowest.
#[inline(always)]
pub(super) fn word(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Where the first byte is that `marks` marks in a word of eight.
///
/// Sixteen bytes are looked at in one go, which is more than most names have: a loop that ends at its first turn is foreseen by
/// the processor.
#[inline(always)]
fn first_marked(bytes: &[u8], marks: impl Fn(u64) -> u64) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..)?;
        let mut last = [0; 16];
        let chunk = match rest.first_chunk::<16>() {
            Some(chunk) => chunk,
            None => {
                last.get_mut(..rest.len())?.copy_from_slice(rest);
                &last
            }
        };
        let both = u128::from_le_bytes(*chunk);
        let half = |shift| u64::try_from(both >> shift & u128::from(u64::MAX)).unwrap_or_default();
        let found = u128::from(marks(half(0))) | u128::from(marks(half(64))) << 64;
        if found != 0 {
            // What is marked behind the end of `bytes` is none of them.
            return Some(at + first_of(found)).filter(|found| *found < bytes.len());
        }
        if rest.len() < chunk.len() {
            return None;
        }
        at += chunk.len();
    }
}

/// The top bit of every byte.
const TOPS: u64 = every(0x80);

/// Eight times the same byte.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The place of the lowest byte that is marked by its top bit.
#[inline(always)]
fn first_of(marks: u128) -> usize {
    usize::try_from(marks.trailing_zeros() / 8).unwrap_or_default()
}

/// Marks the zero bytes of `word` by their top bits; the lowest mark is never a wrong one, those above it may be.
#[inline(always)]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(every(1)) & !word & TOPS
}

/// Marks the bytes of `word` below `limit`, which is at most 0x80, in the same way.
#[inline(always)]
const fn below(limit: u8, word: u64) -> u64 {
    word.wrapping_sub(every(limit)) & !word & TOPS
}
