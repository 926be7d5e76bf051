//! One value of a message, read as what is wanted of it.

use std::borrow::Cow;
use std::str::FromStr;

use serde::de::{Error as _, Visitor};

use super::super::error::ClixmlError;
use super::super::scan::Open;
use super::super::text::decode_text;
use super::access::{Entries, Items, Members, Single};
use super::cursor::Cursor;

/// The value that begins with `open`, whose start tag was just read. To deserialise it goes behind its end.
pub(super) struct Value<'c, 'de> {
    pub(super) cursor: &'c mut Cursor<'de>,
    /// Behind a reference, so that a value is two words on its way through serde.
    pub(super) open: &'c Open<'de>,
}

/// Whether an object's own value is preferred to its display form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    First,
    Last,
}

/// What an object is, seen from its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    List,
    Dictionary,
    Text,
    Own,
    Members,
    Nothing,
}

impl<'c, 'de> Value<'c, 'de> {
    pub(super) const fn new(cursor: &'c mut Cursor<'de>, open: &'c Open<'de>) -> Self {
        Self { cursor, open }
    }

    /// Hands on this value, or the target if it is a reference.
    pub(super) fn follow<T>(
        self,
        then: impl FnOnce(Value<'_, 'de>) -> Result<T, ClixmlError>,
    ) -> Result<T, ClixmlError> {
        if self.open.tag != "Ref" {
            return then(self);
        }
        let Value { cursor, open } = self;
        cursor.scan.skip(open)?;
        let target = cursor.target(open)?.filter(|start| !cursor.is_following(*start));
        let Some(start) = target else {
            return then(Value::new(cursor, &Open::nil(open.start)));
        };
        let (back, target) = cursor.enter(start)?;
        let result = then(Value::new(cursor, &target));
        cursor.leave(start, back)?;
        result
    }

