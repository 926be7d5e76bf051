//! What stands beside the facts of both sides: the word of a person, records that have vanished, and a source that
//! cannot be asked.

use std::collections::BTreeMap;

use easgate_model::{DeviceId, MailboxId};

/// What is decided otherwise than by the facts, and for which devices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exceptions {
    /// Devices that a person has decided about. This beats everything but the kinds of mailboxes that are never
    /// decided by anybody.
    pub overrides: ByDevice<Override>,
    /// Devices whose record vanished together with many others, and for how long they are held, for people. Such a
    /// device is left as it is as long as no record has its id.
    pub vanished: ByDevice<String>,
    /// Set when device management could not be asked: then the inventory is empty and says nothing.
    pub unreachable: Option<Unreachable>,
}

/// What a person has decided about one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// What the device gets.
    pub access: ByHand,
    /// Who decided it, until when and why, for people. Escape it before showing.
    pub detail: String,
}

/// What a person can decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ByHand {
    /// The device gets mail, whatever device management says of it.
    Allow,
    /// The device is refused, whatever device management says of it.
    Block,
}

impl ByHand {
    /// The stable name, `allow` or `block`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Allow, Self::Block]
            .into_iter()
            .find(|access| access.name() == name)
    }
}

/// What is done while device management cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// What a device gets that no run has seen.
    pub new_devices: NewDevices,
    /// Devices that an earlier run has seen: they stay as they are.
    pub known: ByDevice<()>,
}

/// What a device gets that was never seen before, while device management cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NewDevices {
    /// It is let in.
    Allow,
    /// It is quarantined where Exchange does so by itself, else blocked.
    Quarantine,
}

/// One value for each of some (mailbox, device id); ids are compared without case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByDevice<T>(BTreeMap<MailboxId, BTreeMap<DeviceId, T>>);

impl<T> ByDevice<T> {
    /// The value of the device.
    #[must_use]
    pub fn get(&self, mailbox: MailboxId, device: &DeviceId) -> Option<&T> {
        self.0.get(&mailbox)?.get(device)
    }

    /// Whether the device has a value.
    #[must_use]
    pub fn contains(&self, mailbox: MailboxId, device: &DeviceId) -> bool {
        self.get(mailbox, device).is_some()
    }

    /// Gives the device a value in place of an earlier one.
    pub fn insert(&mut self, mailbox: MailboxId, device: DeviceId, value: T) {
        self.0.entry(mailbox).or_default().insert(device, value);
    }

    /// Every device with its value, by mailbox, then by device.
    pub fn iter(&self) -> impl Iterator<Item = (MailboxId, &DeviceId, &T)> {
        self.0.iter().flat_map(|(mailbox, devices)| {
            devices
                .iter()
                .map(move |(device, value)| (*mailbox, device, value))
        })
    }

    /// How many devices have a value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Whether no device has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for ByDevice<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> FromIterator<(MailboxId, DeviceId, T)> for ByDevice<T> {
    fn from_iter<I: IntoIterator<Item = (MailboxId, DeviceId, T)>>(values: I) -> Self {
        let mut all = Self::default();
        for (mailbox, device, value) in values {
            all.insert(mailbox, device, value);
        }
        all
    }
}
