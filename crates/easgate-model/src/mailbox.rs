//! Mailboxes and their per-user device lists.

use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::{DeviceId, DistinguishedName, EmailAddress};

/// The Guid of a mailbox object in Active Directory: the only `-Identity` that is never ambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailboxId(pub Uuid);

impl fmt::Display for MailboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What kind of recipient a mailbox is (`RecipientTypeDetails`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RecipientType {
    /// `UserMailbox` and `LegacyMailbox`.
    User,
    /// `LinkedMailbox`: the account is in another forest.
    Linked,
    /// `SharedMailbox`, `TeamMailbox`, `GroupMailbox`.
    Shared,
    /// `RoomMailbox`, `LinkedRoomMailbox`.
    Room,
    /// `EquipmentMailbox`.
    Equipment,
    /// Monitoring, arbitration, discovery, audit and other system mailboxes.
    System,
    /// `RemoteUserMailbox` and its kin: the mailbox is in the cloud.
    Remote,
    /// The recipient list does not hold the mailbox, or could not be read.
    Unknown,
    /// A kind this version does not know.
    Other(String),
}

impl RecipientType {
    /// A word for people: `user`, `shared`, ..., or the name as it came.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::User => "user",
            Self::Linked => "linked",
            Self::Shared => "shared",
            Self::Room => "room",
            Self::Equipment => "equipment",
            Self::System => "system",
            Self::Remote => "remote",
            Self::Unknown => "unknown",
            Self::Other(name) => name,
        }
    }
}

/// One mailbox as `Get-CASMailbox` and `Get-Recipient` show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The Guid, used as `-Identity`.
    pub id: MailboxId,
    /// Where the object stands; partnerships are joined to their mailbox by it.
    pub distinguished_name: DistinguishedName,
    /// `Name`, which names system mailboxes.
    pub name: String,
    /// `DisplayName`, for people; escape it before showing.
    pub display_name: String,
    /// `SamAccountName`, for people and for searching.
    pub sam_account_name: String,
    /// The primary SMTP address. System mailboxes may have none that parses.
    pub primary_smtp: Option<EmailAddress>,
    /// Every SMTP address, the primary one included.
    pub addresses: Vec<EmailAddress>,
    /// What kind of recipient it is.
    pub recipient_type: RecipientType,
    /// Whether ActiveSync is on for the mailbox at all.
    pub active_sync_enabled: bool,
    /// `ActiveSyncAllowedDeviceIDs`; entries that are no DeviceId are left out and counted in `odd_entries`.
    pub allowed: Vec<DeviceId>,
    /// `ActiveSyncBlockedDeviceIDs`, likewise.
    pub blocked: Vec<DeviceId>,
    /// How many list entries are empty or too long to be a DeviceId.
    pub odd_entries: usize,
    /// When the object changed, by the clock of the domain controller that answered.
    pub when_changed: Option<OffsetDateTime>,
    /// The domain controller that answered.
    pub originating_server: Option<String>,
}

impl Mailbox {
    /// How people call the mailbox: by its primary address, or by its name when it has none.
    #[must_use]
    pub fn title(&self) -> String {
        let address = self.primary_smtp.as_ref();
        address.map_or_else(|| self.name.clone(), ToString::to_string)
    }

    /// Whether this mailbox is one that Exchange or its monitoring made for itself.
    ///
    /// `HealthMailbox*`, `extest_*`, `CAS_{*`, arbitration, discovery and audit mailboxes.
    #[must_use]
    pub fn is_system(&self) -> bool {
        const PREFIXES: [&str; 9] = [
            "HealthMailbox",
            "extest_",
            "CAS_{",
            "SystemMailbox{",
            "DiscoverySearchMailbox",
            "FederatedEmail.",
            "Migration.",
            "MsExchApproval",
            "AuditLog",
        ];
        let local = self.primary_smtp.as_ref().map_or("", EmailAddress::local_part);
        self.recipient_type == RecipientType::System
            || [
                self.name.as_str(),
                self.sam_account_name.as_str(),
                self.display_name.as_str(),
                local,
            ]
            .iter()
            .any(|name| PREFIXES.iter().any(|prefix| starts_with_folded(name, prefix)))
    }

    /// Whether the allow list of this mailbox holds `device`.
    #[must_use]
    pub fn allows(&self, device: &DeviceId) -> bool {
        self.allowed.contains(device)
    }

    /// Whether the block list of this mailbox holds `device`.
    #[must_use]
    pub fn blocks(&self, device: &DeviceId) -> bool {
        self.blocked.contains(device)
    }
}

fn starts_with_folded(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}
