//! What a plan counts and reports.

use std::collections::{BTreeMap, HashMap, HashSet};

use easgate_model::{AccessLevel, DeviceId, Mailbox, MailboxId, Partnership};

use crate::index::MailboxesById;
use crate::lists::{Lists, Order, evaluate_with, holds, is_refused_by_policy};
use crate::{Access, Decision, ExchangeFacts, Facts, List, OwnedEntry, Ownership, Reason};

/// How many devices get what, and why. A device is one (mailbox, device id) with a partnership.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// All devices.
    pub devices: u64,
    /// Devices that the policy wants to have mail.
    pub allow: u64,
    /// Devices that the policy refuses.
    pub block: u64,
    /// Devices that the policy leaves in quarantine.
    pub quarantine: u64,
    /// Devices that are not decided by us.
    pub untouched: u64,
    /// The same devices by reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// List entries of ours whose partnership is gone, as devices; in none of the counts above.
    pub gone: u64,
    /// Devices that the mailbox policy refuses (Blocked/Policy), which no list lifts.
    pub refused_by_mailbox_policy: u64,
    /// Devices of mailboxes for which ActiveSync is off.
    pub active_sync_off: u64,
    /// Compliant devices that the default access rule holds, because the policy does not always allow them.
    pub compliant_held: u64,
    /// Devices that the policy wants to have mail, and that a foreign block entry refuses.
    pub foreign_blocks: u64,
    /// Devices that the policy refuses, and that somebody else has put on the allow list.
    pub foreign_allows: u64,
}

impl Counts {
    /// The count of one kind of access.
    #[must_use]
    pub const fn of(&self, access: Access) -> u64 {
        match access {
            Access::Allow => self.allow,
            Access::Block => self.block,
            Access::Quarantine => self.quarantine,
            Access::Untouched => self.untouched,
        }
    }

    pub(super) fn add(&mut self, decision: &Decision) {
        if decision.partnership.is_none() {
            self.gone += 1;
            return;
        }
        self.devices += 1;
        let count = match decision.access {
            Access::Allow => &mut self.allow,
            Access::Block => &mut self.block,
            Access::Quarantine => &mut self.quarantine,
            Access::Untouched => &mut self.untouched,
        };
        *count += 1;
        *self.reasons.entry(decision.reason).or_default() += 1;
    }

    pub(super) fn add_exchange(
        &mut self,
        exchange: &ExchangeFacts,
        mailbox: &Mailbox,
        partnerships: &[&Partnership],
        decision: &Decision,
        lists: Lists,
    ) {
        if partnerships.is_empty() {
            return;
        }
        let one_if = |counts: bool| u64::from(counts);
        let refused = matches!(decision.access, Access::Block | Access::Quarantine);
        self.refused_by_mailbox_policy += one_if(partnerships.iter().all(|p| is_refused_by_policy(p)));
        self.active_sync_off += one_if(!mailbox.active_sync_enabled);
        self.foreign_blocks += one_if(decision.access == Access::Allow && lists.foreign_block());
        self.foreign_allows += one_if(refused && lists.foreign_allow());
        if decision.reason == Reason::CompliantByDefaultRule {
            let devices = partnerships.iter().copied();
            let given = evaluate_with(exchange, mailbox, devices, lists.without_ours(), Order::Whole);
            self.compliant_held += one_if(given.level != AccessLevel::Allow);
        }
    }
}

/// How many devices of people's mailboxes could be tied to exactly one user of the directory, and clearly to
/// their record where there is one.
///
/// Devices that are never decided (system and shared mailboxes, Outlook, placeholder ids, ...) do not count. A
/// device that is simply not enrolled counts as matched: its owner is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MatchRate {
    /// How many were matched.
    pub matched: u64,
    /// Of how many.
    pub of: u64,
}

impl MatchRate {
    /// The rate in percent; 100 where there is nothing to match.
    #[must_use]
    pub fn percent(self) -> f64 {
        let float = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        if self.of == 0 {
            100.0
        } else {
            float(self.matched) * 100.0 / float(self.of)
        }
    }

