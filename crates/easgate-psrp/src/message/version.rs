//! Versions of the protocol.

use std::fmt;
use std::str::FromStr;

/// A version of the PowerShell Remoting Protocol, compared by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion {
    /// 2 of `2.3`.
    pub major: u16,
    /// 3 of `2.3`.
    pub minor: u16,
}

impl ProtocolVersion {
    /// PowerShell 2, Exchange 2010.
    pub const V2_1: Self = Self { major: 2, minor: 1 };
    /// PowerShell 3 and 4: every stream can be merged; disconnection.
    pub const V2_2: Self = Self { major: 2, minor: 2 };
    /// PowerShell 5: the information stream; reset of runspaces.
    pub const V2_3: Self = Self { major: 2, minor: 3 };
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that is not `major.minor`, with more parts or without.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a version of the protocol: {0:?}")]
pub struct ParseVersionError(pub String);

impl FromStr for ProtocolVersion {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || ParseVersionError(text.chars().take(32).collect());
        let mut parts = text.trim().split('.');
        let mut part = || parts.next().and_then(|part| part.parse().ok());
        let major = part().ok_or_else(fault)?;
        let minor = part().ok_or_else(fault)?;
        Ok(Self { major, minor })
    }
}
