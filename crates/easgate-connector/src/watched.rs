//! When the last watch pass was: it leaves no row where nothing changed, and is missed when it does not come.

use easgate_store::{LastRun, Marks, Writer};
use time::OffsetDateTime;

use crate::kind::Kind;
use crate::report::{Report, chain};

/// The last pass.
const LAST: &str = "watch.last";
/// The last pass that read everything.
const GOOD: &str = "watch.good";

/// Keeps that a pass with this `report` ended at `now`.
pub(crate) async fn watched(writer: &Writer, report: &Report, now: OffsetDateTime) {
    let at = now.unix_timestamp().to_string();
    let mut marks = Marks::from([(LAST.to_owned(), at.clone())]);
    if report.facts_read {
        marks.insert(GOOD.to_owned(), at);
    }
    if let Err(error) = writer.set_marks(&marks).await {
        tracing::warn!(error = %chain(&error), "It could not be kept that a watch pass ended");
    }
}

/// Puts the last watch pass among the latest runs of each kind.
pub(crate) fn with_watch(kinds: &mut Vec<LastRun>, marks: &Marks) {
    let time = |name: &str| {
        let seconds = marks.get(name)?.parse().ok()?;
        OffsetDateTime::from_unix_timestamp(seconds).ok()
    };
    if let Some(begun) = time(LAST) {
        kinds.retain(|one| one.kind != Kind::Watch.name());
        kinds.push(LastRun {
            kind: Kind::Watch.name().to_owned(),
            begun,
            good: time(GOOD),
        });
    }
}
