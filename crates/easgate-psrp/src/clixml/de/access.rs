//! Members, items and entries, one after another, as serde asks for them.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::super::error::ClixmlError;
use super::super::scan::{Open, PlainMember, Scanner};
use super::super::text::decode_name;
use super::cursor::Cursor;
use super::fields::Fields;
use super::value::{Own, Value};

/// The name under which a struct asks for an object's display form.
pub(super) const TO_STRING: &str = "$ToString";
/// The name under which a struct asks for an object's own value.
pub(super) const OWN_VALUE: &str = "$Value";

/// The members of an object: those in `Props`, then those in `MS` and in a dictionary that have other names.
pub(super) struct Members<'c, 'de> {
    cursor: &'c mut Cursor<'de>,
    object: Open<'de>,
    place: Place<'de>,
    wanted: Wanted<'de>,
    /// `MS` stood before `Props`: where, to be read at the end.
    early: Option<(Scanner<'de>, Open<'de>)>,
    props_seen: bool,
    /// The member that was found last.
    found: Open<'de>,
}

enum Place<'de> {
    /// Among the parts of the object.
    Parts,
    /// In `Props` or `MS`.
    Bag(Open<'de>),
    /// In `DCT`, and in this entry if one is begun.
    Dictionary(Open<'de>, Option<Open<'de>>),
    /// In an `MS` that was passed over before; then back to where the object ended.
    Early(Open<'de>, Scanner<'de>),
    Done,
}

/// Which names are asked for, and which were given already.
enum Wanted<'de> {
    Fields(Fields),
    All(HashSet<Cow<'de, str>>),
}

impl<'c, 'de> Members<'c, 'de> {
    pub(super) fn of_fields(
        cursor: &'c mut Cursor<'de>,
        object: Open<'de>,
        fields: &'static [&'static str],
    ) -> Self {
        Self::new(cursor, object, Wanted::Fields(Fields::new(fields)))
    }

    pub(super) fn all(cursor: &'c mut Cursor<'de>, object: Open<'de>) -> Self {
        Self::new(cursor, object, Wanted::All(HashSet::new()))
    }

    const fn new(cursor: &'c mut Cursor<'de>, object: Open<'de>, wanted: Wanted<'de>) -> Self {
        Self {
            cursor,
            object,
            place: Place::Parts,
            wanted,
            early: None,
            props_seen: false,
            found: Open::nil(object.start),
        }
    }

    /// Goes behind the object.
    pub(super) fn finish(mut self) -> Result<(), ClixmlError> {
        while self.next_member()?.is_some() {
            self.cursor.scan.skip(&self.found)?;
        }
        Ok(())
    }

    /// The next member that is asked for and was not given yet.
    fn next_member(&mut self) -> Result<Option<Cow<'de, str>>, ClixmlError> {
        loop {
            match &self.place {
                Place::Parts => {
                    if let Some(found) = self.next_part()? {
                        return Ok(Some(found));
                    }
                }
                Place::Bag(bag) | Place::Early(bag, _) => {
                    if let Some(name) = next_of(bag, self.cursor, &mut self.wanted, &mut self.found)? {
                        return Ok(Some(name));
                    }
                    self.place = self.behind_bag();
                }
                Place::Dictionary(dictionary, entry) => {
                    if let Some(found) = self.next_entry(*dictionary, *entry)? {
                        return Ok(Some(found));
                    }
                }
                Place::Done => return Ok(None),
            }
        }
    }

    /// Where to go on behind the bag that was read.
    fn behind_bag(&mut self) -> Place<'de> {
        let Place::Early(_, back) = &self.place else {
            return Place::Parts;
        };
        self.cursor.scan = *back;
        Place::Done
    }

    /// Looks at the next part of the object, which may move to another place, or be a member by itself.
    fn next_part(&mut self) -> Result<Option<Cow<'de, str>>, ClixmlError> {
        let Some(part) = self.cursor.scan.child(&self.object)? else {
            self.place = match self.early.take() {
                Some((at, bag)) => {
                    let back = std::mem::replace(&mut self.cursor.scan, at);
                    Place::Early(bag, back)
                }
                None => Place::Done,
            };
            return Ok(None);
        };
        match part.tag {
            "Props" => {
                self.props_seen = true;
                self.place = Place::Bag(part);
            }
            "MS" if self.props_seen => self.place = Place::Bag(part),
            "MS" => {
                self.early = Some((self.cursor.scan, part));
                self.cursor.scan.skip(&part)?;
            }
            "DCT" => self.place = Place::Dictionary(part, None),
            "ToString" => return self.offer_as(TO_STRING, part),
            "TN" | "TNRef" | "Obj" | "Ref" => self.cursor.scan.skip(&part)?,
            _ => return self.offer_as(OWN_VALUE, part),
        }
        Ok(None)
    }

    fn next_entry(
        &mut self,
        dictionary: Open<'de>,
        entry: Option<Open<'de>>,
    ) -> Result<Option<Cow<'de, str>>, ClixmlError> {
        if let Some(entry) = entry {
            self.cursor.drain(&entry)?;
        }
        let Some(entry) = self.cursor.scan.child(&dictionary)? else {
            self.place = Place::Parts;
            return Ok(None);
        };
        self.place = Place::Dictionary(dictionary, Some(entry));
        let Some(key) = self.cursor.scan.child(&entry)? else {
            self.place = Place::Dictionary(dictionary, None);
            return Ok(None);
        };
        let name = Value::new(self.cursor, &key).text(Own::Last)?.unwrap_or_default();
        let Some(value) = self.cursor.scan.child(&entry)? else {
            self.place = Place::Dictionary(dictionary, None);
            return Ok(None);
        };
        self.offer_named(name, value)
    }

    fn offer_as(
        &mut self,
        name: &'static str,
        open: Open<'de>,
    ) -> Result<Option<Cow<'de, str>>, ClixmlError> {
        if matches!(self.wanted, Wanted::All(_)) {
            return self.cursor.scan.skip(&open).map(|()| None);
        }
        self.offer_named(Cow::Borrowed(name), open)
    }

    fn offer_named(
        &mut self,
        name: Cow<'de, str>,
        open: Open<'de>,
    ) -> Result<Option<Cow<'de, str>>, ClixmlError> {
        match self.wanted.take(name) {
            Some(name) => {
                self.found = open;
                Ok(Some(name))
            }
            None => self.cursor.scan.skip(&open).map(|()| None),
        }
    }
}

