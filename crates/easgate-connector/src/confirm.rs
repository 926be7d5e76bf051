//! Reading the changed lists again: a change is applied when the list shows it, not when the cmdlet was silent.

use std::collections::{BTreeMap, HashMap};

use easgate_model::{Mailbox, MailboxId};
use easgate_store::{JournalError, Outcome, Writer};

use crate::apply::{Applied, AppliedChange};
use crate::clock::Clock;
use crate::lists::shown;
use crate::ports::{CallError, Exchange};
use crate::progress::{Phase, Progress, ProgressSink};
use crate::report::{ReportError, chain};
use crate::retry::retry;

/// Up to how many mailboxes are read one by one; above, one list of all of them costs less.
const ONE_BY_ONE: usize = 25;

/// Where to read.
pub(crate) struct Confirm<'a> {
    pub(crate) exchange: &'a dyn Exchange,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) progress: &'a dyn ProgressSink,
    pub(crate) writer: &'a Writer,
}

impl Confirm<'_> {
    /// Turns changes that the lists do not show into failures, which the next run decides about anew.
    pub(crate) async fn run(&self, applied: &mut Applied) {
        if applied.changes.is_empty() {
            return;
        }
        self.progress.progress(Progress::Phase(Phase::Confirm));
        let mut servers: BTreeMap<MailboxId, Option<&str>> = BTreeMap::new();
        for change in &applied.changes {
            servers.insert(change.intent.mailbox, change.command.domain_controller.as_deref());
        }
        let mut seen = if servers.len() > ONE_BY_ONE {
            self.all().await
        } else {
            self.each(&servers).await
        };
        let mut missing = unshown(&applied.changes, &seen);
        if servers.len() > ONE_BY_ONE && !missing.is_empty() && missing.len() <= ONE_BY_ONE {
            // The whole list may come from another domain controller than the one that was written to.
            servers.retain(|mailbox, _| missing.iter().any(|(_, of, _)| of == mailbox));
            seen.extend(self.each(&servers).await);
            missing = unshown(&applied.changes, &seen);
        }
        let missing: HashMap<usize, String> = missing
            .into_iter()
            .map(|(index, _, message)| (index, message))
            .collect();
        self.fail(applied, missing).await;
    }

    /// Takes the `missing` changes out, and writes that their outcome is not known.
    async fn fail(&self, applied: &mut Applied, mut missing: HashMap<usize, String>) {
        let changes = std::mem::take(&mut applied.changes);
        for (index, change) in changes.into_iter().enumerate() {
            let Some(message) = missing.remove(&index) else {
                applied.changes.push(change);
                continue;
            };
            applied.failed += 1;
            let written = self.doubt(&change, &message).await;
            let error = |kind, message| ReportError {
                mailbox: Some(change.intent.address.clone()),
                device: Some(change.intent.device.to_string()),
                kind,
                message,
            };
            applied.errors.push(error("unconfirmed", message));
            if let Err(journal) = written {
                applied.errors.push(error("journal", chain(&journal)));
            }
        }
    }

    async fn doubt(&self, change: &AppliedChange, message: &str) -> Result<(), JournalError> {
        let unknown = Outcome::Unknown(message.to_owned());
        self.writer
            .settle(change.id, &change.intent, &unknown, self.clock.now())
            .await
    }

    async fn each(&self, servers: &BTreeMap<MailboxId, Option<&str>>) -> HashMap<MailboxId, Reading> {
        let mut seen = HashMap::new();
        for (&mailbox, &server) in servers {
            let read = retry(self.clock, || self.exchange.mailbox(mailbox, server)).await;
            seen.insert(mailbox, read.map_err(|error| unread(&error)));
        }
        seen
    }

    async fn all(&self) -> HashMap<MailboxId, Reading> {
        match retry(self.clock, || self.exchange.mailboxes(self.progress)).await {
            Ok(mailboxes) => mailboxes
                .into_iter()
                .map(|mailbox| (mailbox.id, Ok(mailbox)))
                .collect(),
            Err(error) => {
                tracing::warn!(error = %chain(&error), "Changed lists not read again");
                HashMap::new()
            }
        }
    }
}

/// A mailbox as it was read again, or why it was not.
type Reading = Result<Mailbox, String>;

fn unread(error: &CallError) -> String {
    format!("the changed list could not be read again: {}", chain(error))
}

/// The changes that the lists do not show: which, of which mailbox, and what to say.
fn unshown(changes: &[AppliedChange], seen: &HashMap<MailboxId, Reading>) -> Vec<(usize, MailboxId, String)> {
    let message = |change: &AppliedChange| match seen.get(&change.intent.mailbox) {
        Some(Ok(mailbox)) if shown(&change.intent, mailbox) == change.intent => None,
        Some(Ok(_)) => Some("Exchange reported no error, and the lists do not show the change".to_owned()),
        Some(Err(message)) => Some(message.clone()),
        None => Some("the changed list could not be read again".to_owned()),
    };
    changes
        .iter()
        .enumerate()
        .filter_map(|(index, change)| message(change).map(|text| (index, change.intent.mailbox, text)))
        .collect()
}
