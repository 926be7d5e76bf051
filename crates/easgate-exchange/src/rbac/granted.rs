//! What the session says that the account may run.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::wire::{Wire, required};

/// A command of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedCommand {
    /// Its name.
    pub name: String,
    /// Its parameters, as far as the server tells them.
    pub parameters: Option<BTreeSet<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WireGranted {
    name: Option<String>,
    parameters: Names,
}

impl Wire for WireGranted {
    type Value = GrantedCommand;

    fn label(&self) -> Option<String> {
        self.name.clone()
    }

    fn value(self) -> Result<GrantedCommand, String> {
        Ok(GrantedCommand {
            name: required(self.name, "Name")?,
            parameters: self.parameters.0.filter(|names| !names.is_empty()),
        })
    }
}

/// The keys of a dictionary or the items of a list; nothing where it is of another form.
#[derive(Debug, Default)]
struct Names(Option<BTreeSet<String>>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor).map(Self)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Option<BTreeSet<String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the parameters of a command")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            names.insert(name);
        }
        Ok(Some(names))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = list.next_element()? {
            names.insert(name);
        }
        Ok(Some(names))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(Self)
    }
}
