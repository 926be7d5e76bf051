//! After the writing of a run: what failed is looked at again later.

use std::collections::{BTreeMap, BTreeSet};

use easgate_store::Writer;

use super::write::key;
use super::{Cycle, Planned};
use crate::apply::Applied;
use crate::kind::Kind;
use crate::queue::Key;
use crate::report::{Report, ReportError};
use crate::retries::{Failed, after_run, tell_given_up};

impl Cycle<'_> {
    /// Keeps what failed of `planned`, and drops what this run has done with. Returns what failed.
    pub(super) async fn keep_retries(
        &self,
        writer: &Writer,
        planned: &Planned,
        applied: &Applied,
        report: &mut Report,
    ) -> BTreeSet<Key> {
        let mut decided: BTreeSet<Key> = planned
            .decisions
            .iter()
            .filter_map(|decision| Some((decision.mailbox?, decision.device.clone())))
            .collect();
        let failed = failed(planned, applied);
        let kept = async {
            let open = writer.organization().retries().await?;
            if report.kind == Kind::Full {
                // It looks at everything, so that what it does not find is not there any more.
                decided.extend(open.iter().map(|retry| (retry.mailbox, retry.device.clone())));
            }
            let (kept, done) = after_run(&open, &decided, &failed, self.clock.now());
            writer.keep_retries(&kept, &done).await?;
            tell_given_up(writer, &kept);
            Ok(())
        };
        if let Err(error) = kept.await {
            report.errors.push(ReportError::of_store(&error));
        }
        failed.into_iter().map(|failed| failed.key).collect()
    }
}

/// The changes that were to be made, were not, and may be made later without anybody's doing.
fn failed(planned: &Planned, applied: &Applied) -> Vec<Failed> {
    let made: BTreeSet<Key> = applied
        .changes
        .iter()
        .map(|made| (made.intent.mailbox, made.intent.device.clone()))
        .collect();
    let causes: BTreeMap<(&str, &str), &'static str> = applied
        .errors
        .iter()
        .filter_map(|error| Some(((error.mailbox.as_deref()?, error.device.as_deref()?), error.kind)))
        .collect();
    planned
        .verdict
        .go
        .iter()
        .map(|change| (key(change), change))
        .filter(|(key, _)| !made.contains(key) && !applied.closed.contains(key))
        .map(|(key, change)| Failed {
            address: change.address.clone(),
            cause: causes
                .get(&(change.address.as_str(), change.device.as_str()))
                .copied()
                .unwrap_or("stopped"),
            key,
        })
        .collect()
}
