//! `Get-ExchangeServer`.

use serde::Deserialize;

use super::{Wire, required, text};
use crate::ServerVersion;

/// One server of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeServer {
    /// The short name.
    pub name: String,
    /// The name in DNS; where it is missing, the short one.
    pub fqdn: String,
    /// The version, when it could be read.
    pub version: Option<ServerVersion>,
    /// `Standard`, `Enterprise` and so on, as Exchange says it.
    pub edition: Option<String>,
    /// The site of Active Directory, without its path.
    pub site: Option<String>,
    /// Whether clients connect to it.
    pub is_client_access: bool,
    /// Whether it holds mailboxes.
    pub is_mailbox: bool,
    /// Whether it stands outside the domain.
    pub is_edge: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WireServer {
    name: Option<String>,
    fqdn: Option<String>,
    admin_display_version: Option<String>,
    edition: Option<String>,
    site: Option<String>,
    is_client_access_server: Option<bool>,
    is_mailbox_server: Option<bool>,
    is_edge_server: Option<bool>,
}

impl Wire for WireServer {
    type Value = ExchangeServer;

    fn label(&self) -> Option<String> {
        self.name.clone()
    }

    fn value(self) -> Result<ExchangeServer, String> {
        let name = required(self.name, "Name")?;
        Ok(ExchangeServer {
            fqdn: text(self.fqdn).unwrap_or_else(|| name.clone()),
            name,
            version: self
                .admin_display_version
                .as_deref()
                .and_then(|version| version.parse().ok()),
            edition: text(self.edition),
            site: text(self.site).map(|site| {
                site.rsplit_once('/')
                    .map_or_else(|| site.clone(), |(_, last)| last.to_owned())
            }),
            is_client_access: self.is_client_access_server.unwrap_or(false),
            is_mailbox: self.is_mailbox_server.unwrap_or(false),
            is_edge: self.is_edge_server.unwrap_or(false),
        })
    }
}
