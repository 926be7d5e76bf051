//! What filters select, and what is told of wrong ones.

use proptest::prelude::*;
use time::macros::datetime;

use super::super::culture::{EN_GB, EN_US};
use super::super::row::TypeNames;
use super::*;

fn row() -> Row {
    Row {
        types: TypeNames(std::borrow::Cow::Borrowed(&[])),
        text: String::new(),
        members: vec![
            ("DeviceId", Value::text("ApplC39GQ8NNDTDL")),
            ("FriendlyName", Value::text("Ana's iPhone")),
            ("DeviceImei", Value::Nil),
            ("DeviceAccessState", Value::Enum("x", "Quarantined".to_owned(), 3)),
            ("FirstSyncTime", Value::Utc(datetime!(2026-08-01 12:00 UTC))),
            ("DisplayName", Value::text("CAS_{abc}")),
            (
                "ActiveSyncAllowedDeviceIDs",
                Value::Strings(vec!["ApplA".to_owned(), "SEC1".to_owned()]),
            ),
            ("WhenChangedUTC", Value::Utc(datetime!(2026-08-01 12:00 UTC))),
        ],
        hidden: vec![("HasActiveSyncDevicePartnership", Value::Bool(true))],
        selected: false,
    }
}

fn check_device(filter: &str, expected: bool) {
    let filter = parse(filter, "Get-MobileDevice", false, EN_US).unwrap();
    assert_eq!(filter.matches(&row(), EN_US), expected, "{filter:?}");
}

#[test]
fn documented_filters_select_what_they_say() {
    check_device("DeviceAccessState -eq 'Quarantined'", true);
    check_device(
        "deviceaccessstate -EQ 'quarantined' -and DeviceId -like 'appl*'",
        true,
    );
    check_device(
        "DeviceAccessState -eq 'Quarantined' -or DeviceAccessState -eq 'DeviceDiscovery'",
        true,
    );
    check_device("-not (DeviceAccessState -eq 'Blocked')", true);
    check_device("DeviceImei -eq $null", true);
    check_device("DeviceId -ne $null", true);
    check_device("FriendlyName -eq 'Ana''s iPhone'", true);
    check_device("FirstSyncTime -gt '7/31/2026 2:00:00 PM'", true);
    check_device("FirstSyncTime -lt '7/31/2026 2:00:00 PM'", false);
    check_device("DeviceId -like '*GQ8*DL'", true);
    check_device("DeviceId -notlike '*GQ8'", true);
    check_device("DeviceAccessState -eq 3", true);
}

#[test]
fn lists_and_flags_of_mailboxes_can_be_asked_for() {
    let check = |text: &str, expected| {
        let filter = parse(text, "Get-CASMailbox", false, EN_US).unwrap();
        assert_eq!(filter.matches(&row(), EN_US), expected, "{text}");
    };
    check(
        "HasActiveSyncDevicePartnership -eq $true -and -not DisplayName -like 'CAS_{*'",
        false,
    );
    check("ActiveSyncAllowedDeviceIDs -like 'sec*'", true);
    check("ActiveSyncAllowedDeviceIDs -eq $null", false);
    check("WhenChangedUTC -gt '8/1/2026 11:00:00 AM'", true);
}

#[test]
fn a_date_is_read_in_the_servers_culture() {
    let text = "FirstSyncTime -gt '2/1/2026 12:00:00 AM'";
    let of = |culture| parse(text, "Get-MobileDevice", false, culture).unwrap();
    assert!(of(EN_US).matches(&row(), EN_US));
    assert!(of(EN_GB).matches(&row(), EN_GB));
    let late = "FirstSyncTime -gt '8/1/2026 12:00:00 PM'";
    assert!(
        parse(late, "Get-MobileDevice", false, EN_GB)
            .unwrap()
            .matches(&row(), EN_GB)
    );
    assert!(
        !parse(late, "Get-MobileDevice", false, EN_US)
            .unwrap()
            .matches(&row(), EN_US)
    );
}

#[test]
fn what_is_wrong_is_told_in_exchanges_words() {
    let error = |text: &str| parse(text, "Get-MobileDevice", false, EN_US).unwrap_err();
    let unknown = error("WhenChangedUTC -gt '1/1/2000 12:00:00 AM'");
    assert!(unknown.starts_with("\"WhenChangedUTC\" is not a recognized filterable property. Valid property names are: ClientType, "), "{unknown}");
    assert!(
        parse(
            "WhenChangedUTC -gt '1/1/2000 12:00:00 AM'",
            "Get-MobileDevice",
            true,
            EN_US
        )
        .is_ok()
    );
    for (text, at) in [
        ("DeviceId", 8),
        ("DeviceId -foo 'x'", 9),
        ("DeviceId -eq 'x", 13),
        ("DeviceId -eq x", 13),
        ("(DeviceId -eq 'x'", 17),
        ("DeviceId -eq 'x' 'y'", 17),
        ("", 0),
    ] {
        assert!(
            error(text).ends_with(&format!("at position {at}.")),
            "{text}: {}",
            error(text)
        );
    }
    assert!(error("FirstSyncTime -gt 'soon'").contains("System.DateTime"));
    assert!(error(&"(".repeat(5000)).contains("Invalid filter syntax"));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,80}") {
        let _ = parse(&text, "Get-MobileDevice", true, EN_US);
    }
}
