//! Where a change of a plan stands now.

use std::collections::BTreeSet;

use easgate_compliance::Change;
use easgate_model::{DeviceId, Mailbox};

use super::FileChange;

/// Where a change of a plan stands, by what was read just now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing<'f> {
    /// It can be made: the lists are as they were, and fresh facts want just this change.
    Wanted(&'f Change),
    /// The lists show it already.
    Already,
    /// The lists are not as they were when the plan was made.
    Moved(&'static str),
    /// The lists are as they were, and fresh facts do not want the change any more.
    Unwanted(&'static str),
}

/// Where `change` stands.
///
/// `devices` are those that the plan changes in the same mailbox: what the plan itself did to them is no move.
/// `made` is whether an earlier run of this plan made the change, and `fresh` what is wanted for the device now.
pub(crate) fn standing<'f>(
    change: &FileChange,
    devices: &BTreeSet<DeviceId>,
    mailbox: Option<&Mailbox>,
    made: bool,
    fresh: Option<&'f Change>,
) -> Standing<'f> {
    let Some(mailbox) = mailbox else {
        return Standing::Moved("the mailbox is not there any more");
    };
    let others_then = |list: &[String]| -> BTreeSet<DeviceId> {
        let ids = list.iter().filter_map(|text| text.parse().ok());
        ids.filter(|id| !devices.contains(id)).collect()
    };
    let others_now = |list: &[DeviceId]| -> BTreeSet<DeviceId> {
        list.iter().filter(|id| !devices.contains(*id)).cloned().collect()
    };
    let held = |list: &[String]| {
        list.iter()
            .any(|text| text.parse::<DeviceId>().is_ok_and(|id| id == change.device_id))
    };
    let before = (held(&change.allowed), held(&change.blocked));
    let after = (change.allow.holds(before.0), change.block.holds(before.1));
    let now = (
        mailbox.allows(&change.device_id),
        mailbox.blocks(&change.device_id),
    );
    if now == after {
        return Standing::Already;
    }
    if made {
        return Standing::Moved("the plan made this change before, and somebody took it back");
    }
    if now != before {
        return Standing::Moved("the lists hold the device otherwise than when the plan was made");
    }
    if others_then(&change.allowed) != others_now(&mailbox.allowed)
        || others_then(&change.blocked) != others_now(&mailbox.blocked)
    {
        return Standing::Moved("the lists of the mailbox hold other devices than when the plan was made");
    }
    match fresh {
        Some(fresh) if change.allow == fresh.allow.into() && change.block == fresh.block.into() => {
            Standing::Wanted(fresh)
        }
        Some(_) => Standing::Unwanted("what is known now wants another change"),
        None => Standing::Unwanted("what is known now wants no change"),
    }
}
