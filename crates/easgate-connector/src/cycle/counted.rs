//! After a run: what is counted of it.

use easgate_store::{RunId, StoreError, Tallies, Writer};

use super::Cycle;
use crate::report::{Report, chain};

impl Cycle<'_> {
    /// Adds the run with this `report` to what is counted. That it cannot be counted is no failure of the run.
    pub(super) async fn count(&self, writer: &Writer, run: Option<RunId>, report: &Report) {
        let counted = async {
            let tallies = tallies(writer, run, report).await?;
            writer.count(&tallies, &report.took, self.clock.now()).await
        };
        if let Err(error) = counted.await {
            tracing::warn!(organization = report.organization, error = %chain(&error), "Run not counted");
        }
    }
}

async fn tallies(writer: &Writer, run: Option<RunId>, report: &Report) -> Result<Tallies, StoreError> {
    let kind = report.kind.name();
    let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let mut tallies = Tallies::new();
    let mut add = |name: &str, label: String, value| {
        *tallies.entry((name.to_owned(), label)).or_insert(0) += value;
    };
    add("runs", format!("{kind} {}", report.result()), 1);
    add("runMicros", kind.to_owned(), micros(report.durations.total));
    for cause in report.held_by.keys() {
        add("guardHolds", (*cause).to_owned(), 1);
    }
    if let Some(run) = run {
        for ((access, outcome), changes) in writer.organization().outcomes(run).await? {
            // What has no outcome at the end of its run may have been carried out.
            let outcome = if outcome == "pending" { "unknown" } else { &outcome };
            add("changes", format!("{access} {outcome}"), changes);
        }
    }
    if !report.took.is_empty() {
        let number = u64::try_from(report.took.len()).unwrap_or(u64::MAX);
        add("latencies", String::new(), number);
        add(
            "latencyMicros",
            String::new(),
            report.took.iter().map(|took| micros(*took)).sum(),
        );
    }
    Ok(tallies)
}
