//! What can be wrong with a message, and where.

use std::fmt;

use serde::de;

/// Why a message could not be read, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClixmlError(
    /// Boxed so that the results of the hot path stay small.
    Box<Place>,
);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    kind: ClixmlErrorKind,
    offset: Option<usize>,
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
    #[error("the document ends inside an element")]
    Unclosed,
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
    #[error("an entity that is not known: {entity:?}")]
    BadEntity { entity: String },
    #[error("text outside of every element")]
    StrayText,
    #[error("more than {limit} elements inside each other")]
    TooDeep { limit: usize },
    #[error("a document larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("references that copy more than {limit} values")]
    TooManyCopies { limit: usize },
    #[error("{message}")]
    Type { message: String },
}

impl ClixmlError {
    pub(super) fn new(kind: ClixmlErrorKind, offset: usize) -> Self {
        Self(Box::new(Place {
            kind,
            offset: Some(offset),
            path: String::new(),
        }))
    }

    /// What is wrong.
    pub const fn kind(&self) -> &ClixmlErrorKind {
        &self.0.kind
    }

    /// Where: a byte offset into the document, after its byte order mark and the decoding of UTF-16.
    pub fn offset(&self) -> usize {
        self.0.offset.unwrap_or_default()
    }

    /// Where, as the elements and member names that were open, for example `Obj/Props/S.DeviceId`. May be empty.
    pub const fn path(&self) -> &str {
        self.0.path.as_str()
    }

    /// Notes the place of an error that has none yet.
    pub(super) fn or_at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    pub(super) fn with_path(mut self, path: String) -> Self {
        self.0.path = path;
        self
    }
}

impl fmt::Display for ClixmlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", self.0.kind, self.offset())?;
        if !self.0.path.is_empty() {
            write!(formatter, ", in {}", self.0.path)?;
        }
        Ok(())
    }
}

impl std::error::Error for ClixmlError {}

impl de::Error for ClixmlError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let kind = ClixmlErrorKind::Type {
            message: message.to_string(),
        };
        Self(Box::new(Place {
            kind,
            offset: None,
            path: String::new(),
        }))
    }
}
