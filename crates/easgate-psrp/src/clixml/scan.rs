//! The strict scanner: from text to tags.
//!
//! It knows the part of XML that CLIXML uses, and refuses the rest: a declaration other than the leading `<?xml …?>`,
//! comments, CDATA. It allocates nothing. Whoever drives it compares each end tag with its start, by [`Scanner::close`].

mod plain;

use memchr::memchr;

use super::error::{ClixmlError, ClixmlErrorKind};
use plain::Plain;
pub(super) use plain::{Leaf, PlainMember};

/// How many elements of any kind may stand inside each other for each object that may: `Obj`, `DCT`, `En`, and one more.
const ELEMENTS_PER_OBJECT: usize = 4;

/// A place in a document, and how deep it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'de> {
    text: &'de str,
    /// Behind the XML declaration.
    begin: usize,
    at: usize,
    elements: usize,
    objects: usize,
    max_depth: usize,
    max_elements: usize,
}

/// A start tag. Attributes are as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open<'de> {
    pub(super) tag: &'de str,
    pub(super) name: Option<&'de str>,
    pub(super) ref_id: Option<&'de str>,
    /// Whether `name` stands for itself, with nothing to decode.
    pub(super) plain_name: bool,
    pub(super) empty: bool,
    /// Where its `<` is.
    pub(super) start: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Tag<'de> {
    Open(Open<'de>),
    Close(&'de str),
    /// The end of the document, with every element closed.
    End,
}

impl Open<'_> {
    /// A `Nil` that is not in the document, for what is missing at `start`.
    pub(super) const fn nil(start: usize) -> Self {
        Open {
            tag: "Nil",
            name: None,
            ref_id: None,
            plain_name: false,
            empty: true,
            start,
        }
    }
}

impl<'de> Scanner<'de> {
    /// Starts at the beginning of `text`, after an XML declaration if there is one.
    pub(super) fn new(text: &'de str, max_depth: usize) -> Result<Self, ClixmlError> {
        let mut at = 0;
        if text.starts_with("<?xml") {
            let Some(end) = text.find("?>") else {
                return Err(ClixmlError::new(ClixmlErrorKind::UnclosedTag, 0));
            };
            at = end + 2;
        }
        Ok(Self {
            text,
            begin: at,
            at,
            elements: 0,
            objects: 0,
            max_depth,
            max_elements: max_depth.saturating_mul(ELEMENTS_PER_OBJECT),
        })
    }

    /// Where the next tag is looked for.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The same document from another place, no less deep than here.
    pub(super) const fn jump(&self, at: usize) -> Self {
        Self { at, ..*self }
    }

    /// The same document from its beginning.
    pub(super) const fn rewound(&self) -> Self {
        Self {
            at: self.begin,
            elements: 0,
            objects: 0,
            ..*self
        }
    }

