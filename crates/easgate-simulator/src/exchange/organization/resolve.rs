//! Which object an identity means.

use uuid::Uuid;

use super::super::names::canonical;
use super::super::same;
use super::state::State;
use crate::world::WorldUser;

/// What an identity led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    One(usize),
    None,
    Several,
}

impl State {
    /// Notes every text that means `user`.
    pub(super) fn index(&mut self, user: &WorldUser, at: usize) {
        let domain = self.domain.split('.').next().unwrap_or_default();
        let mut texts = vec![
            user.mailbox_guid.to_string(),
            user.distinguished_name.clone(),
            canonical(&user.distinguished_name),
            user.name.clone(),
            user.alias.clone(),
            user.display_name.clone(),
            user.upn.clone(),
            user.primary_smtp.clone(),
            user.sam_account_name.clone(),
            format!("{domain}\\{}", user.sam_account_name),
            legacy_dn(user),
        ];
        texts.extend(user.aliases.iter().cloned());
        for text in texts {
            let found = self.identities.entry(text.to_lowercase()).or_default();
            if !found.contains(&at) {
                found.push(at);
            }
        }
    }

    /// The mailbox of that Guid.
    pub(crate) fn mailbox(&self, guid: Uuid) -> Option<usize> {
        match self.recipient(&guid.to_string()) {
            Found::One(at) => Some(at),
            Found::None | Found::Several => None,
        }
    }

    /// The recipient that `identity` means: Guid, DN, canonical name, name, alias, address, UPN,
    /// `DOMAIN\user`, legacy DN.
    pub(crate) fn recipient(&self, identity: &str) -> Found {
        let text = identity.trim().trim_matches(['{', '}']).to_lowercase();
        let found = self.identities.get(&text).map(Vec::as_slice).unwrap_or_default();
        let mut alive = found.iter().copied().filter(|at| !self.mailboxes[*at].gone);
        match (alive.next(), alive.next()) {
            (Some(at), None) => Found::One(at),
            (None, _) => Found::None,
            (Some(_), Some(_)) => Found::Several,
        }
    }

    /// The partnership that `identity` means: Guid, DN, canonical name, or
    /// `<mailbox>\ExchangeActiveSyncDevices\<type>§<id>`.
    pub(crate) fn device(&self, identity: &str) -> Found {
        let text = identity.trim().trim_matches(['{', '}']);
        if let Ok(guid) = text.parse::<Uuid>() {
            return match self.device_guids.get(&guid) {
                Some(at) if self.devices[*at].is_some() => Found::One(*at),
                _ => Found::None,
            };
        }
        let parts = ["\\ExchangeActiveSyncDevices\\", "/ExchangeActiveSyncDevices/"]
            .iter()
            .find_map(|middle| split_folded(text, middle));
        let (owner, name) = match (parts, text.split_once(",CN=ExchangeActiveSyncDevices,")) {
            (Some(parts), _) => parts,
            (None, Some((name, owner))) => (owner, name.get(3..).unwrap_or_default()),
            (None, None) => return Found::None,
        };
        let Found::One(mailbox) = self.recipient(owner) else {
            return self.recipient(owner);
        };
        let device = self.mailboxes[mailbox].devices.iter().copied().find(|at| {
            self.devices[*at]
                .as_ref()
                .is_some_and(|device| same(&device.name(), name))
        });
        device.map_or(Found::None, Found::One)
    }
}

pub(crate) fn legacy_dn(user: &WorldUser) -> String {
    format!(
        "/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn={}-{}",
        user.mailbox_guid.simple(),
        user.alias
    )
}

fn split_folded<'a>(text: &'a str, middle: &str) -> Option<(&'a str, &'a str)> {
    let at = text.to_ascii_lowercase().find(&middle.to_ascii_lowercase())?;
    Some((text.get(..at)?, text.get(at + middle.len()..)?))
}
