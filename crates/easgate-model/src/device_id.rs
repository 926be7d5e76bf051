//! The id that a phone gives itself.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

/// An EAS DeviceId: chosen by the client, unique only within one mailbox.
///
/// Compared without regard to ASCII case and kept as written, because middle boxes fold the case and
/// Exchange does not.
#[derive(Debug, Clone)]
pub struct DeviceId(
    /// INVARIANT: 1 to 64 bytes, never empty; compared without case, kept as written.
    ///
    /// Shared, because one id stands in a partnership, in two lists and in what is decided: a clone costs no text.
    Arc<str>,
);

impl DeviceId {
    /// The most bytes an id may have. Documented is 32 characters, and real clients go above.
    pub const MAX_LEN: usize = 64;

    /// The id as the client wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the id stands for no device at all (`validate`, only zeros), so that it must never match an
    /// enrolment.
    #[must_use]
    pub fn is_placeholder(&self) -> bool {
        self.0.eq_ignore_ascii_case("validate") || self.0.bytes().all(|b| b == b'0')
    }
}

impl FromStr for DeviceId {
    type Err = ParseDeviceIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.len() {
            0 => Err(ParseDeviceIdError::Empty),
            n if n > Self::MAX_LEN => Err(ParseDeviceIdError::TooLong { bytes: n }),
            _ => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for DeviceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for DeviceId {}

impl Hash for DeviceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_folded(&self.0, state);
    }
}

impl PartialOrd for DeviceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DeviceId {
    fn cmp(&self, other: &Self) -> Ordering {
        cmp_folded(&self.0, &other.0)
    }
}

/// Why a text is not a DeviceId.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ParseDeviceIdError {
    #[error("the device id is empty")]
    Empty,
    #[error("the device id has {bytes} bytes, and 64 is the most")]
    TooLong { bytes: usize },
}

/// Hashes `text` so that texts equal but for ASCII case hash alike.
pub(crate) fn hash_folded<H: Hasher>(text: &str, state: &mut H) {
    let mut folded = [0_u8; 64];
    for chunk in text.as_bytes().chunks(folded.len()) {
        let part = &mut folded[..chunk.len()];
        part.copy_from_slice(chunk);
        part.make_ascii_lowercase();
        state.write(part);
    }
    state.write_u8(0xff);
}

/// Orders two texts without regard to ASCII case.
pub(crate) fn cmp_folded(a: &str, b: &str) -> Ordering {
    let fold = |b: u8| b.to_ascii_lowercase();
    a.bytes().map(fold).cmp(b.bytes().map(fold))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_differ_in_case_are_one_device() {
        let upper: DeviceId = "ApplC39GQ8NNDTDL".parse().unwrap();
        let lower: DeviceId = "applc39gq8nndtdl".parse().unwrap();
        assert_eq!(upper, lower);
        assert_eq!(upper.cmp(&lower), Ordering::Equal);
        assert_eq!(upper.as_str(), "ApplC39GQ8NNDTDL");
    }

    #[test]
    fn the_bounds_are_one_and_sixty_four_bytes() {
        assert_eq!("".parse::<DeviceId>(), Err(ParseDeviceIdError::Empty));
        assert!("x".repeat(64).parse::<DeviceId>().is_ok());
        assert_eq!(
            "x".repeat(65).parse::<DeviceId>(),
            Err(ParseDeviceIdError::TooLong { bytes: 65 })
        );
    }

    #[test]
    fn placeholders_are_known() {
        for text in ["validate", "VALIDATE", "0", "00000000"] {
            assert!(text.parse::<DeviceId>().unwrap().is_placeholder(), "{text}");
        }
        assert!(!"A0".parse::<DeviceId>().unwrap().is_placeholder());
    }
}
