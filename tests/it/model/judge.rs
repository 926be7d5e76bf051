//! What the facts say of a phone, by a short reading of the rules that shares no code with the product, and the laws.

use std::collections::{BTreeMap, BTreeSet};

use easgate_model::{AccessState, DeviceId, Inventory, Mailbox, MailboxId};
use time::Duration;

use crate::scenario::world::{Landing, State};

/// Whether `facts` allow the phone: `None` where they leave it open.
pub(crate) fn verdict(facts: &Inventory, mailbox: &Mailbox, device: &DeviceId) -> Option<bool> {
    let of_mailbox = |user: &&easgate_model::DirectoryUser| {
        let mut names = user.addresses.iter().chain([&user.user_principal_name]);
        names.any(|name| mailbox.addresses.contains(name))
    };
    let owners: Vec<_> = facts.users.iter().filter(of_mailbox).collect();
    let [owner] = owners[..] else { return None };
    if !owner.licensed {
        return None;
    }
    let mut states = BTreeSet::new();
    let mut elsewhere = false;
    for record in &facts.enrollments {
        if record.eas_device_id.as_ref() != Some(device) {
            continue;
        }
        if record.user_principal_name.as_ref() == Some(&owner.user_principal_name) {
            states.insert(match record.compliance.name() {
                "compliant" | "inGracePeriod" => Some(true),
                "noncompliant" => Some(false),
                _ => None,
            });
        } else {
            elsewhere = true;
        }
    }
    match states.len() {
        0 if elsewhere => None,
        0 => Some(false),
        1 => states.pop_first()?,
        _ => None,
    }
}

/// P1: the most phones that lost access within any 24 hours, when they are more than `limit`.
pub(crate) fn lost_too_many(landings: &[Landing], limit: usize) -> Option<String> {
    let lost: Vec<_> = landings
        .iter()
        .filter(|one| one.before == AccessState::Allowed && one.after != AccessState::Allowed)
        .collect();
    lost.iter().find_map(|first| {
        let day: BTreeSet<_> = lost
            .iter()
            .filter(|one| one.at >= first.at && one.at < first.at + Duration::hours(24))
            .map(|one| (one.mailbox, one.device.as_str().to_ascii_lowercase()))
            .collect();
        (day.len() > limit).then(|| format!("P1: {} phones lost access within a day: {day:?}", day.len()))
    })
}

/// P2 and P3: what landed against the newest complete facts.
pub(crate) fn against_the_facts(landings: &[Landing]) -> Vec<String> {
    let allowed = AccessState::Allowed;
    landings
        .iter()
        .filter(|one| !one.late)
        .filter_map(|one| match one.verdict {
            Some(true) if one.before == allowed && one.after != allowed => Some(format!(
                "P2: {} of {} lost access that the facts allow",
                one.device, one.address
            )),
            Some(false) if one.before != allowed && one.after == allowed => Some(format!(
                "P3: {} of {} gained access that the facts refuse",
                one.device, one.address
            )),
            Some(_) | None => None,
        })
        .collect()
}

/// P5: allow entries of ours that stand although the facts refuse the phone.
pub(crate) fn unfounded_entries(state: &State, facts: &Inventory, owned: &BTreeSet<String>) -> Vec<String> {
    let by_id: BTreeMap<MailboxId, &Mailbox> = state.mailboxes.iter().map(|one| (one.id, one)).collect();
    let mut wrong = Vec::new();
    for (id, mailbox) in by_id {
        for device in &mailbox.allowed {
            let entry = format!("{id} allow {device}").to_ascii_lowercase();
            if owned.contains(&entry) && verdict(facts, mailbox, device) == Some(false) {
                wrong.push(format!(
                    "P5: {device} of {} is on the allow list, ours, and refused",
                    mailbox.name
                ));
            }
        }
    }
    wrong
}

/// P6: phones that have not what the facts give them, as far as nobody else says otherwise.
pub(crate) fn disagreements(state: &State, facts: &Inventory, foreign: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, device) in &state.phones {
        let Some(mailbox) = state.mailboxes.iter().find(|mailbox| mailbox.id == *id) else {
            continue;
        };
        let is_foreign = ["allow", "block"]
            .iter()
            .any(|list| foreign.contains(&format!("{id} {list} {device}").to_ascii_lowercase()));
        let has = state.access(*id, device) == AccessState::Allowed;
        if let Some(wanted) = verdict(facts, mailbox, device)
            && wanted != has
            && !is_foreign
        {
            wrong.push(format!(
                "P6: {device} of {} should have access: {wanted}",
                mailbox.name
            ));
        }
    }
    wrong
}
