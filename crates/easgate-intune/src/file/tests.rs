use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::error::Error;
use std::fmt::Write;

use super::*;

const HEADER: &str = "user_principal_name,eas_device_id,compliance_state,device_name,licensed,groups\n";

fn check(text: &[u8], expected: &Expect) {
    expected.assert_eq(&shown(&rows::parse(text)));
}

fn shown(result: &Result<Inventory, FileError>) -> String {
    let mut shown = String::new();
    match result {
        Err(error) => writeln!(shown, "{error}").unwrap(),
        Ok(inventory) => {
            for row in &inventory.enrollments {
                let device = row.eas_device_id.as_ref().map_or("-", |id| id.as_str());
                let owner = row.user_principal_name.as_ref().unwrap();
                writeln!(
                    shown,
                    "line {}: {owner} {device} {} {:?}",
                    row.record,
                    row.compliance,
                    row.kind()
                )
                .unwrap();
            }
            for user in &inventory.users {
                let groups: Vec<_> = user.groups.iter().map(|group| group.as_str()).collect();
                writeln!(
                    shown,
                    "{} licensed={} {:?}",
                    user.user_principal_name, user.licensed, groups
                )
                .unwrap();
            }
            writeln!(shown, "{:?}", inventory.sizes).unwrap();
        }
    }
    shown
}

