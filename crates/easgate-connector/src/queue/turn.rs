//! Whose turn it is.

use easgate_model::MailboxId;

use super::WriteQueue;

/// The right to change one mailbox.
pub(crate) struct MailboxTurn<'q> {
    queue: &'q WriteQueue,
    mailbox: MailboxId,
}

/// Changes that let somebody in, counted until they have ended.
pub(crate) struct Waiting<'q> {
    queue: &'q WriteQueue,
    changes: usize,
}

impl WriteQueue {
    /// Waits until no other run changes `mailbox`.
    pub(crate) async fn mailbox(&self, mailbox: MailboxId) -> MailboxTurn<'_> {
        loop {
            let changed = self.notified();
            if self.state().busy.insert(mailbox) {
                return MailboxTurn { queue: self, mailbox };
            }
            changed.await;
        }
    }

    /// Counts `changes` that are to let somebody in.
    pub(crate) fn lets_in(&self, changes: usize) -> Waiting<'_> {
        self.state().letting_in += changes;
        Waiting { queue: self, changes }
    }

    /// Waits until every change that lets somebody in has ended, whatever run it is of.
    pub(crate) async fn all_are_in(&self) {
        loop {
            let changed = self.notified();
            if self.state().letting_in == 0 {
                return;
            }
            changed.await;
        }
    }
}

impl Waiting<'_> {
    /// One of them has ended.
    pub(crate) fn ended(&mut self) {
        if let Some(left) = self.changes.checked_sub(1) {
            self.changes = left;
            self.queue.state().letting_in -= 1;
            self.queue.wake();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queue.state().letting_in -= self.changes;
        self.queue.wake();
    }
}

impl Drop for MailboxTurn<'_> {
    fn drop(&mut self) {
        self.queue.state().busy.remove(&self.mailbox);
        self.queue.wake();
    }
}
