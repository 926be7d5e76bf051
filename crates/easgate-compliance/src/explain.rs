//! A decision with everything that led to it.

mod advice;
mod near_miss;

pub use near_miss::NearMiss;

use easgate_model::{AccessLevel, AccessStateReason, DeviceId, Evaluation, Mailbox, MailboxId};
use uuid::Uuid;

use crate::decide::{Case, decide_case};
use crate::identity::Deciding;
use crate::index::Index;
use crate::lists::{Lists, Order, evaluate_with};
use crate::plan::Planner;
use crate::plan::tally::contradicts;
use crate::trace::Steps;
use crate::{Change, Decision, Facts, ForeignEntry, List, Ownership, Policy, Step};

/// Why a device gets what it gets, and what would change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decision, the same that [`decide`](crate::decide()) gives.
    pub decision: Decision,
    /// The id of the decision, the same that its change carries.
    pub decision_id: Uuid,
    /// Every question of the flow in order, whether it was asked or not.
    pub trace: Vec<Step>,
    /// What Exchange gives the device now.
    pub exchange_now: PredictedAccess,
    /// What it would give had we never written.
    pub exchange_without_us: PredictedAccess,
    /// What it will give once the change is made.
    pub exchange_after: PredictedAccess,
    /// The change, if there is one.
    pub change: Option<Change>,
    /// Entries for the device that others made.
    pub foreign: Vec<ForeignEntry>,
    /// Records of device management that nearly match.
    pub near_misses: Vec<NearMiss>,
    /// What would change the decision or its effect, as sentences.
    pub what_would_change_it: Vec<String>,
}

/// What Exchange's own order gives a device at its next request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictedAccess {
    /// The level.
    pub level: AccessLevel,
    /// The step that decides; `Other("Disabled")` when ActiveSync is off for the mailbox.
    pub reason: AccessStateReason,
    /// The name of the rule that decides, if one does.
    pub rule: Option<String>,
}

impl PredictedAccess {
    /// The row of Exchange's order, 2 to 9: ActiveSync off, mailbox policy, block list, allow list, block rule,
    /// quarantine rule, allow rule, default.
    #[must_use]
    pub const fn row(&self) -> u8 {
        match (&self.reason, self.level) {
            (AccessStateReason::Policy, _) => 3,
            (AccessStateReason::Individual, AccessLevel::Block) => 4,
            (AccessStateReason::Individual, _) => 5,
            (AccessStateReason::DeviceRule, AccessLevel::Block) => 6,
            (AccessStateReason::DeviceRule, AccessLevel::Quarantine) => 7,
            (AccessStateReason::DeviceRule, AccessLevel::Allow) => 8,
            (AccessStateReason::Global, _) => 9,
            (AccessStateReason::Unknown | AccessStateReason::Upgrade | AccessStateReason::Other(_), _) => 2,
        }
    }
}

impl From<Evaluation<'_>> for PredictedAccess {
    fn from(evaluation: Evaluation<'_>) -> Self {
        Self {
            level: evaluation.level,
            reason: evaluation.reason,
            rule: evaluation.rule.map(|rule| rule.name.clone()),
        }
    }
}

/// Returns the decision for one device of one mailbox with everything that led to it.
///
/// `None` when the mailbox is not here, or has neither a partnership nor a list entry of the device.
#[must_use]
pub fn explain(
    facts: &Facts,
    policy: &Policy,
    ownership: &Ownership,
    mailbox: MailboxId,
    device: &DeviceId,
) -> Option<Explanation> {
    let index = Index::new(facts);
    let place = index.mailboxes.place(mailbox)?;
    let mailbox = &facts.exchange.mailboxes[place];
    let places = partnerships_of(&index, place, device);
    let lists = Lists::read(mailbox, device, ownership);
    if places.is_empty() && !lists.in_allow && !lists.in_block {
        return None;
    }
    let case = Case {
        mailbox: Some(mailbox),
        id: Some(mailbox.id),
        device: device_as_written(facts, mailbox, &places, device)?,
        all: &facts.exchange.partnerships,
        places: &places,
    };
    let mut steps = Steps::default();
    let outcome = decide_case(&index, policy, ownership, &case, &mut steps);
    let decision = case.decision(outcome);

    let partnerships: Vec<_> = case.partnerships().collect();
    let exchange = |lists| -> PredictedAccess {
        evaluate_with(&facts.exchange, mailbox, case.partnerships(), lists, Order::Whole).into()
    };
    let planner = Planner::new(facts, std::slice::from_ref(&decision), policy);
    let change = planner.change(&decision, mailbox, &partnerships, lists);
    let without_us = exchange(lists.without_ours());
    let after = change
        .as_ref()
        .map_or(lists, |change| lists.edited(change.allow, change.block));
    let deciding = Deciding {
        facts,
        mailbox: mailbox.id,
        device: &decision.device,
        access: decision.access,
        reason: decision.reason,
        enrollment: decision.enrollment,
        without_us: without_us.level,
    };
    Some(Explanation {
        decision_id: deciding.id(),
        trace: steps.complete(),
        exchange_now: exchange(lists),
        exchange_after: exchange(after),
        exchange_without_us: without_us,
        foreign: foreign_of(mailbox, &decision, lists),
        near_misses: near_miss::near_misses(&index, mailbox, &case),
        what_would_change_it: advice::advice(&decision, policy, lists, &exchange(lists)),
        change,
        decision,
    })
}

/// The places of the partnerships of `device` with the mailbox at `place`, by Guid.
fn partnerships_of(index: &Index<'_>, place: usize, device: &DeviceId) -> Vec<usize> {
    let all = &index.facts.exchange.partnerships;
    let mut places: Vec<usize> = (0..all.len())
        .filter(|&at| all[at].device_id == *device && index.mailbox_at(&all[at].owner) == Some(place))
        .collect();
    places.sort_by_key(|&at| all[at].id);
    places
}

/// The id as the phone wrote it, else as the list holds it.
fn device_as_written<'a>(
    facts: &'a Facts,
    mailbox: &'a Mailbox,
    places: &[usize],
    device: &DeviceId,
) -> Option<&'a DeviceId> {
    let listed = || {
        mailbox
            .allowed
            .iter()
            .chain(&mailbox.blocked)
            .find(|listed| *listed == device)
    };
    places
        .first()
        .map(|&at| &facts.exchange.partnerships[at].device_id)
        .or_else(listed)
}

fn foreign_of(mailbox: &Mailbox, decision: &Decision, lists: Lists) -> Vec<ForeignEntry> {
    [
        (List::Allow, lists.foreign_allow()),
        (List::Block, lists.foreign_block()),
    ]
    .into_iter()
    .filter(|(_, foreign)| *foreign)
    .map(|(list, _)| ForeignEntry {
        mailbox: mailbox.id,
        list,
        device: decision.device.clone(),
        contradicts: contradicts(list, Some(decision.access)),
    })
    .collect()
}
