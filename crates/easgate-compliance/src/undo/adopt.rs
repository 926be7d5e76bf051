//! Taking over entries that somebody else made and that agree with the policy.

use std::collections::HashMap;

use easgate_model::{AccessLevel, DeviceId, MailboxId};
use uuid::Uuid;

use crate::identity::Deciding;
use crate::plan::tally;
use crate::{
    Access, Decision, Facts, List, ListEdit, OwnedEntry, Ownership, Plan, Policy, Reason, decide, plan,
};

use super::scene::Scene;

/// Which foreign entries are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AdoptFilter {
    /// Only those of this list.
    pub list: Option<List>,
    /// Only those of this mailbox.
    pub mailbox: Option<MailboxId>,
}

impl AdoptFilter {
    fn takes(&self, entry: &OwnedEntry) -> bool {
        self.list.is_none_or(|list| list == entry.list)
            && self.mailbox.is_none_or(|mailbox| mailbox == entry.mailbox)
    }
}

/// What can be taken over, and what is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adoption {
    /// By mailbox address, the allow list first.
    pub entries: Vec<Adoptable>,
    /// In the same order.
    pub passed_over: Vec<PassedOver>,
}

/// A foreign entry that agrees with the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoptable {
    /// The entry.
    pub entry: OwnedEntry,
    /// The address that people know the mailbox by.
    pub address: String,
    /// What the policy wants for the device.
    pub access: Access,
    /// Why.
    pub reason: Reason,
    /// The decision that the entry carries out.
    pub decision_id: Uuid,
    /// What Exchange's own order gives the device, before as after.
    pub level: AccessLevel,
}

/// A foreign entry that stays foreign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The entry.
    pub entry: OwnedEntry,
    /// The address that people know the mailbox by.
    pub address: String,
    /// What the policy wants for the device, and why; `None` where the device is not here.
    pub wanted: Option<(Access, Reason)>,
}

/// Returns the foreign entries that can become ours: an allow entry of a device that the policy allows, a block
/// entry of one that it blocks.
///
/// # Guarantees
///
/// - Nothing is written to Exchange, and the next plan writes nothing because of it: an entry that would be taken
///   back as soon as it is ours is passed over.
/// - What contradicts the policy, or what the policy does not decide, is passed over.
#[must_use]
pub fn adopt(facts: &Facts, policy: &Policy, ownership: &Ownership, filter: AdoptFilter) -> Adoption {
    let decisions = decide(facts, policy, ownership);
    let before = plan(facts, &decisions, ownership, policy);
    let wanted = by_device(&decisions);
    let foreign = tally::foreign(facts, &decisions, ownership);
    let meant: Vec<OwnedEntry> = foreign
        .into_iter()
        .map(|foreign| OwnedEntry {
            mailbox: foreign.mailbox,
            list: foreign.list,
            device: foreign.device,
        })
        .filter(|entry| filter.takes(entry))
        .collect();
    let mut with_them = ownership.clone();
    for entry in meant.iter().filter(|entry| agrees(entry, &wanted)) {
        with_them.insert(entry.clone());
    }
    let after = plan(facts, &decide(facts, policy, &with_them), &with_them, policy);
    let stable = edits_of(&before) == edits_of(&after);
    let (before, after) = (edits_of(&before), edits_of(&after));
    let scene = Scene::new(&facts.exchange, ownership);
    let mut adoption = Adoption::default();
    for entry in meant {
        let Some(mailbox) = scene.mailbox(entry.mailbox) else {
            continue;
        };
        let key = (entry.mailbox, &entry.device);
        let stays = stable || before.get(&key) == after.get(&key);
        match wanted.get(&key).filter(|_| stays && agrees(&entry, &wanted)) {
            Some(decision) => {
                let lists = scene.lists(mailbox, &entry.device);
                let level = |lists| scene.level(mailbox, &entry.device, lists);
                let deciding = Deciding {
                    facts,
                    mailbox: mailbox.id,
                    device: &entry.device,
                    access: decision.access,
                    reason: decision.reason,
                    enrollment: decision.enrollment,
                    without_us: level(lists.without_ours()),
                };
                adoption.entries.push(Adoptable {
                    address: mailbox.title(),
                    access: decision.access,
                    reason: decision.reason,
                    decision_id: deciding.id(),
                    level: level(lists),
                    entry,
                });
            }
            None => adoption.passed_over.push(PassedOver {
                address: mailbox.title(),
                wanted: wanted
                    .get(&key)
                    .map(|decision| (decision.access, decision.reason)),
                entry,
            }),
        }
    }
    adoption
}

type ByDevice<'a, T> = HashMap<(MailboxId, &'a DeviceId), T>;

fn by_device(decisions: &[Decision]) -> ByDevice<'_, &Decision> {
    decisions
        .iter()
        .filter_map(|decision| Some(((decision.mailbox?, &decision.device), decision)))
        .collect()
}

fn agrees(entry: &OwnedEntry, wanted: &ByDevice<'_, &Decision>) -> bool {
    let access = wanted
        .get(&(entry.mailbox, &entry.device))
        .map(|decision| decision.access);
    match entry.list {
        List::Allow => access == Some(Access::Allow),
        List::Block => access == Some(Access::Block),
    }
}

fn edits_of(plan: &Plan) -> ByDevice<'_, (ListEdit, ListEdit)> {
    plan.changes
        .iter()
        .map(|change| ((change.mailbox, &change.device), (change.allow, change.block)))
        .collect()
}
