//! Between the store's values and those of the plans.

use easgate_compliance::{List, ListEdit, OwnedEntry, PastChange};
use easgate_store::{Edit, JournalEntry, Outcome};

pub(crate) fn planned_entry(entry: &easgate_store::OwnedEntry) -> OwnedEntry {
    OwnedEntry {
        mailbox: entry.mailbox,
        list: match entry.list {
            easgate_store::List::Allow => List::Allow,
            easgate_store::List::Block => List::Block,
        },
        device: entry.device.clone(),
    }
}

pub(crate) fn stored_list(list: List) -> easgate_store::List {
    match list {
        List::Allow => easgate_store::List::Allow,
        List::Block => easgate_store::List::Block,
    }
}

pub(crate) fn stored_entry(entry: &OwnedEntry) -> easgate_store::OwnedEntry {
    easgate_store::OwnedEntry {
        mailbox: entry.mailbox,
        list: stored_list(entry.list),
        device: entry.device.clone(),
    }
}

/// The change that an entry of the journal made or may have made; `None` where it certainly made none.
pub(super) fn past_change(entry: &JournalEntry) -> Option<PastChange> {
    let certain = match &entry.outcome {
        Some(Outcome::Failed(_)) => return None,
        Some(Outcome::Applied) => true,
        Some(Outcome::Unknown(_)) | None => false,
    };
    let intent = &entry.intent;
    let edit = |edit| match edit {
        Edit::Keep => ListEdit::Keep,
        Edit::Add => ListEdit::Add,
        Edit::Remove => ListEdit::Remove,
    };
    Some(PastChange {
        mailbox: intent.mailbox,
        device: intent.device.clone(),
        allow: edit(intent.allow),
        allow_existed: intent.allow_existed,
        block: edit(intent.block),
        block_existed: intent.block_existed,
        certain,
    })
}
