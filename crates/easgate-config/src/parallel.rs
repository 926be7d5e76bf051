//! How many mailboxes are changed at once.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Below so many devices one lane is quick enough.
const MANY_DEVICES: u64 = 5_000;

/// What `auto` takes at most: more shells gain little and are missed by others.
const AUTO: usize = 6;

/// How many shells are left to the administrator.
pub(crate) const RESERVE: usize = 3;

/// Whether mailboxes are changed side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parallel {
    /// One after the other.
    Off,
    /// Side by side in large organisations.
    #[default]
    Auto,
    /// So many at once.
    Lanes(usize),
}

impl Parallel {
    /// How many mailboxes may be changed at once in an organisation of `devices` whose account has `shells`.
    #[must_use]
    pub fn lanes(self, devices: u64, shells: usize) -> usize {
        let budget = shells.saturating_sub(RESERVE).max(1);
        match self {
            Self::Off => 1,
            Self::Auto if devices < MANY_DEVICES => 1,
            Self::Auto => budget.min(AUTO),
            Self::Lanes(lanes) => budget.min(lanes).max(1),
        }
    }
}

/// As the file writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RawParallel(pub(crate) Parallel);

impl Serialize for RawParallel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Parallel::Off => serializer.serialize_str("off"),
            Parallel::Auto => serializer.serialize_str("auto"),
            Parallel::Lanes(lanes) => lanes.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for RawParallel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl Visitor<'_> for Wanted {
            type Value = RawParallel;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"off\", \"auto\" or a number of at least 1")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawParallel, E> {
                match text {
                    "off" => Ok(RawParallel(Parallel::Off)),
                    "auto" => Ok(RawParallel(Parallel::Auto)),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<RawParallel, E> {
                let lanes = usize::try_from(number).ok().filter(|lanes| *lanes > 0);
                lanes
                    .map(|lanes| RawParallel(Parallel::Lanes(lanes)))
                    .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
            }
        }
        deserializer.deserialize_any(Wanted)
    }
}

impl JsonSchema for RawParallel {
    fn schema_name() -> Cow<'static, str> {
        "Parallel".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            { "const": "off", "description": "One mailbox after the other." },
            { "const": "auto", "description": "Up to 6 at once from 5,000 devices on, below that one." },
            { "type": "integer", "minimum": 1 },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_stay_within_the_shells_and_leave_some_to_the_administrator() {
        for (parallel, devices, shells, lanes) in [
            (Parallel::Off, 50_000, 18, 1),
            (Parallel::Auto, 4_999, 18, 1),
            (Parallel::Auto, 5_000, 18, 6),
            (Parallel::Auto, 5_000, 5, 2),
            (Parallel::Lanes(8), 10, 18, 8),
            (Parallel::Lanes(40), 10, 18, 15),
            (Parallel::Lanes(2), 10, 3, 1),
        ] {
            assert_eq!(
                parallel.lanes(devices, shells),
                lanes,
                "{parallel:?} {devices} {shells}"
            );
        }
    }
}
