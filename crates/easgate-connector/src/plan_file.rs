//! A plan as a file: what would change, whose, why, and from which state, for somebody to look at and to carry out.

mod content;
mod inputs;
mod standing;
#[cfg(test)]
mod tests;

use easgate_model::{OrganizationId, is_plain};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::config::OrganizationConfig;
use crate::cycle::Planned;

use content::Content;

pub use content::FileChange;
pub(crate) use standing::{Standing, standing};

/// The version of the format, which stands first in the file.
const VERSION: u32 = 1;

/// A plan that was made at some time, and that can be carried out later, by whoever may.
///
/// # Guarantees
/// It is just as it was made: a file that was changed since is not one.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFile {
    content: Content,
    hash: String,
}

/// The file: the version, the hash of the content, and the content.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<C> {
    easgate_plan: u32,
    hash: String,
    plan: C,
}

impl PlanFile {
    /// The file of `planned`, made at `now`.
    #[must_use]
    pub fn new(config: &OrganizationConfig, planned: &Planned, now: OffsetDateTime) -> Self {
        let content = Content::new(config, planned, now);
        Self {
            hash: hash(&content),
            content,
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It is no plan, of another version, or was changed since it was made.
    pub fn parse(text: &str) -> Result<Self, PlanFileError> {
        let wire: Wire<serde_json::Value> = serde_json::from_str(text).map_err(PlanFileError::NoPlan)?;
        if wire.easgate_plan != VERSION {
            return Err(PlanFileError::Version {
                found: wire.easgate_plan,
            });
        }
        let content: Content = serde_json::from_value(wire.plan).map_err(PlanFileError::NoPlan)?;
        if hash(&content) != wire.hash {
            return Err(PlanFileError::Changed);
        }
        Ok(Self {
            content,
            hash: wire.hash,
        })
    }

    /// The text of the file: JSON over several lines, in which every character that could steer a terminal is
    /// `\uXXXX`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let wire = Wire {
            easgate_plan: VERSION,
            hash: self.hash.clone(),
            plan: &self.content,
        };
        let json = serde_json::to_string_pretty(&wire).expect("texts, numbers and lists are JSON");
        let mut text = String::with_capacity(json.len() + 1);
        let mut units = [0; 2];
        for char in json.chars() {
            // A line break outside of a string is JSON's own; inside of one it is written as an escape already.
            if char == '\n' || is_plain(char) {
                text.push(char);
            } else {
                for unit in char.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        text.push('\n');
        text
    }

    /// By which the plan is known in the journal: the same content has the same id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, self.hash.as_bytes())
    }

    /// The SHA-256 of the content, in hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The organisation's name in the configuration.
    #[must_use]
    pub fn organization(&self) -> &str {
        &self.content.organization
    }

    /// The Exchange organisation that it was made for.
    #[must_use]
    pub const fn exchange(&self) -> OrganizationId {
        OrganizationId(self.content.exchange_organization)
    }

    /// When it was made, as it is written.
    #[must_use]
    pub fn made(&self) -> &str {
        &self.content.made
    }

    /// The changes, in the order of the plan.
    #[must_use]
    pub fn changes(&self) -> &[FileChange] {
        &self.content.changes
    }
}

/// The hash of a content, which does not depend on how the file is laid out.
fn hash(content: &Content) -> String {
    let json = serde_json::to_vec(content).expect("texts, numbers and lists are JSON");
    Sha256::digest(&json)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Why a file is not a plan that can be carried out.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum PlanFileError {
    #[error("the file is not a plan")]
    NoPlan(#[source] serde_json::Error),
    #[error(
        "the plan has version {found} of the format, and this easgate carries out version {VERSION}: make it anew"
    )]
    Version { found: u32 },
    #[error("the plan was changed after it was made, or is damaged: make it anew")]
    Changed,
}
