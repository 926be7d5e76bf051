//! What can be wrong with a message, and where.

use std::fmt;

/// Why a message could not be read, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClixmlError {
    kind: ClixmlErrorKind,
    offset: usize,
    path: String,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
#[non_exhaustive]
pub enum ClixmlErrorKind {
    #[error("text that is not valid UTF-8")]
    NotUtf8,
    #[error("text that is not valid UTF-16")]
    NotUtf16,
    #[error("a UTF-16 document, which cannot be borrowed from")]
    Utf16,
    #[error("no value")]
    Empty,
    #[error("the document ends inside <{element}>")]
    Unclosed { element: String },
    #[error("the document ends inside a tag")]
    UnclosedTag,
    #[error("</{found}> where </{expected}> belongs")]
    MismatchedEnd { expected: String, found: String },
    #[error("</{found}> where nothing is open")]
    StrayEnd { found: String },
    #[error("a tag that is not well formed")]
    BadTag,
    #[error("a declaration, comment or processing instruction, which CLIXML does not have")]
    Declaration,
    #[error("an entity that is not known: {entity}")]
    BadEntity { entity: String },
    #[error("text outside of every element")]
    StrayText,
    #[error("deeper than {limit} elements")]
    TooDeep { limit: usize },
    #[error("larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("references that copy more than {limit} values")]
    TooManyCopies { limit: usize },
    #[error("{message}")]
    Type { message: String },
}

impl ClixmlError {
    pub(crate) const fn new(kind: ClixmlErrorKind, offset: usize, path: String) -> Self {
        Self { kind, offset, path }
    }

    /// What is wrong.
    pub const fn kind(&self) -> &ClixmlErrorKind {
        &self.kind
    }

    /// Where: a byte offset into the document, after the decoding of UTF-16.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Where, as the elements and member names that were open, for example `Obj/Props/S.DeviceId`. May be empty.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for ClixmlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", self.kind, self.offset)?;
        if !self.path.is_empty() {
            write!(formatter, " in {}", self.path)?;
        }
        Ok(())
    }
}

impl std::error::Error for ClixmlError {}
