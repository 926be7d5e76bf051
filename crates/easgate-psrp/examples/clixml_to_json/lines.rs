//! A document as lines, one a leaf: `PATH <tab> TAG <tab> JSON value`, in the order of the document.

use std::collections::HashMap;
use std::fmt::Write as _;

use easgate_psrp::clixml::{ClixmlError, Element, Event, Limits, Reader};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The lines of a document, each with its line feed.
pub(crate) fn lines(text: &str) -> Result<Vec<String>, ClixmlError> {
    let mut walk = Walk {
        reader: Reader::new(text, &Limits::default())?,
        lines: Vec::new(),
        types: HashMap::new(),
        objects: HashMap::new(),
    };
    let mut at = 0;
    let mut inside_root = false;
    while let Some(event) = walk.reader.next_event()? {
        match event {
            Event::Start(element) if element.tag == "Objs" && !inside_root => inside_root = true,
            Event::Start(element) => {
                walk.value(&element, &at.to_string())?;
                at += 1;
            }
            Event::End => inside_root = false,
            Event::Text(_) => {}
        }
    }
    Ok(walk.lines)
}

struct Walk<'d> {
    reader: Reader<'d>,
    lines: Vec<String>,
    types: HashMap<&'d str, Value>,
    /// The path of each object that has begun, by its `RefId`.
    objects: HashMap<&'d str, String>,
}

impl<'d> Walk<'d> {
    /// Reads a value up to its end, and writes its lines.
    fn value(&mut self, element: &Element<'d>, path: &str) -> Result<(), ClixmlError> {
        match element.tag {
            "Obj" => {
                if let Some(id) = element.ref_id {
                    self.objects.insert(id, path.to_owned());
                }
                while let Some(part) = self.child()? {
                    self.part(&part, path)?;
                }
                Ok(())
            }
            "Ref" => {
                let target = element.ref_id.and_then(|id| self.objects.get(id));
                let line = json!({ "ref": target });
                self.line(path, "Ref", &line);
                self.text().map(drop)
            }
            "LST" | "IE" | "STK" | "QUE" | "DCT" => self.container(element.tag, path),
            _ => self.primitive(element.tag, path),
        }
    }

    fn part(&mut self, part: &Element<'d>, path: &str) -> Result<(), ClixmlError> {
        match part.tag {
            "TN" => {
                let mut names = Vec::new();
                while self.child()?.is_some() {
                    names.push(self.text()?);
                }
                let names = json!(names);
                self.line(path, "Types", &names);
                part.ref_id.map(|id| self.types.insert(id, names));
                Ok(())
            }
            "TNRef" => {
                let names = part
                    .ref_id
                    .and_then(|id| self.types.get(id))
                    .cloned()
                    .unwrap_or_else(|| json!([]));
                self.line(path, "Types", &names);
                self.text().map(drop)
            }
            "ToString" => {
                let text = self.text()?;
                self.line(path, "ToString", &json!(text));
                Ok(())
            }
            "Props" | "MS" => {
                while let Some(member) = self.child()? {
                    let name = member.name.as_deref().unwrap_or_default();
                    self.value(&member, &format!("{path}/{}.{}", part.tag, path_name(name)))?;
                }
                Ok(())
            }
            "LST" | "IE" | "STK" | "QUE" | "DCT" => self.container(part.tag, path),
            "Obj" | "Ref" => self.text().map(drop),
            _ => self.primitive(part.tag, &format!("{path}/value")),
        }
    }

    fn container(&mut self, tag: &str, path: &str) -> Result<(), ClixmlError> {
        let count_line = self.lines.len();
        self.lines.push(String::new());
        let mut count = 0;
        while let Some(item) = self.child()? {
            let here = format!("{path}/{tag}[{count}]");
            if item.tag == "En" {
                while let Some(side) = self.child()? {
                    let name = side.name.as_deref().unwrap_or_default();
                    self.value(&side, &format!("{here}.{}", path_name(name)))?;
                }
            } else {
                self.value(&item, &here)?;
            }
            count += 1;
        }
        self.lines[count_line] = format!("{path}/{tag}\tCount\t{count}\n");
        Ok(())
    }

    fn primitive(&mut self, tag: &str, path: &str) -> Result<(), ClixmlError> {
        let value = match tag {
            "Nil" => self.text().map(|_| Value::Null)?,
            "BA" => {
                let text = self.text()?;
                match base64_simd::forgiving_decode_to_vec(text.as_bytes()) {
                    Ok(bytes) => json!({ "bytes": bytes.len(), "sha256": hex(&Sha256::digest(&bytes)) }),
                    Err(_) => json!(text),
                }
            }
            "PR" => {
                let mut parts = Vec::new();
                while let Some(part) = self.child()? {
                    parts.push(json!([part.tag, self.text()?]));
                }
                Value::Array(parts)
            }
            _ => json!(self.text()?),
        };
        self.line(path, tag, &value);
        Ok(())
    }

    fn line(&mut self, path: &str, tag: &str, value: &Value) {
        self.lines.push(format!("{path}\t{tag}\t{}\n", ascii(value)));
    }

    /// The next child of the open element, or `None` after its end.
    fn child(&mut self) -> Result<Option<Element<'d>>, ClixmlError> {
        loop {
            match self.reader.next_event()? {
                Some(Event::Start(element)) => return Ok(Some(element)),
                Some(Event::Text(_)) => {}
                Some(Event::End) | None => return Ok(None),
            }
        }
    }

    /// The text of the open element up to its first child, and goes behind its end.
    fn text(&mut self) -> Result<String, ClixmlError> {
        let (mut text, mut depth) = (None, 0_usize);
        while let Some(event) = self.reader.next_event()? {
            match event {
                Event::Text(found) if depth == 0 => drop(text.get_or_insert_with(|| found.into_owned())),
                Event::Text(_) => {}
                Event::Start(_) => {
                    text.get_or_insert_default();
                    depth += 1;
                }
                Event::End if depth == 0 => break,
                Event::End => depth -= 1,
            }
        }
        Ok(text.unwrap_or_default())
    }
}

/// A name as it stands in a path: its control characters stay as PowerShell writes them, so that a line stays a line.
fn path_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            let _ = write!(out, "_x{:04X}_", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// JSON in ASCII, with a space behind each comma and colon: safe for every terminal and every splitter of lines.
fn ascii(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(ascii).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", ascii(&json!(name)), ascii(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let mut out = String::new();
            for character in value.to_string().chars() {
                if character.is_ascii() && character != '\u{7f}' {
                    out.push(character);
                } else {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let _ = write!(out, "\\u{unit:04x}");
                    }
                }
            }
            out
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
