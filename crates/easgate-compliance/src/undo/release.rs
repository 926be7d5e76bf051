//! Giving up our entries, with nobody's access changed.

use easgate_model::{AccessLevel, Mailbox};

use crate::{ExchangeFacts, OwnedEntry, Ownership};

use super::scene::Scene;

/// An entry that is given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The entry.
    pub entry: OwnedEntry,
    /// The address that people know the mailbox by; its Guid where the mailbox is not here.
    pub address: String,
    /// What Exchange's own order gives the device, before as after; `None` where the mailbox is not here.
    pub level: Option<AccessLevel>,
    /// Whether the list holds the entry.
    pub listed: bool,
}

/// Returns every entry that is ours, to be given up: by mailbox address, then by device, the allow list first.
///
/// Nothing is written to Exchange: the lists stay as they are, and the entries are somebody else's from then on. It
/// is the way to uninstall.
#[must_use]
pub fn release(exchange: &ExchangeFacts, ownership: &Ownership) -> Vec<Standing> {
    let scene = Scene::new(exchange, ownership);
    let mut standing: Vec<Standing> = ownership
        .entries()
        .map(|(id, list, device)| {
            let mailbox = scene.mailbox(id);
            let lists = mailbox.map(|mailbox| scene.lists(mailbox, device));
            Standing {
                entry: OwnedEntry {
                    mailbox: id,
                    list,
                    device: device.clone(),
                },
                address: mailbox.map_or_else(|| id.to_string(), Mailbox::title),
                level: mailbox
                    .zip(lists)
                    .map(|(mailbox, lists)| scene.level(mailbox, device, lists)),
                listed: lists.is_some_and(|lists| lists.holds(list)),
            }
        })
        .collect();
    standing.sort_by(|a, b| {
        let key = |standing: &Standing| {
            (
                standing.entry.mailbox,
                standing.entry.device.clone(),
                standing.entry.list,
            )
        };
        a.address.cmp(&b.address).then_with(|| key(a).cmp(&key(b)))
    });
    standing
}
