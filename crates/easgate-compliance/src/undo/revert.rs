//! Taking back all of ours, and nothing else.

use std::collections::BTreeSet;

use easgate_model::{DeviceId, MailboxId};

use crate::{Access, ExchangeFacts, List, ListEdit, OwnedEntry, Ownership, Reason};

use super::scene::{Scene, sort};
use super::{SkippedBecause, UndoPlan};

/// Returns the changes that remove every entry of ours from the lists.
///
/// # Guarantees
///
/// - Nothing is added, and no entry is removed that `ownership` does not hold.
/// - Once every change is made and what is missing is given up, nothing is ours but entries of mailboxes that are
///   not here.
/// - Each change says what Exchange's own order gives the device then, so that the guard can hold it.
#[must_use]
pub fn revert(exchange: &ExchangeFacts, ownership: &Ownership) -> UndoPlan {
    let scene = Scene::new(exchange, ownership);
    let mut undo = UndoPlan::default();
    let devices: BTreeSet<(MailboxId, &DeviceId)> = ownership
        .entries()
        .map(|(mailbox, _, device)| (mailbox, device))
        .collect();
    for (id, device) in devices {
        let Some(mailbox) = scene.mailbox(id) else {
            undo.skipped
                .push(scene.skipped(id, device, SkippedBecause::MailboxGone));
            continue;
        };
        let lists = scene.lists(mailbox, device);
        let missing = |list: List| ownership.owns(id, list, device) && !lists.holds(list);
        for list in [List::Allow, List::Block]
            .into_iter()
            .filter(|list| missing(*list))
        {
            undo.missing.push(OwnedEntry {
                mailbox: id,
                list,
                device: device.clone(),
            });
        }
        if lists.own_allow || lists.own_block {
            let edits = (remove_if(lists.own_allow), remove_if(lists.own_block));
            let why = (Access::Untouched, Reason::Reverted);
            undo.plan.changes.push(scene.change(mailbox, device, edits, why));
        }
    }
    sort(&mut undo.plan.changes, &mut undo.skipped);
    undo
}

const fn remove_if(ours: bool) -> ListEdit {
    if ours { ListEdit::Remove } else { ListEdit::Keep }
}
