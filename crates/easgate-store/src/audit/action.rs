//! What can be recorded, by stable names.

use std::fmt;
use std::str::FromStr;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AuditAction {
    /// A change of a mailbox's lists is about to be sent.
    ChangeIntended,
    /// It was carried out.
    ChangeApplied,
    /// It had no effect.
    ChangeFailed,
    /// It may have been carried out.
    ChangeUnknown,
    /// A run began.
    RunBegun,
    /// A run ended.
    RunEnded,
    /// Somebody released changes that the guard held.
    Approved,
    /// Somebody refused to release them.
    Rejected,
    /// Somebody stopped all writing.
    Paused,
    /// Somebody let it go on.
    Resumed,
    /// Somebody decided about a device by hand.
    OverrideSet,
    /// That decision was taken back, or ended.
    OverrideRemoved,
    /// An entry that somebody else had made is ours from now on.
    Adopted,
    /// An entry of ours was given up, and stays in its list.
    Released,
    /// An entry of ours was not in its list any more, and was given up.
    Forgotten,
    /// What a run may do was changed.
    ModeChanged,
    /// The configuration was changed.
    ConfigChanged,
    /// Somebody asked the running service for a run.
    SyncRequested,
    /// The store was put back to an earlier state.
    StoreRestored,
    /// The lists held entries of which a new store knew nothing: nothing is written.
    EntriesUnknown,
    /// The store went over to another installation.
    InstallationReplaced,
    /// The registry was rebuilt from an export of the audit.
    RegistryRebuilt,
    /// A plan from a file was begun or gone on with.
    PlanApplied,
    /// This node acts for the organisation from now on.
    LeadershipTaken,
    /// It does not any more.
    LeadershipGiven,
    /// Somebody else undoes our entries: nothing more is written.
    Contested,
    /// Somebody said that the cause is gone.
    ContestEnded,
    /// A new key for checkpoints was made.
    KeyMade,
}

impl AuditAction {
    const ALL: [Self; 28] = [
        Self::ChangeIntended,
        Self::ChangeApplied,
        Self::ChangeFailed,
        Self::ChangeUnknown,
        Self::RunBegun,
        Self::RunEnded,
        Self::Approved,
        Self::Rejected,
        Self::Paused,
        Self::Resumed,
        Self::OverrideSet,
        Self::OverrideRemoved,
        Self::Adopted,
        Self::Released,
        Self::Forgotten,
        Self::ModeChanged,
        Self::ConfigChanged,
        Self::SyncRequested,
        Self::StoreRestored,
        Self::EntriesUnknown,
        Self::InstallationReplaced,
        Self::RegistryRebuilt,
        Self::PlanApplied,
        Self::LeadershipTaken,
        Self::LeadershipGiven,
        Self::Contested,
        Self::ContestEnded,
        Self::KeyMade,
    ];

    /// Whether it is about a change of a mailbox's lists.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(
            self,
            Self::ChangeIntended | Self::ChangeApplied | Self::ChangeFailed | Self::ChangeUnknown
        )
    }

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChangeIntended => "changeIntended",
            Self::ChangeApplied => "changeApplied",
            Self::ChangeFailed => "changeFailed",
            Self::ChangeUnknown => "changeUnknown",
            Self::RunBegun => "runBegun",
            Self::RunEnded => "runEnded",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::OverrideSet => "overrideSet",
            Self::OverrideRemoved => "overrideRemoved",
            Self::Adopted => "adopted",
            Self::Released => "released",
            Self::Forgotten => "forgotten",
            Self::ModeChanged => "modeChanged",
            Self::ConfigChanged => "configChanged",
            Self::SyncRequested => "syncRequested",
            Self::StoreRestored => "storeRestored",
            Self::EntriesUnknown => "entriesUnknown",
            Self::InstallationReplaced => "installationReplaced",
            Self::RegistryRebuilt => "registryRebuilt",
            Self::PlanApplied => "planApplied",
            Self::LeadershipTaken => "leadershipTaken",
            Self::LeadershipGiven => "leadershipGiven",
            Self::Contested => "contested",
            Self::ContestEnded => "contestEnded",
            Self::KeyMade => "keyMade",
        }
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AuditAction {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|action| action.name() == text)
            .ok_or(())
    }
}
