//! From a value to a message body.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::value::{Content, Primitive, PsObject, PsValue};

/// Appends `value` as the body of one message: no `Objs` root, `RefId`s from 0, each list of type names written once.
///
/// A [`PsValue::Reference`] to an object that is written before it, or around it, becomes a `Ref`; any other is `Nil`.
pub fn write(value: &PsValue, out: &mut Vec<u8>) {
    let mut writer = Writer::default();
    writer.value(value, None, "0");
    out.append(&mut writer.out.into_bytes());
}

/// [`write()`] into bytes of its own.
pub fn to_vec(value: &PsValue) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

#[derive(Default)]
struct Writer<'v> {
    out: String,
    types: HashMap<&'v [String], usize>,
    objects: HashMap<String, usize>,
}

impl<'v> Writer<'v> {
    fn value(&mut self, value: &'v PsValue, name: Option<&str>, path: &str) {
        match value {
            PsValue::Primitive(primitive) => self.primitive(primitive, name),
            PsValue::Object(object) => self.object(object, name, path),
            PsValue::Reference(target) => match self.objects.get(target).copied() {
                Some(id) => self.reference(id, name),
                None => self.primitive(&Primitive::Nil, name),
            },
        }
    }

    fn object(&mut self, object: &'v PsObject, name: Option<&str>, path: &str) {
        let id = self.objects.len();
        self.objects.insert(path.to_owned(), id);
        self.out.push_str("<Obj");
        self.name(name);
        let _ = write!(self.out, " RefId=\"{id}\">");
        self.type_names(&object.type_names);
        if let Some(text) = &object.to_string {
            self.leaf("ToString", None, text);
        }
        if let Some(content) = &object.content {
            self.content(content, path);
        }
        self.members("Props", &object.adapted, path);
        self.members("MS", &object.extended, path);
        self.out.push_str("</Obj>");
    }

    fn type_names(&mut self, names: &'v [String]) {
        if names.is_empty() {
            return;
        }
        let next = self.types.len();
        if let Some(id) = self.types.get(names) {
            let _ = write!(self.out, "<TNRef RefId=\"{id}\"/>");
            return;
        }
        self.types.insert(names, next);
        let _ = write!(self.out, "<TN RefId=\"{next}\">");
        for name in names {
            self.leaf("T", None, name);
        }
        self.out.push_str("</TN>");
    }

    fn content(&mut self, content: &'v Content, path: &str) {
        match content {
            Content::Primitive(primitive) => self.primitive(primitive, None),
            Content::List(items) => self.list("LST", items, path),
            Content::Enumerable(items) => self.list("IE", items, path),
            Content::Stack(items) => self.list("STK", items, path),
            Content::Queue(items) => self.list("QUE", items, path),
            Content::Dictionary(entries) => {
                self.out.push_str("<DCT>");
                for (at, (key, value)) in entries.iter().enumerate() {
                    self.out.push_str("<En>");
                    self.value(key, Some("Key"), &format!("{path}/DCT[{at}].Key"));
                    self.value(value, Some("Value"), &format!("{path}/DCT[{at}].Value"));
                    self.out.push_str("</En>");
                }
                self.out.push_str("</DCT>");
            }
        }
    }

    fn list(&mut self, tag: &str, items: &'v [PsValue], path: &str) {
        let _ = write!(self.out, "<{tag}>");
        for (at, item) in items.iter().enumerate() {
            self.value(item, None, &format!("{path}/{tag}[{at}]"));
        }
        let _ = write!(self.out, "</{tag}>");
    }

    fn members(&mut self, tag: &str, members: &'v [(String, PsValue)], path: &str) {
        if members.is_empty() {
            return;
        }
        let _ = write!(self.out, "<{tag}>");
        for (name, value) in members {
            self.value(value, Some(name), &format!("{path}/{tag}.{name}"));
        }
        let _ = write!(self.out, "</{tag}>");
    }

    fn primitive(&mut self, primitive: &Primitive, name: Option<&str>) {
        match primitive {
            Primitive::Nil => {
                self.out.push_str("<Nil");
                self.name(name);
                self.out.push_str("/>");
            }
            Primitive::Bool(value) => self.leaf("B", name, if *value { "true" } else { "false" }),
            Primitive::Char(value) => self.leaf("C", name, &value.to_string()),
            Primitive::U8(value) => self.leaf("By", name, &value.to_string()),
            Primitive::I8(value) => self.leaf("SB", name, &value.to_string()),
            Primitive::U16(value) => self.leaf("U16", name, &value.to_string()),
            Primitive::I16(value) => self.leaf("I16", name, &value.to_string()),
            Primitive::U32(value) => self.leaf("U32", name, &value.to_string()),
            Primitive::I32(value) => self.leaf("I32", name, &value.to_string()),
            Primitive::U64(value) => self.leaf("U64", name, &value.to_string()),
            Primitive::I64(value) => self.leaf("I64", name, &value.to_string()),
            Primitive::Bytes(bytes) => self.leaf("BA", name, &base64_simd::STANDARD.encode_to_string(bytes)),
            Primitive::String(text) => self.leaf("S", name, text),
            Primitive::Single(text) => self.leaf("Sg", name, text),
            Primitive::Double(text) => self.leaf("Db", name, text),
            Primitive::Decimal(text) => self.leaf("D", name, text),
            Primitive::DateTime(text) => self.leaf("DT", name, text),
            Primitive::TimeSpan(text) => self.leaf("TS", name, text),
            Primitive::Guid(text) => self.leaf("G", name, text),
            Primitive::Uri(text) => self.leaf("URI", name, text),
            Primitive::Version(text) => self.leaf("Version", name, text),
            Primitive::Xml(text) => self.leaf("XD", name, text),
            Primitive::ScriptBlock(text) => self.leaf("SBK", name, text),
            Primitive::SecureString(text) => self.leaf("SS", name, text),
            Primitive::Unknown { tag, text } => self.leaf(tag, name, text),
            Primitive::Progress(parts) => {
                self.out.push_str("<PR");
                self.name(name);
                self.out.push('>');
                for (tag, text) in parts {
                    self.leaf(tag, None, text);
                }
                self.out.push_str("</PR>");
            }
        }
    }

    fn reference(&mut self, id: usize, name: Option<&str>) {
        self.out.push_str("<Ref");
        self.name(name);
        let _ = write!(self.out, " RefId=\"{id}\"/>");
    }

    fn leaf(&mut self, tag: &str, name: Option<&str>, text: &str) {
        let _ = write!(self.out, "<{tag}");
        self.name(name);
        self.out.push('>');
        self.text(text);
        let _ = write!(self.out, "</{tag}>");
    }

    fn name(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            self.out.push_str(" N=\"");
            self.text(name);
            self.out.push('"');
        }
    }

    /// Escapes as PowerShell does: control characters and what UTF-16 needs two units for become `_xHHHH_`, and so
    /// does the underscore of a text that looks like such an escape.
    fn text(&mut self, text: &str) {
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '_' if matches!(characters.peek(), Some('x' | 'X')) => self.out.push_str("_x005F_"),
                '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' | '\u{10000}'.. => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let _ = write!(self.out, "_x{unit:04X}_");
                    }
                }
                _ => self.out.push(character),
            }
        }
    }
}
