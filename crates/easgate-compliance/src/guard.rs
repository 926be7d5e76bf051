//! The guard against mass lock-out and against letting in all at once.

use std::collections::BTreeSet;

use easgate_model::{DeviceId, MailboxId};

use crate::{Change, MatchRate, Plan, Reason};

/// How much may happen within 24 hours, whatever the kind of run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Devices that have mail and lose it.
    pub loses_access: Threshold,
    /// Devices that an earlier run refused and that get mail.
    pub gains_access: Threshold,
    /// Devices whose entries of ours are taken back, without any effect on their access now.
    pub removals: Threshold,
}

impl Default for Limits {
    /// 50 devices or 5 % lose access; 200 or 10 % gain it; entries of 50 or 5 % are taken back.
    fn default() -> Self {
        Self {
            loses_access: Threshold {
                count: 50,
                percent: 5.0,
            },
            gains_access: Threshold {
                count: 200,
                percent: 10.0,
            },
            removals: Threshold {
                count: 50,
                percent: 5.0,
            },
        }
    }
}

/// A number of devices and a share of the devices in scope; whichever is hit first holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The most devices. `u64::MAX` is no limit.
    pub count: u64,
    /// The most devices, in percent of those in scope. 100 and more is no limit.
    pub percent: f64,
}

impl Threshold {
    /// Below so many devices in scope the percentage is not asked, because one device would be more than it.
    pub const PERCENT_FLOOR: u64 = 10;

    /// A number of devices alone.
    #[must_use]
    pub const fn devices(count: u64) -> Self {
        Self {
            count,
            percent: 100.0,
        }
    }

    /// A share of the devices in scope alone, so that `percent(100.0)` is no limit at all.
    #[must_use]
    pub const fn percent(percent: f64) -> Self {
        Self {
            count: u64::MAX,
            percent,
        }
    }

    /// Whether `affected` of `devices` are more than may be.
    #[must_use]
    pub fn is_exceeded(&self, affected: u64, devices: u64) -> bool {
        let float = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        // A share that is no number permits nothing.
        let share = if self.percent.is_nan() { 0.0 } else { self.percent };
        let beyond_share = devices >= Self::PERCENT_FLOOR
            && share < 100.0
            && float(affected) * 100.0 > share * float(devices);
        affected > self.count || beyond_share
    }
}

/// What happened in the 24 hours before this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// Devices that lost access.
    pub lost: u64,
    /// Refused devices that gained it.
    pub gained: u64,
    /// Devices whose entries were taken back without any effect on their access.
    pub removed: u64,
}

/// What the figures of a plan are measured against.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScopeFigures {
    /// The devices in scope.
    pub devices: u64,
    /// Devices that an earlier run refused.
    pub refused_by_earlier_run: BTreeSet<(MailboxId, DeviceId)>,
    /// The match rate of the last good run, in percent.
    pub match_rate_before: Option<f64>,
    /// Whether the match rate is asked: with a directory as the source, where a bad join looks like mass
    /// un-enrolment.
    pub match_gate: bool,
    /// What a person has approved of that the guard held.
    pub released: BTreeSet<Released>,
}

/// A held change that a person has approved of: it goes as long as the facts still want it.
///
/// Whatever else holds the same device later is held all the same.
pub type Released = (MailboxId, DeviceId, HeldBy);

/// Why a change is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeldBy {
    /// Too many devices would lose access.
    LosesAccess,
    /// Too many refused devices would gain access.
    GainsAccess,
    /// Too few devices could be matched to say who is not enrolled.
    MatchRate,
    /// Too many entries of ours would be taken back.
    Removals,
}

impl HeldBy {
    /// Every cause.
    pub const ALL: [Self; 4] = [
        Self::LosesAccess,
        Self::GainsAccess,
        Self::MatchRate,
        Self::Removals,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LosesAccess => "losesAccess",
            Self::GainsAccess => "gainsAccess",
            Self::MatchRate => "matchRate",
            Self::Removals => "removals",
        }
    }

    /// Whether it is this kind of change that can be held so.
    #[must_use]
    pub fn is_about(self, change: &Change) -> bool {
        match self {
            Self::LosesAccess => change.loses_access(),
            Self::GainsAccess => change.gains_access(),
            Self::MatchRate => change.restricts(),
            Self::Removals => change.only_removes(),
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }
}

