//! From a message to dynamic values.

mod build;
mod ids;

use super::error::{ClixmlError, ClixmlErrorKind};
use super::scan;
use super::text;
use super::value::PsValue;

/// What one message may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many objects may stand inside each other. PowerShell itself stops at 50.
    pub max_depth: usize,
    /// How large one document may be, in bytes.
    pub max_object_bytes: usize,
    /// How many values may be copied because of references, in one document.
    pub max_references_copied: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_depth: 64,
            max_object_bytes: 64 << 20,
            max_references_copied: 100_000,
        }
    }
}

/// What becomes of a reference to an object that is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum References {
    /// It becomes a copy of the object.
    #[default]
    Copy,
    /// It stays a [`PsValue::Reference`].
    Keep,
}

/// The values of one document.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The top-level values.
    pub values: Vec<PsValue>,
    /// How many `Ref` and `TNRef` elements had no target; they are `Nil` and an empty list of types.
    pub missing_references: usize,
}

/// Reads all top-level values: of a message, an `Export-Clixml` file, with a byte order mark or without, in UTF-8 or UTF-16.
///
/// # Errors
/// Fails if the document is not well formed or exceeds the default [`Limits`].
pub fn parse(bytes: &[u8]) -> Result<Vec<PsValue>, ClixmlError> {
    parse_with(bytes, &Limits::default(), References::Copy).map(|parsed| parsed.values)
}

/// [`parse`] with other limits, or with references kept.
///
/// # Errors
/// Fails if the document is not well formed or exceeds `limits`.
pub fn parse_with(bytes: &[u8], limits: &Limits, references: References) -> Result<Parsed, ClixmlError> {
    limits.admit(bytes)?;
    let text = text::decode_document(bytes)?;
    build::build(&text, limits, references).map_err(|error| {
        let path = scan::path_at(&text, error.offset());
        error.with_path(path)
    })
}

impl Limits {
    /// Refuses a document that is too large.
    pub(super) fn admit(&self, document: &[u8]) -> Result<(), ClixmlError> {
        if document.len() > self.max_object_bytes {
            return Err(ClixmlError::new(
                ClixmlErrorKind::TooLarge {
                    limit: self.max_object_bytes,
                },
                0,
            ));
        }
        Ok(())
    }
}
