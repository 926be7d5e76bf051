//! A server that could not be reached is left alone for longer each time.

use easgate_model::escape;
use easgate_store::Outage;
use time::{Duration, OffsetDateTime};

/// How long a server is left alone after so many trials in a row that failed; from then on as long as after the last of these.
const STEPS: [Duration; 4] = [
    Duration::minutes(1),
    Duration::minutes(5),
    Duration::minutes(15),
    Duration::minutes(60),
];

/// A server is not tried before its time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} could not be reached since {} UTC and is tried again at {} UTC: {}",
    escape(.server), minute(*.since), minute(*.at), escape(.cause)
)]
pub struct RetryAt {
    /// Its endpoint.
    pub server: String,
    /// When it may be tried.
    pub at: OffsetDateTime,
    /// Since when it could not be reached.
    pub since: OffsetDateTime,
    /// What happened when it was last tried.
    pub cause: String,
}

/// When the server may be tried again.
#[must_use]
pub fn next_try(outage: &Outage) -> OffsetDateTime {
    let failures = usize::try_from(outage.failures).unwrap_or(usize::MAX);
    let step = failures.saturating_sub(1).min(STEPS.len() - 1);
    outage.tried.checked_add(STEPS[step]).unwrap_or(outage.tried)
}

/// Whether the server of `outage` may be tried at `now`.
///
/// # Errors
/// It is not time yet.
pub(crate) fn may_try(outage: &Outage, now: OffsetDateTime) -> Result<(), RetryAt> {
    let at = next_try(outage);
    // A clock that was put back tells nothing of how long it has been.
    if now >= at || now < outage.tried {
        return Ok(());
    }
    Err(RetryAt {
        server: outage.server.clone(),
        at,
        since: outage.since,
        cause: outage.cause.clone(),
    })
}

/// What is known of `server` when it could not be reached at `now`, after what was known `before`.
///
/// A trial before its time, as a person makes it, does not make the wait longer.
#[must_use]
pub(crate) fn after_failure(
    before: Option<&Outage>,
    server: &str,
    cause: String,
    now: OffsetDateTime,
) -> Outage {
    match before {
        None => Outage {
            server: server.to_owned(),
            since: now,
            failures: 1,
            tried: now,
            cause,
        },
        Some(before) if may_try(before, now).is_ok() => Outage {
            failures: before.failures.saturating_add(1),
            tried: now,
            cause,
            ..before.clone()
        },
        Some(before) => Outage {
            cause,
            ..before.clone()
        },
    }
}

fn minute(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    format!("{} {:02}:{:02}", time.date(), time.hour(), time.minute())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-01 08:00 UTC);
    const SERVER: &str = "http://ex1.contoso.example/powershell";

    fn fails(before: Option<&Outage>, at: OffsetDateTime) -> Outage {
        after_failure(before, SERVER, "refused".to_owned(), at)
    }

    #[test]
    fn the_waits_grow_from_a_minute_to_an_hour_and_no_further() {
        let mut said = String::new();
        let mut outage = fails(None, NOW);
        for _ in 0..6 {
            let at = next_try(&outage);
            said.push_str(&format!(
                "{} after {} failures\n",
                at - outage.tried,
                outage.failures
            ));
            assert!(may_try(&outage, at - Duration::SECOND).is_err());
            assert_eq!(may_try(&outage, at), Ok(()));
            outage = fails(Some(&outage), at);
        }
        expect![[r#"
            1m after 1 failures
            5m after 2 failures
            15m after 3 failures
            1h after 4 failures
            1h after 5 failures
            1h after 6 failures
        "#]]
        .assert_eq(&said);
        assert_eq!(outage.since, NOW);
        expect!["http://ex1.contoso.example/powershell could not be reached since 2026-03-01 08:00 UTC and is tried again at 2026-03-01 12:21 UTC: refused"].assert_eq(&may_try(&outage, outage.tried).unwrap_err().to_string());
    }

    #[test]
    fn a_trial_before_its_time_does_not_lengthen_the_wait() {
        let first = fails(None, NOW);
        let impatient = after_failure(Some(&first), SERVER, "reset".to_owned(), NOW + Duration::SECOND);
        let cause = "reset".to_owned();
        assert_eq!(impatient, Outage { cause, ..first });
    }

    #[test]
    fn a_clock_that_was_put_back_keeps_nobody_away() {
        let outage = fails(None, NOW);
        assert_eq!(may_try(&outage, NOW - Duration::days(400)), Ok(()));
        let again = fails(Some(&outage), NOW - Duration::days(400));
        assert_eq!(next_try(&again), NOW - Duration::days(400) + Duration::minutes(5));
    }

    proptest! {
        #[test]
        fn nobody_waits_more_than_an_hour_and_a_failure_in_time_is_never_followed_at_once(
            gaps in proptest::collection::vec(-7_200_i64..7_200, 1..40),
        ) {
            let (mut now, mut outage) = (NOW, fails(None, NOW));
            for gap in gaps {
                now += Duration::seconds(gap);
                let in_time = may_try(&outage, now).is_ok();
                let next = fails(Some(&outage), now);
                prop_assert!(next.failures >= outage.failures);
                prop_assert_eq!(next.since, outage.since);
                if in_time {
                    prop_assert!(may_try(&next, now).is_err());
                    prop_assert!(next_try(&next) >= now + STEPS[0]);
                } else {
                    prop_assert_eq!(next_try(&next), next_try(&outage));
                }
                prop_assert!(next_try(&next) <= now + STEPS[3]);
                outage = next;
            }
        }
    }
}
