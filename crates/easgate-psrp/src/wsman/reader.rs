//! A streaming reader over one SOAP message, with limits.

use std::borrow::Cow;

use quick_xml::NsReader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::ns;
use crate::clixml;

/// The largest message that is read, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The deepest nesting of elements.
const MAX_DEPTH: usize = 64;

/// The namespaces this protocol speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace {
    Soap,
    Addressing,
    Wsman,
    Wsmv,
    Shell,
    Transfer,
    WsmanFault,
    PowerShell,
    Other,
}

impl Namespace {
    fn of(result: &ResolveResult<'_>) -> Self {
        let ResolveResult::Bound(namespace) = result else {
            return Self::Other;
        };
        match namespace.as_ref() {
            ns::SOAP => Self::Soap,
            ns::ADDRESSING => Self::Addressing,
            ns::WSMAN => Self::Wsman,
            ns::WSMV => Self::Wsmv,
            ns::SHELL => Self::Shell,
            ns::TRANSFER => Self::Transfer,
            ns::WSMAN_FAULT => Self::WsmanFault,
            ns::POWERSHELL => Self::PowerShell,
            _ => Self::Other,
        }
    }
}

/// The start of an element.
pub(super) struct Element<'a> {
    pub(super) namespace: Namespace,
    start: BytesStart<'a>,
}

impl Element<'_> {
    pub(super) fn local(&self) -> &str {
        let name = self.start.name().into_inner();
        name.rsplit_once(':').map_or(name, |(_, local)| local)
    }

    pub(super) fn is(&self, namespace: Namespace, local: &str) -> bool {
        self.namespace == namespace && self.local() == local
    }

    /// Returns the attribute of this local name, trimmed.
    pub(super) fn attribute(&self, local: &str) -> Result<Option<String>, WsmanError> {
        for attribute in self.start.attributes() {
            let attribute = attribute.map_err(|error| WsmanError::Xml {
                reason: error.to_string(),
            })?;
            if attribute.key.local_name().as_ref() == local {
                let value = attribute
                    .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                    .map_err(|error| WsmanError::Xml {
                        reason: error.to_string(),
                    })?;
                return Ok(Some(value.trim().to_owned()));
            }
        }
        Ok(None)
    }
}

