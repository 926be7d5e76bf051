//! One case for each (mailbox, device id).

use std::cmp::Ordering;

use easgate_model::{DeviceId, Mailbox, MailboxId, Partnership};

use crate::index::Index;
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

/// Where a partnership or an entry of ours belongs; the order of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Home {
    /// The rank of the mailbox by address.
    Here(usize),
    /// Our registry knows a mailbox that is not here any more.
    Gone(MailboxId),
    /// The owner of the partnership has no mailbox here.
    Nowhere,
}

#[derive(Debug, Clone, Copy)]
struct Slot<'a> {
    home: Home,
    device: &'a DeviceId,
    /// `None` for an entry of ours.
    partnership: Option<usize>,
}

/// Calls `each` with every case, in order.
pub(crate) fn cases<'a>(index: &Index<'a>, ownership: &'a Ownership, mut each: impl FnMut(&Case<'a, '_>)) {
    let exchange = &index.facts.exchange;
    let by_address = mailboxes_by_address(&exchange.mailboxes);
    let slots = slots(index, ownership, &by_address);
    let mut places = Vec::new();
    for group in slots.chunk_by(|a, b| cmp_case(&exchange.partnerships, a, b).is_eq()) {
        places.clear();
        places.extend(group.iter().filter_map(|slot| slot.partnership));
        let (mailbox, id) = match group[0].home {
            Home::Here(rank) => {
                let mailbox = &exchange.mailboxes[by_address[rank]];
                (Some(mailbox), Some(mailbox.id))
            }
            Home::Gone(id) => (None, Some(id)),
            Home::Nowhere => (None, None),
        };
        each(&Case {
            mailbox,
            id,
            device: group[0].device,
            all: &exchange.partnerships,
            places: &places,
        });
    }
}

/// The places of the mailboxes, in the order of their addresses.
fn mailboxes_by_address(mailboxes: &[Mailbox]) -> Vec<usize> {
    let mut by_address: Vec<usize> = (0..mailboxes.len()).collect();
    by_address.sort_unstable_by(|&a, &b| {
        let (a, b) = (&mailboxes[a], &mailboxes[b]);
        (&a.primary_smtp, a.id).cmp(&(&b.primary_smtp, b.id))
    });
    by_address
}

fn slots<'a>(index: &Index<'a>, ownership: &'a Ownership, by_address: &[usize]) -> Vec<Slot<'a>> {
    let exchange = &index.facts.exchange;
    let mut rank_of = vec![0; by_address.len()];
    for (rank, &place) in by_address.iter().enumerate() {
        rank_of[place] = rank;
    }
    let mut slots = Vec::with_capacity(exchange.partnerships.len());
    for (at, partnership) in exchange.partnerships.iter().enumerate() {
        let mailbox = index.mailbox_at(&partnership.owner);
        slots.push(Slot {
            home: mailbox.map_or(Home::Nowhere, |place| Home::Here(rank_of[place])),
            device: &partnership.device_id,
            partnership: Some(at),
        });
    }
    for (id, list, device) in ownership.entries() {
        let home = match index.mailboxes.place(id) {
            Some(place) => {
                let mailbox = &exchange.mailboxes[place];
                let held = match list {
                    crate::List::Allow => mailbox.allows(device),
                    crate::List::Block => mailbox.blocks(device),
                };
                if !held {
                    continue;
                }
                Home::Here(rank_of[place])
            }
            None => Home::Gone(id),
        };
        slots.push(Slot {
            home,
            device,
            partnership: None,
        });
    }
    slots.sort_unstable_by(|a, b| {
        cmp_case(&exchange.partnerships, a, b).then_with(|| {
            // Entries of ours last, so that the id is shown as the phone wrote it.
            let guid = |slot: &Slot<'_>| slot.partnership.map(|at| exchange.partnerships[at].id);
            (guid(a).is_none(), guid(a)).cmp(&(guid(b).is_none(), guid(b)))
        })
    });
    slots
}

/// Orders slots by case: two that are equal belong to one decision.
fn cmp_case(partnerships: &[Partnership], a: &Slot<'_>, b: &Slot<'_>) -> Ordering {
    let owner = |slot: &Slot<'_>| {
        let at = slot.partnership.filter(|_| slot.home == Home::Nowhere);
        at.and_then(|at| partnerships.get(at))
            .map(|partnership| &partnership.owner)
    };
    a.home
        .cmp(&b.home)
        .then_with(|| owner(a).cmp(&owner(b)))
        .then_with(|| a.device.cmp(b.device))
}
