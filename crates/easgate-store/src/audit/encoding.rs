//! The hash of a record, so that an outsider can compute it: docs/audit.md says how.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// What every hashed record begins with; another encoding gets another number.
const TAG: &str = "easgate audit 1";

/// The SHA-256 of a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuditHash([u8; 32]);

impl AuditHash {
    /// What the first record has in place of the hash of the record before.
    pub const NONE: Self = Self([0; 32]);

    /// Reads 64 hexadecimal digits in small letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    pub(super) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) const fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// The hash of the fields of a record, each of which is a text or absent.
    ///
    /// A text is its length in bytes, a colon, its bytes in UTF-8 and a comma; an absent one is a hyphen and a
    /// comma. No two lists of fields give the same bytes.
    pub(crate) fn of<'f>(fields: impl IntoIterator<Item = Option<&'f str>>) -> Self {
        let mut digest = Sha256::new();
        for field in std::iter::once(Some(TAG)).chain(fields) {
            digest.update(encoded(field));
        }
        Self(digest.finalize().into())
    }
}

/// One field as it is hashed.
pub(crate) fn encoded(field: Option<&str>) -> Vec<u8> {
    match field {
        Some(text) => format!("{}:{text},", text.len()).into_bytes(),
        None => b"-,".to_vec(),
    }
}

impl fmt::Display for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A record of a chain by its number and hash, written `NUMBER:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuditHead {
    /// The number of the record, from 1.
    pub sequence: i64,
    /// Its hash.
    pub hash: AuditHash,
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.hash)
    }
}

impl FromStr for AuditHead {
    type Err = ParseHeadError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once(':').and_then(|(sequence, hash)| {
            Some(Self {
                sequence: sequence.parse().ok().filter(|number| *number > 0)?,
                hash: AuditHash::parse(hash)?,
            })
        });
        parsed.ok_or(ParseHeadError)
    }
}

/// A text is not the head of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head is the number of a record, a colon and 64 hexadecimal digits")]
pub struct ParseHeadError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = AuditHead {
            sequence: 42,
            hash: AuditHash::of([Some("a")]),
        };
        assert_eq!(head.to_string().parse(), Ok(head));
        for text in ["", "42", "42:", "0:00", "-1:00", "42:zz", ":"] {
            assert_eq!(text.parse::<AuditHead>(), Err(ParseHeadError), "{text}");
        }
        let capital = head.to_string().to_uppercase();
        assert_eq!(capital.parse::<AuditHead>(), Err(ParseHeadError), "{capital}");
    }

    #[test]
    fn fields_that_run_into_each_other_have_other_hashes() {
        let lists: [&[Option<&str>]; 7] = [
            &[],
            &[None],
            &[Some("")],
            &[Some("ab"), Some("c")],
            &[Some("a"), Some("bc")],
            &[Some("a,2:bc")],
            &[Some("-")],
        ];
        let hashes: std::collections::HashSet<_> = lists
            .iter()
            .map(|fields| AuditHash::of(fields.iter().copied()))
            .collect();
        assert_eq!(hashes.len(), lists.len());
    }
}
