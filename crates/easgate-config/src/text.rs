//! Values that the file writes as text or in several forms.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use easgate_compliance::Threshold;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time such as `90s`, `15m`, `24h` or `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawDuration(pub(crate) Duration);

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

impl RawDuration {
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (unit, seconds) = UNITS.into_iter().find(|(unit, _)| text.ends_with(unit))?;
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(seconds).map(Self::seconds)
    }
}

impl fmt::Display for RawDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let fits = |(_, size): &(&str, u64)| seconds >= *size && seconds.is_multiple_of(*size);
        let (unit, size) = UNITS.into_iter().find(fits).unwrap_or(("s", 1));
        write!(f, "{}{unit}", seconds / size)
    }
}

impl Serialize for RawDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RawDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = RawDuration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as \"90s\", \"15m\", \"24h\" or \"2d\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawDuration, E> {
                RawDuration::parse(text)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for RawDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+ *[smhd]$" })
    }
}

/// A number of devices, a percentage, or both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RawThreshold(pub(crate) Threshold);

impl RawThreshold {
    pub(crate) const fn both(count: u64, percent: f64) -> Self {
        Self(Threshold { count, percent })
    }
}

impl Serialize for RawThreshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("count", &self.0.count)?;
        map.serialize_entry("percent", &self.0.percent)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for RawThreshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ThresholdVisitor)
    }
}

struct ThresholdVisitor;

impl<'de> Visitor<'de> for ThresholdVisitor {
    type Value = RawThreshold;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a number of devices (50), a percentage from \"0%\" to \"100%\", or { count = 50, percent = 5 }",
        )
    }

    fn visit_i64<E: Error>(self, count: i64) -> Result<RawThreshold, E> {
        let unsigned = u64::try_from(count);
        unsigned
            .map(|count| RawThreshold(Threshold::devices(count)))
            .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(count), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawThreshold, E> {
        let percent = text
            .trim()
            .strip_suffix('%')
            .and_then(|number| number.trim_end().parse().ok());
        match percent.filter(|percent| is_percent(*percent)) {
            Some(percent) => Ok(RawThreshold(Threshold::percent(percent))),
            None => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawThreshold, A::Error> {
        let mut count = None;
        let mut percent = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "count" => count = Some(map.next_value::<u64>()?),
                "percent" => percent = Some(map.next_value::<Number>()?.0),
                other => return Err(A::Error::unknown_field(other, &["count", "percent"])),
            }
        }
        let percent_fits = percent.is_none_or(is_percent);
        match (count, percent) {
            (None, None) => Err(A::Error::missing_field("count")),
            _ if !percent_fits => Err(A::Error::custom("percent is a number from 0 to 100")),
            (Some(count), None) => Ok(RawThreshold(Threshold::devices(count))),
            (None, Some(percent)) => Ok(RawThreshold(Threshold::percent(percent))),
            (Some(count), Some(percent)) => Ok(RawThreshold::both(count, percent)),
        }
    }
}

fn is_percent(percent: f64) -> bool {
    (0.0..=100.0).contains(&percent)
}

/// A number with or without a fraction.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 0 to 100")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                let small = i32::try_from(number);
                small
                    .map(|number| Number(f64::from(number)))
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl JsonSchema for RawThreshold {
    fn schema_name() -> Cow<'static, str> {
        "Threshold".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *%$" },
                {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": false,
                    "properties": {
                        "count": { "description": "The most devices.", "type": "integer", "minimum": 0 },
                        "percent": {
                            "description": "The most devices, in percent of those in scope.",
                            "type": "number", "minimum": 0, "maximum": 100
                        }
                    }
                }
            ]
        })
    }
}

/// Where a secret is found; exactly one of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Secret")]
pub(crate) struct RawSecret {
    /// The environment variable that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<String>,
    /// The file that holds it, which others must not be able to read (`chmod 600`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// The credential that systemd passes to the service (`LoadCredential=`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<String>,
}

impl<'de> Deserialize<'de> for RawSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = RawSecret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "where the secret is found: { env = \"NAME\" }, { file = \"PATH\" } or { credential = \"NAME\" }",
        )
    }

    // The text may be the secret itself: the message must not repeat it.
    fn visit_str<E: Error>(self, _: &str) -> Result<RawSecret, E> {
        Err(E::custom(
            "a secret never stands in this file itself: say where it is found, as { env = \"NAME\" }, \
             { file = \"PATH\" } or { credential = \"NAME\" }",
        ))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawSecret, A::Error> {
        let mut secret = RawSecret::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "env" => secret.env = Some(map.next_value()?),
                "file" => secret.file = Some(map.next_value()?),
                "credential" => secret.credential = Some(map.next_value()?),
                other => return Err(A::Error::unknown_field(other, &["env", "file", "credential"])),
            }
        }
        Ok(secret)
    }
}
