//! One case for each (mailbox, device id).

use std::cmp::Ordering;

use easgate_model::{DeviceId, DistinguishedName, EmailAddress, Mailbox, MailboxId, Partnership};

use crate::index::Index;
use crate::lists::holds;
use crate::{Decision, Ownership};

use super::Outcome;

/// What one decision is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a, 'c> {
    /// The mailbox; `None` when there is none here.
    pub(crate) mailbox: Option<&'a Mailbox>,
    /// Its Guid, also where only our registry knows it.
    pub(crate) id: Option<MailboxId>,
    /// The device.
    pub(crate) device: &'a DeviceId,
    /// Every partnership of the organisation.
    pub(crate) all: &'a [Partnership],
    /// The places of this case's partnerships, by Guid; empty when only our own entry is left.
    pub(crate) places: &'c [usize],
}

impl<'a> Case<'a, '_> {
    pub(crate) fn partnerships(&self) -> impl Iterator<Item = &'a Partnership> {
        self.places.iter().map(|&at| &self.all[at])
    }

    /// Whether only our own list entry is left of the device.
    pub(crate) const fn is_gone(&self) -> bool {
        self.places.is_empty()
    }

    pub(crate) fn decision(&self, outcome: Outcome) -> Decision {
        Decision {
            mailbox: self.id,
            device: self.device.clone(),
            partnership: self.places.first().copied(),
            partnerships: self.places.len(),
            enrollment: outcome.enrollment,
            access: outcome.access,
            reason: outcome.reason,
        }
    }
}

/// Marks the end of a chain.
const END: usize = usize::MAX;

/// A partnership or an entry of ours.
#[derive(Debug, Clone, Copy)]
struct Slot<'a> {
    device: &'a DeviceId,
    /// The place of the partnership; `None` for an entry of ours.
    partnership: Option<usize>,
}

/// Where a slot belongs that has no mailbox here; the order of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Elsewhere<'a> {
    /// Our registry knows a mailbox that is not here any more.
    Gone(MailboxId),
    /// The owner of the partnership has no mailbox here.
    Nowhere(&'a DistinguishedName),
}

/// Every slot by its mailbox: 40 bytes a slot, and 8 a mailbox.
struct Slots<'a> {
    all: &'a [Partnership],
    /// The first slot of each mailbox.
    first: Vec<usize>,
    /// Each with the next one of the same mailbox.
    chained: Vec<(Slot<'a>, usize)>,
    elsewhere: Vec<(Elsewhere<'a>, Slot<'a>)>,
}

/// Calls `each` with every case, in order.
pub(crate) fn cases<'a>(index: &Index<'a>, ownership: &'a Ownership, mut each: impl FnMut(&Case<'a, '_>)) {
    let exchange = &index.facts.exchange;
    let by_address = mailboxes_by_address(&exchange.mailboxes);
    let slots = Slots::new(index, ownership);
    let mut places = Vec::new();
    let mut tell = |mailbox: Option<&'a Mailbox>, id, group: &mut dyn Iterator<Item = Slot<'a>>| {
        let mut group = group.peekable();
        let Some(device) = group.peek().map(|slot| slot.device) else {
            return;
        };
        places.clear();
        places.extend(group.filter_map(|slot| slot.partnership));
        each(&Case {
            mailbox,
            id,
            device,
            all: &exchange.partnerships,
            places: &places,
        });
    };
    let mut here = Vec::new();
    for place in by_address {
        let mailbox = &exchange.mailboxes[place];
        slots.of(place, &mut here);
        for group in here.chunk_by(|a, b| a.device == b.device) {
            tell(Some(mailbox), Some(mailbox.id), &mut group.iter().copied());
        }
    }
    for group in slots
        .elsewhere
        .chunk_by(|(a, left), (b, right)| a == b && left.device == right.device)
    {
        let id = match group[0].0 {
            Elsewhere::Gone(id) => Some(id),
            Elsewhere::Nowhere(_) => None,
        };
        tell(None, id, &mut group.iter().map(|(_, slot)| *slot));
    }
}

