//! What a new leader does before it takes anybody's access: it waits for what the old one may have under way, and
//! reads the list afresh.

use easgate_compliance::Change;
use easgate_store::List;

use super::{Apply, Failure};
use crate::leadership::SETTLING;
use crate::lists::holds;

impl Apply<'_> {
    /// Waits until the commands of the leader before have ended, and finds out whether one of them has changed the
    /// lists since they were read. Nothing of that is needed after a clean hand-over, or for lists that were read later.
    pub(super) async fn settled(&self, change: &Change) -> Result<(), Failure> {
        let since = self.clock.elapsed().saturating_sub(self.begun.at);
        let now = self.clock.since_boot();
        let began = now.saturating_sub(since);
        if self.writer.settling(began, SETTLING).is_zero() {
            return Ok(());
        }
        let wait = self.writer.settling(now, SETTLING);
        if !wait.is_zero() {
            tracing::info!(
                seconds = wait.as_secs(),
                "Waiting for the commands of the leader before"
            );
            self.clock.sleep(wait).await;
        }
        let read = self.exchange.mailbox(change.mailbox, None).await;
        let fresh = read.map_err(Failure::Call)?;
        let known = self.mailboxes.get(&change.mailbox);
        let moved = [List::Allow, List::Block].into_iter().any(|list| {
            let before = known.is_some_and(|mailbox| holds(mailbox, list, &change.device));
            before != holds(&fresh, list, &change.device)
        });
        if moved { Err(Failure::Moved) } else { Ok(()) }
    }
}
