//! What servers write, read the short way.
//!
//! Nearly every element of a list is written alike: no space between elements, one space before an attribute, double quotes,
//! no attributes but `N` and `RefId`. That is told from a few bytes. Whatever is written otherwise, or wrong, is left to the
//! strict scanner, which alone makes errors: here nothing is decided but "just so" or "look closer".

#[cfg(test)]
mod tests;
mod words;

use self::words::{attribute_length, clean_length, tag_length, text_length, word};
use super::{Open, Scanner};
use crate::clixml::error::ClixmlError;

/// What [`Scanner::plain_child`] finds.
pub(in super::super) enum Plain<'de> {
    Child(Open<'de>),
    /// The end of the parent.
    End,
    /// Something that is written otherwise; nothing was read.
    Unknown,
}

/// What [`Scanner::plain_member`] finds.
pub(in super::super) enum PlainMember<T> {
    /// A member that is wanted, and what was said of it.
    Wanted(T),
    /// The end of the bag.
    End,
    /// Something that is written otherwise; nothing was read of it.
    Unknown,
}

/// An element without children, whose text stands for itself; without a name, that is empty.
pub(in super::super) struct Leaf<'de> {
    pub(in super::super) tag: &'de str,
    pub(in super::super) name: &'de str,
    pub(in super::super) text: &'de str,
    pub(in super::super) start: usize,
}

