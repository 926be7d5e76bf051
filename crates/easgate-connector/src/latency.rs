//! From a change in device management to the changed list: the figure by which the service is measured.

use std::collections::BTreeMap;
use std::time::Duration;

use easgate_model::DeviceId;
use time::OffsetDateTime;

/// How long the changes of a run took, from when device management knew until the list showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// How many changes were measured.
    pub changes: u64,
    /// Half of them took no longer.
    pub median: Duration,
    /// Nineteen of twenty took no longer.
    pub p95: Duration,
    /// None took longer.
    pub longest: Duration,
}

impl Latency {
    /// The figures of changes that took so long each; `None` where there is none.
    #[must_use]
    pub fn over(mut all: Vec<Duration>) -> Option<Self> {
        all.sort_unstable();
        let at = |percent: usize| {
            let rank = (all.len() * percent).div_ceil(100);
            all.get(rank.saturating_sub(1)).copied()
        };
        Some(Self {
            changes: u64::try_from(all.len()).unwrap_or(u64::MAX),
            median: at(50)?,
            p95: at(95)?,
            longest: at(100)?,
        })
    }
}

/// How long it took for each device that was `changed` in Exchange and whose record changed at a time of `since`.
pub(crate) fn took(
    changed: &[DeviceId],
    since: &BTreeMap<DeviceId, OffsetDateTime>,
    now: OffsetDateTime,
) -> Vec<Duration> {
    let took = |device| Duration::try_from(now - *since.get(device)?).ok();
    changed.iter().filter_map(took).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_by_rank() {
        let of = |seconds: &[u64]| {
            let all = seconds
                .iter()
                .map(|seconds| Duration::from_secs(*seconds))
                .collect();
            Latency::over(all).map(|one| {
                let seconds = [one.median, one.p95, one.longest].map(|took| took.as_secs());
                (one.changes, seconds)
            })
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some((1, [7, 7, 7])));
        assert_eq!(of(&[4, 1, 3, 2]), Some((4, [2, 4, 4])));
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(of(&hundred), Some((100, [50, 95, 100])));
    }
}
