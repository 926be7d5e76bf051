//! Looking at a mailbox again before a change that waited for long.

use async_trait::async_trait;
use easgate_compliance::{Change, ListEdit};
use easgate_model::Mailbox;

use crate::apply::{Failure, Recheck};
use crate::clock::Clock;
use crate::ports::Exchange;
use crate::retry::retry;

/// A change that undoes something is wanted as long as the lists are as they were when it was planned.
pub(super) struct AsPlanned<'a> {
    pub(super) exchange: &'a dyn Exchange,
    pub(super) clock: &'a dyn Clock,
}

#[async_trait]
impl Recheck for AsPlanned<'_> {
    async fn recheck(&self, change: &Change) -> Result<Option<(Change, Mailbox)>, Failure> {
        let mailbox = retry(self.clock, || self.exchange.mailbox(change.mailbox, None))
            .await
            .map_err(Failure::Call)?;
        let fits = |edit, holds: bool| match edit {
            ListEdit::Keep => true,
            ListEdit::Add => !holds,
            ListEdit::Remove => holds,
        };
        let as_planned = fits(change.allow, mailbox.allows(&change.device))
            && fits(change.block, mailbox.blocks(&change.device));
        Ok(as_planned.then(|| (change.clone(), mailbox)))
    }
}
