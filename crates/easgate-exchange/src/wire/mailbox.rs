//! `Get-CASMailbox`.

use easgate_model::{DeviceId, DistinguishedName, EmailAddress, Mailbox, MailboxId, RecipientType};
use serde::Deserialize;

use super::{Member, Wire, addresses, guid, moment, required, text};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WireMailbox {
    guid: Option<String>,
    distinguished_name: Option<String>,
    name: Option<String>,
    display_name: Option<String>,
    sam_account_name: Option<String>,
    primary_smtp_address: Option<String>,
    email_addresses: Option<Vec<String>>,
    active_sync_enabled: Member<bool>,
    #[serde(rename = "ActiveSyncAllowedDeviceIDs")]
    allowed: Member<Vec<String>>,
    #[serde(rename = "ActiveSyncBlockedDeviceIDs")]
    blocked: Member<Vec<String>>,
    #[serde(rename = "WhenChangedUTC")]
    when_changed_utc: Option<String>,
    originating_server: Option<String>,
}

impl Wire for WireMailbox {
    type Value = Mailbox;

    fn label(&self) -> Option<String> {
        self.distinguished_name.clone().or_else(|| self.guid.clone())
    }

    fn value(self) -> Result<Mailbox, String> {
        let primary_smtp: Option<EmailAddress> = self.primary_smtp_address.and_then(|text| text.parse().ok());
        let mut odd_entries = 0;
        // A list that was not sent is unread, and not empty.
        let allowed = self.allowed.sent("ActiveSyncAllowedDeviceIDs")?;
        let blocked = self.blocked.sent("ActiveSyncBlockedDeviceIDs")?;
        Ok(Mailbox {
            id: MailboxId(guid(self.guid.as_deref(), "Guid")?),
            distinguished_name: DistinguishedName::new(&required(
                self.distinguished_name,
                "DistinguishedName",
            )?),
            name: self.name.unwrap_or_default(),
            display_name: self.display_name.unwrap_or_default(),
            sam_account_name: self.sam_account_name.unwrap_or_default(),
            addresses: addresses(
                primary_smtp.as_ref(),
                self.email_addresses.as_deref().unwrap_or_default(),
            ),
            primary_smtp,
            recipient_type: RecipientType::Unknown,
            active_sync_enabled: self
                .active_sync_enabled
                .sent("ActiveSyncEnabled")?
                .ok_or("ActiveSyncEnabled has no value")?,
            allowed: entries(allowed, &mut odd_entries),
            blocked: entries(blocked, &mut odd_entries),
            odd_entries,
            when_changed: moment(self.when_changed_utc.as_deref()),
            originating_server: text(self.originating_server),
        })
    }
}

/// The ids of a list, in its order; what cannot be an id is counted.
fn entries(list: Option<Vec<String>>, odd: &mut usize) -> Vec<DeviceId> {
    let list = match list.unwrap_or_default() {
        // A list that was flattened to one text: ids hold no commas.
        one if one.len() == 1 => one.first().map_or_else(Vec::new, |text| {
            let text = text.trim().trim_start_matches('{').trim_end_matches('}');
            if text.is_empty() {
                return Vec::new();
            }
            text.split(',').map(|id| id.trim().to_owned()).collect()
        }),
        list => list,
    };
    list.iter()
        .filter_map(|id| {
            let id = id.parse().ok();
            *odd += usize::from(id.is_none());
            id
        })
        .collect()
}
