//! Device access rules.

use std::fmt;

use crate::AccessLevel;

/// What a device access rule looks at (`Characteristic`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Characteristic {
    /// `DeviceType`.
    DeviceType,
    /// `DeviceModel`.
    DeviceModel,
    /// `DeviceOS`.
    DeviceOs,
    /// `UserAgent`.
    UserAgent,
    /// `XMSWLHeader` and names this version does not know: such a rule is never seen to match.
    Other(String),
}

impl Characteristic {
    /// Reads Exchange's name, without regard to case.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name.trim() {
            n if n.eq_ignore_ascii_case("DeviceType") => Self::DeviceType,
            n if n.eq_ignore_ascii_case("DeviceModel") => Self::DeviceModel,
            n if n.eq_ignore_ascii_case("DeviceOS") => Self::DeviceOs,
            n if n.eq_ignore_ascii_case("UserAgent") => Self::UserAgent,
            n => Self::Other(n.to_owned()),
        }
    }

    /// Exchange's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::DeviceType => "DeviceType",
            Self::DeviceModel => "DeviceModel",
            Self::DeviceOs => "DeviceOS",
            Self::UserAgent => "UserAgent",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Characteristic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One device access rule of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceAccessRule {
    /// Exchange's name of the rule, `<QueryString> (<Characteristic>)`.
    pub name: String,
    /// The text that the characteristic must equal.
    pub query_string: String,
    /// What it looks at.
    pub characteristic: Characteristic,
    /// What it gives.
    pub access_level: AccessLevel,
}
