//! Between rows and values.

use easgate_model::DeviceId;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::organization::StoreError;

/// Microseconds since 1970, as the store keeps times.
///
/// A time that does not fit (the year 292,000 or so) becomes the nearest that does.
pub(crate) fn to_micros(time: OffsetDateTime) -> i64 {
    let micros = time.unix_timestamp_nanos() / 1_000;
    i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX })
}

pub(crate) fn to_time(micros: i64, column: &'static str) -> Result<OffsetDateTime, StoreError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).map_err(|_| StoreError::Corrupt {
        column,
        value: micros.to_string(),
    })
}

pub(crate) fn to_uuid(text: &str, column: &'static str) -> Result<Uuid, StoreError> {
    Uuid::parse_str(text).map_err(|_| StoreError::Corrupt {
        column,
        value: text.to_owned(),
    })
}

/// Reads a text column that holds a value of ours.
pub(crate) fn parse<T: std::str::FromStr>(text: &str, column: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt {
        column,
        value: text.to_owned(),
    })
}

pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(crate) fn to_optional_time(
    micros: Option<i64>,
    column: &'static str,
) -> Result<Option<OffsetDateTime>, StoreError> {
    micros.map(|micros| to_time(micros, column)).transpose()
}

pub(crate) fn to_uid(uid: Option<i64>, column: &'static str) -> Result<Option<u32>, StoreError> {
    uid.map(|uid| {
        u32::try_from(uid).map_err(|_| StoreError::Corrupt {
            column,
            value: uid.to_string(),
        })
    })
    .transpose()
}

/// Yes and no, as the store keeps them.
pub(crate) const fn flag(value: bool) -> i64 {
    if value { 1 } else { 0 }
}

/// Text that came from outside, as both databases keep it: PostgreSQL has no U+0000.
pub(crate) fn text(value: &str) -> String {
    value.replace('\0', "\u{fffd}")
}

/// What device ids are compared by.
pub(crate) fn key(device: &DeviceId) -> String {
    text(device.as_str()).to_ascii_lowercase()
}

/// 63 bits of a digest: enough to see that something changed.
pub(crate) fn digest(content: &str) -> i64 {
    let bits = Uuid::new_v5(&Uuid::NAMESPACE_OID, content.as_bytes())
        .as_u64_pair()
        .1;
    i64::try_from(bits >> 1).unwrap_or(i64::MAX)
}
