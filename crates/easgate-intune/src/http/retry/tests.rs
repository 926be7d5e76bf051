use proptest::prelude::*;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-22 20:00:00 UTC);

#[test]
fn every_form_of_retry_after_is_read() {
    for (value, seconds) in [
        ("0", Some(0)),
        ("7", Some(7)),
        (" 7 ", Some(7)),
        ("2.128", Some(3)),
        ("299.5", Some(300)),
        ("86400", Some(300)),
        ("99999999999999999999999999", Some(300)),
        ("Sun, 22 Nov 2026 20:00:05 GMT", Some(5)),
        ("Sunday, 22-Nov-26 20:00:05 GMT", Some(5)),
        ("Sun, 22 Nov 2026 19:59:00 GMT", Some(0)),
        ("Mon, 22 Nov 2027 20:00:05 GMT", Some(300)),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1e3", None),
        ("inf", None),
        ("1.2.3", None),
    ] {
        assert_eq!(
            parse_retry_after(value, NOW),
            seconds.map(Duration::from_secs),
            "{value:?}"
        );
    }
}

#[test]
fn a_date_is_taken_against_the_clock_of_the_server() {
    let mut headers = HeaderMap::new();
    headers.insert("date", "Sun, 22 Nov 2020 20:00:00 GMT".parse().unwrap());
    headers.insert("retry-after", "Sun, 22 Nov 2020 20:00:09 GMT".parse().unwrap());
    assert_eq!(told_wait(&headers, b"", NOW), Some(Duration::from_secs(9)));
}

#[test]
fn the_wait_nested_in_an_error_counts_when_there_is_no_header() {
    let body =
        br#"{"error":{"code":"UnknownError","message":"{\"Message\":\"slow down\",\"RetryAfter\":4.2}"}}"#;
    let mut headers = HeaderMap::new();
    assert_eq!(told_wait(&headers, body, NOW), Some(Duration::from_secs(5)));
    headers.insert("retry-after", "1".parse().unwrap());
    assert_eq!(told_wait(&headers, body, NOW), Some(Duration::from_secs(1)));
    assert_eq!(told_wait(&HeaderMap::new(), b"not json", NOW), None);
}

#[test]
fn waits_double_and_jitter_takes_up_to_half() {
    let waits: Vec<_> = (1..=6).map(|tries| wait(tries, None, 1.0).as_secs()).collect();
    assert_eq!(waits, [2, 4, 8, 16, 32, 64]);
    assert_eq!(wait(1, None, 0.0), Duration::from_secs(1));
    assert_eq!(wait(3, Some(Duration::ZERO), 1.0), Duration::ZERO);
    assert_eq!(
        wait(1, Some(Duration::from_secs(9_000)), 1.0),
        Duration::from_secs(300)
    );
}

#[test]
fn only_what_may_pass_by_itself_is_repeated() {
    let most = |outcome| {
        (1..)
            .find(|tries| !may_repeat(outcome, *tries, USUAL_TRIES))
            .unwrap()
    };
    for (status, tries) in [
        (200, 1),
        (400, 1),
        (401, 1),
        (403, 1),
        (404, 1),
        (410, 1),
        (408, 6),
        (429, 6),
        (500, 3),
        (501, 1),
        (502, 6),
        (503, 6),
        (504, 6),
    ] {
        assert_eq!(
            most(Outcome::Status(StatusCode::from_u16(status).unwrap())),
            tries,
            "{status}"
        );
    }
    assert_eq!(most(Outcome::NoAnswer), 6);
}

proptest! {
    #[test]
    fn no_retry_after_makes_it_panic_or_wait_for_long(value in "\\PC*", number in "[0-9.]{0,40}", seconds in any::<i64>()) {
        let limit = Duration::from_secs(300);
        let now = OffsetDateTime::from_unix_timestamp(seconds % 200_000_000_000).unwrap_or(NOW);
        for text in [value, number] {
            if let Some(wait) = parse_retry_after(&text, now) {
                prop_assert!(wait <= limit);
            }
        }
    }

    #[test]
    fn no_nested_wait_makes_it_panic(text in "[-+0-9.eE]{0,12}|inf|nan", tries in any::<u32>(), jitter in any::<f64>()) {
        let body = serde_json::json!({"error": {"message": serde_json::json!({"RetryAfter": text}).to_string()}});
        let told = told_wait(&HeaderMap::new(), body.to_string().as_bytes(), NOW);
        let jitter = if jitter.is_nan() { 1.0 } else { jitter };
        prop_assert!(wait(tries, told, jitter) <= Duration::from_secs(300));
    }
}
