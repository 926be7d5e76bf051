//! What the administrator wants.

use easgate_model::{AccessLevel, GroupId, Partnership};

/// The policy that decisions follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What a device gets that is not enrolled.
    pub unmanaged: Unmanaged,
    /// Whether an enrolled and compliant device goes to the allow list, or gets the default access rule.
    pub always_allow_compliant: bool,
    /// Whose members are targeted; empty means everyone.
    pub included_groups: Vec<GroupId>,
    /// Whose members are exempt. Exempt beats targeted.
    pub excluded_groups: Vec<GroupId>,
    /// Whether a user without a licence for device management is left to the default access rule.
    pub require_license: bool,
    /// What the compliance state `configManager` counts as.
    pub config_manager: ConfigManagerMeans,
    /// What happens to a device that the policy refuses, and that somebody else has allowed.
    pub foreign_allow: ForeignAllow,
    /// Device classes that are let in or refused whether they are managed or not.
    pub platform_exceptions: Vec<PlatformException>,
}

impl Default for Policy {
    /// Everyone is targeted, unmanaged devices are quarantined, compliant ones are always allowed, a licence is
    /// needed, `configManager` is not evaluated, foreign allow entries are reported.
    fn default() -> Self {
        Self {
            unmanaged: Unmanaged::Quarantine,
            always_allow_compliant: true,
            included_groups: Vec::new(),
            excluded_groups: Vec::new(),
            require_license: true,
            config_manager: ConfigManagerMeans::Unevaluated,
            foreign_allow: ForeignAllow::Report,
            platform_exceptions: Vec::new(),
        }
    }
}

/// What a device gets that is not enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unmanaged {
    /// Quarantine where Exchange's own order gives it without our entries, else the block list.
    Quarantine,
    /// Always the block list.
    Block,
}

/// What the compliance state `configManager` counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConfigManagerMeans {
    /// As `compliant`.
    Compliant,
    /// As `noncompliant`.
    Noncompliant,
    /// As not evaluated: such a device is left as it is.
    Unevaluated,
}

/// What happens to a device that the policy refuses, and that somebody else has put on the allow list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForeignAllow {
    /// It keeps its access and is reported.
    Report,
    /// It goes to the block list, which beats the allow list.
    Override,
}

/// What a platform exception looks at (Graph's `deviceClass`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DeviceClass {
    /// The `DeviceType`, such as `iPhone`.
    Family(String),
    /// The `DeviceModel`, such as `iPhone15C2`.
    Model(String),
}

impl DeviceClass {
    /// Whether `partnership` says of itself that it is of this class; compared whole, without ASCII case.
    #[must_use]
    pub fn matches(&self, partnership: &Partnership) -> bool {
        match self {
            Self::Family(name) => name.eq_ignore_ascii_case(&partnership.device_type),
            Self::Model(name) => name.eq_ignore_ascii_case(&partnership.device_model),
        }
    }

    /// The text that the device must say.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Family(name) | Self::Model(name) => name,
        }
    }
}

/// A device class that is let in or refused whether it is managed or not.
///
/// The class is the phone's own word: an exception that allows lets in every phone that claims the class.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlatformException {
    /// Which devices.
    pub class: DeviceClass,
    /// What they get.
    pub level: AccessLevel,
}
