//! An invented company: its people, mailboxes, phones, groups and enrolments.
//!
//! One [`World`] feeds the Exchange organisation and the tenant, so that both tell of the same phones.
//! [`World::contoso`] gives the same company for the same size, with everything in it that makes the matching
//! of phones hard: addresses that differ from user principal names, shared and monitoring mailboxes, Outlook,
//! list entries of other products, ids that differ in case, and phones with hostile names.

mod contoso;
mod enrollments;
mod names;
mod phones;
mod random;

use easgate_model::{DeviceAccessRule, OrganizationSettings};
use time::OffsetDateTime;
use uuid::Uuid;

/// A company.
#[derive(Debug, Clone)]
pub struct World {
    /// The DNS name of its domain, `contoso.com`.
    pub domain: String,
    /// The id of its tenant.
    pub tenant: Uuid,
    /// When all this was true: the times of the world lie before it.
    pub as_of: OffsetDateTime,
    /// The ActiveSync settings of its Exchange organisation.
    pub settings: OrganizationSettings,
    /// Its device access rules.
    pub rules: Vec<DeviceAccessRule>,
    /// Its groups.
    pub groups: Vec<WorldGroup>,
    /// Its people, and the mailboxes that belong to nobody.
    pub users: Vec<WorldUser>,
}

/// A group of the directory. Who belongs to it stands in [`WorldUser::groups`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldGroup {
    /// Its id in the directory.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Groups that are members of this one.
    pub member_groups: Vec<Uuid>,
}

/// What kind of mailbox somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailboxKind {
    /// A person's mailbox.
    User,
    /// A person's mailbox whose account is in another forest.
    Linked,
    /// A mailbox that several people open.
    Shared,
    /// A meeting room.
    Room,
    /// A projector, a car.
    Equipment,
    /// `HealthMailbox…` of managed availability.
    Health,
    /// `extest_…` and `CAS_{…` of the connectivity tests.
    Test,
    /// `DiscoverySearchMailbox {…`.
    Discovery,
    /// `SystemMailbox{…`.
    Arbitration,
    /// The mailbox is in the cloud; on-premises there is a mail user.
    Remote,
}

impl MailboxKind {
    /// Exchange's `RecipientTypeDetails`.
    #[must_use]
    pub const fn recipient_type_details(self) -> &'static str {
        match self {
            Self::User | Self::Test => "UserMailbox",
            Self::Linked => "LinkedMailbox",
            Self::Shared => "SharedMailbox",
            Self::Room => "RoomMailbox",
            Self::Equipment => "EquipmentMailbox",
            Self::Health => "MonitoringMailbox",
            Self::Discovery => "DiscoveryMailbox",
            Self::Arbitration => "ArbitrationMailbox",
            Self::Remote => "RemoteUserMailbox",
        }
    }

    /// Whether `Get-CASMailbox` lists it: remote mailboxes have no mailbox here.
    #[must_use]
    pub const fn is_local(self) -> bool {
        !matches!(self, Self::Remote)
    }
}

/// A person, or a mailbox without one.
#[derive(Debug, Clone)]
pub struct WorldUser {
    /// The id in the cloud directory.
    pub object_id: Uuid,
    /// Whether the cloud directory has this user at all: system mailboxes, and a few accounts that are not
    /// synchronised, are unknown there.
    pub in_directory: bool,
    /// The Guid of the mailbox object in Active Directory.
    pub mailbox_guid: Uuid,
    /// The user principal name; differs from the address for a part of the people.
    pub upn: String,
    /// The primary SMTP address.
    pub primary_smtp: String,
    /// Further SMTP addresses (proxy addresses).
    pub aliases: Vec<String>,
    /// The mail nickname (`Alias`).
    pub alias: String,
    /// `Name`, the text of the object's first name part.
    pub name: String,
    /// The display name; two people may have the same.
    pub display_name: String,
    /// The account name before Windows 2000.
    pub sam_account_name: String,
    /// Where the object stands, with escaped commas.
    pub distinguished_name: String,
    /// The department; empty for mailboxes of nobody.
    pub department: String,
    /// What kind of mailbox.
    pub kind: MailboxKind,
    /// Whether ActiveSync is on for the mailbox.
    pub active_sync_enabled: bool,
    /// Whether the person has the licence that makes device management apply.
    pub licensed: bool,
    /// The groups that hold the user directly.
    pub groups: Vec<Uuid>,
    /// Allow entries that somebody else made.
    pub foreign_allowed: Vec<String>,
    /// Block entries that somebody else made.
    pub foreign_blocked: Vec<String>,
    /// The partnerships of the mailbox.
    pub devices: Vec<WorldDevice>,
    /// Enrolled devices that have no partnership: computers, and phones that never opened mail.
    pub enrolled_without_mail: Vec<WorldEnrollment>,
    /// When the mailbox object changed last.
    pub when_changed: OffsetDateTime,
}