impl<'de> Wanted<'de> {
    /// The name to give to serde for a member that the message calls `name`; `None` if it is not to be given.
    fn take(&mut self, name: Cow<'de, str>) -> Option<Cow<'de, str>> {
        match self {
            Self::Fields(fields) => fields.take(name.as_bytes()).map(Cow::Borrowed),
            Self::All(given) => given.insert(name.clone()).then_some(name),
        }
    }
}

/// The next member in `bag` that is asked for and was not given yet, whose start tag is `found` then; `None` at its end.
fn next_of<'de>(
    bag: &Open<'de>,
    cursor: &mut Cursor<'de>,
    wanted: &mut Wanted<'de>,
    found: &mut Open<'de>,
) -> Result<Option<Cow<'de, str>>, ClixmlError> {
    loop {
        if let Wanted::Fields(fields) = wanted {
            match cursor.scan.plain_member(bag, found, |name| fields.take(name))? {
                PlainMember::Wanted(field) => return Ok(Some(Cow::Borrowed(field))),
                PlainMember::End => return Ok(None),
                PlainMember::Unknown => {}
            }
        }
        let Some(open) = cursor.scan.child(bag)? else {
            return Ok(None);
        };
        *found = open;
        if let Some(name) = wanted.take(decode_name(found.name.unwrap_or_default(), found.start)?) {
            return Ok(Some(name));
        }
        cursor.scan.skip(found)?;
    }
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = ClixmlError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ClixmlError> {
        let Some(name) = self.next_member()? else {
            return Ok(None);
        };
        let key = match name {
            Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
            Cow::Owned(name) => seed.deserialize(StringDeserializer::new(name)),
        };
        key.map(Some)
            .map_err(|error: ClixmlError| error.or_at(self.found.start))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ClixmlError> {
        read(self.cursor, Some(&self.found), seed)
    }
}

/// The items of a list, or the two sides of an entry.
pub(super) struct Items<'c, 'de> {
    pub(super) cursor: &'c mut Cursor<'de>,
    pub(super) list: Open<'de>,
    pub(super) done: bool,
}

