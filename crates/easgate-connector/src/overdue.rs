//! Kinds of runs that should have come by now and have not.

use std::time::Duration;

use easgate_store::LastRun;
use time::OffsetDateTime;

use crate::kind::Kind;

/// How old the last run of a kind may be; `None` is as old as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expected {
    /// A full sync.
    pub full: Option<Duration>,
    /// A watch pass, once there has been one.
    pub watch: Option<Duration>,
}

/// A kind of run whose last good one is too old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// The kind.
    pub kind: Kind,
    /// When the last one began that read everything; `None` if there has been none.
    pub last: Option<OffsetDateTime>,
    /// How old it may be.
    pub limit: Duration,
}

/// The kinds that are overdue at `now`, where `first` is when the first run of all began.
///
/// Where nothing has ever been tried nothing is overdue, nor is what a clock that was wrong has put into the future.
#[must_use]
pub fn overdue(
    expected: Expected,
    kinds: &[LastRun],
    first: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Vec<Overdue> {
    let good = |kind: Kind| kinds.iter().find(|run| run.kind == kind.name())?.good;
    let watch = good(Kind::Watch);
    [
        (Kind::Full, expected.full, good(Kind::Full), first),
        (Kind::Watch, expected.watch, watch, watch),
    ]
    .into_iter()
    .filter_map(|(kind, limit, last, since)| {
        let (limit, since) = (limit?, last.or(since)?);
        let is_late = now - since > limit;
        is_late.then_some(Overdue { kind, last, limit })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-10 08:00 UTC);

    #[test]
    fn a_kind_is_overdue_when_its_last_good_run_is_older_than_it_may_be() {
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
        let ago = |hours: i64| NOW - time::Duration::hours(hours);
        let both = Expected {
            full: hours(26),
            watch: hours(1),
        };
        let off = Expected::default();
        // What is expected, the last good full sync, the last good watch pass, the first run, what is overdue.
        let rows = [
            (both, None, None, None, vec![]),
            (both, None, None, Some(25), vec![]),
            (both, None, None, Some(27), vec![Kind::Full]),
            (both, Some(25), Some(0), Some(99), vec![]),
            (both, Some(27), Some(0), Some(99), vec![Kind::Full]),
            (both, Some(25), Some(2), Some(99), vec![Kind::Watch]),
            (both, Some(25), None, Some(99), vec![]),
            (both, Some(-5), Some(-5), Some(99), vec![]),
            (off, Some(9999), Some(9999), Some(9999), vec![]),
        ];
        for (number, (expected, full, watch, first, late)) in rows.into_iter().enumerate() {
            let run = |kind: Kind, good: Option<i64>| LastRun {
                kind: kind.name().to_owned(),
                begun: NOW,
                good: good.map(ago),
            };
            let kinds = [run(Kind::Full, full), run(Kind::Watch, watch)];
            let found = overdue(expected, &kinds, first.map(ago), NOW);
            let found: Vec<_> = found.iter().map(|one| one.kind).collect();
            assert_eq!(found, late, "row {number}");
        }
    }
}
