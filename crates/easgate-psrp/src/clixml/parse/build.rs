//! Builds dynamic values from tags.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::error::{ClixmlError, ClixmlErrorKind};
use super::super::scan::{Leaf, Open, Scanner, Tag};
use super::super::text::{decode_name, decode_text};
use super::super::value::{Content, Primitive, PsObject, PsValue};
use super::ids::Ids;
use super::{Limits, Parsed, References};

pub(super) fn build(text: &str, limits: &Limits, references: References) -> Result<Parsed, ClixmlError> {
    let mut builder = Builder {
        scan: Scanner::new(text, limits.max_depth)?,
        limits,
        references,
        types: Ids::new(),
        objects: Vec::new(),
        by_id: Ids::new(),
        members: Vec::new(),
        names: Vec::new(),
        open: Vec::new(),
        parent: None,
        copying: 0,
        copied: 0,
        missing: 0,
    };
    let mut values = Vec::new();
    let mut rooted = false;
    loop {
        match builder.scan.next()? {
            (_, Tag::Open(root)) if root.tag == "Objs" => {
                rooted = true;
                while let Some(open) = builder.scan.child(&root)? {
                    let at = values.len();
                    values.push(builder.value(open, Segment::Top(at))?);
                }
            }
            (_, Tag::Open(open)) => {
                let at = values.len();
                values.push(builder.value(open, Segment::Top(at))?);
            }
            (rest, Tag::End) if rest.trim_ascii().is_empty() => break,
            (_, Tag::End) => return Err(ClixmlError::new(ClixmlErrorKind::StrayText, builder.scan.at())),
            // An end tag without a start is refused by the scanner.
            (_, Tag::Close(_)) => return Err(builder.scan.unclosed()),
        }
    }
    if values.is_empty() && !rooted {
        return Err(ClixmlError::new(ClixmlErrorKind::Empty, builder.scan.at()));
    }
    Ok(Parsed {
        values,
        missing_references: builder.missing,
    })
}

/// How many members of inner bags are made room for at first: 1,000 bytes.
const INNER_MEMBERS: usize = 1_000 / size_of::<(String, PsValue)>();

struct Builder<'d> {
    scan: Scanner<'d>,
    limits: &'d Limits,
    references: References,
    types: Ids<'d, Arc<[String]>>,
    /// Every object and bare list outside of copies, in the order of the document.
    objects: Vec<Known<'d>>,
    by_id: Ids<'d, usize>,
    /// The members of the inner bags that are open now, and the names of a type: so that a list is made once, as large as it is
    /// to be.
    members: Vec<(String, PsValue)>,
    names: Vec<String>,
    /// Where the objects begin that are open now: around this place, and around the place that is copied from.
    open: Vec<usize>,
    parent: Option<usize>,
    copying: usize,
    copied: usize,
    missing: usize,
}

/// Where an object begins, and what is needed to tell its path.
struct Known<'d> {
    start: usize,
    parent: Option<usize>,
    segment: Segment<'d>,
}