    /// The text of this value; `None` if it has none. `Nil` is empty.
    pub(super) fn text(self, own: Own) -> Result<Option<Cow<'de, str>>, ClixmlError> {
        self.follow(|value| {
            let Value { cursor, open } = value;
            match open.tag {
                "Obj" => object_text(cursor, open, own),
                tag if is_list(tag) => cursor.scan.skip(open).map(|()| None),
                _ => leaf_text(cursor, open, own).map(Some),
            }
        })
    }

    pub(super) fn number<T: FromStr>(self, wanted: &str) -> Result<T, ClixmlError> {
        let text = self.text(Own::First)?.unwrap_or_default();
        text.trim()
            .parse()
            .map_err(|_| ClixmlError::custom(format_args!("{text:?} is not {wanted}")))
    }

    pub(super) fn visit_text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        // Most of a list's bytes are such texts, and they need nothing of what follows.
        if matches!(self.open.tag, "S" | "DT" | "G" | "B" | "ToString")
            && let Some(text) = self.cursor.scan.plain_text(self.open)
        {
            return visitor.visit_borrowed_str(text);
        }
        match self.text(Own::Last)? {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Some(Cow::Owned(text)) => visitor.visit_string(text),
            None => Err(ClixmlError::custom(
                "an object without a text where a text is wanted",
            )),
        }
    }

    pub(super) fn visit_signed<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        visitor.visit_i64(self.number("a whole number")?)
    }

    pub(super) fn visit_unsigned<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        visitor.visit_u64(self.number("a whole number above zero")?)
    }

    /// The first part of this object that is a list, or a dictionary if that is wanted too; else this value untouched.
    fn container(self, wanted: fn(&str) -> bool) -> Result<Result<Inner<'c, 'de>, Self>, ClixmlError> {
        if wanted(self.open.tag) {
            return Ok(Ok(Inner {
                cursor: self.cursor,
                list: *self.open,
                around: None,
            }));
        }
        if self.open.tag != "Obj" {
            return Ok(Err(self));
        }
        let start = self.cursor.scan;
        while let Some(child) = self.cursor.scan.child(self.open)? {
            if wanted(child.tag) {
                return Ok(Ok(Inner {
                    cursor: self.cursor,
                    list: child,
                    around: Some(*self.open),
                }));
            }
            self.cursor.scan.skip(&child)?;
        }
        self.cursor.scan = start;
        Ok(Err(self))
    }

    pub(super) fn visit_list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        match self.container(is_list)? {
            Ok(Inner { cursor, list, around }) => {
                let mut items = Items {
                    cursor,
                    list,
                    done: false,
                };
                let out = visitor.visit_seq(&mut items)?;
                let Items { cursor, list, done } = items;
                Items {
                    cursor: &mut *cursor,
                    list,
                    done,
                }
                .finish()?;
                around.map_or(Ok(()), |object| cursor.drain(&object))?;
                Ok(out)
            }
            Err(Value { cursor, open }) => {
                let item = if open.tag == "Nil" {
                    cursor.scan.skip(open)?;
                    None
                } else {
                    Some(*open)
                };
                let mut single = Single { cursor, item };
                let out = visitor.visit_seq(&mut single)?;
                single.finish()?;
                Ok(out)
            }
        }
    }

    pub(super) fn visit_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        match self.container(|tag| tag == "DCT")? {
            Ok(Inner { cursor, list, around }) => {
                let mut entries = Entries {
                    cursor,
                    dictionary: list,
                    entry: None,
                    done: false,
                };
                let out = visitor.visit_map(&mut entries)?;
                let Entries {
                    cursor,
                    dictionary,
                    entry,
                    done,
                } = entries;
                Entries {
                    cursor: &mut *cursor,
                    dictionary,
                    entry,
                    done,
                }
                .finish()?;
                around.map_or(Ok(()), |object| cursor.drain(&object))?;
                Ok(out)
            }
            Err(Value { cursor, open }) if open.tag == "Obj" => {
                let mut members = Members::all(cursor, *open);
                let out = visitor.visit_map(&mut members)?;
                members.finish()?;
                Ok(out)
            }
            Err(value) => value.visit_scalar(visitor),
        }
    }

    /// Reads a value that is neither an object, nor a list, nor a reference, as what its element says.
    pub(super) fn visit_scalar<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        let Value { cursor, open } = self;
        if open.tag == "Nil" {
            cursor.scan.skip(open)?;
            return visitor.visit_unit();
        }
        let text = leaf_text(cursor, open, Own::Last)?;
        let number = text.trim();
        match open.tag {
            "B" if number.eq_ignore_ascii_case("true") => return visitor.visit_bool(true),
            "B" if number.eq_ignore_ascii_case("false") => return visitor.visit_bool(false),
            "By" | "U16" | "U32" | "U64" => {
                if let Ok(number) = number.parse() {
                    return visitor.visit_u64(number);
                }
            }
            "SB" | "I16" | "I32" | "I64" => {
                if let Ok(number) = number.parse() {
                    return visitor.visit_i64(number);
                }
            }
            "Sg" | "Db" => {
                if let Some(number) = float(number) {
                    return visitor.visit_f64(number);
                }
            }
            "BA" => {
                if let Ok(bytes) = base64_simd::forgiving_decode_to_vec(text.as_bytes()) {
                    return visitor.visit_byte_buf(bytes);
                }
            }
            _ => {}
        }
        match text {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    /// Looks through the parts of this object, and comes back to its beginning.
    fn shape(&mut self) -> Result<(Shape, Option<Open<'de>>), ClixmlError> {
        let start = self.cursor.scan;
        let (mut shape, mut own) = (Shape::Nothing, None);
        let rank = |shape| match shape {
            Shape::List => 5,
            Shape::Dictionary => 4,
            Shape::Own => 3,
            Shape::Members => 2,
            Shape::Text => 1,
            Shape::Nothing => 0,
        };
        let mut text_seen = false;
        while let Some(child) = self.cursor.scan.child(self.open)? {
            let found = match child.tag {
                "LST" | "IE" | "STK" | "QUE" => Shape::List,
                "DCT" => Shape::Dictionary,
                "Props" | "MS" => {
                    let some = self.cursor.has_children(&child)?;
                    if some { Shape::Members } else { Shape::Nothing }
                }
                "ToString" => {
                    text_seen = true;
                    Shape::Text
                }
                "TN" | "TNRef" | "Obj" | "Ref" => Shape::Nothing,
                _ => {
                    own = own.or(Some(child));
                    Shape::Own
                }
            };
            if !matches!(child.tag, "Props" | "MS") {
                self.cursor.scan.skip(&child)?;
            }
            if rank(found) > rank(shape) {
                shape = found;
            }
        }
        self.cursor.scan = start;
        let shape = if shape == Shape::Own && text_seen {
            Shape::Text
        } else {
            shape
        };
        Ok((shape, own))
    }

    pub(super) fn visit_object<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, ClixmlError> {
        let (shape, own) = self.shape()?;
        match (shape, own) {
            (Shape::List, _) => self.visit_list(visitor),
            (Shape::Dictionary | Shape::Members, _) => self.visit_map(visitor),
            (Shape::Text, _) => self.visit_text(visitor),
            (Shape::Own, Some(own)) => {
                let Value { cursor, open } = self;
                while let Some(child) = cursor.scan.child(open)? {
                    if child.start == own.start {
                        let out = Value::new(&mut *cursor, &own).visit_scalar(visitor)?;
                        cursor.drain(open)?;
                        return Ok(out);
                    }
                    cursor.scan.skip(&child)?;
                }
                Err(ClixmlError::custom("an object without a value"))
            }
            (Shape::Own | Shape::Nothing, _) => {
                self.cursor.scan.skip(self.open)?;
                visitor.visit_unit()
            }
        }
    }
}

