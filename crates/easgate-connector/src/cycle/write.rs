//! Writing what may go, and confirming it.

use std::collections::BTreeSet;

use easgate_compliance::Change;
use easgate_store::{RunId, Writer};

use super::part::Rechecks;
use super::{Cycle, Planned, by_id, rows};
use crate::apply::{Applied, Apply, Recheck};
use crate::confirm::Confirm;
use crate::queue::{Begun, Key};
use crate::recovery::Mailboxes;
use crate::report::Report;

impl Cycle<'_> {
    /// Writes what may go of `planned` in mode enforce, and tells `report` what became of it. Returns the devices
    /// whose changes the lists show, each with its mailbox.
    pub(super) async fn act(
        &self,
        writer: &Writer,
        begun: &Begun<'_>,
        planned: &Planned,
        refused: &BTreeSet<Key>,
        report: &mut Report,
    ) -> Vec<Key> {
        let Some(run) = begun.run() else {
            return Vec::new();
        };
        if !self.may_write(writer, run, planned, report).await {
            return Vec::new();
        }
        let is_gain = |change: &Change| refused.contains(&key(change));
        let mailboxes = by_id(&planned.facts.exchange);
        let recheck = Rechecks { cycle: self, writer };
        let applied = self
            .carry_out(
                writer,
                (begun, run),
                (&mailboxes, &recheck),
                &planned.verdict.go,
                is_gain,
            )
            .await;
        let failed = self.keep_retries(writer, planned, &applied, report).await;
        report.changes.applied = rows(&applied.changes);
        report.changes.failed = applied.failed;
        report.replaced = applied.replaced;
        report.errors.extend(applied.errors);
        report.changes.paused = applied.paused;
        report.paused = applied.pause;
        self.has_written(writer, planned, &failed, report).await;
        let changed = applied.changes.into_iter();
        changed
            .map(|change| (change.intent.mailbox, change.intent.device))
            .collect()
    }

    /// Makes `changes`, and confirms them by the lists. `mailboxes` is what the changes rest on, and `recheck` looks again
    /// at what waited for long.
    pub(crate) async fn carry_out(
        &self,
        writer: &Writer,
        (begun, run): (&Begun<'_>, RunId),
        (mailboxes, recheck): (&Mailboxes<'_>, &dyn Recheck),
        changes: &[Change],
        is_gain: impl Fn(&Change) -> bool + Send + Sync,
    ) -> Applied {
        let apply = Apply {
            exchange: self.exchange,
            source: self.source,
            clock: self.clock,
            progress: self.progress,
            writer,
            mailboxes,
            begun,
            run,
            recheck,
            lanes: self.config.lanes,
        };
        let mut applied = apply.run(changes, is_gain).await;
        let confirm = Confirm {
            exchange: self.exchange,
            clock: self.clock,
            progress: self.progress,
            writer,
        };
        confirm.run(&mut applied).await;
        applied
    }
}

/// What a change is about.
pub(crate) fn key(change: &Change) -> Key {
    (change.mailbox, change.device.clone())
}
