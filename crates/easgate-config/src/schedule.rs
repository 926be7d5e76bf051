//! What the service does by itself, and how often.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use easgate_connector::Expected;
use easgate_connector::schedule::{Daily, Schedule, TimeOfDay};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::resolve::Checks;
use crate::text::RawDuration;

/// The shortest intervals, so that a slip does not load Exchange without end.
const LEAST_QUICK: Duration = Duration::from_secs(5 * 60);
const LEAST_WATCH: Duration = Duration::from_secs(10);

/// No full sync is too old before it could have ended.
const LEAST_ALARM: Duration = Duration::from_secs(3600);

/// How much later than its time a watch pass may come.
const LATE_WATCH: Duration = Duration::from_secs(3600);

/// The most by which a full sync may be late.
const MOST_JITTER: Duration = Duration::from_secs(6 * 3600);

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawSchedule {
    /// The time of day of the full sync, such as `"02:00"`, or `"off"`. The first one, and one that was missed, begins at once.
    pub(crate) full: RawTimeOfDay,
    /// The time zone of `full` by its IANA name, such as `"Asia/Tokyo"`.
    pub(crate) zone: String,
    /// The full sync begins up to so much later, by another time each day, so that many organisations do not begin at once.
    pub(crate) jitter: RawDuration,
    /// How long after a quick or a full sync the next quick sync begins, or `"off"`.
    pub(crate) quick: RawInterval,
    /// How long after a watch pass the next one begins, or `"off"`.
    pub(crate) watch: RawInterval,
    /// How old the last full sync that read everything may be before `status` and `check` exit 5 and the metrics alarm, or `"off"`. A watch
    /// pass may be an hour older than `watch`.
    pub(crate) alarm_after: RawInterval,
}

impl Default for RawSchedule {
    fn default() -> Self {
        Self {
            full: RawTimeOfDay(Some("02:00".to_owned())),
            zone: "UTC".to_owned(),
            jitter: RawDuration::seconds(10 * 60),
            quick: RawInterval(Some(RawDuration::seconds(2 * 3600))),
            watch: RawInterval(Some(RawDuration::seconds(60))),
            alarm_after: RawInterval(Some(RawDuration::seconds(26 * 3600))),
        }
    }
}

impl RawSchedule {
    /// How old the last runs may be.
    pub(crate) fn expected(&self) -> Expected {
        Expected {
            full: self.alarm_after.0.map(|limit| limit.0),
            watch: self.watch.0.map(|interval| interval.0 + LATE_WATCH),
        }
    }
}

impl Checks<'_> {
    /// The schedule of the organisation at `at`, which is called `name`.
    pub(crate) fn schedule(&mut self, at: usize, name: &str, raw: &RawSchedule) -> Option<Schedule> {
        let mut problem = |key, message| self.problem_in(at, "schedule", key, message);
        let mut is_well = true;
        for (key, interval, least) in [
            ("quick", raw.quick, LEAST_QUICK),
            ("watch", raw.watch, LEAST_WATCH),
            ("alarm_after", raw.alarm_after, LEAST_ALARM),
        ] {
            if interval.0.is_some_and(|interval| interval.0 < least) {
                let least = RawDuration(least);
                problem(key, format!("`{key}` is \"off\" or at least \"{least}\""));
                is_well = false;
            }
        }
        if raw.jitter.0 > MOST_JITTER {
            problem(
                "jitter",
                format!("`jitter` is at most \"{}\"", RawDuration(MOST_JITTER)),
            );
            is_well = false;
        }
        let mut full = None;
        if let Some(text) = &raw.full.0 {
            match text.parse::<TimeOfDay>() {
                Ok(time) => match Daily::new(time, &raw.zone) {
                    Ok(daily) => full = Some(daily.with_jitter(raw.jitter.0, name)),
                    Err(error) => problem("zone", error.to_string()),
                },
                Err(error) => problem("full", format!("{error}, nor \"off\"")),
            }
            is_well &= full.is_some();
        }
        let interval = |interval: RawInterval| interval.0.map(|interval| interval.0);
        is_well.then_some(Schedule {
            full,
            quick: interval(raw.quick),
            watch: interval(raw.watch),
        })
    }
}

/// A time of day, which is checked later, or `off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawTimeOfDay(pub(crate) Option<String>);

impl Serialize for RawTimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_deref().unwrap_or(OFF))
    }
}

impl<'de> Deserialize<'de> for RawTimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self((text != OFF).then_some(text)))
    }
}

impl JsonSchema for RawTimeOfDay {
    fn schema_name() -> Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A time between two runs, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawInterval(pub(crate) Option<RawDuration>);

const OFF: &str = "off";

impl Serialize for RawInterval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(interval) => interval.serialize(serializer),
            None => serializer.serialize_str(OFF),
        }
    }
}

impl<'de> Deserialize<'de> for RawInterval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = RawInterval;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"off\" or a time such as \"90s\", \"15m\", \"24h\" or \"2d\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RawInterval, E> {
                if text == OFF {
                    return Ok(RawInterval(None));
                }
                let interval = RawDuration::parse(text).map(|interval| RawInterval(Some(interval)));
                interval.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for RawInterval {
    fn schema_name() -> Cow<'static, str> {
        "Interval".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(off|[0-9]+ *[smhd])$" })
    }
}