impl<'de> Items<'_, 'de> {
    /// Goes behind the list.
    pub(super) fn finish(self) -> Result<(), ClixmlError> {
        if self.done {
            Ok(())
        } else {
            self.cursor.drain(&self.list)
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = ClixmlError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ClixmlError> {
        if self.done {
            return Ok(None);
        }
        match self.cursor.scan.child(&self.list)? {
            Some(open) => read(self.cursor, Some(&open), seed).map(Some),
            None => {
                self.done = true;
                Ok(None)
            }
        }
    }
}

/// A value that stands where a list is wanted: its only item. `None` is no item.
pub(super) struct Single<'c, 'de> {
    pub(super) cursor: &'c mut Cursor<'de>,
    pub(super) item: Option<Open<'de>>,
}

impl<'de> Single<'_, 'de> {
    /// Goes behind the value, if nobody asked for it.
    pub(super) fn finish(self) -> Result<(), ClixmlError> {
        self.item.map_or(Ok(()), |item| self.cursor.scan.skip(&item))
    }
}

impl<'de> SeqAccess<'de> for Single<'_, 'de> {
    type Error = ClixmlError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ClixmlError> {
        let Some(open) = self.item.take() else {
            return Ok(None);
        };
        read(self.cursor, Some(&open), seed).map(Some)
    }
}

/// A scalar where a struct is wanted that asks for `$ToString` or `$Value`.
pub(super) struct Scalar<'c, 'de> {
    pub(super) cursor: &'c mut Cursor<'de>,
    pub(super) open: Open<'de>,
    pub(super) start: Scanner<'de>,
    pub(super) names: &'static [&'static str],
    pub(super) read: bool,
}

impl<'de> Scalar<'_, 'de> {
    /// Goes behind the value, if nobody asked for it.
    pub(super) fn finish(self) -> Result<(), ClixmlError> {
        if self.read {
            Ok(())
        } else {
            self.cursor.scan.skip(&self.open)
        }
    }
}

impl<'de> MapAccess<'de> for Scalar<'_, 'de> {
    type Error = ClixmlError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ClixmlError> {
        let Some((name, rest)) = self.names.split_first() else {
            return Ok(None);
        };
        self.names = rest;
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ClixmlError> {
        // Both names mean the same text, so it is read again for the second.
        self.cursor.scan = self.start;
        self.read = true;
        read(self.cursor, Some(&self.open), seed)
    }
}

/// The entries of a dictionary, with keys of any type.
pub(super) struct Entries<'c, 'de> {
    pub(super) cursor: &'c mut Cursor<'de>,
    pub(super) dictionary: Open<'de>,
    pub(super) entry: Option<Open<'de>>,
    pub(super) done: bool,
}

impl<'de> Entries<'_, 'de> {
    /// Goes behind the dictionary.
    pub(super) fn finish(self) -> Result<(), ClixmlError> {
        if let Some(entry) = self.entry {
            self.cursor.drain(&entry)?;
        }
        if self.done {
            Ok(())
        } else {
            self.cursor.drain(&self.dictionary)
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = ClixmlError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ClixmlError> {
        loop {
            if let Some(entry) = self.entry.take() {
                self.cursor.drain(&entry)?;
            }
            if self.done {
                return Ok(None);
            }
            let Some(entry) = self.cursor.scan.child(&self.dictionary)? else {
                self.done = true;
                return Ok(None);
            };
            if let Some(key) = self.cursor.scan.child(&entry)? {
                self.entry = Some(entry);
                return read(self.cursor, Some(&key), seed).map(Some);
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ClixmlError> {
        let Some(entry) = self.entry else {
            return read(self.cursor, None, seed);
        };
        let value = self.cursor.scan.child(&entry)?;
        if value.is_none() {
            self.entry = None;
        }
        read(self.cursor, value.as_ref(), seed)
    }
}

/// Reads the value that `open` begins, and notes its place in an error. `None` reads as `Nil`.
fn read<'de, S: DeserializeSeed<'de>>(
    cursor: &mut Cursor<'de>,
    open: Option<&Open<'de>>,
    seed: S,
) -> Result<S::Value, ClixmlError> {
    let nil = Open::nil(cursor.scan.at());
    let open = open.unwrap_or(&nil);
    seed.deserialize(Value::new(cursor, open))
        .map_err(|error| error.or_at(open.start))
}
