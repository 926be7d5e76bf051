//! What the lists of a mailbox hold for one device, and what Exchange's own order makes of it.

use easgate_model::{
    AccessLevel, AccessState, AccessStateReason, DeviceFacts, DeviceId, Evaluation, Mailbox, Partnership,
    evaluate,
};

use crate::{ExchangeFacts, List, ListEdit, Ownership};

/// Whether a list of the mailbox holds the device.
pub(crate) fn holds(mailbox: &Mailbox, list: List, device: &DeviceId) -> bool {
    match list {
        List::Allow => mailbox.allows(device),
        List::Block => mailbox.blocks(device),
    }
}

/// The entries of one device in the two lists of one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lists {
    pub(crate) in_allow: bool,
    pub(crate) in_block: bool,
    /// INVARIANT: only when `in_allow`.
    pub(crate) own_allow: bool,
    /// INVARIANT: only when `in_block`.
    pub(crate) own_block: bool,
}

impl Lists {
    pub(crate) fn read(mailbox: &Mailbox, device: &DeviceId, ownership: &Ownership) -> Self {
        let in_allow = mailbox.allows(device);
        let in_block = mailbox.blocks(device);
        Self {
            in_allow,
            in_block,
            own_allow: in_allow && ownership.owns(mailbox.id, List::Allow, device),
            own_block: in_block && ownership.owns(mailbox.id, List::Block, device),
        }
    }

    pub(crate) const fn foreign_allow(self) -> bool {
        self.in_allow && !self.own_allow
    }

    pub(crate) const fn foreign_block(self) -> bool {
        self.in_block && !self.own_block
    }

    /// Whether the list holds the device.
    pub(crate) const fn holds(self, list: List) -> bool {
        match list {
            List::Allow => self.in_allow,
            List::Block => self.in_block,
        }
    }

    /// Whether the list holds it by an entry of ours.
    pub(crate) const fn own(self, list: List) -> bool {
        match list {
            List::Allow => self.own_allow,
            List::Block => self.own_block,
        }
    }

    /// The lists as they would be had we never written.
    pub(crate) const fn without_ours(self) -> Self {
        Self {
            in_allow: self.foreign_allow(),
            in_block: self.foreign_block(),
            own_allow: false,
            own_block: false,
        }
    }

    /// The lists once the edits are made.
    pub(crate) const fn edited(self, allow: ListEdit, block: ListEdit) -> Self {
        Self {
            in_allow: apply(self.in_allow, allow),
            in_block: apply(self.in_block, block),
            own_allow: apply(self.own_allow, allow),
            own_block: apply(self.own_block, block),
        }
    }
}

const fn apply(held: bool, edit: ListEdit) -> bool {
    match edit {
        ListEdit::Keep => held,
        ListEdit::Add => true,
        ListEdit::Remove => false,
    }
}

/// How much of Exchange's order is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// All of it.
    Whole,
    /// Lists, rules and the default: as if ActiveSync were on and the mailbox policy met.
    ListsAndRules,
}

/// Returns what Exchange gives the device at its next request, with these entries in the lists.
///
/// Several partnerships of one id get the most that any of them gets. A device without a partnership is
/// evaluated as one that says nothing of itself.
pub(crate) fn evaluate_with<'a, 'p>(
    exchange: &'a ExchangeFacts,
    mailbox: &Mailbox,
    partnerships: impl Iterator<Item = &'p Partnership>,
    lists: Lists,
    order: Order,
) -> Evaluation<'a> {
    let whole = order == Order::Whole;
    let ask = |partnership: Option<&Partnership>| {
        let device = DeviceFacts {
            active_sync_enabled: !whole || mailbox.active_sync_enabled,
            refused_by_policy: whole && partnership.is_some_and(is_refused_by_policy),
            in_block_list: lists.in_block,
            in_allow_list: lists.in_allow,
            device_type: partnership.map_or("", |p| &p.device_type),
            device_model: partnership.map_or("", |p| &p.device_model),
            device_os: partnership.map_or("", |p| &p.device_os),
            user_agent: partnership.map_or("", |p| &p.user_agent),
        };
        evaluate(&device, &exchange.rules, exchange.settings.default_access_level)
    };
    partnerships
        .map(|partnership| ask(Some(partnership)))
        .min_by_key(|evaluation| strictness(evaluation.level))
        .unwrap_or_else(|| ask(None))
}

/// How much a level refuses: 0 for allow, 1 for quarantine, 2 for block.
pub(crate) const fn strictness(level: AccessLevel) -> u8 {
    match level {
        AccessLevel::Allow => 0,
        AccessLevel::Quarantine => 1,
        AccessLevel::Block => 2,
    }
}

/// Whether the mailbox policy refuses the device, which no list lifts.
pub(crate) fn is_refused_by_policy(partnership: &Partnership) -> bool {
    partnership.access_state == AccessState::Blocked
        && partnership.access_state_reason == AccessStateReason::Policy
}
