//! The registry rebuilt from the audit, as far as the lists still hold what it says.

use easgate_store::{Actor, Finish, Organization, Rebuild, Recorded, RunResult, Writer};

use super::{Cycle, CycleError, tell_head};
use crate::gather::FactsError;
use crate::leadership::while_kept;
use crate::lists::holds;
use crate::ports::CallError;
use crate::report::chain;
use crate::retry::retry;

/// What an audit says was ours, compared with the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Entries that the lists hold and the registry does not.
    pub ours: Vec<Recorded>,
    /// How many entries the registry holds already.
    pub known: u64,
    /// Entries that the lists do not hold any more, or whose mailbox is gone: they stay forgotten.
    pub gone: Vec<Recorded>,
    /// How many devices have a change that was only intended. It is not carried out; what it may have left in the
    /// lists counts as somebody else's.
    pub pending: usize,
}

impl Cycle<'_> {
    /// Compares what `rebuild` says was ours with the lists. Writes nothing.
    ///
    /// # Errors
    /// Another organisation answers, or Exchange or the store cannot be read.
    pub async fn compare_registry(&self, rebuild: &Rebuild) -> Result<Rebuilt, CycleError> {
        let organization = self.store.organization(&self.config.name).await?;
        self.compare(&organization, rebuild).await
    }

    /// Takes what `rebuild` says was ours, and the lists still hold, into the registry, for `actor`. Nothing is
    /// written to Exchange.
    ///
    /// # Errors
    /// As [`Cycle::compare_registry`], and when another process works on the organisation or the store cannot be
    /// written.
    pub async fn rebuild_registry(&self, rebuild: &Rebuild, actor: Actor) -> Result<Rebuilt, CycleError> {
        let writer = self.writer().await?.acting_as(actor);
        let rebuilt = while_kept(&writer, self.clock, self.rebuild_with(&writer, rebuild)).await;
        if let Err(error) = writer.hand_over().await {
            tracing::warn!(error = %chain(&error), "Lease not given back; it ends when its time is over");
        }
        rebuilt
    }

    async fn rebuild_with(&self, writer: &Writer, rebuild: &Rebuild) -> Result<Rebuilt, CycleError> {
        let rebuilt = self.compare(writer.organization(), rebuild).await?;
        let run = writer
            .start_run("rebuild", self.config.mode.name(), self.clock.now())
            .await?;
        let written = writer
            .rebuild_registry(&rebuilt.ours, run, self.clock.now())
            .await;
        let finish = Finish {
            at: self.clock.now(),
            // It is no sync: what is known of the devices is not any newer by it.
            result: RunResult::Unread,
            server: Some(self.exchange.endpoint()),
            figures: serde_json::json!({ "rebuilt": rebuilt.ours.len() }),
            baseline: None,
        };
        let head = writer.finish_run(run, &finish).await;
        written?;
        if let Some(head) = head? {
            tell_head(&self.config.name, head);
        }
        Ok(rebuilt)
    }

    async fn compare(&self, organization: &Organization, rebuild: &Rebuild) -> Result<Rebuilt, CycleError> {
        let unread = |input| move |source: CallError| FactsError::Exchange { input, source };
        let settings = retry(self.clock, || self.exchange.settings())
            .await
            .map_err(unread("the settings"))?;
        organization
            .check_binding(settings.id, None)
            .await
            .map_err(FactsError::from)?;
        let mailboxes = retry(self.clock, || self.exchange.mailboxes(self.progress))
            .await
            .map_err(unread("the mailboxes"))?;
        let mailboxes: super::Mailboxes<'_> = mailboxes.iter().map(|mailbox| (mailbox.id, mailbox)).collect();
        let known: std::collections::BTreeSet<_> = organization
            .owned()
            .await?
            .into_iter()
            .map(|row| row.entry)
            .collect();
        let mut rebuilt = Rebuilt {
            pending: rebuild.pending(),
            ..Rebuilt::default()
        };
        for recorded in rebuild.ours() {
            let entry = &recorded.entry;
            let is_held = mailboxes
                .get(&entry.mailbox)
                .is_some_and(|mailbox| holds(mailbox, entry.list, &entry.device));
            if known.contains(entry) {
                rebuilt.known += 1;
            } else if is_held {
                rebuilt.ours.push(recorded.clone());
            } else {
                rebuilt.gone.push(recorded.clone());
            }
        }
        Ok(rebuilt)
    }
}