/// One phone's connection to one mailbox.
#[derive(Debug, Clone)]
pub struct WorldDevice {
    /// The Guid of the device object in Active Directory.
    pub guid: Uuid,
    /// The EAS DeviceId as the phone wrote it.
    pub eas_id: String,
    /// `DeviceType`.
    pub device_type: String,
    /// `DeviceModel`.
    pub model: String,
    /// `DeviceOS`.
    pub os: String,
    /// `DeviceUserAgent`.
    pub user_agent: String,
    /// `FriendlyName`, chosen by the phone: hostile for some.
    pub friendly_name: String,
    /// `ClientType`: `EAS`, `REST`, `Outlook`.
    pub client_type: String,
    /// When it first synchronised.
    pub first_sync: OffsetDateTime,
    /// When it last synchronised.
    pub last_sync: OffsetDateTime,
    /// Whether the mailbox policy refuses it, whatever the lists say.
    pub refused_by_policy: bool,
    /// What device management knows of it.
    pub enrollment: Option<WorldEnrollment>,
    /// A second record of the same id: a phone that was enrolled again.
    pub second_enrollment: Option<WorldEnrollment>,
}

/// A record of device management, in Graph's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldEnrollment {
    /// The id of the record.
    pub id: Uuid,
    /// The directory id of the user the record belongs to; `None` is the owner of the mailbox.
    pub other_user: Option<Uuid>,
    /// `deviceName`.
    pub device_name: String,
    /// `complianceState`: `compliant`, `noncompliant`, `inGracePeriod`, `unknown`, `error`, `conflict`, ...
    pub compliance: String,
    /// `managementAgent`: `mdm`, `easMdm`, `eas`, `intuneClient`, ...
    pub agent: String,
    /// `managementState`: `managed`, `retirePending`, ...
    pub state: String,
    /// Whether the record tells an EAS id.
    pub reports_eas_id: bool,
    /// The EAS id as management knows it: its case may differ from Exchange's. Empty for computers.
    pub eas_device_id: String,
    /// `jailBroken` is `True`.
    pub jail_broken: bool,
    /// `operatingSystem`: `iOS`, `Android`, `Windows`.
    pub operating_system: String,
    /// `osVersion`.
    pub os_version: String,
    /// `model`.
    pub model: String,
    /// `manufacturer`.
    pub manufacturer: String,
    /// `serialNumber`.
    pub serial: String,
    /// `enrolledDateTime`.
    pub enrolled: OffsetDateTime,
    /// `lastSyncDateTime`.
    pub last_sync: OffsetDateTime,
}

impl WorldUser {
    /// Every enrolment record that stands with this user, with the phone it is about where there is one.
    pub fn enrollments(&self) -> impl Iterator<Item = (Option<&WorldDevice>, &WorldEnrollment)> {
        let of_phones = self.devices.iter().flat_map(|device| {
            let records = device.enrollment.iter().chain(&device.second_enrollment);
            records.map(move |record| (Some(device), record))
        });
        of_phones.chain(self.enrolled_without_mail.iter().map(|record| (None, record)))
    }
}

impl World {
    /// How many partnerships there are.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.users.iter().map(|user| user.devices.len()).sum()
    }

    /// The group of that name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&WorldGroup> {
        self.groups
            .iter()
            .find(|group| group.name.eq_ignore_ascii_case(name))
    }

    /// The user with that principal name or SMTP address.
    #[must_use]
    pub fn user(&self, address: &str) -> Option<&WorldUser> {
        let is = |text: &str| text.eq_ignore_ascii_case(address);
        self.users.iter().find(|user| {
            is(&user.upn) || is(&user.primary_smtp) || user.aliases.iter().any(|alias| is(alias))
        })
    }
}
