//! The elements of a document, one after another, as written.

use std::borrow::Cow;

use super::error::{ClixmlError, ClixmlErrorKind};
use super::parse::Limits;
use super::scan::{Open, Scanner, Tag};
use super::text::{decode_name, decode_text};

/// What stands next in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'d> {
    /// An element begins.
    Start(Element<'d>),
    /// The text in front of the next tag, decoded; never empty.
    Text(Cow<'d, str>),
    /// The innermost open element ends. An empty element has an end, too.
    End,
}

/// The start of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element<'d> {
    /// Its name: `Obj`, `S`, `Props`.
    pub tag: &'d str,
    /// Its attribute `N`, decoded: the name of a member.
    pub name: Option<Cow<'d, str>>,
    /// Its attribute `RefId`.
    pub ref_id: Option<&'d str>,
}

/// Reads a document's elements without interpreting them: a strict pull reader that checks every end tag.
///
/// ```
/// use easgate_psrp::clixml::{Event, Limits, Reader};
///
/// let mut reader = Reader::new("<S N=\"a\">x</S>", &Limits::default())?;
/// assert!(matches!(reader.next_event()?, Some(Event::Start(element)) if element.tag == "S"));
/// assert_eq!(reader.next_event()?, Some(Event::Text("x".into())));
/// assert_eq!(reader.next_event()?, Some(Event::End));
/// assert_eq!(reader.next_event()?, None);
/// # Ok::<(), easgate_psrp::clixml::ClixmlError>(())
/// ```
#[derive(Debug)]
pub struct Reader<'d> {
    scan: Scanner<'d>,
    open: Vec<Open<'d>>,
    pending: Option<Tag<'d>>,
    end_of_empty: bool,
}

impl<'d> Reader<'d> {
    /// Starts at the beginning of `text`; [`decode_document`] makes a text of a file.
    ///
    /// # Errors
    /// Fails if the XML declaration does not end.
    ///
    /// [`decode_document`]: super::decode_document
    pub fn new(text: &'d str, limits: &Limits) -> Result<Self, ClixmlError> {
        let scan = Scanner::new(text, limits.max_depth)?;
        Ok(Self {
            scan,
            open: Vec::new(),
            pending: None,
            end_of_empty: false,
        })
    }

    /// The next event, or `None` at the end of a document in which every element was closed.
    ///
    /// # Errors
    /// Fails if the document is not well formed, or too deep.
    pub fn next_event(&mut self) -> Result<Option<Event<'d>>, ClixmlError> {
        self.advance().map_err(|error| {
            let path = super::scan::path_at(self.scan.text(), error.offset());
            error.with_path(path)
        })
    }

    fn advance(&mut self) -> Result<Option<Event<'d>>, ClixmlError> {
        if std::mem::take(&mut self.end_of_empty) {
            return Ok(Some(Event::End));
        }
        let tag = match self.pending.take() {
            Some(tag) => tag,
            None => {
                let at = self.scan.at();
                let (text, tag) = self.scan.next()?;
                if !text.is_empty() && !self.open.is_empty() {
                    self.pending = Some(tag);
                    return Ok(Some(Event::Text(decode_text(text, at)?)));
                }
                if !text.trim_ascii().is_empty() {
                    return Err(ClixmlError::new(ClixmlErrorKind::StrayText, at));
                }
                tag
            }
        };
        match tag {
            Tag::Open(open) => {
                if open.empty {
                    self.end_of_empty = true;
                } else {
                    self.open.push(open);
                }
                let name = open.name.map(|name| decode_name(name, open.start)).transpose()?;
                Ok(Some(Event::Start(Element {
                    tag: open.tag,
                    name,
                    ref_id: open.ref_id,
                })))
            }
            Tag::Close(found) => {
                let open = self.open.pop().ok_or_else(|| self.scan.unclosed())?;
                self.scan.close(&open, found)?;
                Ok(Some(Event::End))
            }
            Tag::End => Ok(None),
        }
    }
}
