//! When which kind of run is due: a pure function of the settings, of what has run, and of the time.
//!
//! ```
//! use easgate_connector::schedule::{Daily, LastRuns, Schedule};
//! use time::macros::datetime;
//!
//! let schedule = Schedule {
//!     full: Some(Daily::new("02:00".parse()?, "Asia/Tokyo")?),
//!     quick: None,
//!     watch: None,
//! };
//! let last = LastRuns { full: Some(datetime!(2026-05-04 17:00 UTC)), ..LastRuns::default() };
//! let times = schedule.times(&last, datetime!(2026-05-05 00:00 UTC));
//! assert_eq!(times.full, Some(datetime!(2026-05-05 17:00 UTC)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use time::OffsetDateTime;

/// What runs by itself in one organisation; what is `None` is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The full sync, once each day.
    pub full: Option<Daily>,
    /// How long after a quick or a full sync the next quick sync begins.
    pub quick: Option<Duration>,
    /// How long after a watch pass the next one begins.
    pub watch: Option<Duration>,
}

/// When the latest runs that read everything began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LastRuns {
    /// The latest full sync.
    pub full: Option<OffsetDateTime>,
    /// The latest quick sync.
    pub quick: Option<OffsetDateTime>,
    /// The latest watch pass.
    pub watch: Option<OffsetDateTime>,
}

/// When each kind of run is due; a time that has passed means now, `None` that it is off or waits for the first full sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// The full sync.
    pub full: Option<OffsetDateTime>,
    /// The quick sync.
    pub quick: Option<OffsetDateTime>,
    /// The watch pass.
    pub watch: Option<OffsetDateTime>,
}

/// A run that is said to have begun so long after now was written by a clock that was wrong, and does not count.
const CREDIBLE: Duration = Duration::from_secs(10 * 60);

/// A full sync that begins so shortly before its time counts for it: a clock may be set back by a little.
const EARLY: Duration = Duration::from_secs(60);

impl Schedule {
    /// When each kind is due.
    ///
    /// A full sync is due at once when none has read everything yet, and when its time passed while nobody ran. One that began
    /// after its time makes it due again on the next local day. The other kinds wait for the first full sync, if there is
    /// one in the schedule.
    #[must_use]
    pub fn times(&self, last: &LastRuns, now: OffsetDateTime) -> Times {
        let credible = |at: Option<OffsetDateTime>| at.filter(|at| *at <= now + CREDIBLE);
        let full = credible(last.full);
        let waits = self.full.is_some() && full.is_none();
        let every = |interval: Option<Duration>, begun: Option<OffsetDateTime>| {
            let interval = interval.filter(|_| !waits)?;
            Some(begun.map_or(now, |begun| begun.min(now) + interval))
        };
        let quick = credible(last.quick).max(full);
        Times {
            full: self.full.as_ref().map(|daily| match full {
                None => now,
                Some(begun) => daily.after(begun + EARLY).unwrap_or(now),
            }),
            quick: every(self.quick, quick),
            watch: every(self.watch, credible(last.watch)),
        }
    }
}

/// A time of each day in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daily {
    at: TimeOfDay,
    zone: TimeZone,
    jitter: Duration,
    seed: u64,
}

impl Daily {
    /// At `at` in the zone with the IANA name `zone`, to the minute.
    ///
    /// # Errors
    /// No zone has this name.
    pub fn new(at: TimeOfDay, zone: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(zone).map_err(|source| UnknownZone {
            zone: zone.to_owned(),
            source,
        })?;
        Ok(Self {
            at,
            zone,
            jitter: Duration::ZERO,
            seed: 0,
        })
    }

    /// Up to `jitter` later, by another time each day: organisations with other `name`s begin at other times, and one
    /// organisation begins at the same time in each process.
    #[must_use]
    pub fn with_jitter(self, jitter: Duration, name: &str) -> Self {
        let seed = name.bytes().fold(FNV_OFFSET, |seed, byte| {
            (seed ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
        });
        Self { jitter, seed, ..self }
    }

    /// The first time after `moment`; `None` at the end of the calendar.
    fn after(&self, moment: OffsetDateTime) -> Option<OffsetDateTime> {
        let moment = Timestamp::from_nanosecond(moment.unix_timestamp_nanos()).ok()?;
        let mut date = self.zone.to_datetime(moment).date().yesterday().ok()?;
        // Jitter and changes of the zone's offset move a time by less than two days.
        for _ in 0..4 {
            if let Some(at) = self.on(date).filter(|at| *at > moment) {
                return OffsetDateTime::from_unix_timestamp_nanos(at.as_nanosecond()).ok();
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The time that belongs to `date`. One that the clocks leave out is as much later, and of one that comes twice it is the
    /// first.
    fn on(&self, date: Date) -> Option<Timestamp> {
        let at = i8::try_from(self.at.hour)
            .ok()
            .zip(i8::try_from(self.at.minute).ok());
        let (hour, minute) = at?;
        let local = date.at(hour, minute, 0, 0).to_zoned(self.zone.clone()).ok()?;
        local.timestamp().checked_add(self.jitter_of(date)).ok()
    }

    fn jitter_of(&self, date: Date) -> Duration {
        let whole = self.jitter.as_secs();
        if whole == 0 {
            return Duration::ZERO;
        }
        let day = [date.year().to_be_bytes(), date.day_of_year().to_be_bytes()].concat();
        let mixed = day.iter().fold(self.seed, |seed, byte| {
            (seed ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
        });
        // The low bits of this hash hardly depend on its first bytes.
        Duration::from_secs((mixed ^ (mixed >> 32)) % whole)
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// A time of day, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl FromStr for TimeOfDay {
    type Err = NoTimeOfDay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no = || NoTimeOfDay {
            text: text.to_owned(),
        };
        let (hour, minute) = text.split_once(':').ok_or_else(no)?;
        let number = |digits: &str, below: u8| {
            let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|number| is_number && *number < below)
        };
        let (hour, minute) = number(hour, 24).zip(number(minute, 60)).ok_or_else(no)?;
        Ok(Self { hour, minute })
    }
}

/// A text is not a time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time of day from \"00:00\" to \"23:59\"")]
pub struct NoTimeOfDay {
    text: String,
}

/// No time zone has the name.
#[derive(Debug, thiserror::Error)]
#[error("no time zone is called {zone:?}; the names are those of the IANA, such as \"Europe/Berlin\"")]
pub struct UnknownZone {
    zone: String,
    source: jiff::Error,
}

/// How long an organisation is left alone after `failures` runs in a row that could not read everything.
#[must_use]
pub const fn pause_after(failures: u32) -> Duration {
    const MINUTES: [u64; 4] = [1, 5, 15, 60];
    let minutes = match failures {
        0 => 0,
        1 => MINUTES[0],
        2 => MINUTES[1],
        3 => MINUTES[2],
        _ => MINUTES[3],
    };
    Duration::from_secs(minutes * 60)
}