/// The places of the mailboxes, in the order of their addresses.
fn mailboxes_by_address(mailboxes: &[Mailbox]) -> Vec<usize> {
    let places = mailboxes.iter().enumerate();
    // Most addresses differ in their first letters, which need no look at the mailbox.
    let mut keyed: Vec<(u128, usize)> = places
        .map(|(place, mailbox)| (beginning(mailbox.primary_smtp.as_ref()), place))
        .collect();
    let whole = |place: usize| (&mailboxes[place].primary_smtp, mailboxes[place].id);
    keyed.sort_unstable_by(|(a, left), (b, right)| a.cmp(b).then_with(|| whole(*left).cmp(&whole(*right))));
    // Not in the place of the keys, which take four times as much.
    let mut by_address = Vec::with_capacity(keyed.len());
    by_address.extend(keyed.iter().map(|(_, place)| *place));
    by_address
}

/// The first 16 bytes of an address without case, which are ordered as addresses are.
fn beginning(address: Option<&EmailAddress>) -> u128 {
    let mut bytes = [0; 16];
    let text = address.map_or("", EmailAddress::as_str);
    for (byte, letter) in bytes.iter_mut().zip(text.bytes()) {
        *byte = letter.to_ascii_lowercase();
    }
    u128::from_be_bytes(bytes)
}

impl<'a> Slots<'a> {
    fn new(index: &Index<'a>, ownership: &'a Ownership) -> Self {
        let exchange = &index.facts.exchange;
        let mut slots = Self {
            all: &exchange.partnerships,
            first: vec![END; exchange.mailboxes.len()],
            chained: Vec::with_capacity(exchange.partnerships.len() + ownership.len()),
            elsewhere: Vec::new(),
        };
        for (at, partnership) in exchange.partnerships.iter().enumerate() {
            let slot = Slot {
                device: &partnership.device_id,
                partnership: Some(at),
            };
            match index.mailbox_at(&partnership.owner) {
                Some(place) => slots.chain(place, slot),
                None => slots
                    .elsewhere
                    .push((Elsewhere::Nowhere(&partnership.owner), slot)),
            }
        }
        let mut place = index.mailboxes.rising();
        for (id, list, device) in ownership.entries() {
            let slot = Slot {
                device,
                partnership: None,
            };
            match place(id) {
                Some(place) if holds(&exchange.mailboxes[place], list, device) => slots.chain(place, slot),
                Some(_) => {}
                None => slots.elsewhere.push((Elsewhere::Gone(id), slot)),
            }
        }
        let all = slots.all;
        slots
            .elsewhere
            .sort_unstable_by(|(a, left), (b, right)| a.cmp(b).then_with(|| cmp_slots(all, left, right)));
        slots
    }

    fn chain(&mut self, mailbox: usize, slot: Slot<'a>) {
        let next = std::mem::replace(&mut self.first[mailbox], self.chained.len());
        self.chained.push((slot, next));
    }

    /// Fills `here` with the slots of the mailbox at `place`, in order.
    fn of(&self, place: usize, here: &mut Vec<Slot<'a>>) {
        here.clear();
        let mut next = self.first[place];
        while let Some((slot, after)) = self.chained.get(next) {
            here.push(*slot);
            next = *after;
        }
        here.sort_unstable_by(|a, b| cmp_slots(self.all, a, b));
    }
}

/// Orders the slots of one mailbox: those of one device are one case. Entries of ours come last, so that the id is shown as
/// the phone wrote it.
fn cmp_slots(all: &[Partnership], a: &Slot<'_>, b: &Slot<'_>) -> Ordering {
    let guid = |slot: &Slot<'_>| slot.partnership.map(|at| all[at].id);
    a.device
        .cmp(b.device)
        .then_with(|| (guid(a).is_none(), guid(a)).cmp(&(guid(b).is_none(), guid(b))))
}
