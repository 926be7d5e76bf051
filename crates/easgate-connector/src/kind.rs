//! The kinds of runs.

use std::fmt;

/// What a run looks at. Every kind decides, plans, guards, writes, confirms and reports in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The whole organisation.
    Full,
    /// What changed since the last run that looked.
    Quick,
    /// Pending devices, and what device management says has changed, each minute.
    Watch,
    /// One person's mailbox.
    User,
    /// What a person asked for besides a sync: taking over, giving up, taking back, rolling back, a plan from a file.
    Command,
}

impl Kind {
    /// Every kind of sync, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Full, Self::Quick, Self::Watch, Self::User];

    /// The stable name, in the store and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Quick => "quick",
            Self::Watch => "watch",
            Self::User => "user",
            Self::Command => "command",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
