//! `Get-Recipient`.

use easgate_model::{DistinguishedName, EmailAddress, RecipientType};
use serde::Deserialize;
use uuid::Uuid;

use super::{Wire, addresses, guid, required};

/// A recipient, as far as the kind of a mailbox and its addresses need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientSummary {
    /// The Guid of the object: the mailbox's, where it has one.
    pub guid: Uuid,
    /// Where the object stands.
    pub distinguished_name: DistinguishedName,
    /// What kind of recipient it is.
    pub recipient_type: RecipientType,
    /// Every SMTP address, the primary one first.
    pub addresses: Vec<EmailAddress>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WireRecipient {
    guid: Option<String>,
    distinguished_name: Option<String>,
    primary_smtp_address: Option<String>,
    email_addresses: Option<Vec<String>>,
    recipient_type_details: Option<String>,
}

impl Wire for WireRecipient {
    type Value = RecipientSummary;

    fn label(&self) -> Option<String> {
        self.distinguished_name.clone().or_else(|| self.guid.clone())
    }

    fn value(self) -> Result<RecipientSummary, String> {
        let primary: Option<EmailAddress> = self.primary_smtp_address.and_then(|text| text.parse().ok());
        Ok(RecipientSummary {
            guid: guid(self.guid.as_deref(), "Guid")?,
            distinguished_name: DistinguishedName::new(&required(
                self.distinguished_name,
                "DistinguishedName",
            )?),
            recipient_type: recipient_type(&required(self.recipient_type_details, "RecipientTypeDetails")?),
            addresses: addresses(
                primary.as_ref(),
                self.email_addresses.as_deref().unwrap_or_default(),
            ),
        })
    }
}

/// Source: cmdlet reference, `Get-Recipient -RecipientTypeDetails`.
fn recipient_type(name: &str) -> RecipientType {
    let name = name.trim();
    [
        ("UserMailbox", RecipientType::User),
        ("LegacyMailbox", RecipientType::User),
        ("LinkedMailbox", RecipientType::Linked),
        ("SharedMailbox", RecipientType::Shared),
        ("TeamMailbox", RecipientType::Shared),
        ("GroupMailbox", RecipientType::Shared),
        ("RoomMailbox", RecipientType::Room),
        ("LinkedRoomMailbox", RecipientType::Room),
        ("EquipmentMailbox", RecipientType::Equipment),
        ("MonitoringMailbox", RecipientType::System),
        ("ArbitrationMailbox", RecipientType::System),
        ("DiscoveryMailbox", RecipientType::System),
        ("AuditLogMailbox", RecipientType::System),
        ("SystemMailbox", RecipientType::System),
        ("SystemAttendantMailbox", RecipientType::System),
        ("PublicFolderMailbox", RecipientType::System),
        ("RemoteUserMailbox", RecipientType::Remote),
        ("RemoteSharedMailbox", RecipientType::Remote),
        ("RemoteRoomMailbox", RecipientType::Remote),
        ("RemoteEquipmentMailbox", RecipientType::Remote),
        ("RemoteTeamMailbox", RecipientType::Remote),
    ]
    .into_iter()
    .find_map(|(known, kind)| known.eq_ignore_ascii_case(name).then_some(kind))
    .unwrap_or_else(|| RecipientType::Other(name.to_owned()))
}
