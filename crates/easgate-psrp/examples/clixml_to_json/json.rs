//! A dynamic value as JSON, with everything that it keeps.

use easgate_psrp::clixml::{Content, Primitive, PsObject, PsValue};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// The values of a document as a JSON array, with characters that steer a terminal escaped.
pub(crate) fn json(values: &[PsValue]) -> String {
    let values: Vec<Json<'_>> = values.iter().map(Json).collect();
    let mut text = serde_json::to_string_pretty(&values).expect("no map has keys other than strings");
    text.push('\n');
    printable(&text)
}

/// Escapes the characters that JSON allows in a string but a terminal obeys: C1 controls, and marks of direction.
pub(crate) fn printable(text: &str) -> String {
    use std::fmt::Write as _;

    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{7f}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

struct Json<'a>(&'a PsValue);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            PsValue::Primitive(primitive) => Plain(primitive).serialize(serializer),
            PsValue::Object(object) => object_json(object, serializer),
            PsValue::Reference(path) => tagged("Ref", path, serializer),
        }
    }
}

fn object_json<S: Serializer>(object: &PsObject, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    if !object.type_names.is_empty() {
        map.serialize_entry("Types", &object.type_names[..])?;
    }
    if let Some(text) = &object.to_string {
        map.serialize_entry("ToString", text)?;
    }
    match &object.content {
        None => {}
        Some(Content::Primitive(primitive)) => map.serialize_entry(tag(primitive), &Bare(primitive))?,
        Some(Content::List(items)) => map.serialize_entry("LST", &list(items))?,
        Some(Content::Enumerable(items)) => map.serialize_entry("IE", &list(items))?,
        Some(Content::Stack(items)) => map.serialize_entry("STK", &list(items))?,
        Some(Content::Queue(items)) => map.serialize_entry("QUE", &list(items))?,
        Some(Content::Dictionary(entries)) => {
            let entries: Vec<Entry<'_>> = entries.iter().map(|(key, value)| Entry(key, value)).collect();
            map.serialize_entry("DCT", &entries)?;
        }
    }
    if !object.adapted.is_empty() {
        map.serialize_entry("Props", &Members(&object.adapted))?;
    }
    if !object.extended.is_empty() {
        map.serialize_entry("MS", &Members(&object.extended))?;
    }
    map.end()
}

/// A primitive that is told apart from every other kind.
struct Plain<'a>(&'a Primitive);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plain = matches!(
            self.0,
            Primitive::Nil | Primitive::Bool(_) | Primitive::String(_) | Primitive::I32(_)
        );
        if plain {
            Bare(self.0).serialize(serializer)
        } else {
            tagged(tag(self.0), &Bare(self.0), serializer)
        }
    }
}

/// A primitive whose kind is told beside it.
struct Bare<'a>(&'a Primitive);

impl Serialize for Bare<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Primitive::Nil => serializer.serialize_none(),
            Primitive::Bool(value) => serializer.serialize_bool(*value),
            Primitive::Char(value) => serializer.serialize_u16(*value),
            Primitive::U64(value) => serializer.serialize_u64(*value),
            Primitive::U8(_)
            | Primitive::I8(_)
            | Primitive::U16(_)
            | Primitive::I16(_)
            | Primitive::U32(_)
            | Primitive::I32(_)
            | Primitive::I64(_) => self.0.as_i64().serialize(serializer),
            Primitive::Bytes(bytes) => {
                serializer.serialize_str(&base64_simd::STANDARD.encode_to_string(bytes))
            }
            Primitive::Progress(parts) => parts.serialize(serializer),
            Primitive::String(_)
            | Primitive::Single(_)
            | Primitive::Double(_)
            | Primitive::Decimal(_)
            | Primitive::DateTime(_)
            | Primitive::TimeSpan(_)
            | Primitive::Guid(_)
            | Primitive::Uri(_)
            | Primitive::Version(_)
            | Primitive::Xml(_)
            | Primitive::ScriptBlock(_)
            | Primitive::SecureString(_)
            | Primitive::Unknown { .. } => self.0.as_str().serialize(serializer),
        }
    }
}

struct Entry<'a>(&'a PsValue, &'a PsValue);

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("Key", &Json(self.0))?;
        map.serialize_entry("Value", &Json(self.1))?;
        map.end()
    }
}

/// Members as a JSON object; as a list of pairs if a name is repeated, since JSON readers keep one of them.
struct Members<'a>(&'a [(String, PsValue)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.is_sorted_by(|one, other| one < other) {
            return serializer.collect_map(self.0.iter().map(|(name, value)| (name, Json(value))));
        }
        serializer.collect_seq(self.0.iter().map(|(name, value)| (name, Json(value))))
    }
}

fn list(items: &[PsValue]) -> Vec<Json<'_>> {
    items.iter().map(Json).collect()
}

fn tagged<S: Serializer>(tag: &str, value: &impl Serialize, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(tag, value)?;
    map.end()
}

fn tag(primitive: &Primitive) -> &str {
    match primitive {
        Primitive::Nil => "Nil",
        Primitive::Bool(_) => "B",
        Primitive::String(_) => "S",
        Primitive::Char(_) => "C",
        Primitive::U8(_) => "By",
        Primitive::I8(_) => "SB",
        Primitive::U16(_) => "U16",
        Primitive::I16(_) => "I16",
        Primitive::U32(_) => "U32",
        Primitive::I32(_) => "I32",
        Primitive::U64(_) => "U64",
        Primitive::I64(_) => "I64",
        Primitive::Single(_) => "Sg",
        Primitive::Double(_) => "Db",
        Primitive::Decimal(_) => "D",
        Primitive::DateTime(_) => "DT",
        Primitive::TimeSpan(_) => "TS",
        Primitive::Bytes(_) => "BA",
        Primitive::Guid(_) => "G",
        Primitive::Uri(_) => "URI",
        Primitive::Version(_) => "Version",
        Primitive::Xml(_) => "XD",
        Primitive::ScriptBlock(_) => "SBK",
        Primitive::SecureString(_) => "SS",
        Primitive::Progress(_) => "PR",
        Primitive::Unknown { tag, .. } => tag,
    }
}
