//! What decisions rest on, and which list entries are ours.

use std::collections::BTreeMap;
use std::fmt;

use easgate_model::{
    DeviceAccessRule, DeviceId, Inventory, Mailbox, MailboxId, OrganizationSettings, Partnership,
};

use crate::Exceptions;

/// What Exchange knows, read completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeFacts {
    /// The organisation's settings.
    pub settings: OrganizationSettings,
    /// Its device access rules.
    pub rules: Vec<DeviceAccessRule>,
    /// Every mailbox with its lists.
    pub mailboxes: Vec<Mailbox>,
    /// Every partnership.
    pub partnerships: Vec<Partnership>,
}

/// Both sides, read completely. What could not be read completely never becomes `Facts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What Exchange knows.
    pub exchange: ExchangeFacts,
    /// What device management knows.
    pub inventory: Inventory,
    /// What is decided otherwise than by these two.
    pub exceptions: Exceptions,
}

/// One of a mailbox's two device lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum List {
    /// `ActiveSyncAllowedDeviceIDs`.
    Allow,
    /// `ActiveSyncBlockedDeviceIDs`.
    Block,
}

impl List {
    /// The stable name, `allow` or `block`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A list entry that we added.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnedEntry {
    /// Whose list.
    pub mailbox: MailboxId,
    /// Which list.
    pub list: List,
    /// Which device.
    pub device: DeviceId,
}

/// The list entries that are ours: nothing else is ever removed.
///
/// Ids are compared without case, as Exchange compares them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ownership(BTreeMap<MailboxId, OwnLists>);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct OwnLists {
    allow: Vec<DeviceId>,
    block: Vec<DeviceId>,
}

impl OwnLists {
    const fn list(&self, list: List) -> &Vec<DeviceId> {
        match list {
            List::Allow => &self.allow,
            List::Block => &self.block,
        }
    }

    const fn list_mut(&mut self, list: List) -> &mut Vec<DeviceId> {
        match list {
            List::Allow => &mut self.allow,
            List::Block => &mut self.block,
        }
    }
}

impl Ownership {
    /// Whether the entry is ours.
    #[must_use]
    pub fn owns(&self, mailbox: MailboxId, list: List, device: &DeviceId) -> bool {
        self.0
            .get(&mailbox)
            .is_some_and(|lists| lists.list(list).contains(device))
    }

    /// Notes that the entry is ours; noting it twice changes nothing.
    pub fn insert(&mut self, entry: OwnedEntry) {
        let list = self.0.entry(entry.mailbox).or_default().list_mut(entry.list);
        if !list.contains(&entry.device) {
            list.push(entry.device);
        }
    }

    /// Notes that the entry is not ours any more.
    pub fn remove(&mut self, entry: &OwnedEntry) {
        if let Some(lists) = self.0.get_mut(&entry.mailbox) {
            lists
                .list_mut(entry.list)
                .retain(|device| *device != entry.device);
            if lists.allow.is_empty() && lists.block.is_empty() {
                self.0.remove(&entry.mailbox);
            }
        }
    }

    /// Every entry, by mailbox, the allow list first.
    pub fn entries(&self) -> impl Iterator<Item = (MailboxId, List, &DeviceId)> {
        self.0.iter().flat_map(|(mailbox, lists)| {
            [List::Allow, List::Block].into_iter().flat_map(move |list| {
                lists
                    .list(list)
                    .iter()
                    .map(move |device| (*mailbox, list, device))
            })
        })
    }

    /// How many entries are ours.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0
            .values()
            .map(|lists| lists.allow.len() + lists.block.len())
            .sum()
    }

    /// Whether none is ours.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<OwnedEntry> for Ownership {
    fn from_iter<I: IntoIterator<Item = OwnedEntry>>(entries: I) -> Self {
        let mut ownership = Self::default();
        for entry in entries {
            ownership.insert(entry);
        }
        ownership
    }
}
