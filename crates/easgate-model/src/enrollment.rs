//! What device management knows of users and their devices.

use std::collections::BTreeSet;
use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::{DeviceId, EmailAddress};

/// The result of a device's compliance evaluation, by Graph's names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComplianceState {
    /// Not evaluated.
    Unknown,
    /// Every policy is met.
    Compliant,
    /// Not compliant yet, and still within the time given to become so: counts as compliant.
    InGracePeriod,
    /// A policy is not met.
    Noncompliant,
    /// Two policies contradict each other: not evaluated.
    Conflict,
    /// The evaluation failed.
    Error,
    /// Configuration Manager evaluates the device; what it counts as is a setting.
    ConfigManager,
    /// A name this version does not know: not evaluated.
    Other(String),
}

impl ComplianceState {
    /// Graph's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown => "unknown",
            Self::Compliant => "compliant",
            Self::InGracePeriod => "inGracePeriod",
            Self::Noncompliant => "noncompliant",
            Self::Conflict => "conflict",
            Self::Error => "error",
            Self::ConfigManager => "configManager",
            Self::Other(name) => name,
        }
    }

    /// Reads Graph's name, without regard to case; what is not known becomes [`ComplianceState::Other`].
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let known = [
            Self::Unknown,
            Self::Compliant,
            Self::InGracePeriod,
            Self::Noncompliant,
            Self::Conflict,
            Self::Error,
            Self::ConfigManager,
        ];
        known
            .into_iter()
            .find(|state| state.name().eq_ignore_ascii_case(name.trim()))
            .unwrap_or_else(|| Self::Other(name.trim().to_owned()))
    }
}

impl fmt::Display for ComplianceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who manages a device, as far as a decision depends on it (Graph `managementAgent`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ManagementAgent {
    /// Only Exchange ActiveSync knows the device: it is not enrolled.
    EasOnly,
    /// An MDM agent, alone or beside EAS: `mdm`, `easMdm`, `intuneClient`, `easIntuneClient`,
    /// `configurationManagerClient`, `configurationManagerClientMdm`, `configurationManagerClientMdmEas`,
    /// `jamf`, `googleCloudDevicePolicyController`, `microsoft365ManagedMdm`.
    Mdm(String),
    /// Neither: `unknown`, `msSense`, or a name this version does not know.
    Other(String),
}

impl ManagementAgent {
    /// Graph's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::EasOnly => "eas",
            Self::Mdm(name) | Self::Other(name) => name,
        }
    }
}

/// What management is doing with a device, as far as a decision depends on it (Graph `managementState`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ManagementState {
    /// Under management.
    Managed,
    /// Being retired, wiped or deleted, or done: not enrolled. Holds Graph's name.
    Leaving(String),
    /// `discovered`: seen, never enrolled.
    Discovered,
    /// The source does not tell (older Graph, files): the agent alone counts.
    Unreported,
    /// `unhealthy` and names this version does not know: not evaluated.
    Other(String),
}

impl ManagementState {
    /// Graph's name; `unreported` where the source does not tell.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Managed => "managed",
            Self::Discovered => "discovered",
            Self::Unreported => "unreported",
            Self::Leaving(name) | Self::Other(name) => name,
        }
    }
}

/// Whether an [`Enrollment`] is one, by agent and state together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnrollmentKind {
    /// Managed by an MDM agent.
    Enrolled,
    /// Known, but not managed.
    NotEnrolled,
    /// The source does not tell clearly: no decision may rest on it.
    Unclear,
}

/// One device as management knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrollment {
    /// The id of the record in its source; a line number for files.
    pub record: String,
    /// The directory id of the user, when the source has one.
    pub user_id: Option<String>,
    /// The user principal name, when the source has one.
    pub user_principal_name: Option<EmailAddress>,
    /// The EAS DeviceId of the device's mail client; `None` when it has not told one.
    pub eas_device_id: Option<DeviceId>,
    /// Who manages it.
    pub agent: ManagementAgent,
    /// What management is doing with it.
    pub state: ManagementState,
    /// The result of the compliance evaluation.
    pub compliance: ComplianceState,
    /// Whether the threat or jailbreak report says that the device is compromised.
    pub compromised: bool,
    /// The name of the device; chosen by its user, so escape it before showing.
    pub device_name: Option<String>,
    /// The operating system, for people.
    pub operating_system: Option<String>,
    /// The model, for people.
    pub model: Option<String>,
    /// The serial number, to suggest links.
    pub serial_number: Option<String>,
    /// When it last reached management.
    pub last_sync: Option<OffsetDateTime>,
}

impl Enrollment {
    /// Whether this record is an enrolment.
    ///
    /// Enrolled means an MDM agent and the state `managed`. A record that only EAS knows, or that is being
    /// retired, wiped or deleted, is not enrolled.
    #[must_use]
    pub const fn kind(&self) -> EnrollmentKind {
        match (&self.agent, &self.state) {
            (_, ManagementState::Leaving(_) | ManagementState::Discovered)
            | (ManagementAgent::EasOnly, _) => EnrollmentKind::NotEnrolled,
            (ManagementAgent::Mdm(_), ManagementState::Managed | ManagementState::Unreported) => {
                EnrollmentKind::Enrolled
            }
            (ManagementAgent::Mdm(_), ManagementState::Other(_)) | (ManagementAgent::Other(_), _) => {
                EnrollmentKind::Unclear
            }
        }
    }
}

/// The id of a group in the directory: a GUID in Entra, a name in files; compared without ASCII case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(String);

impl GroupId {
    /// Makes the id from its text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_ascii_lowercase())
    }

    /// The id in its folded form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user as the directory knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryUser {
    /// The directory's id; the user principal name where the source has no other.
    pub id: String,
    /// The user principal name.
    pub user_principal_name: EmailAddress,
    /// `mail` and every proxy address.
    pub addresses: Vec<EmailAddress>,
    /// Whether the user has the licence that makes device management apply.
    pub licensed: bool,
    /// The configured groups that hold the user, directly or through other groups.
    pub groups: BTreeSet<GroupId>,
}

/// All that device management knows, read completely.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The tenant the facts belong to; `None` for files.
    pub tenant: Option<Uuid>,
    /// Every device record.
    pub enrollments: Vec<Enrollment>,
    /// Every user of the directory that may own a mailbox.
    pub users: Vec<DirectoryUser>,
    /// How many rows each input had, by a stable name (`devices`, `users`, `licences`, `group:<id>`), for the
    /// protection against inputs that shrank.
    pub sizes: Vec<(String, u64)>,
    /// When the facts were true: the source's own clock where it tells one.
    pub as_of: Option<OffsetDateTime>,
}
