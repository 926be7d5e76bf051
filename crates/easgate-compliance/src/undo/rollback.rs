//! Restoring what the lists held before a run, for our own entries.

use std::collections::{BTreeMap, BTreeSet};

use easgate_model::{DeviceId, MailboxId};

use crate::lists::Lists;
use crate::{Access, ExchangeFacts, List, ListEdit, Ownership, Reason};

use super::scene::{Scene, sort};
use super::{SkippedBecause, UndoPlan};

/// A change of ours, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastChange {
    /// Whose lists.
    pub mailbox: MailboxId,
    /// Which device.
    pub device: DeviceId,
    /// What happened to the allow list.
    pub allow: ListEdit,
    /// Whether the allow list held the device before.
    pub allow_existed: bool,
    /// What happened to the block list.
    pub block: ListEdit,
    /// Whether the block list held the device before.
    pub block_existed: bool,
    /// Whether it certainly happened; otherwise it may have.
    pub certain: bool,
}

impl PastChange {
    const fn before(&self, list: List) -> bool {
        match list {
            List::Allow => self.allow_existed,
            List::Block => self.block_existed,
        }
    }

    const fn edit(&self, list: List) -> ListEdit {
        match list {
            List::Allow => self.allow,
            List::Block => self.block,
        }
    }

    const fn after(&self, list: List) -> bool {
        match self.edit(list) {
            ListEdit::Keep => self.before(list),
            ListEdit::Add => true,
            ListEdit::Remove => false,
        }
    }
}

/// Returns the changes that restore what the lists held before `undone`, the changes of a run or since a time, in
/// the order in which they were made.
///
/// `later` are the changes that came after them and are not to be undone: a device among them is skipped.
///
/// # Guarantees
///
/// - Only what the changes did is undone: entries that they added and that are still ours are removed, entries of
///   ours that they removed are added again.
/// - A device whose lists are not as the changes left them is skipped.
/// - The result is journaled like any other change, so it can be rolled back as well.
#[must_use]
pub fn rollback(
    exchange: &ExchangeFacts,
    ownership: &Ownership,
    undone: &[PastChange],
    later: &[PastChange],
) -> UndoPlan {
    let scene = Scene::new(exchange, ownership);
    let later: BTreeSet<(MailboxId, &DeviceId)> =
        later.iter().map(|past| (past.mailbox, &past.device)).collect();
    let mut targets: BTreeMap<(MailboxId, &DeviceId), Vec<&PastChange>> = BTreeMap::new();
    for past in undone {
        targets
            .entry((past.mailbox, &past.device))
            .or_default()
            .push(past);
    }
    let mut undo = UndoPlan::default();
    for ((id, device), changes) in targets {
        match restored(&scene, id, device, &changes, later.contains(&(id, device))) {
            Ok(Edits::Nothing) => {}
            Ok(Edits::Make(allow, block)) => {
                let mailbox = scene.mailbox(id).expect("it was found to be restored");
                let after = scene.lists(mailbox, device).edited(allow, block);
                let why = (access(after), Reason::RolledBack);
                undo.plan
                    .changes
                    .push(scene.change(mailbox, device, (allow, block), why));
            }
            Err(why) => undo.skipped.push(scene.skipped(id, device, why)),
        }
    }
    sort(&mut undo.plan.changes, &mut undo.skipped);
    undo
}

/// What has to be done to a device.
enum Edits {
    Nothing,
    Make(ListEdit, ListEdit),
}

/// The edits that restore one device, or why it is skipped.
fn restored(
    scene: &Scene<'_>,
    id: MailboxId,
    device: &DeviceId,
    changes: &[&PastChange],
    has_later: bool,
) -> Result<Edits, SkippedBecause> {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else {
        return Ok(Edits::Nothing);
    };
    let mailbox = scene.mailbox(id).ok_or(SkippedBecause::MailboxGone)?;
    if has_later {
        return Err(SkippedBecause::LaterRun);
    }
    if changes.iter().any(|past| !past.certain) {
        return Err(SkippedBecause::OutcomeUnknown);
    }
    let lists = scene.lists(mailbox, device);
    if [List::Allow, List::Block]
        .into_iter()
        .any(|list| lists.holds(list) != last.after(list))
    {
        return Err(SkippedBecause::ChangedSince);
    }
    let edit = |list| {
        // A list that none of them edited was changed between them by somebody else.
        let edited = changes.iter().any(|past| past.edit(list) != ListEdit::Keep);
        match (first.before(list), lists.holds(list)) {
            _ if !edited => Ok(ListEdit::Keep),
            (true, true) | (false, false) => Ok(ListEdit::Keep),
            (true, false) => Ok(ListEdit::Add),
            (false, true) if lists.own(list) => Ok(ListEdit::Remove),
            (false, true) => Err(SkippedBecause::NotOurs),
        }
    };
    let (allow, block) = (edit(List::Allow)?, edit(List::Block)?);
    Ok(if (allow, block) == (ListEdit::Keep, ListEdit::Keep) {
        Edits::Nothing
    } else {
        Edits::Make(allow, block)
    })
}

/// What the lists say of a device.
const fn access(lists: Lists) -> Access {
    if lists.in_block {
        Access::Block
    } else if lists.in_allow {
        Access::Allow
    } else {
        Access::Untouched
    }
}
