//! What is done where the policy has nothing to say.

use easgate_compliance::NewDevices;
use time::Duration;

/// The precautions of one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precautions {
    /// For how long the facts may be unread before somebody is told that it is too long. Changes nothing by itself.
    pub max_hold: Duration,
    /// What to do about entries of lists of which a new store knows nothing.
    pub unknown_entries: UnknownEntries,
    /// What a device gets that no run has seen, while device management cannot be asked; `None` leaves it as it is, like
    /// every other.
    pub new_devices: Option<NewDevices>,
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
    /// 72 hours, and nothing is changed while device management cannot be asked.
    fn default() -> Self {
        Self {
            max_hold: Duration::hours(72),
            unknown_entries: UnknownEntries::default(),
            new_devices: None,
        }
    }
}

impl Precautions {
    /// The stable name of what is done while device management cannot be asked: `hold`, `allow-new` or `quarantine-new`.
    #[must_use]
    pub const fn on_authority_unreachable(&self) -> &'static str {
        match self.new_devices {
            None => "hold",
            Some(NewDevices::Allow) => "allow-new",
            Some(NewDevices::Quarantine) => "quarantine-new",
        }
    }
}
