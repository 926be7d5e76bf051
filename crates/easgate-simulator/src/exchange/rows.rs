//! Objects of the organisation as cmdlets show them, member by member in Exchange's order.

mod configuration;
mod device;
mod mailbox;
mod server;

pub(super) use configuration::{POLICY_NAMES, class, policy, rule, settings};
pub(super) use device::{Family, device, statistics};
pub(super) use mailbox::{cas_mailbox, recipient};
pub(super) use server::{Known, client_access, server, servers};

use super::organization::State;
use super::row::{Id, Tail};

/// What a cmdlet call adds to every object: the domain controller that answers.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) controller: String,
    pub(super) forest: bool,
}

/// The container of the organisation's configuration.
fn configuration_dn(state: &State, container: &str) -> String {
    format!(
        "{container},CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC={}",
        state.domain.replace('.', ",DC=")
    )
}

/// The end of a configuration object called `name`.
fn configuration_tail<'a>(
    state: &'a State,
    view: &'a View,
    name: &'a str,
    dn: &'a str,
    guid: uuid::Uuid,
) -> Tail<'a> {
    Tail {
        name,
        dn,
        guid,
        // The identity of a configuration object shows its name alone.
        identity: Id {
            text: name.to_owned(),
            dn: dn.to_owned(),
            guid,
        },
        category: "ms-Exch-Mobile-Mailbox-Settings",
        classes: &["top"],
        when_changed: state.shown(state.settings_changed),
        when_created: state.shown(state.settings_changed),
        version: state.version,
        domain: &state.domain,
        server: &view.controller,
    }
}
