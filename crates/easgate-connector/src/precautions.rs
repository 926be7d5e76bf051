//! What is done where the policy has nothing to say.

use time::Duration;

/// The precautions of one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precautions {
    /// For how long the facts may be unread before somebody is told that it is too long. Changes nothing by itself.
    pub max_hold: Duration,
    /// What to do about entries of lists of which a new store knows nothing.
    pub unknown_entries: UnknownEntries,
}

/// What a first full sync in mode enforce does when the store knows nothing of the organisation, and its lists hold entries:
/// those of other people, or of an easgate whose store was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownEntries {
    /// It writes nothing, and says how to go on.
    Observe,
    /// They are other people's, and it goes on.
    #[default]
    Foreign,
}

impl Default for Precautions {
    /// 72 hours.
    fn default() -> Self {
        Self {
            max_hold: Duration::hours(72),
            unknown_entries: UnknownEntries::default(),
        }
    }
}
