//! Where the typed reader stands, and what references mean there.

use super::super::error::{ClixmlError, ClixmlErrorKind};
use super::super::parse::Limits;
use super::super::scan::{Open, Scanner, Tag};

/// How many bytes of copied text count as one copied value.
const BYTES_PER_VALUE: usize = 64;

/// A place in the message.
///
/// A reference is followed by reading its target again from where it stands. The first one that is wanted makes an index
/// of all objects of the message.
pub(super) struct Cursor<'de> {
    pub(super) scan: Scanner<'de>,
    /// The `RefId` and place of each object, sorted.
    index: Option<Vec<(&'de str, usize)>>,
    /// The targets that are being read because of references: each at most once.
    following: Vec<usize>,
    copied: usize,
    max_copied: usize,
}

impl<'de> Cursor<'de> {
    /// Goes to the first value of the document; also returns the `Objs` element around it, if there is one.
    pub(super) fn at_first_value(
        text: &'de str,
        limits: &Limits,
    ) -> Result<(Self, Option<Open<'de>>, Open<'de>), ClixmlError> {
        let scan = Scanner::new(text, limits.max_depth)?;
        let mut cursor = Self {
            scan,
            index: None,
            following: Vec::new(),
            copied: 0,
            max_copied: limits.max_references_copied,
        };
        loop {
            match cursor.scan.next()?.1 {
                Tag::Open(root) if root.tag == "Objs" => {
                    if let Some(open) = cursor.scan.child(&root)? {
                        return Ok((cursor, Some(root), open));
                    }
                }
                Tag::Open(open) => return Ok((cursor, None, open)),
                Tag::Close(_) | Tag::End => {
                    return Err(ClixmlError::new(ClixmlErrorKind::Empty, cursor.scan.at()));
                }
            }
        }
    }

    /// Checks the rest of the document behind the first value.
    pub(super) fn finish(mut self, root: Option<Open<'de>>) -> Result<(), ClixmlError> {
        if let Some(root) = root {
            self.drain(&root)?;
        }
        loop {
            match self.scan.next()? {
                (_, Tag::Open(open)) => self.scan.skip(&open)?,
                (_, Tag::Close(_)) => return Err(self.scan.unclosed()),
                (rest, Tag::End) if rest.trim_ascii().is_empty() => return Ok(()),
                (_, Tag::End) => return Err(ClixmlError::new(ClixmlErrorKind::StrayText, self.scan.at())),
            }
        }
    }

    /// Goes behind the end of `parent`, over the children that are left.
    pub(super) fn drain(&mut self, parent: &Open<'de>) -> Result<(), ClixmlError> {
        while let Some(child) = self.scan.child(parent)? {
            self.scan.skip(&child)?;
        }
        Ok(())
    }

    /// Whether there are elements in `parent`, and goes behind its end.
    pub(super) fn has_children(&mut self, parent: &Open<'de>) -> Result<bool, ClixmlError> {
        let Some(first) = self.scan.child(parent)? else {
            return Ok(false);
        };
        self.scan.skip(&first)?;
        self.drain(parent)?;
        Ok(true)
    }

    /// Where the object begins that the `Ref` element `reference` means; `None` if there is none before it.
    pub(super) fn target(&mut self, reference: &Open<'de>) -> Result<Option<usize>, ClixmlError> {
        let Some(id) = reference.ref_id else {
            return Ok(None);
        };
        if self.index.is_none() {
            self.index = Some(index(self.scan.rewound())?);
        }
        let index = self.index.as_deref().unwrap_or_default();
        let behind = index.partition_point(|entry| *entry < (id, reference.start));
        let found = behind.checked_sub(1).and_then(|at| index.get(at));
        Ok(found.filter(|(found, _)| *found == id).map(|(_, start)| *start))
    }

    /// Whether the object at `start` is being read because of a reference.
    pub(super) fn is_following(&self, start: usize) -> bool {
        self.following.contains(&start)
    }

    /// Goes to the object at `start` for [`Cursor::leave`] to come back from.
    pub(super) fn enter(&mut self, start: usize) -> Result<(Scanner<'de>, Open<'de>), ClixmlError> {
        let back = self.scan;
        self.scan = back.jump(start);
        self.following.push(start);
        match self.scan.next()?.1 {
            Tag::Open(open) => Ok((back, open)),
            Tag::Close(_) | Tag::End => Err(self.scan.unclosed()),
        }
    }

    /// Comes back from the object at `start`, and accounts for its size.
    pub(super) fn leave(&mut self, start: usize, back: Scanner<'de>) -> Result<(), ClixmlError> {
        self.copied += 1 + self.scan.at().saturating_sub(start) / BYTES_PER_VALUE;
        self.scan = back;
        self.following.pop();
        if self.copied > self.max_copied {
            let kind = ClixmlErrorKind::TooManyCopies {
                limit: self.max_copied,
            };
            return Err(ClixmlError::new(kind, back.at()));
        }
        Ok(())
    }
}

fn index(mut scan: Scanner<'_>) -> Result<Vec<(&str, usize)>, ClixmlError> {
    let mut index = Vec::new();
    loop {
        match scan.next()?.1 {
            Tag::Open(Open {
                tag: "Obj",
                ref_id: Some(id),
                start,
                ..
            }) => index.push((id, start)),
            Tag::Open(_) | Tag::Close(_) => {}
            Tag::End => {
                index.sort_unstable();
                return Ok(index);
            }
        }
    }
}
