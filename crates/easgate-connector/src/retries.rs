//! When a change that failed is looked at again. It is always decided anew, from fresh facts, and never replayed.

use std::collections::{BTreeMap, BTreeSet};

use easgate_model::escape;
use easgate_store::{Retry, StoreError, Writer};
use time::{Duration, OffsetDateTime};

use crate::queue::Key;
use crate::service::events;

/// How long after a failure the device is looked at again.
const STEP: Duration = Duration::minutes(15);
/// For how long after the first failure it is.
const HORIZON: Duration = Duration::hours(168);

/// A change that failed in this run, and that may succeed later without anybody's doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) key: Key,
    pub(crate) address: String,
    /// The stable name of what happened.
    pub(crate) cause: &'static str,
}

/// When a device that failed first at `first` and now at `now` is looked at again: a quarter of an hour later, and not
/// at all when a week has passed, until a run decides about it anyway.
#[must_use]
pub fn next_retry(first: OffsetDateTime, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let next = now.checked_add(STEP)?;
    (next - first <= HORIZON).then_some(next)
}

/// What is kept, and what is done with, when a run has decided about `decided` and `failed` of it failed.
///
/// A device that the run decided about and that did not fail is done with: it was changed, or nothing is wanted of
/// it any more. A device that the run did not look at stays as it is.
pub(crate) fn after_run(
    open: &[Retry],
    decided: &BTreeSet<Key>,
    failed: &[Failed],
    now: OffsetDateTime,
) -> (Vec<Retry>, Vec<Key>) {
    let known: BTreeMap<Key, &Retry> = open.iter().map(|retry| (key(retry), retry)).collect();
    let again: BTreeSet<&Key> = failed.iter().map(|failed| &failed.key).collect();
    let kept = failed.iter().map(|failed| {
        let before = known.get(&failed.key);
        // A clock that was set back does not prolong the horizon.
        let first = before.map_or(now, |before| before.first_failed.min(now));
        Retry {
            mailbox: failed.key.0,
            device: failed.key.1.clone(),
            address: failed.address.clone(),
            cause: failed.cause.to_owned(),
            first_failed: first,
            attempts: before.map_or(0, |before| before.attempts).saturating_add(1),
            due: next_retry(first, now),
        }
    });
    let done = known
        .keys()
        .filter(|key| decided.contains(key) && !again.contains(key));
    (kept.collect(), done.cloned().collect())
}

/// `retry` put off because the run that was to look at it could not: it has not failed again.
#[must_use]
pub fn put_off(retry: &Retry, now: OffsetDateTime) -> Retry {
    Retry {
        due: next_retry(retry.first_failed.min(now), now),
        ..retry.clone()
    }
}

/// Puts off what is still due for the mailbox with this `address` after the run that was to look at it.
///
/// A run that decided has put a new time to what failed again, and has dropped the rest. What is left was not looked
/// at: the facts could not be read, or nothing was found under the address.
///
/// # Errors
/// The store cannot be read or written.
pub async fn put_off_due(writer: &Writer, address: &str, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut due = writer.organization().due_retries(now).await?;
    due.retain(|retry| retry.address.to_lowercase() == address.to_lowercase());
    let later: Vec<Retry> = due.iter().map(|retry| put_off(retry, now)).collect();
    writer.keep_retries(&later, &[]).await?;
    tell_given_up(writer, &later);
    Ok(())
}

/// Tells whoever watches the log of those among `kept` that are not looked at again.
pub(crate) fn tell_given_up(writer: &Writer, kept: &[Retry]) {
    let organization = writer.organization().name();
    let given_up: Vec<&Retry> = kept.iter().filter(|retry| retry.due.is_none()).collect();
    for retry in &given_up {
        let (address, device) = (escape(&retry.address), escape(retry.device.as_str()));
        tracing::debug!(%organization, address, device, cause = retry.cause, "Change given up");
    }
    if !given_up.is_empty() {
        tracing::error!(
            event = events::RETRY_GIVEN_UP,
            %organization,
            changes = given_up.len(),
            "Changes failed for a week and are not tried again before the next run that looks at their devices"
        );
    }
}

/// What waits to be tried again in an organisation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetryFigures {
    /// Devices whose change is looked at again.
    pub waiting: u64,
    /// Devices whose change failed for a week, and that wait for a run that looks at them anyway.
    pub given_up: u64,
    /// When the next one is due.
    pub next: Option<OffsetDateTime>,
}

impl RetryFigures {
    pub(crate) fn of(all: &[Retry]) -> Self {
        let due = all.iter().filter_map(|retry| retry.due);
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let waiting = count(due.clone().count());
        Self {
            waiting,
            given_up: count(all.len()).saturating_sub(waiting),
            next: due.min(),
        }
    }
}

fn key(retry: &Retry) -> Key {
    (retry.mailbox, retry.device.clone())
}

#[cfg(test)]
mod tests {
    use easgate_model::MailboxId;
    use proptest::prelude::*;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    const FIRST: OffsetDateTime = datetime!(2026-03-01 08:00 UTC);

    fn failed(id: &str) -> Failed {
        Failed {
            key: (MailboxId(Uuid::from_u128(1)), id.parse().unwrap()),
            address: "ana@x.example".to_owned(),
            cause: "throttled",
        }
    }

    #[test]
    fn a_device_is_looked_at_every_quarter_of_an_hour_for_a_week() {
        let mut open = Vec::new();
        let mut now = FIRST;
        let mut attempts = 0;
        loop {
            let one = failed("A1");
            let decided = BTreeSet::from([one.key.clone()]);
            let (kept, done) = after_run(&open, &decided, &[one], now);
            assert_eq!(done, []);
            attempts += 1;
            assert_eq!((kept[0].attempts, kept[0].first_failed), (attempts, FIRST));
            let Some(due) = kept[0].due else { break };
            assert_eq!(due, now + STEP);
            now = due;
            open = kept;
        }
        assert_eq!(now, FIRST + HORIZON);
        assert_eq!(attempts, 7 * 24 * 4 + 1);
    }

    #[test]
    fn what_a_run_decided_without_failing_is_done_with_and_the_rest_stays() {
        let (kept, _) = after_run(&[], &BTreeSet::new(), &["A1", "B1", "C1"].map(failed), FIRST);
        let decided = ["A1", "B1"].map(|id| failed(id).key).into();
        let later = FIRST + STEP;
        let (again, done) = after_run(&kept, &decided, &[failed("b1")], later);
        assert_eq!(done, [failed("A1").key]);
        assert_eq!(again.len(), 1);
        assert_eq!((again[0].attempts, again[0].due), (2, Some(later + STEP)));
    }

    #[test]
    fn what_could_not_be_looked_at_is_put_off_and_has_not_failed_again() {
        let (kept, _) = after_run(&[], &BTreeSet::new(), &[failed("A1")], FIRST);
        let later = FIRST + Duration::hours(3);
        let off = put_off(&kept[0], later);
        assert_eq!((off.attempts, off.due), (1, Some(later + STEP)));
        assert_eq!(put_off(&kept[0], FIRST + HORIZON).due, None);
    }

    proptest! {
        /// Whatever the clock does, nothing is due in the past, and nothing after the horizon.
        #[test]
        fn the_next_time_is_ahead_and_within_the_horizon(minutes in -20_000..40_000_i64) {
            let now = FIRST + Duration::minutes(minutes);
            if let Some(next) = next_retry(FIRST.min(now), now) {
                prop_assert!(next > now && next <= FIRST.min(now) + HORIZON);
            }
        }
    }
}
