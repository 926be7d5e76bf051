//! Dates as a server's culture writes and reads them.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// How a server reads dates in filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Culture {
    /// `en-US`.
    pub name: &'static str,
    /// Whether the day stands before the month.
    day_first: bool,
    /// Hours that the server's zone is ahead of UTC.
    pub hours_ahead: i8,
    /// Whether a time without a zone is of the server's zone, for the properties in UTC too.
    local_dates: bool,
}

/// `M/d/yyyy h:mm:ss tt`, seven hours behind UTC.
pub const EN_US: Culture = Culture {
    name: "en-US",
    day_first: false,
    hours_ahead: -7,
    local_dates: false,
};
/// `dd/MM/yyyy HH:mm:ss`: `8/1/2026` is the eighth of January there.
pub const EN_GB: Culture = Culture {
    name: "en-GB",
    day_first: true,
    hours_ahead: 0,
    local_dates: false,
};
/// `yyyy/MM/dd H:mm:ss`, nine hours ahead of UTC.
pub const JA_JP: Culture = Culture {
    name: "ja-JP",
    day_first: false,
    hours_ahead: 9,
    local_dates: false,
};

impl Culture {
    /// The same on a server that takes every time in a filter for one of its own zone.
    #[must_use]
    pub const fn with_local_dates(self) -> Self {
        Self {
            local_dates: true,
            ..self
        }
    }

    /// The zone of a time in a filter on a property in UTC.
    pub(super) fn zone_of_utc(self) -> UtcOffset {
        if self.local_dates {
            self.offset()
        } else {
            UtcOffset::UTC
        }
    }

    /// The zone of the server.
    #[must_use]
    pub fn offset(self) -> UtcOffset {
        UtcOffset::from_hms(self.hours_ahead, 0, 0).unwrap_or(UtcOffset::UTC)
    }

    /// The en-US form, which error ids have everywhere.
    pub(super) fn format(self, at: OffsetDateTime) -> String {
        let at = at.to_offset(self.offset());
        let (half, hour) = (
            if at.hour() < 12 { "AM" } else { "PM" },
            (at.hour() + 11) % 12 + 1,
        );
        format!(
            "{}/{}/{} {hour}:{:02}:{:02} {half}",
            u8::from(at.month()),
            at.day(),
            at.year(),
            at.minute(),
            at.second()
        )
    }

    /// Reads a date of a filter; one without a zone is of `zone`.
    pub(super) fn parse(self, text: &str, zone: UtcOffset) -> Option<OffsetDateTime> {
        let text = text.trim();
        if let Ok(at) = OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339) {
            return Some(at);
        }
        let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "0:00"));
        let date = self.date(date)?;
        Some(PrimitiveDateTime::new(date, clock_time(clock)?).assume_offset(zone))
    }

    fn date(self, text: &str) -> Option<Date> {
        let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
        let [a, b, c] = parts.as_slice() else { return None };
        let (year, month, day) = match (a.len(), self.day_first) {
            (4, _) => (a, b, c),
            (_, true) => (c, b, a),
            (_, false) => (c, a, b),
        };
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
    }
}

fn clock_time(text: &str) -> Option<Time> {
    let (clock, half) = match text.trim().split_once(' ') {
        Some((clock, half)) => (clock, Some(half.trim())),
        None => (text.trim(), None),
    };
    let mut parts = clock
        .trim_end_matches('Z')
        .split(':')
        .map(|part| part.split('.').next().unwrap_or("0"));
    let mut part = || parts.next().map_or(Some(0), |part| part.parse::<u8>().ok());
    let (hour, minute, second) = (part()?, part()?, part()?);
    let hour = match half {
        Some(half) if half.eq_ignore_ascii_case("PM") => hour % 12 + 12,
        Some(half) if half.eq_ignore_ascii_case("AM") => hour % 12,
        Some(_) => return None,
        None => hour,
    };
    Time::from_hms(hour, minute, second).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_date_means_what_the_culture_makes_of_it() {
        let utc = UtcOffset::UTC;
        let text = "8/1/2026 2:00:00 PM";
        assert_eq!(EN_US.parse(text, utc), Some(datetime!(2026-08-01 14:00 UTC)));
        assert_eq!(EN_GB.parse(text, utc), Some(datetime!(2026-01-08 14:00 UTC)));
        assert_eq!(JA_JP.parse(text, utc), Some(datetime!(2026-08-01 14:00 UTC)));
        assert_eq!(EN_GB.parse("11/23/2026", utc), None);
        for culture in [EN_US, EN_GB, JA_JP] {
            assert_eq!(
                culture.parse("2026-08-01T14:00:00Z", culture.offset()),
                Some(datetime!(2026-08-01 14:00 UTC))
            );
            assert_eq!(culture.parse("soon", utc), None);
        }
        let local = JA_JP.parse("2026/08/01 9:00", JA_JP.offset());
        assert_eq!(local, Some(datetime!(2026-08-01 0:00 UTC)));
    }

    #[test]
    fn midnight_and_noon_are_twelve() {
        assert_eq!(
            EN_US.format(datetime!(2026-11-23 07:05:09 UTC)),
            "11/23/2026 12:05:09 AM"
        );
        assert_eq!(
            EN_US.format(datetime!(2026-11-23 19:05:09 UTC)),
            "11/23/2026 12:05:09 PM"
        );
    }
}
