//! From a message straight into a struct.

use serde::Deserialize;

use super::error::{ClixmlError, ClixmlErrorKind};
use super::parse::Limits;

/// Decodes the first top-level value of a UTF-8 message, borrowing from it.
///
/// # Errors
/// Fails if the message is not well formed, exceeds the default [`Limits`], or does not fit `T`.
pub fn from_slice<'de, T: Deserialize<'de>>(message: &'de [u8]) -> Result<T, ClixmlError> {
    from_slice_with(message, &Limits::default())
}

/// [`from_slice`] with other limits.
///
/// # Errors
/// Fails if the message is not well formed, exceeds `limits`, or does not fit `T`.
pub fn from_slice_with<'de, T: Deserialize<'de>>(
    _message: &'de [u8],
    _limits: &Limits,
) -> Result<T, ClixmlError> {
    Err(ClixmlError::new(ClixmlErrorKind::Empty, 0, String::new()))
}
