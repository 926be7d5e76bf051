//! What somebody has to look at, by stable names.

use easgate_connector::{Figures, Standing, Status};
use easgate_store::{CautionKind, HeldState};

use crate::render::status::Expiry;

/// Something that somebody has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// The last good run of a kind is too old.
    Overdue,
    /// Exchange refused the account.
    AccountRefused,
    /// Nothing could be read for longer than that may be.
    Unread,
    /// The guard holds changes, and nobody has said anything to them.
    Held,
    /// Somebody has paused all writing.
    Paused,
    /// Changes have failed for a week.
    GivenUp,
    /// The store is a copy of an earlier time.
    Restored,
    /// Somebody else undoes our entries.
    Contested,
    /// The store is new, and the lists hold entries of which it knows nothing.
    UnknownEntries,
    /// A certificate has ended or will soon.
    Certificate,
}

impl Alarm {
    /// Every alarm.
    pub(crate) const ALL: [Self; 10] = [
        Self::Overdue,
        Self::AccountRefused,
        Self::Unread,
        Self::Held,
        Self::Paused,
        Self::GivenUp,
        Self::Restored,
        Self::Contested,
        Self::UnknownEntries,
        Self::Certificate,
    ];

    /// The stable name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::AccountRefused => "accountRefused",
            Self::Unread => "unread",
            Self::Held => "held",
            Self::Paused => "paused",
            Self::GivenUp => "givenUp",
            Self::Restored => "restored",
            Self::Contested => "contested",
            Self::UnknownEntries => "unknownEntries",
            Self::Certificate => "certificate",
        }
    }

    /// Whether it is so.
    pub(crate) fn rings(
        self,
        status: &Status,
        standing: &Standing,
        figures: &Figures,
        expiries: &[Expiry],
    ) -> bool {
        let caution = standing.caution.as_ref().map(|caution| caution.kind);
        match self {
            Self::Overdue => !figures.overdue.is_empty(),
            Self::AccountRefused => status.refusal.is_some(),
            Self::Unread => standing.unread_for.is_some(),
            Self::Held => standing.held.iter().any(|plan| plan.state == HeldState::Held),
            Self::Paused => standing.pause.is_some(),
            Self::GivenUp => status.retries.given_up > 0,
            Self::Restored => caution == Some(CautionKind::Restored),
            Self::Contested => caution == Some(CautionKind::Contested),
            Self::UnknownEntries => caution == Some(CautionKind::Unknown),
            Self::Certificate => expiries.iter().any(|expiry| !expiry.is_well),
        }
    }
}
