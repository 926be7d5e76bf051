//! What a sync decided and why, by examples.

use std::collections::BTreeSet;

use easgate_compliance::{Access, Decision, List, explain};
use easgate_connector::{OrganizationConfig, Planned};
use easgate_model::{Mailbox, MailboxId, escape};

use crate::output;
use crate::render::changes::Rows;
use crate::render::{count, explanation};

/// Tells of each reason by one device, explains two decisions in full, and shows what the guard held.
pub(super) fn print(config: &OrganizationConfig, planned: &Planned) {
    output::line("");
    output::line("One device for each reason:");
    output::table(
        ["mailbox", "device", "access", "reason", "which says"],
        examples(planned),
    );
    // One that the sync itself let in, rather than one that somebody else had let in before.
    let ours = |decision: &&Decision| {
        let owns = |mailbox| planned.ownership.owns(mailbox, List::Allow, &decision.device);
        decision.access == Access::Allow && decision.mailbox.is_some_and(owns)
    };
    if let Some(decision) = planned.decisions.iter().find(ours) {
        output::line("");
        full(config, planned, decision);
    }
    foreign(planned);
    held(config, planned);
}

fn examples(planned: &Planned) -> Vec<[String; 5]> {
    let mut told = BTreeSet::new();
    planned
        .decisions
        .iter()
        .filter(|decision| told.insert(decision.reason.name()))
        .map(|decision| {
            [
                address(planned, decision.mailbox),
                decision.device.as_str().to_owned(),
                decision.access.name().to_owned(),
                decision.reason.name().to_owned(),
                decision.reason.explain().to_owned(),
            ]
        })
        .collect()
}

fn full(config: &OrganizationConfig, planned: &Planned, decision: &Decision) {
    let Some(mailbox) = decision.mailbox else { return };
    let explained = explain(
        &planned.facts,
        &config.policy,
        &planned.ownership,
        mailbox,
        &decision.device,
    );
    if let Some(explained) = explained {
        let rows = Rows::new(&config.name, planned);
        explanation::text(&address(planned, Some(mailbox)), &explained, &rows);
    }
}

fn foreign(planned: &Planned) {
    let contradicting: Vec<_> = planned
        .plan
        .foreign
        .iter()
        .filter(|entry| entry.contradicts)
        .collect();
    if let Some(entry) = contradicting.first() {
        output::line("");
        output::line(&format!(
            "{} list entries were made by somebody else and stay; {} contradict the policy, such as {} of {}.",
            planned.plan.foreign.len(),
            contradicting.len(),
            escape(entry.device.as_str()),
            escape(&address(planned, Some(entry.mailbox)))
        ));
    }
}

fn held(config: &OrganizationConfig, planned: &Planned) {
    let Some(first) = planned.verdict.held.first() else {
        return;
    };
    let number = u64::try_from(planned.verdict.held.len()).unwrap_or(u64::MAX);
    output::line("");
    output::line(&format!(
        "The guard holds {} ({}): together they go beyond what the configuration lets through within 24 hours. Nothing \
         of them was written. The first one:",
        count(number, "change"),
        first.by.name(),
    ));
    let same = |decision: &&Decision| {
        decision.mailbox == Some(first.change.mailbox) && decision.device == first.change.device
    };
    if let Some(decision) = planned.decisions.iter().find(same) {
        full(config, planned, decision);
    }
}

/// What a person calls a mailbox.
fn address(planned: &Planned, mailbox: Option<MailboxId>) -> String {
    let found = planned
        .facts
        .exchange
        .mailboxes
        .iter()
        .find(|candidate| Some(candidate.id) == mailbox);
    found.map_or_else(|| "-".to_owned(), Mailbox::title)
}
