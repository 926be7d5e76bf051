//! Values without secrets and identities.

use easgate_psrp::clixml::{Content, Primitive, PsObject, PsValue};

use super::{Redactor, known, secret, text};

/// Where a value stands, which decides what its texts may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    cmdlet: &'a str,
    /// The member or parameter, the nearest one that has a name.
    member: Option<&'a str>,
    /// Whether texts here are structure.
    structure: bool,
    /// Whether anything here is a secret.
    secret: bool,
    parameter: bool,
}

impl<'a> Place<'a> {
    /// An object of a cmdlet's output.
    pub(super) const fn output(cmdlet: &'a str) -> Self {
        Self {
            cmdlet,
            member: None,
            structure: false,
            secret: false,
            parameter: false,
        }
    }

    /// The value of a parameter.
    pub(super) fn parameter(cmdlet: &'a str, name: Option<&'a str>) -> Self {
        let place = Self {
            secret: known::is_secret_type(cmdlet),
            parameter: true,
            ..Self::output(cmdlet)
        };
        name.map_or(place, |name| place.member(name))
    }

    fn member(self, name: &'a str) -> Self {
        let structure = known::is_structure(self.cmdlet, name);
        Self {
            member: Some(name),
            structure,
            secret: self.secret || known::is_secret(name) && !structure,
            ..self
        }
    }

    fn is_filter(&self) -> bool {
        self.parameter
            && self
                .member
                .is_some_and(|member| member.eq_ignore_ascii_case("Filter"))
    }

    /// Whether a text here may be a secret: its member's name speaks of them and is not known to be harmless.
    fn may_be_secret(&self) -> bool {
        self.secret || !self.structure && self.member.is_some_and(known::speaks_of_secrets)
    }
}

impl Redactor {
    /// A value as it may be written.
    pub(super) fn value(&self, value: &PsValue, place: &Place<'_>) -> PsValue {
        match value {
            PsValue::Primitive(primitive) => PsValue::Primitive(self.primitive(primitive, place)),
            PsValue::Object(object) => self.object(object, place),
            PsValue::Reference(path) => PsValue::Reference(path.clone()),
        }
    }

    fn object(&self, object: &PsObject, place: &Place<'_>) -> PsValue {
        if object.type_names.iter().any(|name| known::is_secret_type(name)) {
            return secret::REMOVED.into();
        }
        let is_enumeration = object.type_names.iter().any(|name| name == "System.Enum");
        let to_string = object.to_string.as_deref().map(|text| {
            if is_enumeration && text::is_identifier(&text.replace([',', ' '], "")) {
                text.to_owned()
            } else {
                self.text(text, place)
            }
        });
        PsObject {
            type_names: object
                .type_names
                .iter()
                .map(|name| self.type_name(name))
                .collect(),
            to_string,
            content: object
                .content
                .as_ref()
                .map(|content| self.content(content, place)),
            adapted: self.members(&object.adapted, place),
            extended: self.members(&object.extended, place),
        }
        .into()
    }

    fn members(&self, members: &[(String, PsValue)], place: &Place<'_>) -> Vec<(String, PsValue)> {
        members
            .iter()
            .map(|(name, value)| {
                let value = self.value(value, &place.member(name));
                (self.program_name(name), value)
            })
            .collect()
    }

    fn content(&self, content: &Content, place: &Place<'_>) -> Content {
        let all = |items: &[PsValue]| items.iter().map(|item| self.value(item, place)).collect();
        match content {
            Content::Primitive(primitive) => Content::Primitive(self.primitive(primitive, place)),
            Content::List(items) => Content::List(all(items)),
            Content::Enumerable(items) => Content::Enumerable(all(items)),
            Content::Stack(items) => Content::Stack(all(items)),
            Content::Queue(items) => Content::Queue(all(items)),
            Content::Dictionary(entries) => Content::Dictionary(
                entries
                    .iter()
                    .map(|(key, value)| self.entry(key, value, place))
                    .collect(),
            ),
        }
    }

    /// An entry whose key names it like a member; any other key is a value like others.
    fn entry(&self, key: &PsValue, value: &PsValue, place: &Place<'_>) -> (PsValue, PsValue) {
        let named = key.as_str().map(|name| place.member(name));
        let value = self.value(value, named.as_ref().unwrap_or(place));
        (self.value(key, &Place::output(place.cmdlet)), value)
    }

