//! When a request is repeated, and after how long. Pure.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use time::OffsetDateTime;

use crate::http::error::ErrorBody;

/// The tries of one request when nothing else is said.
pub(crate) const USUAL_TRIES: u32 = 6;
/// The wait doubles up to this try.
const LAST_DOUBLING: u32 = 6;
/// The most tries while the answer is 500.
const MAX_TRIES_AFTER_500: u32 = 3;
/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How one try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer came.
    Status(StatusCode),
    /// No connection, or one that broke or ran out of time.
    NoAnswer,
}

/// Whether a request that reads is sent again after `tries` tries of at most `most`, the last of which ended in `outcome`.
///
/// Every request of this crate reads, token requests included; one that acts would need a stricter rule.
pub(crate) fn may_repeat(outcome: Outcome, tries: u32, most: u32) -> bool {
    let allowed = match outcome {
        Outcome::NoAnswer
        | Outcome::Status(
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::REQUEST_TIMEOUT,
        ) => most,
        Outcome::Status(StatusCode::INTERNAL_SERVER_ERROR) => most.min(MAX_TRIES_AFTER_500),
        Outcome::Status(_) => 1,
    };
    tries < allowed
}

/// How long to wait after `tries` tries: what the server told, else 2, 4, 8 … seconds shortened by up to half.
///
/// `jitter` is a share from 0 to 1.
pub(crate) fn wait(tries: u32, told: Option<Duration>, jitter: f64) -> Duration {
    let wait = told.unwrap_or_else(|| {
        let seconds = 2_u32.saturating_pow(tries.min(LAST_DOUBLING));
        Duration::from_secs(seconds.into()).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    });
    wait.min(LONGEST_WAIT)
}

/// The wait that an answer tells: its `Retry-After`, else the `RetryAfter` nested in its error.
///
/// A date is taken against the answer's own `Date`, so that a wrong clock here does no harm, else against `now`.
pub(crate) fn told_wait(headers: &HeaderMap, body: &[u8], now: OffsetDateTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let now = text("date").and_then(http_date).unwrap_or(now);
    text("retry-after")
        .and_then(|value| parse_retry_after(value, now))
        .or_else(|| ErrorBody::parse(body).retry_after)
}

/// Reads a `Retry-After`: seconds, fractional seconds (rounded up), or an HTTP-date (a past one is now).
pub(crate) fn parse_retry_after(value: &str, now: OffsetDateTime) -> Option<Duration> {
    let value = value.trim();
    if value.starts_with(|c: char| c.is_ascii_digit())
        && value.chars().all(|c| c.is_ascii_digit() || c == '.')
    {
        let seconds: f64 = value.parse().ok()?;
        return Duration::try_from_secs_f64(seconds.ceil().min(LONGEST_WAIT.as_secs_f64())).ok();
    }
    let wait = http_date(value)? - now;
    Some(
        Duration::try_from(wait)
            .unwrap_or(Duration::ZERO)
            .min(LONGEST_WAIT),
    )
}

/// Reads a date as HTTP writes it.
pub(crate) fn http_date(value: &str) -> Option<OffsetDateTime> {
    httpdate::parse_http_date(value).ok().map(OffsetDateTime::from)
}

#[cfg(test)]
mod tests;
