//! The SOAP header, for requests and responses alike.

use std::time::Duration;

use super::reader::{Element, Namespace, Reader, WsmanError};
use super::{Selector, parse_duration};

/// The header fields that this protocol reads; others are skipped.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) action: String,
    pub(super) message_id: Option<String>,
    pub(super) relates_to: Option<String>,
    pub(super) to: Option<String>,
    pub(super) resource_uri: Option<String>,
    pub(super) session_id: Option<String>,
    pub(super) operation_id: Option<String>,
    pub(super) operation_timeout: Option<Duration>,
    pub(super) max_envelope_size: Option<u32>,
    pub(super) locale: Option<String>,
    pub(super) options: Vec<Selector>,
    pub(super) selectors: Vec<Selector>,
}

/// Reads an envelope: its header, and each child of its body through `visit`.
pub(super) fn read_envelope<'a>(
    message: &'a [u8],
    mut visit: impl FnMut(&mut Reader<'a>, &Element<'a>) -> Result<(), WsmanError>,
) -> Result<Header, WsmanError> {
    let mut reader = Reader::new(message)?;
    if !reader.root()?.is(Namespace::Soap, "Envelope") {
        return Err(WsmanError::NotSoap);
    }
    let mut header = Header::default();
    let mut has_body = false;
    reader.children(|reader, part| {
        if part.is(Namespace::Soap, "Header") {
            reader.children(|reader, field| header.read(reader, field))
        } else if part.is(Namespace::Soap, "Body") && !has_body {
            has_body = true;
            reader.children(&mut visit)
        } else {
            Ok(())
        }
    })?;
    reader.finish()?;
    if has_body {
        Ok(header)
    } else {
        Err(WsmanError::Missing { what: "body" })
    }
}

/// Reads the `Selector` or `Option` children of a set.
pub(super) fn read_set(reader: &mut Reader<'_>, set: &mut Vec<Selector>) -> Result<(), WsmanError> {
    reader.children(|reader, entry| {
        let Some(name) = entry.attribute("Name")? else {
            return Ok(());
        };
        set.push(Selector {
            name,
            value: reader.text()?.into_owned(),
        });
        Ok(())
    })
}

impl Header {
    fn read(&mut self, reader: &mut Reader<'_>, field: &Element<'_>) -> Result<(), WsmanError> {
        match (field.namespace, field.local()) {
            (Namespace::Addressing, "Action") => self.action = reader.text()?.into_owned(),
            (Namespace::Addressing, "MessageID") => self.message_id = some_text(reader)?,
            (Namespace::Addressing, "RelatesTo") => self.relates_to = some_text(reader)?,
            (Namespace::Addressing, "To") => self.to = some_text(reader)?,
            (Namespace::Wsman, "ResourceURI") => self.resource_uri = some_text(reader)?,
            (Namespace::Wsmv, "SessionId") => self.session_id = some_text(reader)?,
            (Namespace::Wsmv, "OperationID") => self.operation_id = some_text(reader)?,
            (Namespace::Wsman, "OperationTimeout") => {
                self.operation_timeout = parse_duration(&reader.text()?);
            }
            (Namespace::Wsman, "MaxEnvelopeSize") => self.max_envelope_size = reader.text()?.parse().ok(),
            (Namespace::Wsman, "Locale") => self.locale = field.attribute("lang")?,
            (Namespace::Wsman, "OptionSet") => read_set(reader, &mut self.options)?,
            (Namespace::Wsman, "SelectorSet") => read_set(reader, &mut self.selectors)?,
            _ => {}
        }
        Ok(())
    }
}

pub(super) fn some_text(reader: &mut Reader<'_>) -> Result<Option<String>, WsmanError> {
    let text = reader.text()?;
    Ok((!text.is_empty()).then(|| text.into_owned()))
}