    fn primitive(&self, primitive: &Primitive, place: &Place<'_>) -> Primitive {
        let text = |text: &str| self.text(text, place);
        match primitive {
            Primitive::Nil
            | Primitive::Bool(_)
            | Primitive::DateTime(_)
            | Primitive::TimeSpan(_)
            | Primitive::Version(_)
                if self.is_well_formed(primitive) =>
            {
                primitive.clone()
            }
            Primitive::SecureString(_) => Primitive::String(secret::REMOVED.to_owned()),
            _ if place.secret => Primitive::String(secret::REMOVED.to_owned()),
            Primitive::Bytes(_) if place.may_be_secret() => Primitive::String(secret::REMOVED.to_owned()),
            // Serialized objects repeat every identity in a form that nobody here reads.
            Primitive::Bytes(_) if self.pseudonyms.is_some() => Primitive::Bytes(Vec::new()),
            Primitive::Char(_) if self.pseudonyms.is_some() => Primitive::Char(u16::from(b'x')),
            Primitive::String(value) => Primitive::String(text(value)),
            Primitive::Guid(value) => Primitive::Guid(text(value)),
            Primitive::Uri(value) => Primitive::Uri(text(value)),
            Primitive::Xml(value) => Primitive::Xml(text(value)),
            Primitive::ScriptBlock(value) => Primitive::ScriptBlock(text(value)),
            Primitive::DateTime(value) => Primitive::DateTime(text(value)),
            Primitive::TimeSpan(value) => Primitive::TimeSpan(text(value)),
            Primitive::Version(value) => Primitive::Version(text(value)),
            Primitive::Single(value) => Primitive::Single(self.number(value)),
            Primitive::Double(value) => Primitive::Double(self.number(value)),
            Primitive::Decimal(value) => Primitive::Decimal(self.number(value)),
            Primitive::Progress(parts) => Primitive::Progress(
                parts
                    .iter()
                    .map(|(tag, part)| (tag.clone(), self.number(part)))
                    .collect(),
            ),
            Primitive::Unknown { tag, text: value } => Primitive::Unknown {
                tag: tag.clone(),
                text: text(value),
            },
            Primitive::Nil
            | Primitive::Bool(_)
            | Primitive::Bytes(_)
            | Primitive::Char(_)
            | Primitive::U8(_)
            | Primitive::I8(_)
            | Primitive::U16(_)
            | Primitive::I16(_)
            | Primitive::U32(_)
            | Primitive::I32(_)
            | Primitive::U64(_)
            | Primitive::I64(_) => primitive.clone(),
        }
    }

    /// Whether a text of a kind of its own is one: a server may write anything into any element.
    fn is_well_formed(&self, primitive: &Primitive) -> bool {
        let Some(text) = primitive.as_str() else {
            return true;
        };
        matches!(primitive, Primitive::Bool(_)) || self.pseudonyms.is_none() || is_formatted_number(text)
    }

    fn number(&self, text: &str) -> String {
        if is_formatted_number(text) || ["NaN", "INF", "-INF", "Infinity", "-Infinity"].contains(&text) {
            text.to_owned()
        } else {
            self.identity(text)
        }
    }

    fn text(&self, text: &str, place: &Place<'_>) -> String {
        if place.may_be_secret() && !text.is_empty() && !known::is_plain_text(text) {
            return secret::REMOVED.to_owned();
        }
        let text = &secret::scrub(text);
        let Some(pseudonyms) = &self.pseudonyms else {
            return text.clone();
        };
        if place.structure && !looks_like_an_identity(text) {
            text.clone()
        } else if place.is_filter() {
            text::filter(pseudonyms, place.cmdlet, text)
        } else {
            text::identity(pseudonyms, text)
        }
    }

    fn type_name(&self, name: &str) -> String {
        if self.pseudonyms.is_some() && looks_like_an_identity(name) {
            self.identity(name)
        } else {
            name.to_owned()
        }
    }
}

/// Whether a text that should be structure holds an address, a distinguished name or a path of an account.
fn looks_like_an_identity(text: &str) -> bool {
    text.contains(['@', '\\', '\u{a7}']) || text.contains("CN=") || text.contains("DC=")
}

/// Whether a text is a number, a date, a span or a version: digits and what stands between them.
fn is_formatted_number(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.:TZPDHMSYWE,".contains(&byte))
}
