//! `Get-ActiveSyncOrganizationSettings`.

use easgate_model::{AccessLevel, OrganizationId, OrganizationSettings};
use serde::Deserialize;

use super::{Wire, guid, required, text};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WireSettings {
    guid: Option<String>,
    name: Option<String>,
    default_access_level: Option<String>,
    user_mail_insert: Option<String>,
    admin_mail_recipients: Option<Vec<String>>,
    originating_server: Option<String>,
}

impl Wire for WireSettings {
    type Value = OrganizationSettings;

    fn label(&self) -> Option<String> {
        self.name.clone().or_else(|| self.guid.clone())
    }

    fn value(self) -> Result<OrganizationSettings, String> {
        Ok(OrganizationSettings {
            id: OrganizationId(guid(self.guid.as_deref(), "Guid")?),
            default_access_level: access_level(
                &required(self.default_access_level, "DefaultAccessLevel")?,
                "DefaultAccessLevel",
            )?,
            user_mail_insert: text(self.user_mail_insert),
            admin_mail_recipients: self.admin_mail_recipients.unwrap_or_default(),
            originating_server: text(self.originating_server),
        })
    }
}

/// By name; a server that sends only the number is not understood, because the numbers are not documented.
pub(super) fn access_level(name: &str, member: &str) -> Result<AccessLevel, String> {
    AccessLevel::from_name(name)
        .ok_or_else(|| format!("{member} is none of Allow, Block, Quarantine: {name}"))
}
