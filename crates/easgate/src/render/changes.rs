//! A plan's changes.

use std::collections::HashMap;

use easgate_compliance::{Change, HeldBy};
use easgate_connector::{Planned, list_change};
use easgate_model::{Mailbox, MailboxId, escape_csv};
use serde_json::{Value, json};

use crate::output;
use crate::render::count;

/// The headings of the CSV.
pub(crate) const CSV_HEADINGS: &str =
    "organization,mailbox,device_id,access,reason,before,after,held_by,command";

/// The changes of a plan with the commands that carry them out.
pub(crate) struct Rows<'a> {
    organization: &'a str,
    planned: &'a Planned,
    mailboxes: HashMap<MailboxId, &'a Mailbox>,
    held: HashMap<uuid::Uuid, HeldBy>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(organization: &'a str, planned: &'a Planned) -> Self {
        let mailboxes = planned
            .facts
            .exchange
            .mailboxes
            .iter()
            .map(|mailbox| (mailbox.id, mailbox))
            .collect();
        let held = planned
            .verdict
            .held
            .iter()
            .map(|held| (held.change.decision_id, held.by))
            .collect();
        Self {
            organization,
            planned,
            mailboxes,
            held,
        }
    }

    /// An object for each change.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.planned
            .plan
            .changes
            .iter()
            .map(|change| self.change_json(change))
            .collect()
    }

    /// The change as an object; `commands` is what would be sent, in PowerShell's own words.
    pub(crate) fn change_json(&self, change: &Change) -> Value {
        json!({
            "organization": self.organization,
            "mailbox": change.address,
            "device_id": change.device.as_str(),
            "access": change.access.name(),
            "reason": change.reason.name(),
            "explanation": change.reason.explain(),
            "before": change.before.name(),
            "after": change.after.name(),
            "held_by": self.held_by(change).map(HeldBy::name),
            "decision_id": change.decision_id,
            "commands": self.commands(change),
        })
    }

    /// A table, then what the guard says.
    pub(crate) fn text(&self) {
        let plan = &self.planned.plan;
        if plan.changes.is_empty() {
            output::line("Exchange agrees with the policy: nothing to change.");
        } else {
            let rows = plan.changes.iter().map(|change| {
                [
                    change.address.clone(),
                    change.device.as_str().to_owned(),
                    format!("{} -> {}", change.before.name(), change.after.name()),
                    change.reason.name().to_owned(),
                    self.held_by(change)
                        .map_or(String::new(), |by| format!("held: {}", by.name())),
                ]
            });
            output::table(["mailbox", "device", "Exchange gives", "reason", "guard"], rows);
        }
        self.summary();
    }

    fn summary(&self) {
        let plan = &self.planned.plan;
        let held = self.planned.verdict.held.len();
        output::line("");
        output::line(&format!(
            "{} of {}: {} would go, {held} are held by the guard.",
            count(length(&plan.changes), "change"),
            count(plan.counts.devices, "device"),
            self.planned.verdict.go.len(),
        ));
        output::line(&format!(
            "{} of {} devices of people's mailboxes were matched with a user ({:.1} %).",
            plan.match_rate.matched,
            plan.match_rate.of,
            plan.match_rate.percent()
        ));
        for (reason, devices) in &plan.counts.reasons {
            output::line(&format!(
                "{devices:>8}  {:<22} {}",
                reason.name(),
                reason.explain()
            ));
        }
        if !plan.foreign.is_empty() {
            let contradicting = plan.foreign.iter().filter(|entry| entry.contradicts).count();
            output::line(&format!(
                "{} list entries are somebody else's and stay; {contradicting} of them contradict the policy.",
                plan.foreign.len()
            ));
        }
        for warning in &self.planned.warnings {
            output::note(&format!("warning: {}", easgate_model::escape_long(warning)));
        }
    }

    /// The rows as CSV under [`CSV_HEADINGS`], safe for a spreadsheet.
    pub(crate) fn csv(&self) {
        for change in &self.planned.plan.changes {
            let commands = self.commands(change).join("; ");
            let cells = [
                self.organization,
                &change.address,
                change.device.as_str(),
                change.access.name(),
                change.reason.name(),
                change.before.name(),
                change.after.name(),
                self.held_by(change).map_or("", HeldBy::name),
                &commands,
            ];
            output::line(&cells.map(csv_cell).join(","));
        }
    }

    fn held_by(&self, change: &Change) -> Option<HeldBy> {
        self.held.get(&change.decision_id).copied()
    }

    fn commands(&self, change: &Change) -> Vec<String> {
        vec![list_change(change, self.mailboxes.get(&change.mailbox).copied()).to_powershell()]
    }
}

/// A cell of a CSV file, quoted.
pub(crate) fn csv_cell(text: &str) -> String {
    format!("\"{}\"", escape_csv(text).replace('"', "\"\""))
}

fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}