    pub(super) const fn add(&mut self, decision: &Decision) {
        if decision.partnership.is_none() {
            return;
        }
        let (matched, of) = match decision.reason {
            Reason::SystemMailbox
            | Reason::SharedMailbox
            | Reason::RoomMailbox
            | Reason::EquipmentMailbox
            | Reason::OtherMailbox
            | Reason::RemoteMailbox
            | Reason::OwnerWithoutMailbox
            | Reason::Outlook
            | Reason::PlaceholderId
            | Reason::ManualAllow
            | Reason::ManualBlock
            | Reason::Unreachable
            | Reason::NewWhileUnreachable
            | Reason::MailboxMoving
            | Reason::Reverted
            | Reason::RolledBack => (0, 0),
            Reason::OwnerUnknown
            | Reason::OwnerAmbiguous
            | Reason::IdOfAnotherUser
            | Reason::AmbiguousDevice => (0, 1),
            Reason::Compliant
            | Reason::GracePeriod
            | Reason::CompliantByDefaultRule
            | Reason::NotCompliant
            | Reason::NotEnrolled
            | Reason::Vanished
            | Reason::PlatformException
            | Reason::NotTargeted
            | Reason::Exempt
            | Reason::NotLicensed
            | Reason::NotEvaluated(_) => (1, 1),
        };
        self.matched += matched;
        self.of += of;
    }
}

/// A list entry that somebody else made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignEntry {
    /// Whose list.
    pub mailbox: MailboxId,
    /// Which list.
    pub list: List,
    /// Which device.
    pub device: DeviceId,
    /// Whether it stands against what the policy wants.
    pub contradicts: bool,
}

/// Every foreign entry, by mailbox address, the allow list first.
pub(crate) fn foreign(facts: &Facts, decisions: &[Decision], ownership: &Ownership) -> Vec<ForeignEntry> {
    let mailboxes = &facts.exchange.mailboxes;
    let is_foreign = |mailbox: &Mailbox, list, device: &DeviceId| !ownership.owns(mailbox.id, list, device);
    let holds_foreign = |mailbox: &&Mailbox| {
        let any = |list, entries: &[DeviceId]| entries.iter().any(|device| is_foreign(mailbox, list, device));
        any(List::Allow, &mailbox.allowed) || any(List::Block, &mailbox.blocked)
    };
    let mut holders: Vec<&Mailbox> = mailboxes.iter().filter(holds_foreign).collect();
    holders.sort_by(|a, b| (&a.primary_smtp, a.id).cmp(&(&b.primary_smtp, b.id)));
    holders.dedup_by_key(|mailbox| mailbox.id);
    let mut wanted: HashMap<(MailboxId, &DeviceId), Access> = HashMap::new();
    let holds: HashSet<MailboxId> = holders.iter().map(|mailbox| mailbox.id).collect();
    for decision in decisions {
        if let Some(id) = decision.mailbox.filter(|id| holds.contains(id)) {
            wanted.insert((id, &decision.device), decision.access);
        }
    }
    let mut foreign = Vec::new();
    for mailbox in holders {
        for (list, entries) in [(List::Allow, &mailbox.allowed), (List::Block, &mailbox.blocked)] {
            for device in entries.iter().filter(|device| is_foreign(mailbox, list, device)) {
                let access = wanted.get(&(mailbox.id, device)).copied();
                foreign.push(ForeignEntry {
                    mailbox: mailbox.id,
                    list,
                    device: device.clone(),
                    contradicts: contradicts(list, access),
                });
            }
        }
    }
    foreign
}

/// Whether a foreign entry in `list` stands against `wanted`.
pub(crate) const fn contradicts(list: List, wanted: Option<Access>) -> bool {
    matches!(
        (list, wanted),
        (List::Allow, Some(Access::Block | Access::Quarantine)) | (List::Block, Some(Access::Allow))
    )
}

/// What the registry holds and the lists do not.
pub(super) fn undone(mailboxes: &MailboxesById<'_>, ownership: &Ownership) -> Vec<OwnedEntry> {
    let mut place = mailboxes.rising();
    let mut lost = |id: MailboxId, list: List, device: &DeviceId| {
        place(id).is_some_and(|place| !holds(mailboxes.at(place), list, device))
    };
    ownership
        .entries()
        .filter(|(id, list, device)| lost(*id, *list, device))
        .map(|(mailbox, list, device)| OwnedEntry {
            mailbox,
            list,
            device: device.clone(),
        })
        .collect()
}
