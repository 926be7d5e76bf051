//! Reading small XML answers: bounded, by local name, without document types.

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

/// The most bytes of an answer that are looked at.
const MAX_BYTES: usize = 1 << 20;
/// The most elements inside each other.
const MAX_DEPTH: usize = 64;

/// One element with text: its path of local names from the root, its attributes and its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) path: Vec<String>,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Leaf {
    /// The element's own local name.
    pub(crate) fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// Whether an element of that local name encloses it.
    pub(crate) fn is_inside(&self, name: &str) -> bool {
        self.path.iter().rev().skip(1).any(|part| part == name)
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Why an answer cannot be read as XML.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum XmlError {
    #[error("the answer has {bytes} bytes, and {MAX_BYTES} is the most")]
    TooLarge { bytes: usize },
    #[error("the answer is nested deeper than {MAX_DEPTH}")]
    TooDeep,
    #[error("the answer holds a document type or a processing instruction")]
    Refused,
    #[error("the answer ends inside an element")]
    Unfinished,
    #[error("the answer is not well-formed XML, at byte {at}")]
    Malformed { at: u64, source: quick_xml::Error },
    #[error("the answer holds an entity that is not known, at byte {at}")]
    Entity { at: u64 },
}

/// Reads every element of `body`, in the order in which they end.
pub(crate) fn leaves(body: &str) -> Result<Vec<Leaf>, XmlError> {
    if body.len() > MAX_BYTES {
        return Err(XmlError::TooLarge { bytes: body.len() });
    }
    let mut reader = Reader::from_str(body);
    let mut open: Vec<Leaf> = Vec::new();
    let mut done = Vec::new();
    loop {
        let at = reader.buffer_position();
        match reader
            .read_event()
            .map_err(|source| XmlError::Malformed { at, source })?
        {
            Event::Start(start) => {
                if open.len() == MAX_DEPTH {
                    return Err(XmlError::TooDeep);
                }
                open.push(leaf(&open, &start));
            }
            Event::Empty(start) => done.push(leaf(&open, &start)),
            Event::End(_) => done.extend(open.pop()),
            Event::Text(text) => {
                if let Some(current) = open.last_mut() {
                    current.text.push_str(&text.xml10_content());
                }
            }
            Event::CData(data) => {
                if let Some(current) = open.last_mut() {
                    current.text.push_str(&data.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let char = resolve(&reference).ok_or(XmlError::Entity { at })?;
                if let Some(current) = open.last_mut() {
                    current.text.push(char);
                }
            }
            Event::DocType(_) | Event::PI(_) => return Err(XmlError::Refused),
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Eof if open.is_empty() => return Ok(done),
            Event::Eof => return Err(XmlError::Unfinished),
        }
    }
}

fn leaf(open: &[Leaf], start: &quick_xml::events::BytesStart<'_>) -> Leaf {
    let mut path = open.last().map_or_else(Vec::new, |parent| parent.path.clone());
    path.push(start.local_name().as_ref().to_owned());
    let attributes = start
        .attributes()
        .filter_map(Result::ok)
        .filter_map(|attribute| {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
            Some((attribute.key.local_name().as_ref().to_owned(), value.into_owned()))
        })
        .collect();
    Leaf {
        path,
        attributes,
        text: String::new(),
    }
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Ok(Some(char)) = reference.resolve_char_ref() {
        return Some(char);
    }
    match reference.as_ref() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}
