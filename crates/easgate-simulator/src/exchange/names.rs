//! Distinguished names, canonical names and the times of the directory.

use time::{OffsetDateTime, UtcOffset};

/// The parts of a distinguished name, first part first, with their escapes.
fn parts(dn: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, byte) in dn.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                parts.push(&dn[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&dn[start..]);
    parts
}

/// The canonical form: `CN=Reid\, Ana,OU=Staff,DC=contoso,DC=com` is `contoso.com/Staff/Reid, Ana`.
pub(super) fn canonical(dn: &str) -> String {
    let value = |part: &str| {
        part.split_once('=')
            .map_or("", |(_, value)| value)
            .replace('\\', "")
    };
    let (domain, path): (Vec<&str>, Vec<&str>) =
        parts(dn).into_iter().partition(|part| part.starts_with("DC="));
    let domain: Vec<String> = domain.iter().map(|part| value(part)).collect();
    let mut name = domain.join(".");
    for part in path.iter().rev() {
        name.push('/');
        name.push_str(&value(part).replace('/', "\\/"));
    }
    name
}

/// The first part and the number of parts.
pub(super) fn first_part(dn: &str) -> (&str, usize) {
    let parts = parts(dn);
    (parts.first().copied().unwrap_or_default(), parts.len())
}

/// `2021-09-28T10:32:01-07:00`: as Exchange writes times, without fractions; `Z` in UTC.
pub(super) fn date(at: OffsetDateTime, offset: Option<UtcOffset>) -> String {
    let at = at.to_offset(offset.unwrap_or(UtcOffset::UTC));
    let zone = match offset {
        None => "Z".to_owned(),
        Some(offset) => {
            let (hours, minutes, _) = offset.as_hms();
            let sign = if offset.is_negative() { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", hours.abs(), minutes.abs())
        }
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{zone}",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

#[cfg(test)]
mod tests {
    use time::macros::{datetime, offset};

    use super::*;

    #[test]
    fn canonical_names_follow_the_distinguished_name() {
        let dn =
            "CN=iPhone§Appl1,CN=ExchangeActiveSyncDevices,CN=Reid\\, Ana,OU=Sales,OU=Staff,DC=contoso,DC=com";
        let expected = "contoso.com/Staff/Sales/Reid, Ana/ExchangeActiveSyncDevices/iPhone§Appl1";
        assert_eq!(canonical(dn), expected);
        assert_eq!(first_part(dn), ("CN=iPhone§Appl1", 7));
        assert_eq!(canonical("DC=contoso,DC=com"), "contoso.com");
    }

    #[test]
    fn times_have_the_form_of_recorded_ones() {
        let at = datetime!(2022-10-31 01:01:36.5 UTC);
        assert_eq!(date(at, None), "2022-10-31T01:01:36Z");
        assert_eq!(date(at, Some(offset!(-7))), "2022-10-30T18:01:36-07:00");
        assert_eq!(date(at, Some(offset!(+9))), "2022-10-31T10:01:36+09:00");
    }
}
