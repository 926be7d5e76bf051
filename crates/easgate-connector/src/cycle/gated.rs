//! What a run keeps of the gates before it writes, and after.

use easgate_store::{StoreError, Writer};

use super::{Cycle, Planned, rows};
use crate::config::Mode;
use crate::gates::{HeldSummary, Reach, paused};
use crate::kind::Kind;
use crate::queue::Begun;
use crate::report::{Report, ReportError, chain};

impl Cycle<'_> {
    /// Keeps what was found out about approvals, overrides and tombstones, and says whether the run may write.
    ///
    /// When it cannot be kept, nothing is written: the next run would not know what was promised.
    pub(super) async fn may_write(
        &self,
        writer: &Writer,
        begun: &Begun<'_>,
        planned: &Planned,
        report: &mut Report,
    ) -> bool {
        let enforces = self.config.mode == Mode::Enforce;
        let gates = &planned.gates;
        let kept = gates
            .keep(writer, begun.run(), planned, reach(report.kind), enforces)
            .await;
        match kept {
            Ok(plans) => report.held_plans = plans.iter().map(HeldSummary::of).collect(),
            Err(error) => {
                report.errors.push(of_store(&error));
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
        enforces && gates.pause.is_none()
    }

    /// Notes what the run has done, once it has written.
    pub(super) async fn has_written(&self, writer: &Writer, planned: &Planned, report: &mut Report) {
        if let Some(pause) = &report.paused {
            // It began while the run wrote.
            report.warnings.push(paused(pause));
            return;
        }
        if let Err(error) = planned.gates.acted(writer, planned, reach(report.kind)).await {
            report.errors.push(of_store(&error));
        }
    }
}

/// A full sync has seen everything; the others only what they decided about.
const fn reach(kind: Kind) -> Reach {
    match kind {
        Kind::Full => Reach::Everything,
        Kind::Quick | Kind::Watch | Kind::User => Reach::Decided,
    }
}

fn of_store(error: &StoreError) -> ReportError {
    ReportError {
        mailbox: None,
        device: None,
        kind: "store",
        message: chain(error),
    }
}
