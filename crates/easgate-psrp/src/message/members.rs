//! Reading and writing the members of a message's object.

use crate::clixml::{Content as Holding, Primitive, PsValue};

use super::ContentError;

/// An object without a type whose members are extended properties, the form of nearly every message.
pub(crate) fn bag<const N: usize>(members: [(&str, PsValue); N]) -> PsValue {
    PsValue::bag(members)
}

/// As [`bag`], of members counted at run time.
pub(crate) fn bag_of(members: Vec<(String, PsValue)>) -> PsValue {
    PsValue::bag(members)
}

/// A list under a type name and `System.Object`.
pub(crate) fn list(type_name: &str, items: Vec<PsValue>) -> PsValue {
    PsValue::object(&[type_name, "System.Object"])
        .content(Holding::List(items))
        .into()
}

/// A 64-bit number.
pub(crate) const fn i64_value(number: i64) -> PsValue {
    PsValue::Primitive(Primitive::I64(number))
}

/// A version.
pub(crate) fn version(text: &str) -> PsValue {
    PsValue::Primitive(Primitive::Version(text.to_owned()))
}

/// A text, or Nil.
pub(crate) fn optional_text(text: Option<&str>) -> PsValue {
    text.map_or(PsValue::NIL, PsValue::from)
}

/// A member that is there and not Nil.
pub(crate) fn member<'a>(object: &'a PsValue, name: &'static str) -> Option<&'a PsValue> {
    object.property(name).filter(|value| !value.is_nil())
}

/// A member that has to be there.
pub(crate) fn required<'a>(object: &'a PsValue, name: &'static str) -> Result<&'a PsValue, ContentError> {
    member(object, name).ok_or(ContentError::Missing(name))
}

/// A number that has to be there.
pub(crate) fn number(object: &PsValue, name: &'static str) -> Result<i64, ContentError> {
    required(object, name)?.as_i64().ok_or(ContentError::Kind {
        name,
        expected: "a number",
    })
}

/// A number of 32 bits that has to be there.
pub(crate) fn small_number(object: &PsValue, name: &'static str) -> Result<i32, ContentError> {
    i32::try_from(number(object, name)?).map_err(|_| ContentError::Kind {
        name,
        expected: "a number of 32 bits",
    })
}

/// A number of 32 bits, or what stands for its absence.
pub(crate) fn small_number_or(object: &PsValue, name: &'static str, absent: i32) -> i32 {
    member(object, name)
        .and_then(PsValue::as_i64)
        .and_then(|number| i32::try_from(number).ok())
        .unwrap_or(absent)
}

/// A text, or the empty one.
pub(crate) fn text(object: &PsValue, name: &'static str) -> String {
    optional(object, name).unwrap_or_default()
}

/// A text, if there is one.
pub(crate) fn optional(object: &PsValue, name: &'static str) -> Option<String> {
    member(object, name).and_then(PsValue::as_str).map(str::to_owned)
}

/// A flag; absent is false.
pub(crate) fn flag(object: &PsValue, name: &'static str) -> bool {
    member(object, name).and_then(PsValue::as_bool).unwrap_or(false)
}

/// The items of a list member; a single value is a list of one, Nil and absence are none.
pub(crate) fn items<'a>(object: &'a PsValue, name: &'static str) -> &'a [PsValue] {
    member(object, name).map_or(&[], PsValue::items)
}