#[test]
fn rows_become_enrolments_and_their_users() {
    check(
        format!(
            "{HEADER}ana@x.example,A1,compliant,Ana's phone,,Sales; EAS \n\
             ANA@x.example,A2,NonCompliant,,true,\n\
             bob@x.example,,,,false,\n\
             eve@x.example,,inGracePeriod,,,\n"
        )
        .as_bytes(),
        &expect![[r#"
            line 2: ana@x.example A1 compliant Enrolled
            line 3: ANA@x.example A2 noncompliant Enrolled
            line 5: eve@x.example - inGracePeriod Enrolled
            ana@x.example licensed=true ["eas", "sales"]
            bob@x.example licensed=false []
            eve@x.example licensed=true []
            [("devices", 3), ("users", 3), ("licences", 2)]
        "#]],
    );
}

#[test]
fn byte_order_mark_crlf_quotes_and_another_order_of_columns_are_read() {
    check(
        b"\xef\xbb\xbfcompliance_state,eas_device_id,user_principal_name\r\nconfigManager,\"A,1\",ana@x.example",
        &expect![[r#"
            line 2: ana@x.example A,1 configManager Enrolled
            ana@x.example licensed=true []
            [("devices", 1), ("users", 1), ("licences", 1)]
        "#]],
    );
}

#[test]
fn a_mistake_names_its_line_and_stops_the_read() {
    for (rows, expected) in [
        (
            "ana@x.example,A1,Compliant!,,,\n",
            expect![[r#"
            line 2: compliance_state "Compliant!" is not one of Graph's names
        "#]],
        ),
        (
            "ana@x.example,A1,compliant,,,\n\nbob@x.example,B1\n",
            expect![[r#"
            line 4: it has 2 fields, and the first line has 6
        "#]],
        ),
        (
            "ana,A1,compliant,,,\n",
            expect![[r#"
            line 2: user_principal_name: the address has no local part and domain around an @
        "#]],
        ),
        (
            ",A1,compliant,,,\n",
            expect![[r#"
            line 2: user_principal_name: the address is empty
        "#]],
        ),
        (
            "ana@x.example,A1,,,,\n",
            expect![[r#"
            line 2: compliance_state is empty
        "#]],
        ),
        (
            "ana@x.example,A1,compliant,,maybe,\n",
            expect![[r#"
            line 2: licensed is neither true nor false
        "#]],
        ),
        (
            "\"ana@x.example\nA1\",compliant\n",
            expect![[r#"
            line 2: it has 2 fields, and the first line has 6
        "#]],
        ),
        (
            "",
            expect![[r#"
            the file has no rows
        "#]],
        ),
    ] {
        check(format!("{HEADER}{rows}").as_bytes(), &expected);
    }
}

#[test]
fn an_id_that_is_too_long_and_text_that_is_not_utf_8_name_their_lines() {
    let long = format!("{HEADER}ana@x.example,{},compliant,,,\n", "A".repeat(65));
    check(
        long.as_bytes(),
        &expect![[r#"
        line 2: eas_device_id: the device id has 65 bytes, and 64 is the most
    "#]],
    );
    check(b"user_principal_name,eas_device_id,compliance_state\nana@x.example,A1,compliant\n\xff@x.example,B1,compliant\n", &expect![[r#"
        line 3: it is not UTF-8
    "#]]);
}

#[test]
fn the_header_is_strict() {
    for (text, expected) in [
        (
            "",
            expect![[r#"
            the file has no rows
        "#]],
        ),
        (
            "ana@x.example,A1,compliant\n",
            expect![[r#"
            line 1: the column ana@x.example is not known
        "#]],
        ),
        (
            "user_principal_name,eas_device_id\n",
            expect![[r#"
            line 1: the column compliance_state is missing
        "#]],
        ),
        (
            "eas_device_id,eas_device_id,compliance_state\n",
            expect![[r#"
            line 1: the column eas_device_id is there twice
        "#]],
        ),
        (
            "user_principal_name,eas_device_id,compliance_state,\u{1b}[2J\n",
            expect![[r#"
            line 1: the column \u{1b}[2J is not known
        "#]],
        ),
    ] {
        check(text.as_bytes(), &expected);
    }
}

#[test]
fn two_rows_of_one_key_must_agree() {
    check(
        format!("{HEADER}ana@x.example,A1,compliant,,,\nANA@X.example,a1,compliant,,,\n").as_bytes(),
        &expect![[r#"
        line 2: ana@x.example A1 compliant Enrolled
        ana@x.example licensed=true []
        [("devices", 1), ("users", 1), ("licences", 1)]
    "#]],
    );
    check(
        format!("{HEADER}ana@x.example,A1,compliant,,,\nana@X.example,a1,noncompliant,,,\n").as_bytes(),
        &expect![[r#"
        lines 2 and 3 name one user and one device, and differ
    "#]],
    );
    check(
        format!("{HEADER}ana@x.example,A1,compliant,,,\nana@X.example,A2,compliant,,false,\n").as_bytes(),
        &expect![[r#"
        lines 2 and 3 name one user, licensed in one and not in the other
    "#]],
    );
}

async fn read_at(text: &str, offset: time::Duration) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("enrolled.csv");
    std::fs::write(&path, text).unwrap();
    let written: OffsetDateTime = std::fs::metadata(&path).unwrap().modified().unwrap().into();
    let source = FileSource {
        path,
        max_age: Duration::from_secs(24 * 60 * 60),
    };
    match source.inventory(written + offset).await {
        Ok(inventory) => {
            assert_eq!(inventory.as_of, Some(written));
            "read".to_owned()
        }
        Err(error) => error.source().unwrap().to_string(),
    }
}

#[tokio::test]
async fn an_old_file_is_not_read() {
    let text = format!("{HEADER}ana@x.example,A1,compliant,,,\n");
    let at = async |hours| read_at(&text, time::Duration::hours(hours)).await;
    assert_eq!(at(0).await, "read");
    assert_eq!(at(24).await, "read");
    assert_eq!(
        at(25).await,
        "the file is 25 h 0 min old, and 24 h 0 min is the most"
    );
    assert_eq!(
        at(-1).await,
        "the file is from 1 h 0 min in the future: a clock is wrong"
    );
}

#[tokio::test]
async fn what_is_not_a_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("missing.csv")] {
        let source = FileSource {
            path,
            max_age: Duration::MAX,
        };
        let error = source.inventory(OffsetDateTime::UNIX_EPOCH).await.unwrap_err();
        assert!(!error.is_transient());
        assert_eq!(error.cure(), "check the path, and that the service may read it");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = rows::parse(&bytes);
        let _ = rows::parse(&[HEADER.as_bytes(), &bytes].concat());
    }

    #[test]
    fn what_reads_is_complete(rows in proptest::collection::vec(("[a-z]{1,8}", "[A-F0-9]{1,9}", 0..3_usize), 1..20)) {
        let mut text = HEADER.to_owned();
        for (user, device, state) in &rows {
            let state = ["compliant", "noncompliant", "error"][*state];
            writeln!(text, "{user}@x.example,{device},{state},,,").unwrap();
        }
        if let Ok(inventory) = rows::parse(text.as_bytes()) {
            for (user, device, _) in &rows {
                let found = inventory.enrollments.iter().any(|row| {
                    row.eas_device_id.as_ref().is_some_and(|id| id.as_str().eq_ignore_ascii_case(device))
                        && row.user_principal_name.as_ref().is_some_and(|upn| upn.local_part() == user)
                });
                prop_assert!(found, "the row of {} is lost", user);
            }
        }
    }
}
