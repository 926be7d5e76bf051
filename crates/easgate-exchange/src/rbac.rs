//! The rights that the account needs, as one table: what `easgate rbac generate` writes and `verify` compares.
//!
//! The table stands in [`needs`]. A test sends every call that the client can make and holds each command against it,
//! so that neither can change without the other.

mod compare;
mod granted;
mod script;
mod table;

use std::collections::BTreeSet;

pub use compare::{Lack, RightsReport, Surplus, compare};
pub use granted::GrantedCommand;
pub(crate) use granted::WireGranted;
pub use script::ScriptRequest;
pub use table::{Need, needs};

/// What of easgate is used, as far as it takes rights of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Reading what a sync decides by.
    Read,
    /// Changing the device lists of mailboxes, as `mode = "enforce"` does.
    Lists,
    /// Reading statistics of phones, classes of devices and mailbox policies.
    Details,
    /// Changing the organisation's settings, access rules and mailbox policies, and switching ActiveSync on or off.
    Settings,
    /// Wiping and forgetting devices.
    DeviceActions,
}

impl Feature {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Lists => "lists",
            Self::Details => "details",
            Self::Settings => "settings",
            Self::DeviceActions => "device-actions",
        }
    }
}

/// The features that are used.
pub type Features = BTreeSet<Feature>;

/// Which names of cmdlets the servers know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// Exchange 2010: the ActiveSync names alone.
    ActiveSync,
    /// Exchange 2013 and later, and organisations of several versions: both, since the older ones live on there.
    #[default]
    Both,
}

impl Family {
    /// Whether a server of the family has `cmdlet`.
    #[must_use]
    pub fn has(self, cmdlet: &str) -> bool {
        match self {
            Self::ActiveSync => !cmdlet.contains("-MobileDevice"),
            Self::Both => true,
        }
    }
}
