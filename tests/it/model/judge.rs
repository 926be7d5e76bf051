//! What the facts say of a phone, by a short reading of the rules that shares no code with the product, and the laws.

use std::collections::BTreeSet;

use easgate_model::{AccessState, DeviceId, Inventory, Mailbox};
use time::Duration;

use crate::scenario::world::{Hand, Landing, State, entry};

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

/// P1: the most phones that lost access within any 24 hours without anybody's consent, when they are more than
/// `limit`.
pub(super) fn lost_too_many(
    landings: &[Landing],
    limit: usize,
    has_consent: impl Fn(&Landing) -> bool,
) -> Option<String> {
    let lost: Vec<_> = landings
        .iter()
        .filter(|one| one.hand == Hand::Ours && one.before == AccessState::Allowed)
        .filter(|one| one.after != AccessState::Allowed && !has_consent(one))
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

/// P2 and P3: what was sent against the newest complete facts.
pub(super) fn against_the_facts(landings: &[Landing]) -> Vec<String> {
    let allowed = AccessState::Allowed;
    landings
        .iter()
        .filter_map(|one| match one.verdict {
            Some(true) if one.before == allowed && one.after != allowed => Some(format!(
                "P2: {} of {} lost access that the facts allow, by {:?} at {}",
                one.device, one.address, one.hand, one.at
            )),
            Some(false) if one.before != allowed && one.after == allowed => Some(format!(
                "P3: {} of {} gained access that the facts refuse, by {:?} at {}",
                one.device, one.address, one.hand, one.at
            )),
            Some(_) | None => None,
        })
        .collect()
}

/// P5: allow entries of ours that stand although the facts refuse the phone.
pub(super) fn unfounded_entries(state: &State, facts: &Inventory, owned: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for mailbox in &state.mailboxes {
        for device in &mailbox.allowed {
            let is_ours = owned.contains(&entry(mailbox.id, "allow", device));
            let by_hand = state.by_hand.contains(&entry(mailbox.id, "", device));
            if is_ours && !by_hand && verdict(facts, mailbox, device) == Some(false) {
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
pub(super) fn disagreements(state: &State, facts: &Inventory, foreign: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, device) in &state.phones {
        let Some(mailbox) = state.mailboxes.iter().find(|mailbox| mailbox.id == *id) else {
            continue;
        };
        let is_foreign = ["allow", "block"]
            .iter()
            .any(|list| foreign.contains(&entry(*id, list, device)));
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
