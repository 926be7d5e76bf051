//! The schedule, and what is wrong with one.

use std::path::Path;

use easgate_connector::schedule::LastRuns;
use expect_test::expect;
use time::macros::datetime;

use crate::{differences, parse};

const FILE: &str = r#"
[[organization]]
name = "contoso"
[organization.exchange]
servers = ["https://ex1.contoso.example/powershell"]
username = 'CONTOSO\connector'
password = { env = "EXCHANGE_PASSWORD" }
[organization.enrollment]
source = "file"
path = "enrolled.csv"
"#;

#[test]
fn without_a_word_everything_runs_at_its_usual_times() {
    let configuration = parse(FILE, Path::new("/etc/easgate")).unwrap();
    let schedule = &configuration.organizations[0].schedule;
    assert_eq!(schedule.quick.unwrap().as_secs(), 7200);
    assert_eq!(schedule.watch.unwrap().as_secs(), 60);
    let last = LastRuns {
        full: Some(datetime!(2026-05-05 12:00 UTC)),
        ..LastRuns::default()
    };
    let full = schedule
        .times(&last, datetime!(2026-05-05 13:00 UTC))
        .full
        .unwrap();
    assert!(
        (datetime!(2026-05-06 02:00 UTC)..datetime!(2026-05-06 02:10 UTC)).contains(&full),
        "{full}"
    );
    assert_eq!(
        configuration.service.control_socket(),
        Path::new("/run/easgate/control.sock")
    );
}

#[test]
fn what_is_off_does_not_run_and_a_zone_counts() {
    let text = format!(
        "{FILE}[organization.schedule]\nfull = \"02:00\"\nzone = \"Asia/Tokyo\"\njitter = \"0s\"\nquick = \"off\"\nwatch = \"off\"\n\
         [service]\nsocket = \"control.sock\"\n"
    );
    let configuration = parse(&text, Path::new("/etc/easgate")).unwrap();
    let schedule = &configuration.organizations[0].schedule;
    assert_eq!((schedule.quick, schedule.watch), (None, None));
    let last = LastRuns {
        full: Some(datetime!(2026-05-05 12:00 UTC)),
        ..LastRuns::default()
    };
    let full = schedule.times(&last, datetime!(2026-05-05 13:00 UTC)).full;
    assert_eq!(full, Some(datetime!(2026-05-05 17:00 UTC)));
    assert_eq!(
        configuration.service.control_socket(),
        Path::new("/etc/easgate/control.sock")
    );
    assert_eq!(differences(FILE, &text).len(), 6);
}

#[test]
fn wrong_times_are_named_with_their_place_and_their_cure() {
    let mut found = String::new();
    for line in [
        "full = \"2 o'clock\"",
        "zone = \"Asia/Tokio\"",
        "jitter = \"1d\"",
        "quick = \"1m\"",
        "watch = \"1s\"",
        "watch = \"never\"",
        "wach = \"1m\"",
    ] {
        let error = parse(
            &format!("{FILE}[organization.schedule]\n{line}\n"),
            Path::new("/"),
        )
        .unwrap_err();
        found.push_str(&format!("{error}\n"));
    }
    expect![[r#"
        line 12, column 1: "2 o'clock" is not a time of day from "00:00" to "23:59", nor "off"
        line 12, column 1: no time zone is called "Asia/Tokio"; the names are those of the IANA, such as "Europe/Berlin"
        line 12, column 1: `jitter` is at most "6h"
        line 12, column 1: `quick` is "off" or at least "5m"
        line 12, column 1: `watch` is "off" or at least "10s"
        line 12, column 9: invalid value: string "never", expected "off" or a time such as "90s", "15m", "24h" or "2d"
        line 12, column 1: unknown key `wach`; did you mean `watch`?
    "#]]
    .assert_eq(&found);
}