/// A list or dictionary, and the object that holds it.
struct Inner<'c, 'de> {
    cursor: &'c mut Cursor<'de>,
    list: Open<'de>,
    around: Option<Open<'de>>,
}

fn object_text<'de>(
    cursor: &mut Cursor<'de>,
    open: &Open<'de>,
    own: Own,
) -> Result<Option<Cow<'de, str>>, ClixmlError> {
    let (mut shown, mut value) = (None, None);
    while let Some(child) = cursor.scan.child(open)? {
        match child.tag {
            "ToString" if shown.is_none() => shown = Some(leaf_text(cursor, &child, own)?),
            "ToString" | "TN" | "TNRef" | "Props" | "MS" | "Obj" | "Ref" => cursor.scan.skip(&child)?,
            tag if is_list(tag) || value.is_some() => cursor.scan.skip(&child)?,
            _ => value = Some(leaf_text(cursor, &child, own)?),
        }
    }
    Ok(match own {
        Own::First => value.or(shown),
        Own::Last => shown.or(value),
    })
}

fn leaf_text<'de>(
    cursor: &mut Cursor<'de>,
    open: &Open<'de>,
    own: Own,
) -> Result<Cow<'de, str>, ClixmlError> {
    let at = cursor.scan.at();
    let text = decode_text(cursor.scan.leaf(open)?, at)?;
    if open.tag == "C"
        && own == Own::Last
        && let Ok(unit) = text.trim().parse::<u16>()
    {
        let character = char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
        return Ok(Cow::Owned(character.to_string()));
    }
    Ok(text)
}

/// A number as .NET writes it.
pub(super) fn float(text: &str) -> Option<f64> {
    match text {
        "INF" | "Infinity" | "∞" => Some(f64::INFINITY),
        "-INF" | "-Infinity" | "-∞" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok(),
    }
}

/// Whether the children of this element are items. The two sides of an entry are its items.
pub(super) fn is_list(tag: &str) -> bool {
    matches!(tag, "LST" | "IE" | "STK" | "QUE" | "DCT" | "En" | "PR")
}
