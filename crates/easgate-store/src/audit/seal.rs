//! Checkpoints: heads of a chain under a key that is not in the store.

use std::fmt;

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::encoding::encoded;
use super::{AuditHash, AuditHead};

/// What a sealed checkpoint begins with.
const TAG: &str = "easgate audit checkpoint 1";
/// What the name of a key is made of.
const KEY_TAG: &str = "easgate audit key 1";
/// What a pseudonym begins with.
const PSEUDONYM_TAG: &str = "easgate pseudonym 1";

/// The key under which checkpoints are sealed: 32 bytes, which never print.
pub struct AuditKey(SecretBox<[u8; 32]>);

impl AuditKey {
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// Reads 64 hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        AuditHash::parse(text).map(|hash| Self::new(hash.bytes()))
    }

    pub(super) fn to_line(&self) -> String {
        let digits: String = self
            .0
            .expose_secret()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        digits + "\n"
    }

    /// A name by which the key is known, and from which it cannot be found: 16 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        let mut id = self.mac([KEY_TAG]).to_string();
        id.truncate(16);
        id
    }

    /// Seals `head`.
    #[must_use]
    pub fn seal(&self, organization: &str, head: AuditHead, at: i64) -> Checkpoint {
        let mut checkpoint = Checkpoint {
            organization: organization.to_owned(),
            sequence: head.sequence,
            hash: head.hash.to_string(),
            at,
            key: self.id(),
            seal: String::new(),
        };
        checkpoint.seal = self.seal_of(&checkpoint).to_string();
        checkpoint
    }

    /// Whether this key sealed `checkpoint`, just as it is.
    #[must_use]
    pub fn has_sealed(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.key == self.id() && checkpoint.seal == self.seal_of(checkpoint).to_string()
    }

    /// A name for `value` that is always the same and that only the key ties to it.
    #[must_use]
    pub fn pseudonym(&self, kind: &str, value: &str) -> String {
        let mut digits = self.mac([PSEUDONYM_TAG, kind, &value.to_lowercase()]).to_string();
        digits.truncate(16);
        format!("{kind}-{digits}")
    }

    fn seal_of(&self, checkpoint: &Checkpoint) -> AuditHash {
        self.mac([
            TAG,
            &checkpoint.organization,
            &checkpoint.sequence.to_string(),
            &checkpoint.hash,
            &checkpoint.at.to_string(),
            &checkpoint.key,
        ])
    }

    /// The HMAC-SHA256 of fields, encoded as those of a record are.
    fn mac<const FIELDS: usize>(&self, fields: [&str; FIELDS]) -> AuditHash {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).expect("HMAC takes a key of any length");
        for field in fields {
            mac.update(&encoded(Some(field)));
        }
        AuditHash::from_bytes(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuditKey").field(&self.id()).finish()
    }
}

/// A sealed head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The organisation whose chain it is.
    pub organization: String,
    /// The number of the record.
    pub sequence: i64,
    /// The hash of the record.
    pub hash: String,
    /// When it was sealed, in microseconds since 1970 UTC.
    pub at: i64,
    /// The name of the key.
    pub key: String,
    /// The HMAC-SHA256, in hexadecimal digits.
    pub seal: String,
}

impl Checkpoint {
    /// The head that it vouches for; `None` when it holds no hash.
    #[must_use]
    pub fn head(&self) -> Option<AuditHead> {
        AuditHash::parse(&self.hash).map(|hash| AuditHead {
            sequence: self.sequence,
            hash,
        })
    }

    pub(super) fn to_line(&self) -> String {
        let line = serde_json::to_string(self).expect("texts and numbers are JSON");
        line + "\n"
    }

    pub(super) fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }
}