/// A change that is not made now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldChange {
    /// The change.
    pub change: Change,
    /// Why it is held.
    pub by: HeldBy,
}

/// The figures behind a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// The devices in scope.
    pub devices: u64,
    /// What happened in the 24 hours before.
    pub window: Window,
    /// Devices that the plan takes access from.
    pub loses: u64,
    /// Refused devices that the plan gives access.
    pub gains: u64,
    /// Devices whose entries the plan takes back without any effect on their access.
    pub removals: u64,
    /// The match rate of the plan.
    pub match_rate: MatchRate,
    /// The match rate of the last good run, in percent.
    pub match_rate_before: Option<f64>,
}

/// What may go now, and what is held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GuardVerdict {
    /// In the order of the plan.
    pub go: Vec<Change>,
    /// In the order of the plan.
    pub held: Vec<HeldChange>,
    /// The figures.
    pub figures: Figures,
}

/// The least match rate, in percent.
const LEAST_MATCH_RATE: f64 = 80.0;
/// The most that the match rate may fall, in points.
const MOST_MATCH_FALL: f64 = 5.0;

/// Returns which changes of `plan` may go.
///
/// - When the devices that lose access, with those of the last 24 hours, are more than the limit, none of them
///   is written. Likewise for devices that an earlier run refused and that gain access. A phone that only waited
///   never counts as gaining.
/// - When the match rate is asked, and is below 80 % or more than 5 points under the last good run, nothing that
///   restricts is written.
/// - When the entries of ours that are taken back without an effect on anybody's access are too many, none is: a
///   policy that lost its members looks like that, and the next change of a default would take the mail.
/// - What restricts a device that is reported as compromised, or that a person blocked, is never held, though it
///   counts.
/// - What a person has approved of goes, though it counts.
/// - Everything else goes on.
///
/// What a device has before and after is what Exchange's own order gives it.
#[must_use]
pub fn guard(plan: &Plan, limits: &Limits, window: &Window, scope: &ScopeFigures) -> GuardVerdict {
    let gains = |change: &Change| {
        change.gains_access()
            && scope
                .refused_by_earlier_run
                .contains(&(change.mailbox, change.device.clone()))
    };
    let figures = Figures {
        devices: scope.devices,
        window: *window,
        loses: count(plan.changes.iter().filter(|change| change.loses_access())),
        gains: count(plan.changes.iter().filter(|change| gains(change))),
        removals: count(plan.changes.iter().filter(|change| change.only_removes())),
        match_rate: plan.match_rate,
        match_rate_before: scope.match_rate_before,
    };
    let too_many_lose = limits
        .loses_access
        .is_exceeded(window.lost.saturating_add(figures.loses), scope.devices);
    let too_many_gain = limits
        .gains_access
        .is_exceeded(window.gained.saturating_add(figures.gains), scope.devices);
    let too_many_removed = limits
        .removals
        .is_exceeded(window.removed.saturating_add(figures.removals), scope.devices);
    let badly_matched = scope.match_gate && is_badly_matched(&figures);

    let mut verdict = GuardVerdict {
        figures,
        ..GuardVerdict::default()
    };
    for change in &plan.changes {
        let urgent = (change.compromised || change.reason == Reason::ManualBlock) && change.restricts();
        let by = if badly_matched && change.restricts() && !urgent {
            Some(HeldBy::MatchRate)
        } else if too_many_lose && change.loses_access() && !urgent {
            Some(HeldBy::LosesAccess)
        } else if too_many_gain && gains(change) {
            Some(HeldBy::GainsAccess)
        } else if too_many_removed && change.only_removes() {
            Some(HeldBy::Removals)
        } else {
            None
        };
        let is_released = |by: HeldBy| {
            scope
                .released
                .contains(&(change.mailbox, change.device.clone(), by))
        };
        match by.filter(|by| !is_released(*by)) {
            Some(by) => verdict.held.push(HeldChange {
                change: change.clone(),
                by,
            }),
            None => verdict.go.push(change.clone()),
        }
    }
    verdict
}

fn is_badly_matched(figures: &Figures) -> bool {
    let now = figures.match_rate.percent();
    now < LEAST_MATCH_RATE
        || figures
            .match_rate_before
            .is_some_and(|before| before - now > MOST_MATCH_FALL)
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.fold(0, |count, _| count + 1)
}
