//! Why a run that looks at a part leaves everything to a full sync.

use std::fmt;

/// What only a full sync can answer. Nothing was changed by the run that says so, and the next full sync ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FullNeeded {
    /// None has read everything yet, so it is not known what changed.
    NoFullSync,
    /// The organisation's default access level is another one than the last full sync saw.
    DefaultLevel {
        /// What it was, by Exchange's name.
        before: String,
        /// What it is.
        now: String,
    },
    /// The device access rules are others.
    Rules,
    /// The source of enrolments, its groups, or the policy are others.
    Source,
    /// So many mailboxes have changes that they are no part of the organisation any more.
    TooMuchChanged {
        /// How many.
        mailboxes: u64,
    },
}

impl FullNeeded {
    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoFullSync => "noFullSync",
            Self::DefaultLevel { .. } => "defaultLevel",
            Self::Rules => "rules",
            Self::Source => "source",
            Self::TooMuchChanged { .. } => "tooMuchChanged",
        }
    }
}

impl fmt::Display for FullNeeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFullSync => f.write_str("no full sync has read everything yet"),
            Self::DefaultLevel { before, now } => write!(
                f,
                "the organisation's default access level was {before} and is {now} now"
            ),
            Self::Rules => f.write_str("the device access rules have changed"),
            Self::Source => f.write_str("the policy, or the source of enrolments, has changed"),
            Self::TooMuchChanged { mailboxes } => write!(f, "{mailboxes} mailboxes have changes"),
        }
    }
}
