//! From what the policy wants to what to change.

mod change;
mod edits;
pub(crate) mod tally;

pub use change::{Change, ListEdit};
pub use tally::{Counts, ForeignEntry, MatchRate};

use std::collections::{HashMap, HashSet};

use easgate_model::{DeviceId, DistinguishedName, Mailbox, Partnership};

use crate::identity::Deciding;
use crate::index::MailboxesById;
use crate::lists::{Lists, Order, evaluate_with};
use crate::{Decision, ExchangeFacts, Facts, OwnedEntry, Ownership, Policy};

/// What to change, and what was found on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The changes, by mailbox address, then by device id; empty when Exchange agrees.
    pub changes: Vec<Change>,
    /// How many devices get what, and why.
    pub counts: Counts,
    /// How many devices could be tied to a user of the directory.
    pub match_rate: MatchRate,
    /// List entries that others made, by mailbox address.
    pub foreign: Vec<ForeignEntry>,
    /// Entries that our registry holds and that somebody else has removed from the lists.
    pub undone: Vec<OwnedEntry>,
}

/// Returns the changes that make Exchange agree with `decisions`.
///
/// # Guarantees
///
/// - Only entries that `ownership` holds are removed; lists are never replaced.
/// - A foreign block is never planned against; a foreign allow only where the policy says so.
/// - Nothing is written for a device that Exchange, without our entries, refuses at least as strictly as the
///   policy wants: a block entry is added only where the device would otherwise be let in or quarantined.
/// - When every change has been made, the plan over the new lists is empty.
///
/// `decisions` are those of [`decide`](crate::decide) over the same facts.
#[must_use]
pub fn plan(facts: &Facts, decisions: &[Decision], ownership: &Ownership, policy: &Policy) -> Plan {
    let planner = Planner::new(facts, decisions, policy);
    let mut plan = Plan::default();
    for decision in decisions {
        let mailbox = decision.mailbox.and_then(|id| planner.mailboxes.get(id));
        let first = planner.first(decision);
        let partnerships = planner.partnerships(decision, first.as_ref());
        plan.counts.add(decision);
        plan.match_rate.add(decision);
        let Some(mailbox) = mailbox else { continue };
        let lists = Lists::read(mailbox, &decision.device, ownership);
        plan.counts
            .add_exchange(&facts.exchange, mailbox, partnerships, decision, lists);
        plan.changes
            .extend(planner.change(decision, mailbox, partnerships, lists));
    }
    plan.changes
        .sort_by(|a, b| (&a.address, a.mailbox, &a.device).cmp(&(&b.address, b.mailbox, &b.device)));
    plan.foreign = tally::foreign(facts, decisions, ownership);
    plan.undone = tally::undone(&planner.mailboxes, ownership);
    plan
}

pub(crate) struct Planner<'a> {
    facts: &'a Facts,
    policy: &'a Policy,
    mailboxes: MailboxesById<'a>,
    /// The partnerships of the few ids that have more than one.
    shared: HashMap<(&'a DistinguishedName, &'a DeviceId), Vec<&'a Partnership>>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(facts: &'a Facts, decisions: &[Decision], policy: &'a Policy) -> Self {
        Self {
            facts,
            policy,
            mailboxes: MailboxesById::new(&facts.exchange.mailboxes),
            shared: shared(&facts.exchange, decisions),
        }
    }

    /// The first of the partnerships that `decision` is about.
    fn first(&self, decision: &Decision) -> Option<&'a Partnership> {
        self.facts.exchange.partnerships.get(decision.partnership?)
    }

    /// All of them, of which `first` is the first.
    fn partnerships<'s>(
        &'s self,
        decision: &Decision,
        first: Option<&'s &'a Partnership>,
    ) -> &'s [&'a Partnership] {
        let Some(first) = first else { return &[] };
        let shared = (decision.partnerships > 1).then(|| self.shared.get(&(&first.owner, &first.device_id)));
        shared
            .flatten()
            .map_or_else(|| std::slice::from_ref(first), Vec::as_slice)
    }

    /// The change that `decision` asks for, if it asks for one.
    pub(crate) fn change(
        &self,
        decision: &Decision,
        mailbox: &Mailbox,
        partnerships: &[&Partnership],
        lists: Lists,
    ) -> Option<Change> {
        let exchange = &self.facts.exchange;
        let level =
            |lists, order| evaluate_with(exchange, mailbox, partnerships.iter().copied(), lists, order).level;
        let without_us = level(lists.without_ours(), Order::Whole);
        let situation = edits::Situation {
            lists,
            gone: partnerships.is_empty(),
            without_us,
            foreign_allow: self.policy.foreign_allow,
        };
        let (allow, block) = edits::edits(decision.access, decision.reason, situation)?;
        let record = decision
            .enrollment
            .and_then(|at| self.facts.inventory.enrollments.get(at));
        let deciding = Deciding {
            facts: self.facts,
            mailbox: mailbox.id,
            device: &decision.device,
            access: decision.access,
            reason: decision.reason,
            enrollment: decision.enrollment,
            without_us,
        };
        Some(Change {
            mailbox: mailbox.id,
            address: mailbox.title(),
            device: decision.device.clone(),
            access: decision.access,
            reason: decision.reason,
            allow,
            block,
            before: level(lists, Order::Whole),
            after: level(lists.edited(allow, block), Order::Whole),
            compromised: record.is_some_and(|record| record.compromised),
            decision_id: deciding.id(),
        })
    }
}

fn shared<'a>(
    exchange: &'a ExchangeFacts,
    decisions: &[Decision],
) -> HashMap<(&'a DistinguishedName, &'a DeviceId), Vec<&'a Partnership>> {
    let wanted: HashSet<(&DistinguishedName, &DeviceId)> = decisions
        .iter()
        .filter(|decision| decision.partnerships > 1)
        .filter_map(|decision| exchange.partnerships.get(decision.partnership?))
        .map(|partnership| (&partnership.owner, &partnership.device_id))
        .collect();
    let mut shared: HashMap<_, Vec<&Partnership>> = HashMap::new();
    if !wanted.is_empty() {
        for partnership in &exchange.partnerships {
            let key = (&partnership.owner, &partnership.device_id);
            if wanted.contains(&key) {
                shared.entry(key).or_default().push(partnership);
            }
        }
    }
    for all in shared.values_mut() {
        all.sort_by_key(|partnership| partnership.id);
    }
    shared
}
