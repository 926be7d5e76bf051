//! What serde may want of a value.

use std::fmt;

use serde::de::value::CowStrDeserializer;
use serde::de::{Error as _, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

use super::super::error::ClixmlError;
use super::access::{Members, OWN_VALUE, Scalar, TO_STRING};
use super::value::{Own, Value, float, is_list};

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = ClixmlError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.follow(|value| match value.open.tag {
            "Obj" => value.visit_object(visitor),
            "DCT" => value.visit_map(visitor),
            tag if is_list(tag) => value.visit_list(visitor),
            _ => value.visit_scalar(visitor),
        })
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        let text = self.text(Own::First)?.unwrap_or_default();
        match text.trim() {
            word if word.eq_ignore_ascii_case("true") => visitor.visit_bool(true),
            word if word.eq_ignore_ascii_case("false") => visitor.visit_bool(false),
            word => Err(ClixmlError::custom(format_args!("{word:?} is not a boolean"))),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_signed(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_signed(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_signed(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_signed(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_unsigned(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_unsigned(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_unsigned(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_unsigned(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        let text = self.text(Own::First)?.unwrap_or_default();
        let number = float(text.trim())
            .ok_or_else(|| ClixmlError::custom(format_args!("{text:?} is not a number")))?;
        visitor.visit_f64(number)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        let text = self.text(Own::First)?.unwrap_or_default();
        match base64_simd::forgiving_decode_to_vec(text.as_bytes()) {
            Ok(bytes) => visitor.visit_byte_buf(bytes),
            Err(_) => Err(ClixmlError::custom("a text that is not base64")),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        let absent = match self.open.tag {
            "Nil" => true,
            "Ref" => self
                .cursor
                .target(self.open)?
                .is_none_or(|start| self.cursor.is_following(start)),
            _ => false,
        };
        if absent {
            self.cursor.scan.skip(self.open)?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.cursor.scan.skip(self.open)?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ClixmlError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ClixmlError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.follow(|value| value.visit_list(visitor))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ClixmlError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ClixmlError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.follow(|value| value.visit_map(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ClixmlError> {
        self.follow(|value| {
            let Value { cursor, open } = value;
            if open.tag == "Obj" {
                let mut members = Members::of_fields(cursor, *open, fields);
                let out = visitor.visit_map(&mut members)?;
                members.finish()?;
                return Ok(out);
            }
            let names = scalar_names(fields);
            if names.is_empty() || open.tag == "Nil" || is_list(open.tag) {
                return Value::new(cursor, open).deserialize_any(visitor);
            }
            let start = cursor.scan;
            let mut scalar = Scalar {
                cursor,
                open: *open,
                start,
                names,
                read: false,
            };
            let out = visitor.visit_map(&mut scalar)?;
            scalar.finish()?;
            Ok(out)
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ClixmlError> {
        let text = self.text(Own::Last)?.unwrap_or_default();
        visitor.visit_enum(CowStrDeserializer::new(text))
    }

    forward_to_deserialize_any! { i128 u128 }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_text(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ClixmlError> {
        self.visit_text(visitor)
    }
}

impl fmt::Debug for Value<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Value")
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

fn scalar_names(fields: &[&str]) -> &'static [&'static str] {
    match (fields.contains(&TO_STRING), fields.contains(&OWN_VALUE)) {
        (true, true) => &[TO_STRING, OWN_VALUE],
        (true, false) => &[TO_STRING],
        (false, true) => &[OWN_VALUE],
        (false, false) => &[],
    }
}
