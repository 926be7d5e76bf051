//! Organisation-wide settings.

use std::fmt;

use uuid::Uuid;

use crate::AccessLevel;

/// The Guid of the organisation's ActiveSync settings: what identifies an Exchange organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrganizationId(pub Uuid);

impl fmt::Display for OrganizationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What `Get-ActiveSyncOrganizationSettings` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationSettings {
    /// The Guid of the settings object.
    pub id: OrganizationId,
    /// What a device gets that no list entry and no rule decides.
    pub default_access_level: AccessLevel,
    /// Text that Exchange appends to its own quarantine mail.
    pub user_mail_insert: Option<String>,
    /// Who gets a mail when a device is quarantined.
    pub admin_mail_recipients: Vec<String>,
    /// The domain controller that answered.
    pub originating_server: Option<String>,
}
