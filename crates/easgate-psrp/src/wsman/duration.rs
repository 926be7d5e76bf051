//! `xs:duration` as WS-Management uses it.

use std::time::Duration;

/// Writes `duration` as WinRM does, `PT60.000S`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    format!("PT{}.{:03}S", duration.as_secs(), duration.subsec_millis())
}

/// Reads a non-negative `xs:duration` made of days, hours, minutes and (fractional) seconds.
///
/// Years and months have no fixed length and are refused, as are signs; the answer is then `None`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let rest = text.trim().strip_prefix('P')?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    if !days.is_empty() {
        total = seconds(days.strip_suffix('D')?.parse().ok()?, 86_400)?;
    }
    let mut rest = time;
    for (unit, factor) in [('H', 3_600), ('M', 60)] {
        if let Some((number, after)) = rest.split_once(unit) {
            total = total.checked_add(seconds(whole(number)?, factor)?)?;
            rest = after;
        }
    }
    if !rest.is_empty() {
        total = total.checked_add(fractional(rest.strip_suffix('S')?)?)?;
    }
    Some(total)
}

fn whole(number: &str) -> Option<u64> {
    number
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| number.parse().ok())?
}

fn seconds(count: u64, factor: u64) -> Option<Duration> {
    count.checked_mul(factor).map(Duration::from_secs)
}

fn fractional(number: &str) -> Option<Duration> {
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, "0"));
    whole(fraction)?;
    let nanoseconds: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Some(Duration::new(whole(seconds)?, nanoseconds.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_real_peers_are_read() {
        for (text, expected) in [
            ("PT20S", Some(Duration::from_secs(20))),
            ("PT180.000S", Some(Duration::from_secs(180))),
            (" PT7200.000S\n", Some(Duration::from_secs(7200))),
            ("P0DT0H0M0S", Some(Duration::ZERO)),
            ("P1DT2H3M4.5S", Some(Duration::from_millis(93_784_500))),
            ("PT0.001S", Some(Duration::from_millis(1))),
            ("PT2147483.647S", Some(Duration::from_millis(2_147_483_647))),
            ("PT15M", Some(Duration::from_secs(900))),
            ("PT-1S", None),
            ("P1Y", None),
            ("P", None),
            ("PTS", None),
            ("PT+5S", None),
            ("PT99999999999999999999S", None),
            ("twenty", None),
            ("", None),
        ] {
            assert_eq!(parse_duration(text), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(milliseconds in 0u64..10_000_000_000) {
            let duration = Duration::from_millis(milliseconds);
            proptest::prop_assert_eq!(parse_duration(&format_duration(duration)), Some(duration));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = parse_duration(&text);
        }
    }
}
