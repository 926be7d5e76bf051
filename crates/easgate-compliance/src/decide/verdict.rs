//! What device management says of one device of one user.

use easgate_model::{
    ComplianceState, DeviceId, Enrollment, EnrollmentKind, ManagementAgent, ManagementState,
};

use crate::index::Index;
use crate::policy::ConfigManagerMeans;
use crate::{Policy, Unevaluated};

/// What the records say, taken together. The number is the place of the record that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No record has the id.
    NoRecord,
    /// Only another user's record, or nobody's, has the id.
    Elsewhere,
    /// Several records contradict each other, and none is the newest.
    Contradicting,
    /// Known, but not managed.
    NotEnrolled(usize),
    /// Neither enrolled nor not enrolled, or not evaluated.
    Unevaluated(usize, Unevaluated),
    /// Enrolled and compliant.
    Compliant(usize),
    /// Enrolled, and within the time given to become compliant.
    GracePeriod(usize),
    /// Enrolled, and a policy is not met.
    NotCompliant(usize),
}

impl Verdict {
    /// Whether the device is enrolled and compliant.
    pub(crate) const fn is_compliant(self) -> bool {
        matches!(self, Self::Compliant(_) | Self::GracePeriod(_))
    }

    /// Whether the records leave it open what the device is.
    pub(crate) const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Elsewhere | Self::Contradicting | Self::Unevaluated(..)
        )
    }

    /// The place of the record that counts.
    pub(crate) const fn record(self) -> Option<usize> {
        match self {
            Self::NoRecord | Self::Elsewhere | Self::Contradicting => None,
            Self::NotEnrolled(at)
            | Self::Unevaluated(at, _)
            | Self::Compliant(at)
            | Self::GracePeriod(at)
            | Self::NotCompliant(at) => Some(at),
        }
    }

    /// The verdict without the record it came from.
    const fn without_record(self) -> Self {
        match self {
            Self::NoRecord | Self::Elsewhere | Self::Contradicting => self,
            Self::NotEnrolled(_) => Self::NotEnrolled(0),
            Self::Unevaluated(_, what) => Self::Unevaluated(0, what),
            Self::Compliant(_) => Self::Compliant(0),
            Self::GracePeriod(_) => Self::GracePeriod(0),
            Self::NotCompliant(_) => Self::NotCompliant(0),
        }
    }
}

/// Returns what device management says of `device` of `user`.
///
/// Of several records, those that only EAS has seen do not count beside a record of management. The rest must
/// agree, or the one that reached management last decides (a phone that was enrolled again); where that cannot
/// be told, they contradict each other.
pub(crate) fn verdict<'a>(index: &Index<'a>, policy: &Policy, user: usize, device: &'a DeviceId) -> Verdict {
    let records = &index.facts.inventory.enrollments;
    let managed = |at: usize| !is_only_seen(&records[at]);
    let has_managed = index.records(user, device).any(managed);
    let counting = || {
        index
            .records(user, device)
            .filter(|&at| !has_managed || managed(at))
    };

    match agreed(records, policy, counting()) {
        Agreement::None if index.knows(device) => return Verdict::Elsewhere,
        Agreement::None => return Verdict::NoRecord,
        Agreement::On(verdict) => return verdict,
        Agreement::Broken => {}
    }
    if counting().any(|at| records[at].last_sync.is_none()) {
        return Verdict::Contradicting;
    }
    let newest = counting().map(|at| records[at].last_sync).max().flatten();
    match agreed(
        records,
        policy,
        counting().filter(|&at| records[at].last_sync == newest),
    ) {
        Agreement::On(verdict) => verdict,
        Agreement::None | Agreement::Broken => Verdict::Contradicting,
    }
}

/// What one record says.
pub(crate) fn of_record(records: &[Enrollment], policy: &Policy, at: usize) -> Verdict {
    let record = &records[at];
    match record.kind() {
        EnrollmentKind::NotEnrolled => Verdict::NotEnrolled(at),
        EnrollmentKind::Unclear => Verdict::Unevaluated(at, Unevaluated::Management),
        EnrollmentKind::Enrolled => match (&record.compliance, policy.config_manager) {
            (ComplianceState::Compliant, _)
            | (ComplianceState::ConfigManager, ConfigManagerMeans::Compliant) => Verdict::Compliant(at),
            (ComplianceState::InGracePeriod, _) => Verdict::GracePeriod(at),
            (ComplianceState::Noncompliant, _)
            | (ComplianceState::ConfigManager, ConfigManagerMeans::Noncompliant) => Verdict::NotCompliant(at),
            (ComplianceState::ConfigManager, ConfigManagerMeans::Unevaluated) => {
                Verdict::Unevaluated(at, Unevaluated::ConfigManager)
            }
            (ComplianceState::Unknown, _) => Verdict::Unevaluated(at, Unevaluated::Unknown),
            (ComplianceState::Error, _) => Verdict::Unevaluated(at, Unevaluated::Error),
            (ComplianceState::Conflict, _) => Verdict::Unevaluated(at, Unevaluated::Conflict),
            (ComplianceState::Other(_), _) => Verdict::Unevaluated(at, Unevaluated::OtherState),
        },
    }
}

enum Agreement {
    None,
    On(Verdict),
    Broken,
}

/// What the records at `places` say, when they say the same; the record with the smallest id stands for them.
fn agreed(records: &[Enrollment], policy: &Policy, places: impl Iterator<Item = usize>) -> Agreement {
    let mut agreement = Agreement::None;
    for at in places {
        let verdict = of_record(records, policy, at);
        agreement = match agreement {
            Agreement::None => Agreement::On(verdict),
            Agreement::On(other) if other.without_record() != verdict.without_record() => Agreement::Broken,
            Agreement::On(other) => {
                let id = |verdict: Verdict| verdict.record().map(|at| &records[at].record);
                Agreement::On(if id(verdict) < id(other) { verdict } else { other })
            }
            Agreement::Broken => return Agreement::Broken,
        };
    }
    agreement
}

/// Whether only EAS has seen the device: such a record says nothing of management.
const fn is_only_seen(record: &Enrollment) -> bool {
    matches!(
        (&record.agent, &record.state),
        (ManagementAgent::EasOnly, _) | (_, ManagementState::Discovered)
    )
}
