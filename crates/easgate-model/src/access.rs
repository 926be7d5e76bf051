//! Access states, reasons and levels, by Exchange's own names.

use std::fmt;

/// What Exchange does with a device now (`DeviceAccessState`).
///
/// Exchange documents five names; one that is not known is kept as it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccessState {
    /// Not evaluated yet.
    Unknown,
    /// Mail flows.
    Allowed,
    /// Refused.
    Blocked,
    /// Connected, but without content until somebody decides.
    Quarantined,
    /// Held for up to 14 minutes while the device tells what it is.
    DeviceDiscovery,
    /// A name this version does not know.
    Other(String),
}

impl AccessState {
    /// Reads Exchange's name, without regard to case.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name.trim() {
            n if n.eq_ignore_ascii_case("Unknown") => Self::Unknown,
            n if n.eq_ignore_ascii_case("Allowed") => Self::Allowed,
            n if n.eq_ignore_ascii_case("Blocked") => Self::Blocked,
            n if n.eq_ignore_ascii_case("Quarantined") => Self::Quarantined,
            n if n.eq_ignore_ascii_case("DeviceDiscovery") => Self::DeviceDiscovery,
            n => Self::Other(n.to_owned()),
        }
    }

    /// Exchange's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown => "Unknown",
            Self::Allowed => "Allowed",
            Self::Blocked => "Blocked",
            Self::Quarantined => "Quarantined",
            Self::DeviceDiscovery => "DeviceDiscovery",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for AccessState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a device is in its access state (`DeviceAccessStateReason`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccessStateReason {
    /// Not evaluated yet.
    Unknown,
    /// The organisation's default access level.
    Global,
    /// A per-user allow or block entry.
    Individual,
    /// A device access rule.
    DeviceRule,
    /// The mailbox moved to a newer version; temporary.
    Upgrade,
    /// The mailbox policy.
    Policy,
    /// Automatic blocking, notification or compliance reasons, and names this version does not know.
    Other(String),
}

impl AccessStateReason {
    /// Reads Exchange's name, without regard to case.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name.trim() {
            n if n.eq_ignore_ascii_case("Unknown") => Self::Unknown,
            n if n.eq_ignore_ascii_case("Global") => Self::Global,
            n if n.eq_ignore_ascii_case("Individual") => Self::Individual,
            n if n.eq_ignore_ascii_case("DeviceRule") => Self::DeviceRule,
            n if n.eq_ignore_ascii_case("Upgrade") => Self::Upgrade,
            n if n.eq_ignore_ascii_case("Policy") => Self::Policy,
            n => Self::Other(n.to_owned()),
        }
    }

    /// Exchange's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown => "Unknown",
            Self::Global => "Global",
            Self::Individual => "Individual",
            Self::DeviceRule => "DeviceRule",
            Self::Upgrade => "Upgrade",
            Self::Policy => "Policy",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for AccessStateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The level of a device access rule or of the organisation's default (`DeviceAccessLevel`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccessLevel {
    /// Mail flows.
    Allow,
    /// Connected, but without content until somebody decides.
    Quarantine,
    /// Refused.
    Block,
}

impl AccessLevel {
    /// Reads Exchange's name, without regard to case; `None` when it is not one of the three.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name.trim() {
            n if n.eq_ignore_ascii_case("Allow") => Some(Self::Allow),
            n if n.eq_ignore_ascii_case("Quarantine") => Some(Self::Quarantine),
            n if n.eq_ignore_ascii_case("Block") => Some(Self::Block),
            _ => None,
        }
    }

    /// Exchange's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Quarantine => "Quarantine",
            Self::Block => "Block",
        }
    }

    /// The state of a device that this level decides.
    #[must_use]
    pub const fn state(self) -> AccessState {
        match self {
            Self::Allow => AccessState::Allowed,
            Self::Quarantine => AccessState::Quarantined,
            Self::Block => AccessState::Blocked,
        }
    }
}

impl fmt::Display for AccessLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