impl<'de> Scanner<'de> {
    /// Goes over the members of `bag` to behind the start tag of the first whose name is wanted, which is put into `found`.
    ///
    /// A member that nobody wants is one token here: start tag, text and end tag are told in one go, and nothing of it leaves the
    /// registers. Only one with children is passed over as elsewhere.
    #[inline(always)]
    pub(in super::super) fn plain_member<T>(
        &mut self,
        bag: &Open<'de>,
        found: &mut Open<'de>,
        mut wanted: impl FnMut(&'de [u8]) -> Option<T>,
    ) -> Result<PlainMember<T>, ClixmlError> {
        let bytes = self.text.as_bytes();
        if bag.empty || !self.has_room() {
            return Ok(PlainMember::Unknown);
        }
        let mut at = self.at;
        loop {
            let Some(places) = plain_places(bytes, at) else {
                self.at = at;
                let ended = bytes.get(at) == Some(&b'<') && self.end_at(at, bag).is_some();
                return Ok(if ended {
                    PlainMember::End
                } else {
                    PlainMember::Unknown
                });
            };
            let told = wanted(places.name.unwrap_or_default());
            if told.is_none()
                && let Some((_, behind)) = leaf_end(bytes, &places, text_length)
            {
                at = behind;
                continue;
            }
            self.at = places.behind;
            self.plain_open(&places, found);
            self.note_start(found)?;
            if let Some(told) = told {
                return Ok(PlainMember::Wanted(told));
            }
            self.skip(found)?;
            at = self.at;
        }
    }

    /// The next child as one token, if it is a leaf whose text stands for itself and `wanted` takes its tag; else nothing was read.
    #[inline(always)]
    pub(in super::super) fn plain_leaf(
        &mut self,
        parent: &Open<'de>,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Option<Leaf<'de>> {
        if parent.empty || !self.has_room() {
            return None;
        }
        let bytes = self.text.as_bytes();
        let places = plain_places(bytes, self.at)?;
        let tag = places.start + 1..places.start + 1 + places.tag;
        if !wanted(bytes.get(tag.clone())?) {
            return None;
        }
        let (end, behind) = leaf_end(bytes, &places, clean_length)?;
        self.at = behind;
        Some(Leaf {
            tag: self.slice(tag.start, tag.end),
            name: self.plain_name(&places).unwrap_or_default(),
            text: self.slice(places.behind, end),
            start: places.start,
        })
    }

    /// Whether one more element of any kind is not too deep.
    #[inline(always)]
    fn has_room(&self) -> bool {
        self.elements > 0 && self.elements < self.max_elements && self.objects < self.max_depth
    }

    /// [`Scanner::child`] where the document is written as servers write it: no space between elements, tags without
    /// oddities. It is inlined into the loops that pass over members, so that what is passed over never leaves the registers.
    #[inline(always)]
    pub(in super::super) fn plain_child(&mut self, parent: &Open<'de>) -> Result<Plain<'de>, ClixmlError> {
        let bytes = self.text.as_bytes();
        if parent.empty || bytes.get(self.at) != Some(&b'<') {
            return Ok(Plain::Unknown);
        }
        if bytes.get(self.at + 1) == Some(&b'/') {
            let ended = self.text_to_end(parent).is_some();
            return Ok(if ended { Plain::End } else { Plain::Unknown });
        }
        let Some(open) = self.plain_start_tag(self.at) else {
            return Ok(Plain::Unknown);
        };
        self.note_start(&open)?;
        Ok(Plain::Child(open))
    }

    /// Goes behind the end tag of `open` and returns the text before it, as written, if there is nothing but text and the end
    /// tag is written as usual; else stays where it is.
    #[inline]
    pub(super) fn text_to_end(&mut self, open: &Open<'de>) -> Option<&'de str> {
        self.end_at(self.next_start()?, open)
    }

    /// [`Scanner::text_to_end`] if the text also stands for itself, with nothing to decode.
    #[inline]
    pub(in super::super) fn plain_text(&mut self, open: &Open<'de>) -> Option<&'de str> {
        if open.empty {
            return None;
        }
        let length = clean_length(self.text.as_bytes().get(self.at..)?)?;
        self.end_at(self.at + length, open)
    }

    /// Goes behind the end tag of `open`, if that is what stands at `end`, and returns the text before it.
    #[inline]
    fn end_at(&mut self, end: usize, open: &Open<'de>) -> Option<&'de str> {
        if !is_open() {
            return None;
        }
        let behind = behind_end(self.text.as_bytes(), end, open.start + 1, open.tag.len())?;
        if self.elements == 0 {
            return None;
        }
        let text = self.slice(self.at, end);
        self.at = behind;
        self.note_end(open.tag);
        Some(text)
    }

    /// The start tag at `start` if it is written as servers write it: one space before each attribute, double quotes, no
    /// attributes but `N` and then `RefId`, and nothing to decode in them. `None`, and no move, for every other, whatever is
    /// wrong with it.
    #[inline(always)]
    pub(super) fn plain_start_tag(&mut self, start: usize) -> Option<Open<'de>> {
        let places = plain_places(self.text.as_bytes(), start)?;
        self.at = places.behind;
        let mut open = Open::nil(start);
        self.plain_open(&places, &mut open);
        Some(open)
    }

    /// Puts the start tag at `places` into `open`, where it stays: to hand it on would be to copy it.
    #[inline(always)]
    fn plain_open(&self, places: &Places<'de>, open: &mut Open<'de>) {
        let tag = places.start + 1;
        open.tag = self.slice(tag, tag + places.tag);
        open.name = self.plain_name(places);
        open.ref_id = places
            .ref_id
            .map(|(begin, length)| self.slice(begin, begin + length));
        open.plain_name = true;
        open.empty = places.empty;
        open.start = places.start;
    }

    #[inline(always)]
    fn plain_name(&self, places: &Places<'de>) -> Option<&'de str> {
        places.name.map(|name| {
            let begin = places.start + 1 + places.tag + NAME.len();
            self.slice(begin, begin + name.len())
        })
    }
}

/// Whether the short way is open: tests close it, to compare.
#[cfg(not(test))]
const fn is_open() -> bool {
    true
}
#[cfg(test)]
fn is_open() -> bool {
    tests::OPEN.get()
}

const NAME: &[u8; 4] = b" N=\"";
const REF_ID: &[u8; 8] = b" RefId=\"";

/// Where the parts of a start tag are.
struct Places<'de> {
    start: usize,
    /// How long its tag's name is.
    tag: usize,
    name: Option<&'de [u8]>,
    /// Where it begins, and how long it is.
    ref_id: Option<(usize, usize)>,
    empty: bool,
    /// Behind its `>`.
    behind: usize,
}

/// The start tag at `start`, if it is written as usual.
#[inline(always)]
fn plain_places(bytes: &[u8], start: usize) -> Option<Places<'_>> {
    if !is_open() {
        return None;
    }
    let (b'<', inner) = bytes.get(start..)?.split_first()? else {
        return None;
    };
    // Three in four are one of these. What is asked and not counted is no wait for the processor, which goes on meanwhile.
    let tag = match inner {
        [b'S', b' ', ..] => 1,
        [b'N', b'i', b'l', b' ', ..] => 3,
        _ => tag_length(inner)?,
    };
    let mut rest = inner.get(tag..)?;
    let (mut name, mut ref_id) = (None, None);
    if let Some((NAME, value)) = rest.split_first_chunk() {
        let length = attribute_length(value)?;
        name = value.get(..length);
        rest = value.get(length + 1..)?;
    }
    if let Some((REF_ID, value)) = rest.split_first_chunk() {
        let length = attribute_length(value)?;
        ref_id = Some((bytes.len() - value.len(), length));
        rest = value.get(length + 1..)?;
    }
    let (empty, rest) = match rest {
        [b'>', rest @ ..] => (false, rest),
        [b' ', b'/', b'>', rest @ ..] | [b'/', b'>', rest @ ..] => (true, rest),
        _ => return None,
    };
    Some(Places {
        start,
        tag,
        name,
        ref_id,
        empty,
        behind: bytes.len() - rest.len(),
    })
}

/// Where the text ends of the element whose start tag is at `places`, and where its end tag does, if there is nothing in it but
/// a text, as long as `length` says, and the end tag is written as usual.
#[inline(always)]
fn leaf_end(
    bytes: &[u8],
    places: &Places<'_>,
    length: impl Fn(&[u8]) -> Option<usize>,
) -> Option<(usize, usize)> {
    if places.empty {
        return Some((places.behind, places.behind));
    }
    let text = bytes.get(places.behind..)?;
    let end = places.behind + length(text)?;
    Some((end, behind_end(bytes, end, places.start + 1, places.tag)?))
}

/// Behind the end tag at `end`, if it is written as usual and names the tag at `tag`, which is `length` long.
#[inline(always)]
fn behind_end(bytes: &[u8], end: usize, tag: usize, length: usize) -> Option<usize> {
    let end_tag = bytes.get(end..)?.strip_prefix(b"</")?;
    let tag = bytes.get(tag..)?;
    let same = match (word(tag), word(end_tag)) {
        // Both in one comparison: the bytes behind the tags are shifted out.
        (Some(tag), Some(found)) if (1..8).contains(&length) => (tag ^ found) << (64 - 8 * length) == 0,
        _ => end_tag.get(..length) == tag.get(..length),
    };
    let (b'>', rest) = end_tag.get(length..)?.split_first()? else {
        return None;
    };
    same.then_some(bytes.len() - rest.len())
}
