//! What a run keeps of the gates before it writes, and after.

use std::collections::BTreeSet;

use easgate_compliance::{Decision, Facts, Ownership, Plan, Window, decide, plan};
use easgate_store::{Baseline, Organization, RunId, StoreError, Writer};

use super::{Cycle, Planned, rows};
use crate::config::Mode;
use crate::gates::{Gates, HeldSummary, Reach, paused};
use crate::kind::Kind;
use crate::queue::Key;
use crate::report::{Report, ReportError};

/// The input that holds the records of device management.
const RECORDS: &str = "enrollment.devices";

impl Cycle<'_> {
    /// Decides and plans by `facts`, by what people said, and by what is held, for the devices that are `in_question`.
    /// `before` is the last good run.
    pub(super) async fn decided(
        &self,
        organization: &Organization,
        facts: &mut Facts,
        before: &Baseline,
        ownership: &Ownership,
        in_question: impl Fn(&Decision) -> bool + Send + Sync,
    ) -> Result<(Gates, Vec<Decision>, Plan), StoreError> {
        let policy = &self.config.policy;
        let mut gates = Gates::read(organization, &facts.exchange, self.clock.now()).await?;
        if facts.exceptions.unreachable.is_some() {
            gates.distrust_clock();
        }
        gates.except(&mut facts.exceptions);
        let of = |facts: &Facts| {
            let mut decisions = decide(facts, policy, ownership);
            decisions.retain(&in_question);
            let changes = plan(facts, &decisions, ownership, policy);
            (decisions, changes)
        };
        let (decisions, changes) = of(facts);
        let records = before.sizes.get(RECORDS).copied();
        let records = records.unwrap_or_else(|| rows(&facts.inventory.enrollments));
        // Whoever accepts fewer records says that they are gone.
        let is_accepted = self.config.accept_shrunken.contains(RECORDS);
        if is_accepted
            || !gates
                .hold_vanished(organization, facts, &changes, records)
                .await?
        {
            return Ok((gates, decisions, changes));
        }
        gates.except(&mut facts.exceptions);
        let (decisions, changes) = of(facts);
        Ok((gates, decisions, changes))
    }

    /// What the day before has brought, and what other runs are about to add.
    pub(crate) async fn window(&self, organization: &Organization) -> Result<Window, StoreError> {
        let now = self.clock.now();
        let window = organization.window(now).await?;
        let removed = organization.removals(now).await?;
        let promised = self.queue.promised();
        Ok(Window {
            lost: window.lost.saturating_add(promised.lost),
            gained: window.gained.saturating_add(promised.gained),
            removed: removed.saturating_add(promised.removed),
        })
    }

    /// Keeps what was found out about approvals, overrides and tombstones, and says whether the run may write.
    ///
    /// When it cannot be kept, nothing is written: the next run would not know what was promised.
    pub(super) async fn may_write(
        &self,
        writer: &Writer,
        run: RunId,
        planned: &Planned,
        report: &mut Report,
    ) -> bool {
        let enforces = self.config.mode == Mode::Enforce;
        let gates = &planned.gates;
        let kept = gates
            .keep(writer, run, planned, reach(report.kind), enforces)
            .await;
        match kept {
            Ok(plans) => report.held_plans = plans.iter().map(HeldSummary::of).collect(),
            Err(error) => {
                report.errors.push(ReportError::of_store(&error));
                return false;
            }
        }
        report.warnings.extend(
            report
                .held_plans
                .iter()
                .map(|plan| plan.sentence(&report.organization)),
        );
        if enforces && let Some(pause) = &gates.pause {
            report.paused = Some(pause.clone());
            report.changes.paused = rows(&planned.verdict.go);
        }
        enforces && gates.pause.is_none() && self.may_be_trusted(writer.organization(), report).await
    }

    /// Notes what the run has done, once it has written.
    pub(super) async fn has_written(
        &self,
        writer: &Writer,
        planned: &Planned,
        failed: &BTreeSet<Key>,
        report: &mut Report,
    ) {
        if let Some(pause) = &report.paused {
            // It began while the run wrote.
            report.warnings.push(paused(pause));
            return;
        }
        let reach = reach(report.kind);
        if let Err(error) = planned.gates.acted(writer, planned, reach, failed).await {
            report.errors.push(ReportError::of_store(&error));
        }
    }
}

/// A full sync has seen everything; the others only what they decided about.
const fn reach(kind: Kind) -> Reach {
    match kind {
        Kind::Full => Reach::Everything,
        Kind::Quick | Kind::Watch | Kind::User | Kind::Command => Reach::Decided,
    }
}
