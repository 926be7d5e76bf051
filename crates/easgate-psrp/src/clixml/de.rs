//! From a message straight into a struct, by serde.
//!
//! The message is read once, from front to back. Nothing is built on the way: a member that the struct does not name is
//! skipped as text. Only a `Ref` that somebody wants costs more, see [`cursor`].

mod access;
mod cursor;
mod fields;
mod value;
mod wanted;

use serde::Deserialize;

use self::cursor::Cursor;
use self::value::Value;
use super::error::ClixmlError;
use super::parse::Limits;
use super::scan;
use super::text;

/// Decodes the first top-level value of a UTF-8 message, borrowing from it.
///
/// A struct's fields are found in `Props`, then in `MS`, then among the entries of a dictionary; names match exactly, or
/// else without ASCII case. What is wanted decides how a value is read:
///
/// | wanted | accepted |
/// |---|---|
/// | a string | any element with a text, an object with `ToString` or a value of its own; `Nil` is empty |
/// | `Option` | `Nil` is `None`, and so is a `Ref` without target |
/// | a number, `bool`, bytes | its element, the same as text, an object around it |
/// | an enum of unit variants | as a string |
/// | a list | `LST`, `IE`, `STK`, `QUE`, the entries of `DCT`; `Nil` is empty, any other value the only item |
/// | a map | `DCT`, or the members of an object |
///
/// Two more fields can be asked for in a struct: `$ToString`, the display form, and `$Value`, the object's own value. Both
/// are also given by a value without members, so that one struct takes either serialisation level of a server.
///
/// # Errors
/// Fails if the message is not well formed, exceeds the default [`Limits`], or does not fit `T`. Entities are checked only in
/// the values that are wanted.
pub fn from_slice<'de, T: Deserialize<'de>>(message: &'de [u8]) -> Result<T, ClixmlError> {
    from_slice_with(message, &Limits::default())
}

/// [`from_slice`] with other limits.
///
/// # Errors
/// Fails if the message is not well formed, exceeds `limits`, or does not fit `T`.
pub fn from_slice_with<'de, T: Deserialize<'de>>(
    message: &'de [u8],
    limits: &Limits,
) -> Result<T, ClixmlError> {
    limits.admit(message)?;
    let text = text::utf8(message)?;
    first_value(text, limits).map_err(|error| {
        let path = scan::path_at(text, error.offset());
        error.with_path(path)
    })
}

fn first_value<'de, T: Deserialize<'de>>(text: &'de str, limits: &Limits) -> Result<T, ClixmlError> {
    let (mut cursor, root, open) = Cursor::at_first_value(text, limits)?;
    let value = T::deserialize(Value::new(&mut cursor, &open)).map_err(|error| error.or_at(open.start))?;
    cursor.finish(root)?;
    Ok(value)
}
