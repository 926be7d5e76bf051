//! The device lists of mailboxes, and whether an edit shows in them.

use easgate_compliance::{Change, ListEdit};
use easgate_exchange::ListChange;
use easgate_model::{DeviceId, Mailbox};
use easgate_store::{Edit, Intent, List};

/// The command that carries `change` out.
///
/// It names the domain controller that gave the mailbox when that one can write the mailbox, which is when it is
/// of the mailbox's own domain.
#[must_use]
pub fn list_change(change: &Change, mailbox: Option<&Mailbox>) -> ListChange {
    let mut list = ListChange::new(change.mailbox);
    let device = || change.device.clone();
    match change.allow {
        ListEdit::Keep => {}
        ListEdit::Add => list.add_allowed.push(device()),
        ListEdit::Remove => list.remove_allowed.push(device()),
    }
    match change.block {
        ListEdit::Keep => {}
        ListEdit::Add => list.add_blocked.push(device()),
        ListEdit::Remove => list.remove_blocked.push(device()),
    }
    list.domain_controller = mailbox.and_then(domain_controller);
    list
}

/// The domain controller that gave the mailbox, when it is of the mailbox's own domain.
///
/// With the whole forest in view a global catalogue of another domain may have answered, which holds a copy that
/// cannot be written.
pub(crate) fn domain_controller(mailbox: &Mailbox) -> Option<String> {
    let server = mailbox.originating_server.as_deref()?;
    let (_, domain) = server.split_once('.')?;
    let parts = mailbox.distinguished_name.as_str().split(',').filter_map(|part| {
        let (key, value) = part.trim().split_once('=')?;
        key.eq_ignore_ascii_case("DC").then_some(value)
    });
    let of_mailbox = parts.collect::<Vec<_>>().join(".");
    domain
        .eq_ignore_ascii_case(&of_mailbox)
        .then(|| server.to_owned())
}

pub(crate) const fn edit(edit: ListEdit) -> Edit {
    match edit {
        ListEdit::Keep => Edit::Keep,
        ListEdit::Add => Edit::Add,
        ListEdit::Remove => Edit::Remove,
    }
}

pub(crate) fn holds(mailbox: &Mailbox, list: List, device: &DeviceId) -> bool {
    match list {
        List::Allow => mailbox.allows(device),
        List::Block => mailbox.blocks(device),
    }
}

/// `intent` with only those edits that the lists of `mailbox` show.
pub(crate) fn shown(intent: &Intent, mailbox: &Mailbox) -> Intent {
    let shows = |list, edit| match edit {
        Edit::Keep => false,
        Edit::Add => holds(mailbox, list, &intent.device),
        Edit::Remove => !holds(mailbox, list, &intent.device),
    };
    let kept = |list, edit| if shows(list, edit) { edit } else { Edit::Keep };
    Intent {
        allow: kept(List::Allow, intent.allow),
        block: kept(List::Block, intent.block),
        ..intent.clone()
    }
}

#[cfg(test)]
mod tests {
    use easgate_model::{DistinguishedName, MailboxId, RecipientType};

    use super::*;

    fn mailbox(dn: &str, server: Option<&str>) -> Mailbox {
        Mailbox {
            id: MailboxId(uuid::Uuid::nil()),
            distinguished_name: DistinguishedName::new(dn),
            name: String::new(),
            display_name: String::new(),
            sam_account_name: String::new(),
            primary_smtp: None,
            addresses: Vec::new(),
            recipient_type: RecipientType::User,
            active_sync_enabled: true,
            allowed: Vec::new(),
            blocked: Vec::new(),
            odd_entries: 0,
            when_changed: None,
            originating_server: server.map(str::to_owned),
        }
    }

    #[test]
    fn a_write_is_pinned_to_a_domain_controller_of_the_mailbox_s_own_domain() {
        let dn = "CN=Ana,OU=Staff,DC=emea,DC=contoso,DC=com";
        for (server, pinned) in [
            (Some("dc1.emea.contoso.com"), true),
            (Some("DC1.EMEA.Contoso.com"), true),
            (Some("dc1.contoso.com"), false),
            (Some("dc1.asia.contoso.com"), false),
            (Some("dc1"), false),
            (None, false),
        ] {
            assert_eq!(
                domain_controller(&mailbox(dn, server)).is_some(),
                pinned,
                "{server:?}"
            );
        }
    }
}