enum Item<'a> {
    Start(Element<'a>),
    Text(Cow<'a, str>),
    End,
    Eof,
}

/// Reads one message from start to end.
pub(super) struct Reader<'a> {
    xml: NsReader<&'a [u8]>,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Result<Self, WsmanError> {
        if message.len() > MAX_BYTES {
            return Err(WsmanError::TooLarge { limit: MAX_BYTES });
        }
        let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
        let text = clixml::checked(message).map_err(|offset| WsmanError::Encoding { offset })?;
        let mut xml = NsReader::from_str(text);
        xml.config_mut().expand_empty_elements = true;
        Ok(Self { xml, depth: 0 })
    }

    /// Reads up to the root element.
    pub(super) fn root(&mut self) -> Result<Element<'a>, WsmanError> {
        loop {
            match self.next()? {
                Item::Start(element) => return Ok(element),
                Item::Text(text) if text.trim().is_empty() => {}
                Item::Text(_) | Item::End | Item::Eof => return Err(WsmanError::NotSoap),
            }
        }
    }

    /// Calls `visit` for each child of the element just begun, and reads through its end.
    ///
    /// What `visit` leaves unread of a child is skipped.
    pub(super) fn children(
        &mut self,
        mut visit: impl FnMut(&mut Self, &Element<'a>) -> Result<(), WsmanError>,
    ) -> Result<(), WsmanError> {
        let inside = self.depth;
        while self.depth >= inside {
            match self.next()? {
                Item::Start(child) => {
                    visit(self, &child)?;
                    self.leave(inside)?;
                }
                Item::Text(_) | Item::End => {}
                Item::Eof => return Err(WsmanError::Truncated),
            }
        }
        Ok(())
    }

    /// Returns the element's own text, trimmed, and reads through its end; `visit` sees its children.
    pub(super) fn mixed(
        &mut self,
        mut visit: impl FnMut(&mut Self, &Element<'a>) -> Result<(), WsmanError>,
    ) -> Result<Cow<'a, str>, WsmanError> {
        let inside = self.depth;
        let mut collected = Cow::Borrowed("");
        while self.depth >= inside {
            match self.next()? {
                Item::Start(child) => {
                    visit(self, &child)?;
                    self.leave(inside)?;
                }
                Item::Text(text) if collected.is_empty() => collected = text,
                Item::Text(text) => collected.to_mut().push_str(&text),
                Item::End => {}
                Item::Eof => return Err(WsmanError::Truncated),
            }
        }
        Ok(trim(collected))
    }

    /// Returns the text of an element without element children, trimmed.
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, WsmanError> {
        self.mixed(|_, _| Ok(()))
    }

    /// Returns the decoded base64 text of the element.
    pub(super) fn base64(&mut self, element: &'static str) -> Result<Vec<u8>, WsmanError> {
        let text = self.text()?;
        base64_simd::forgiving_decode_to_vec(text.as_bytes()).map_err(|_| WsmanError::Base64 { element })
    }

    /// Checks that nothing but white space follows the root element.
    pub(super) fn finish(&mut self) -> Result<(), WsmanError> {
        loop {
            match self.next()? {
                Item::Eof => return Ok(()),
                Item::Text(text) if text.trim().is_empty() => {}
                Item::Text(_) | Item::Start(_) | Item::End => return Err(WsmanError::NotSoap),
            }
        }
    }

    fn leave(&mut self, outside: usize) -> Result<(), WsmanError> {
        while self.depth > outside {
            if matches!(self.next()?, Item::Eof) {
                return Err(WsmanError::Truncated);
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Item<'a>, WsmanError> {
        loop {
            let position = self.xml.buffer_position();
            let (namespace, event) = self.xml.read_resolved_event().map_err(|error| WsmanError::Xml {
                reason: format!("{error} near byte {position}"),
            })?;
            let namespace = Namespace::of(&namespace);
            match event {
                Event::Start(start) | Event::Empty(start) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(WsmanError::TooDeep { limit: MAX_DEPTH });
                    }
                    return Ok(Item::Start(Element { namespace, start }));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Item::End);
                }
                Event::Text(text) => return Ok(Item::Text(text.into_inner())),
                Event::CData(text) => return Ok(Item::Text(text.into_inner())),
                Event::GeneralRef(reference) => return entity(&reference).map(Item::Text),
                Event::DocType(_) => {
                    return Err(WsmanError::Forbidden {
                        what: "document type declaration",
                    });
                }
                Event::PI(_) => {
                    return Err(WsmanError::Forbidden {
                        what: "processing instruction",
                    });
                }
                Event::Eof => return Ok(Item::Eof),
                Event::Decl(_) | Event::Comment(_) => {}
            }
        }
    }
}

fn entity(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, WsmanError> {
    let character = reference.resolve_char_ref().map_err(|error| WsmanError::Xml {
        reason: error.to_string(),
    })?;
    if let Some(character) = character {
        return Ok(Cow::Owned(character.to_string()));
    }
    resolve_predefined_entity(reference)
        .map(Cow::Borrowed)
        .ok_or(WsmanError::Forbidden { what: "entity" })
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// Why a message could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message says it")]
pub enum WsmanError {
    #[error("message is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("elements are nested deeper than {limit}")]
    TooDeep { limit: usize },
    #[error("message is not UTF-8 from byte {offset} on")]
    Encoding { offset: usize },
    #[error("message is not well-formed XML: {reason}")]
    Xml { reason: String },
    #[error("message ends inside an element")]
    Truncated,
    #[error("message contains a {what}")]
    Forbidden { what: &'static str },
    #[error("message is not a SOAP 1.2 envelope")]
    NotSoap,
    #[error("{element} is not base64")]
    Base64 { element: &'static str },
    #[error("message has no {what}")]
    Missing { what: &'static str },
}
