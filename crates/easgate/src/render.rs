//! Values as JSON with stable names, and as text for people.

pub(crate) mod changes;
pub(crate) mod devices;
pub(crate) mod explanation;
pub(crate) mod figures;
pub(crate) mod gates;
pub(crate) mod overrides;
pub(crate) mod report;
pub(crate) mod service;
pub(crate) mod status;
pub(crate) mod undo;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time as people and programs read it, in UTC.
pub(crate) fn time(at: OffsetDateTime) -> String {
    let seconds = at.replace_nanosecond(0).unwrap_or(at);
    seconds.format(&Rfc3339).unwrap_or_else(|_| seconds.to_string())
}

/// A number with its noun, `1 device`, `2 devices`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