/// How a value is reached from the object around it.
#[derive(Clone, Copy)]
enum Segment<'d> {
    Top(usize),
    Member(&'d str, &'d str),
    Item(&'d str, usize),
    Entry(usize, &'static str),
}

impl<'d> Builder<'d> {
    fn value(&mut self, open: Open<'d>, segment: Segment<'d>) -> Result<PsValue, ClixmlError> {
        if self.copying > 0 {
            self.charge(1, open.start)?;
        }
        match open.tag {
            "Obj" => self.object(open, segment),
            "Ref" => self.reference(open),
            tag if is_container(tag) => {
                let outer = self.enter(open, segment);
                let content = Some(self.container(open)?);
                self.leave(outer);
                Ok(PsObject {
                    content,
                    ..PsObject::default()
                }
                .into())
            }
            _ => self.primitive(&open).map(PsValue::Primitive),
        }
    }

    fn object(&mut self, open: Open<'d>, segment: Segment<'d>) -> Result<PsValue, ClixmlError> {
        let outer = self.enter(open, segment);
        let mut object = Box::new(PsObject::default());
        while let Some(child) = self.scan.child(&open)? {
            self.part(child, &mut object)?;
        }
        self.leave(outer);
        Ok(PsValue::Object(object))
    }

    /// Notes that `open` begins, and returns what [`Builder::leave`] wants at its end.
    fn enter(&mut self, open: Open<'d>, segment: Segment<'d>) -> Option<usize> {
        let outer = self.parent;
        if self.copying == 0 {
            let known = self.objects.len();
            self.objects.push(Known {
                start: open.start,
                parent: outer,
                segment,
            });
            if let Some(id) = open.ref_id {
                self.by_id.insert(id, known);
            }
            self.parent = Some(known);
        }
        self.open.push(open.start);
        outer
    }

    fn leave(&mut self, outer: Option<usize>) {
        self.open.pop();
        self.parent = outer;
    }

    fn part(&mut self, child: Open<'d>, object: &mut PsObject) -> Result<(), ClixmlError> {
        match child.tag {
            "TN" => object.type_names = self.type_names(&child)?,
            "TNRef" => {
                self.scan.skip(&child)?;
                let known = child.ref_id.and_then(|id| self.types.get(id));
                match known {
                    Some(names) => object.type_names = Arc::clone(names),
                    None => self.missing += 1,
                }
            }
            "ToString" => object.to_string = Some(self.text(&child)?),
            "Props" => self.members(&child, &mut object.adapted)?,
            "MS" => self.members(&child, &mut object.extended)?,
            // An object is not the value of an object.
            "Obj" | "Ref" => self.scan.skip(&child)?,
            tag if is_container(tag) => object.content = Some(self.container(child)?),
            _ => {
                let primitive = self.primitive(&child)?;
                let weak = matches!(
                    object.content,
                    None | Some(Content::Primitive(Primitive::Unknown { .. }))
                );
                if weak {
                    object.content = Some(Content::Primitive(primitive));
                }
            }
        }
        Ok(())
    }

    fn type_names(&mut self, open: &Open<'d>) -> Result<Arc<[String]>, ClixmlError> {
        loop {
            let name = match self.scan.plain_leaf(open, |_| true) {
                Some(leaf) => leaf.text.to_owned(),
                None => match self.scan.child(open)? {
                    Some(child) => self.text(&child)?,
                    None => break,
                },
            };
            self.names.push(name);
        }
        let names: Arc<[String]> = self.names.drain(..).collect();
        if let Some(id) = open.ref_id {
            self.types.insert(id, Arc::clone(&names));
        }
        Ok(names)
    }

    fn members(&mut self, bag: &Open<'d>, out: &mut Vec<(String, PsValue)>) -> Result<(), ClixmlError> {
        // The outermost list may grow as lists do. Inner ones are many and small: what they grew out of, and room of more than
        // 1,000 bytes, costs the system's allocator more than to gather and to copy them.
        if self.open.len() < 2 {
            while let Some(member) = self.next_member(bag)? {
                out.push(member);
            }
            return Ok(());
        }
        if self.members.capacity() == 0 {
            self.members.reserve_exact(INNER_MEMBERS);
        }
        let first = self.members.len();
        while let Some(member) = self.next_member(bag)? {
            self.members.push(member);
        }
        out.extend(self.members.drain(first..));
        Ok(())
    }

    #[inline(always)]
    fn next_member(&mut self, bag: &Open<'d>) -> Result<Option<(String, PsValue)>, ClixmlError> {
        match self.scan.plain_leaf(bag, is_scalar) {
            Some(leaf) => self.leaf(&leaf).map(Some),
            None => match self.scan.child(bag)? {
                Some(child) => self.member(child, bag.tag).map(Some),
                None => Ok(None),
            },
        }
    }

    /// The member of most members: a name and a text that are copied as they are.
    #[inline]
    fn leaf(&mut self, leaf: &Leaf<'d>) -> Result<(String, PsValue), ClixmlError> {
        if self.copying > 0 {
            self.charge(1, leaf.start)?;
        }
        let value = primitive(leaf.tag, Cow::Borrowed(leaf.text));
        Ok((leaf.name.to_owned(), PsValue::Primitive(value)))
    }

    fn member(&mut self, child: Open<'d>, bag: &'d str) -> Result<(String, PsValue), ClixmlError> {
        let raw = child.name.unwrap_or_default();
        let name = if child.plain_name {
            raw.to_owned()
        } else {
            decode_name(raw, child.start)?.into_owned()
        };
        Ok((name, self.value(child, Segment::Member(bag, raw))?))
    }

    fn container(&mut self, open: Open<'d>) -> Result<Content, ClixmlError> {
        if open.tag == "DCT" {
            return self.dictionary(open).map(Content::Dictionary);
        }
        let mut items = Vec::new();
        while let Some(child) = self.scan.child(&open)? {
            items.push(self.value(child, Segment::Item(open.tag, items.len()))?);
        }
        Ok(match open.tag {
            "IE" => Content::Enumerable(items),
            "STK" => Content::Stack(items),
            "QUE" => Content::Queue(items),
            _ => Content::List(items),
        })
    }

    fn dictionary(&mut self, open: Open<'d>) -> Result<Vec<(PsValue, PsValue)>, ClixmlError> {
        let mut entries = Vec::new();
        while let Some(entry) = self.scan.child(&open)? {
            let (mut key, mut value) = (None, None);
            while let Some(child) = self.scan.child(&entry)? {
                let at = entries.len();
                // A side without its proper name is what its place says.
                if key.is_none() && child.name != Some("Value") {
                    key = Some(self.value(child, Segment::Entry(at, "Key"))?);
                } else if value.is_none() {
                    value = Some(self.value(child, Segment::Entry(at, "Value"))?);
                } else {
                    self.scan.skip(&child)?;
                }
            }
            entries.push((key.unwrap_or(PsValue::NIL), value.unwrap_or(PsValue::NIL)));
        }
        Ok(entries)
    }

    fn reference(&mut self, open: Open<'d>) -> Result<PsValue, ClixmlError> {
        self.scan.skip(&open)?;
        let Some(known) = open
            .ref_id
            .and_then(|id| self.by_id.get(id))
            .and_then(|known| self.objects.get(*known))
        else {
            self.missing += 1;
            return Ok(PsValue::NIL);
        };
        let start = known.start;
        if self.references == References::Keep || self.open.contains(&start) {
            let path = self.path(known);
            self.charge(1 + path.len() / 64, open.start)?;
            return Ok(PsValue::Reference(path));
        }
        let back = self.scan;
        self.scan = back.jump(start);
        self.copying += 1;
        let copy = match self.scan.next()? {
            (_, Tag::Open(target)) => self.value(target, Segment::Top(0)),
            (_, Tag::Close(_) | Tag::End) => Ok(PsValue::NIL),
        };
        self.copying -= 1;
        self.scan = back;
        copy
    }

    fn path(&self, known: &Known<'d>) -> String {
        let mut segments = Vec::new();
        let mut at = Some(known);
        while let Some(known) = at {
            segments.push(match known.segment {
                Segment::Top(index) => index.to_string(),
                Segment::Member(bag, name) => {
                    let name = decode_name(name, known.start).unwrap_or_default();
                    format!("{bag}.{name}")
                }
                Segment::Item(list, index) => format!("{list}[{index}]"),
                Segment::Entry(index, side) => format!("DCT[{index}].{side}"),
            });
            at = known.parent.and_then(|parent| self.objects.get(parent));
        }
        segments.reverse();
        segments.join("/")
    }

    fn charge(&mut self, values: usize, offset: usize) -> Result<(), ClixmlError> {
        self.copied += values;
        let limit = self.limits.max_references_copied;
        if self.copied > limit {
            return Err(ClixmlError::new(ClixmlErrorKind::TooManyCopies { limit }, offset));
        }
        Ok(())
    }

    fn text(&mut self, open: &Open<'d>) -> Result<String, ClixmlError> {
        self.written(open).map(Cow::into_owned)
    }

    /// The text of a leaf, borrowed where nothing in it is to be decoded.
    fn written(&mut self, open: &Open<'d>) -> Result<Cow<'d, str>, ClixmlError> {
        if let Some(text) = self.scan.plain_text(open) {
            return Ok(Cow::Borrowed(text));
        }
        let at = self.scan.at();
        decode_text(self.scan.leaf(open)?, at)
    }

    fn primitive(&mut self, open: &Open<'d>) -> Result<Primitive, ClixmlError> {
        if open.tag == "PR" {
            let mut parts = Vec::new();
            while let Some(child) = self.scan.child(open)? {
                parts.push((child.tag.to_owned(), self.text(&child)?));
            }
            return Ok(Primitive::Progress(parts));
        }
        let text = self.written(open)?;
        Ok(primitive(open.tag, text))
    }
}

/// Whether the element is a list or a dictionary.
fn is_container(tag: &str) -> bool {
    matches!(tag, "LST" | "IE" | "STK" | "QUE" | "DCT")
}

/// Whether a text is all that the element has.
#[inline(always)]
fn is_scalar(tag: &[u8]) -> bool {
    !matches!(
        tag,
        b"Obj" | b"Ref" | b"LST" | b"IE" | b"STK" | b"QUE" | b"DCT" | b"PR"
    )
}

/// The value of the element `tag` with this text, MS-PSRP 2.2.5.1; [`Primitive::Unknown`] if it is none.
fn primitive(tag: &str, text: Cow<'_, str>) -> Primitive {
    match tag {
        "S" => return Primitive::String(text.into_owned()),
        "Nil" => return Primitive::Nil,
        _ => {}
    }
    let number = text.trim();
    let known = match tag {
        "B" if number.eq_ignore_ascii_case("true") => Some(Primitive::Bool(true)),
        "B" if number.eq_ignore_ascii_case("false") => Some(Primitive::Bool(false)),
        "C" => number.parse().ok().map(Primitive::Char),
        "By" => number.parse().ok().map(Primitive::U8),
        "SB" => number.parse().ok().map(Primitive::I8),
        "U16" => number.parse().ok().map(Primitive::U16),
        "I16" => number.parse().ok().map(Primitive::I16),
        "U32" => number.parse().ok().map(Primitive::U32),
        "I32" => number.parse().ok().map(Primitive::I32),
        "U64" => number.parse().ok().map(Primitive::U64),
        "I64" => number.parse().ok().map(Primitive::I64),
        "BA" => base64_simd::forgiving_decode_to_vec(text.as_bytes())
            .ok()
            .map(Primitive::Bytes),
        _ => None,
    };
    if let Some(known) = known {
        return known;
    }
    let text = text.into_owned();
    match tag {
        "Sg" => Primitive::Single(text),
        "Db" => Primitive::Double(text),
        "D" => Primitive::Decimal(text),
        "DT" => Primitive::DateTime(text),
        "TS" => Primitive::TimeSpan(text),
        "G" => Primitive::Guid(text),
        "URI" => Primitive::Uri(text),
        "Version" => Primitive::Version(text),
        "XD" => Primitive::Xml(text),
        "SBK" => Primitive::ScriptBlock(text),
        "SS" => Primitive::SecureString(text),
        _ => Primitive::Unknown {
            tag: tag.to_owned(),
            text,
        },
    }
}
