//! From facts to what may be changed now: decided, planned and guarded, the same for every kind of run.

use std::collections::{BTreeMap, BTreeSet};

use easgate_compliance::{
    Decision, Facts, GuardVerdict, HeldBy, MatchRate, Ownership, Plan, ScopeFigures, guard,
};
use easgate_model::{DeviceId, MailboxId};
use easgate_store::Organization;

use super::{Cycle, CycleError, Seen, owned_entry, rows};
use crate::gates::Gates;
use crate::gather::Gathered;
use crate::ports::SourceKind;
use crate::queue::Key;
use crate::recovery::Owned;
use crate::report::{DecisionCounts, ForeignCounts, Report};

/// Everything that a full sync would act upon, as values.
#[derive(Debug)]
pub struct Planned {
    /// What was read.
    pub facts: Facts,
    /// What was decided, one for each mailbox and device.
    pub decisions: Vec<Decision>,
    /// Which list entries are ours.
    pub ownership: Ownership,
    /// What would change.
    pub plan: Plan,
    /// What the guard says to it.
    pub verdict: GuardVerdict,
    /// What somebody should know.
    pub warnings: Vec<String>,
    /// What stops, holds or overrides the policy.
    pub gates: Gates,
}

impl Planned {
    /// The devices that were decided about.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        let decisions = self.decisions.iter();
        decisions.filter_map(|one| Some((one.mailbox?, one.device.clone())))
    }
}

impl Cycle<'_> {
    pub(super) async fn planned(
        &self,
        organization: &Organization,
        gathered: Gathered,
        owned: &Owned,
        refused: &BTreeSet<(MailboxId, DeviceId)>,
    ) -> Result<(Planned, Seen), CycleError> {
        let Gathered {
            mut facts,
            mut baseline,
            before,
            mut warnings,
        } = gathered;
        let ownership: Ownership = owned.present.iter().map(owned_entry).collect();
        let (gates, decisions, plan) = self
            .decided(organization, &mut facts, &before, &ownership, |_| true)
            .await?;
        let window = self.window(organization).await?;
        let scope = ScopeFigures {
            devices: rows(&facts.exchange.partnerships),
            refused_by_earlier_run: refused.clone(),
            match_rate_before: before
                .matched
                .map(|(matched, of)| MatchRate { matched, of }.percent()),
            match_gate: self.source.kind() == SourceKind::Graph && !self.accepts_match_rate(),
            released: gates.released(),
        };
        let verdict = guard(&plan, &self.config.limits, &window, &scope);
        baseline.matched = before.matched;
        if scope.match_gate && has_fallen(scope.match_rate_before, plan.match_rate) {
            // Such a rate is no yardstick: the next run would find nothing wrong with it.
            warnings.push(format!(
                "only {} of {} devices can be tied to a user, so nothing that restricts is done; if that is right, \
                 run once with --accept-shrunken {MATCH_RATE}",
                plan.match_rate.matched, plan.match_rate.of
            ));
        } else {
            baseline.matched = Some((plan.match_rate.matched, plan.match_rate.of));
        }
        warnings.extend(oddities(&plan, rows(&owned.taken_out)));
        warnings.extend(held_because(&verdict));
        warnings.extend(gates.warnings());
        Ok((
            Planned {
                facts,
                decisions,
                ownership,
                plan,
                verdict,
                warnings,
                gates,
            },
            baseline,
        ))
    }

    /// Whether an administrator said that fewer phones are matched for good.
    fn accepts_match_rate(&self) -> bool {
        self.config.accept_shrunken.contains(MATCH_RATE)
    }

    pub(super) fn describe(&self, report: &mut Report, planned: &Planned) {
        let plan = &planned.plan;
        let reasons = plan.counts.reasons.iter();
        report.facts_read = true;
        report.devices = rows(&planned.facts.exchange.partnerships);
        report.decisions = DecisionCounts::of(&plan.counts);
        report.reasons = reasons
            .map(|(reason, devices)| (reason.name().to_owned(), *devices))
            .collect();
        report.changes.planned = rows(&plan.changes);
        report.changes.held = rows(&planned.verdict.held);
        for held in &planned.verdict.held {
            *report.held_by.entry(held.by.name()).or_default() += 1;
        }
        let contradicting: Vec<_> = plan.foreign.iter().filter(|entry| entry.contradicts).collect();
        report.foreign = ForeignCounts {
            entries: rows(&plan.foreign),
            contradicting: rows(&contradicting),
        };
        report.matched = (plan.match_rate.matched, plan.match_rate.of);
        report.warnings.extend(planned.warnings.iter().cloned());
        report.server = Some(self.exchange.endpoint());
    }
}

/// The name under which a lower match rate is accepted for one run.
const MATCH_RATE: &str = "match-rate";

/// Whether the match rate is more than five points under that of the last good run, in percent, or so low that it
/// holds changes by itself.
fn has_fallen(before: Option<f64>, now: MatchRate) -> bool {
    now.percent() < 80.0 || before.is_some_and(|before| before - now.percent() > 5.0)
}

/// Why the guard holds changes, with the figures.
pub(super) fn held_because(verdict: &GuardVerdict) -> Vec<String> {
    let figures = &verdict.figures;
    let mut counts: BTreeMap<HeldBy, u64> = BTreeMap::new();
    for held in &verdict.held {
        *counts.entry(held.by).or_default() += 1;
    }
    let because = |(by, changes): (&HeldBy, &u64)| match by {
        HeldBy::LosesAccess => format!(
            "{changes} changes are held: {} of {} devices would lose access, and {} did in the last 24 hours",
            figures.loses, figures.devices, figures.window.lost
        ),
        HeldBy::GainsAccess => format!(
            "{changes} changes are held: {} of {} devices that were refused would gain access, and {} did in the \
             last 24 hours",
            figures.gains, figures.devices, figures.window.gained
        ),
        HeldBy::MatchRate => {
            format!("{changes} changes are held because too few devices can be tied to a user")
        }
        HeldBy::Removals => format!(
            "{changes} changes are held: entries of {} of {} devices would be taken back, and {} were in the last 24 hours",
            figures.removals, figures.devices, figures.window.removed
        ),
    };
    counts.iter().map(because).collect()
}

/// What of a plan somebody should know.
pub(super) fn oddities(plan: &Plan, undone: u64) -> Vec<String> {
    let counts = &plan.counts;
    [
        (undone, "list entries of ours were taken out by somebody else"),
        (
            counts.compliant_held,
            "compliant devices are held, because the policy leaves them to the default rule",
        ),
        (
            counts.refused_by_mailbox_policy,
            "devices are refused by their mailbox policy, which no list lifts",
        ),
    ]
    .into_iter()
    .filter(|(devices, _)| *devices > 0)
    .map(|(devices, what)| format!("{devices} {what}"))
    .collect()
}
