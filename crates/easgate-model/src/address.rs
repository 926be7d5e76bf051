//! Addresses: SMTP addresses and user principal names, which have one form.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use crate::device_id::{cmp_folded, hash_folded};

/// An address of the form `local@domain`: an SMTP address or a user principal name.
///
/// Compared without regard to ASCII case and kept as written. A clone costs no text: one address stands for a user, a
/// mailbox and a record.
#[derive(Debug, Clone)]
pub struct EmailAddress(
    /// INVARIANT: 3 to 320 bytes, no white space around it, one `@` with text on both sides.
    Arc<str>,
);

impl EmailAddress {
    /// The address as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the last `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

impl FromStr for EmailAddress {
    type Err = ParseEmailAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ParseEmailAddressError::Empty);
        }
        if text.len() > 320 {
            return Err(ParseEmailAddressError::TooLong { bytes: text.len() });
        }
        match text.rsplit_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() => Ok(Self(text.into())),
            _ => Err(ParseEmailAddressError::NoDomain),
        }
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for EmailAddress {}

impl Hash for EmailAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_folded(&self.0, state);
    }
}

impl PartialOrd for EmailAddress {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EmailAddress {
    fn cmp(&self, other: &Self) -> Ordering {
        cmp_folded(&self.0, &other.0)
    }
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ParseEmailAddressError {
    #[error("the address is empty")]
    Empty,
    #[error("the address has {bytes} bytes, and 320 is the most")]
    TooLong { bytes: usize },
    #[error("the address has no local part and domain around an @")]
    NoDomain,
}