    pub(super) const fn text(&self) -> &'de str {
        self.text
    }

    /// The next tag, and the text before it, as written.
    #[inline]
    pub(super) fn next(&mut self) -> Result<(&'de str, Tag<'de>), ClixmlError> {
        let Some(start) = self.next_start() else {
            if self.elements > 0 {
                return Err(self.unclosed());
            }
            let rest = self.slice(self.at, self.text.len());
            self.at = self.text.len();
            return Ok((rest, Tag::End));
        };
        let before = self.slice(self.at, start);
        if self.elements == 0 && !before.trim_ascii().is_empty() {
            return Err(ClixmlError::new(ClixmlErrorKind::StrayText, self.at));
        }
        let tag = match self.byte(start + 1)? {
            b'/' => self.end_tag(start)?,
            b'!' | b'?' => return Err(ClixmlError::new(ClixmlErrorKind::Declaration, start)),
            _ => match self.plain_start_tag(start) {
                Some(open) => Tag::Open(open),
                None => self.start_tag(start)?,
            },
        };
        self.note_depth(&tag, start)?;
        Ok((before, tag))
    }

    /// Where the next `<` is.
    #[inline]
    fn next_start(&self) -> Option<usize> {
        let rest = self.text.as_bytes().get(self.at..)?;
        // Between elements there is no text, and no search for its end.
        if rest.first() == Some(&b'<') {
            return Some(self.at);
        }
        memchr(b'<', rest).map(|found| self.at + found)
    }

    /// Goes behind the end of `open`, whose start tag was the last that was read.
    #[inline]
    pub(super) fn skip(&mut self, open: &Open<'de>) -> Result<(), ClixmlError> {
        if open.empty || self.text_to_end(open).is_some() {
            return Ok(());
        }
        self.skip_children(open)
    }

    fn skip_children(&mut self, open: &Open<'de>) -> Result<(), ClixmlError> {
        let mut inner = Open::nil(open.start);
        loop {
            // `None` is wanted, so that this is all of them.
            match self.plain_member(open, &mut inner, |_| None::<()>)? {
                PlainMember::End => return Ok(()),
                PlainMember::Wanted(()) | PlainMember::Unknown => {}
            }
            match self.next()?.1 {
                Tag::Open(inner) => self.skip(&inner)?,
                Tag::Close(tag) => return self.close(open, tag),
                Tag::End => return Err(self.unclosed()),
            }
        }
    }

    /// The text of the element `open`, as written; what stands behind a child element is left out.
    pub(super) fn leaf(&mut self, open: &Open<'de>) -> Result<&'de str, ClixmlError> {
        if open.empty {
            return Ok("");
        }
        if let Some(text) = self.text_to_end(open) {
            return Ok(text);
        }
        let (text, mut tag) = self.next()?;
        loop {
            match tag {
                Tag::Open(inner) => self.skip(&inner)?,
                Tag::Close(tag) => {
                    self.close(open, tag)?;
                    return Ok(text);
                }
                Tag::End => return Err(self.unclosed()),
            }
            tag = self.next()?.1;
        }
    }

    /// The next child of `parent`, or `None` once its end tag was read.
    pub(super) fn child(&mut self, parent: &Open<'de>) -> Result<Option<Open<'de>>, ClixmlError> {
        if parent.empty {
            return Ok(None);
        }
        match self.plain_child(parent)? {
            Plain::Child(open) => return Ok(Some(open)),
            Plain::End => return Ok(None),
            Plain::Unknown => {}
        }
        match self.next()?.1 {
            Tag::Open(open) => Ok(Some(open)),
            Tag::Close(tag) => self.close(parent, tag).map(|()| None),
            Tag::End => Err(self.unclosed()),
        }
    }

    /// Checks that the end tag `found`, just read, ends `open`.
    pub(super) fn close(&self, open: &Open<'de>, found: &'de str) -> Result<(), ClixmlError> {
        if open.tag == found {
            return Ok(());
        }
        let kind = ClixmlErrorKind::MismatchedEnd {
            expected: open.tag.to_owned(),
            found: found.to_owned(),
        };
        // The place is within the end tag, so that `open` still counts as open there.
        Err(ClixmlError::new(kind, self.at.saturating_sub(1)))
    }

    pub(super) fn unclosed(&self) -> ClixmlError {
        ClixmlError::new(ClixmlErrorKind::Unclosed, self.text.len())
    }

    fn end_tag(&mut self, start: usize) -> Result<Tag<'de>, ClixmlError> {
        let from = start + 2;
        // Names are short: a loop finds their end sooner than a vector search.
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        let Some(length) = rest.iter().position(|byte| *byte == b'>') else {
            return Err(ClixmlError::new(ClixmlErrorKind::UnclosedTag, start));
        };
        self.at = from + length + 1;
        Ok(Tag::Close(self.slice(from, from + length).trim_ascii_end()))
    }

    fn start_tag(&mut self, start: usize) -> Result<Tag<'de>, ClixmlError> {
        let bad = || ClixmlError::new(ClixmlErrorKind::BadTag, start);
        let end = self.name_end(start + 1)?;
        let mut open = Open {
            tag: self.slice(start + 1, end),
            name: None,
            ref_id: None,
            plain_name: false,
            empty: false,
            start,
        };
        if open.tag.is_empty() {
            return Err(bad());
        }
        let mut at = end;
        loop {
            let next = self.behind_space(at)?;
            match self.byte(next)? {
                b'>' => {
                    self.at = next + 1;
                    return Ok(Tag::Open(open));
                }
                b'/' if self.byte(next + 1)? == b'>' => {
                    self.at = next + 2;
                    open.empty = true;
                    return Ok(Tag::Open(open));
                }
                b'/' => return Err(bad()),
                _ if next == at => return Err(bad()),
                _ => at = self.attribute(next, &mut open)?,
            }
        }
    }

    /// Reads the attribute at `start` and returns where it ends.
    fn attribute(&self, start: usize, open: &mut Open<'de>) -> Result<usize, ClixmlError> {
        let bad = || ClixmlError::new(ClixmlErrorKind::BadTag, start);
        let name_end = self.name_end(start)?;
        let equals = self.behind_space(name_end)?;
        if name_end == start || self.byte(equals)? != b'=' {
            return Err(bad());
        }
        let quote_at = self.behind_space(equals + 1)?;
        let quote = self.byte(quote_at)?;
        if quote != b'"' && quote != b'\'' {
            return Err(bad());
        }
        let from = quote_at + 1;
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| *byte == quote || *byte == b'<')
            .ok_or_else(|| ClixmlError::new(ClixmlErrorKind::UnclosedTag, start))?;
        let to = from + length;
        if rest.get(length) == Some(&b'<') {
            return Err(bad());
        }
        let value = Some(self.slice(from, to));
        let earlier = match self.slice(start, name_end) {
            "N" => open.name.replace(self.slice(from, to)),
            "RefId" => std::mem::replace(&mut open.ref_id, value),
            _ => None,
        };
        if earlier.is_some() { Err(bad()) } else { Ok(to + 1) }
    }

    /// Where the name that begins at `at` ends.
    #[inline]
    fn name_end(&self, at: usize) -> Result<usize, ClixmlError> {
        let bytes = self.text.as_bytes().get(at..).unwrap_or_default();
        for (length, byte) in bytes.iter().enumerate() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/' | b'=' => return Ok(at + length),
                b'<' | b'&' | b'"' | b'\'' => return Err(ClixmlError::new(ClixmlErrorKind::BadTag, at)),
                _ => {}
            }
        }
        Err(ClixmlError::new(ClixmlErrorKind::UnclosedTag, at))
    }

    #[inline]
    fn behind_space(&self, mut at: usize) -> Result<usize, ClixmlError> {
        while self.byte(at)?.is_ascii_whitespace() {
            at += 1;
        }
        Ok(at)
    }

    #[inline]
    fn byte(&self, at: usize) -> Result<u8, ClixmlError> {
        match self.text.as_bytes().get(at) {
            Some(byte) => Ok(*byte),
            None => Err(ClixmlError::new(ClixmlErrorKind::UnclosedTag, at)),
        }
    }

    #[inline]
    fn slice(&self, from: usize, to: usize) -> &'de str {
        self.text.get(from..to).unwrap_or_default()
    }

    #[inline]
    fn note_depth(&mut self, tag: &Tag<'de>, start: usize) -> Result<(), ClixmlError> {
        match tag {
            Tag::Open(open) => return self.note_start(open),
            Tag::Close(found) if self.elements == 0 => {
                let kind = ClixmlErrorKind::StrayEnd {
                    found: (*found).to_owned(),
                };
                return Err(ClixmlError::new(kind, start));
            }
            Tag::Close(found) => self.note_end(found),
            Tag::End => {}
        }
        Ok(())
    }

    /// One element more is open, unless it is empty.
    #[inline]
    fn note_start(&mut self, open: &Open<'de>) -> Result<(), ClixmlError> {
        if open.empty {
            return Ok(());
        }
        self.elements += 1;
        self.objects += usize::from(open.tag == "Obj");
        if self.objects > self.max_depth || self.elements > self.max_elements {
            let limit = if self.objects > self.max_depth {
                self.max_depth
            } else {
                self.max_elements
            };
            return Err(ClixmlError::new(ClixmlErrorKind::TooDeep { limit }, open.start));
        }
        Ok(())
    }

    /// One element fewer is open, which there was.
    #[inline]
    fn note_end(&mut self, tag: &str) {
        self.elements -= 1;
        self.objects -= usize::from(tag == "Obj" && self.objects > 0);
    }
}

/// The elements and member names that are open at `offset`, as far as the document can be read.
pub(super) fn path_at(text: &str, offset: usize) -> String {
    let Ok(mut scanner) = Scanner::new(text, usize::MAX) else {
        return String::new();
    };
    let mut open = Vec::new();
    while scanner.at() <= offset {
        match scanner.next() {
            Ok((_, Tag::Open(tag))) if tag.start > offset => break,
            Ok((_, Tag::Open(tag))) if tag.empty && scanner.at() <= offset => {}
            Ok((_, Tag::Open(tag))) => open.push(tag),
            Ok((_, Tag::Close(_))) if scanner.at() <= offset => drop(open.pop()),
            Ok(_) | Err(_) => break,
        }
    }
    let segment = |open: &Open<'_>| match open.name {
        Some(name) => format!("{}.{name}", open.tag),
        None => open.tag.to_owned(),
    };
    // A path is for a person: the innermost elements tell most.
    let hidden = open.len().saturating_sub(16);
    let shown: Vec<String> = open.iter().skip(hidden).map(segment).collect();
    let prefix = if hidden > 0 { "…/" } else { "" };
    format!("{prefix}{}", shown.join("/"))
}
