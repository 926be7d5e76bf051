//! Versions of Exchange and what differs between them.

use easgate_psrp::message::ProtocolVersion;

/// A version of Exchange Server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ExchangeVersion {
    /// Exchange 2010 with service pack 3: no `*-MobileDevice` cmdlets.
    Ex2010,
    /// Exchange 2013.
    Ex2013,
    /// Exchange 2016.
    Ex2016,
    /// Exchange 2019.
    #[default]
    Ex2019,
    /// Subscription Edition.
    Se,
}

impl ExchangeVersion {
    /// Major, minor, build and revision of `AdminDisplayVersion`.
    #[must_use]
    pub const fn build(self) -> (i32, i32, i32, i32) {
        match self {
            Self::Ex2010 => (14, 3, 123, 4),
            Self::Ex2013 => (15, 0, 1497, 2),
            Self::Ex2016 => (15, 1, 2507, 6),
            Self::Ex2019 => (15, 2, 986, 5),
            Self::Se => (15, 2, 2562, 17),
        }
    }

    /// The text of `AdminDisplayVersion`.
    #[must_use]
    pub fn display(self) -> String {
        let (major, minor, build, revision) = self.build();
        format!("Version {major}.{minor} (Build {build}.{revision})")
    }

    /// What its PowerShell speaks.
    pub(super) const fn protocol(self) -> ProtocolVersion {
        match self {
            Self::Ex2010 => ProtocolVersion::V2_1,
            Self::Ex2013 => ProtocolVersion::V2_2,
            Self::Ex2016 | Self::Ex2019 | Self::Se => ProtocolVersion::V2_3,
        }
    }

    /// The text of the `ExchangeVersion` of its directory objects.
    pub(super) const fn object_version(self) -> &'static str {
        match self {
            Self::Ex2010 => "0.10 (14.0.100.0)",
            Self::Ex2013 | Self::Ex2016 | Self::Ex2019 | Self::Se => "0.20 (15.0.0.0)",
        }
    }
}
