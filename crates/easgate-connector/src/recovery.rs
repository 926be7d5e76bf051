//! What an earlier run left open, settled by what the lists show now.
//!
//! An intent is never carried out again: whether it is still wanted is decided from fresh facts.

use std::collections::{BTreeSet, HashMap};

use easgate_model::{DeviceId, Mailbox, MailboxId, escape};
use easgate_store::{
    Caution, CautionKind, Edit, JournalEntry, JournalError, Organization, Outcome, OwnedEntry, OwnedRow,
    RunId, StoreError, Writer,
};
use time::{Duration, OffsetDateTime};

use crate::lists::{holds, shown};

/// How long a cmdlet whose end is not known may still take effect, and domain controllers may disagree.
const UNCERTAIN: Duration = Duration::hours(24);

/// Mailboxes by their Guid.
pub(crate) type Mailboxes<'a> = HashMap<MailboxId, &'a Mailbox>;

/// Whether mailboxes that were not read are not here, or were not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All mailboxes were read.
    Whole,
    /// Those that were read, and nothing is said of the others.
    Part,
}

impl Scope {
    fn holds(self, mailboxes: &Mailboxes<'_>, mailbox: MailboxId) -> bool {
        self == Self::Whole || mailboxes.contains_key(&mailbox)
    }
}

/// The entries of the registry, as far as the lists hold them.
#[derive(Debug, Default)]
pub(crate) struct Owned {
    /// Entries that the lists hold, and those of mailboxes that are not here.
    pub(crate) present: Vec<OwnedRow>,
    /// Entries that somebody else took out.
    pub(crate) taken_out: Vec<OwnedEntry>,
    /// Those of them that are missing for so long that they are not ours any more.
    gone: Vec<OwnedEntry>,
}

impl Owned {
    /// Reads the registry, and compares it with the lists, which were read from `read_at` on.
    pub(crate) async fn read(
        organization: &Organization,
        mailboxes: &Mailboxes<'_>,
        scope: Scope,
        read_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Self, StoreError> {
        let doubtful: BTreeSet<(MailboxId, DeviceId)> = organization
            .unsettled()
            .await?
            .into_iter()
            .map(|entry| (entry.intent.mailbox, entry.intent.device))
            .collect();
        let mut owned = Self::default();
        let rows = match scope {
            Scope::Whole => organization.owned().await?,
            Scope::Part => {
                let mut rows = Vec::new();
                for mailbox in mailboxes.keys() {
                    rows.extend(organization.owned_of(*mailbox).await?);
                }
                rows
            }
        };
        for row in rows {
            let entry = &row.entry;
            let is_here = mailboxes
                .get(&entry.mailbox)
                .is_none_or(|mailbox| holds(mailbox, entry.list, &entry.device));
            if is_here {
                owned.present.push(row);
                continue;
            }
            // What another run added since the lists were read cannot show in them.
            let is_newer = row.added > read_at;
            if !is_newer && !doubtful.contains(&(entry.mailbox, entry.device.clone())) {
                owned.taken_out.push(entry.clone());
            }
            if row.added < now - UNCERTAIN {
                owned.gone.push(row.entry);
            }
        }
        Ok(owned)
    }
}

/// Settles the intents that have no certain outcome, and gives up entries that others took out of the lists.
///
/// Entries that an intent was to add, that are there and were not there before, are ours from now on. What does
/// not show may still come, and is looked for again for a day. The intents of runs that are still `live` are theirs.
pub(crate) async fn recover(
    writer: &Writer,
    mailboxes: &Mailboxes<'_>,
    scope: Scope,
    live: &BTreeSet<RunId>,
    (read_at, now): (OffsetDateTime, OffsetDateTime),
) -> Result<Owned, RecoveryError> {
    for entry in writer.organization().unsettled().await? {
        if live.contains(&entry.intent.run) || !scope.holds(mailboxes, entry.intent.mailbox) {
            continue;
        }
        let shown = mailboxes
            .get(&entry.intent.mailbox)
            .map(|mailbox| shown(&entry.intent, mailbox));
        match shown.filter(|shown| (shown.allow, shown.block) != (Edit::Keep, Edit::Keep)) {
            Some(shown) => writer.settle(entry.id, &shown, &Outcome::Applied, now).await?,
            None => doubt(writer, &entry, now).await?,
        }
    }
    let owned = Owned::read(writer.organization(), mailboxes, scope, read_at, now).await?;
    if !owned.taken_out.is_empty() {
        contest(writer, &owned.taken_out, now).await?;
    }
    if !owned.gone.is_empty() {
        writer.forget(&owned.gone, now).await?;
    }
    Ok(owned)
}

/// Notes what somebody else took out of the lists. One entry twice in a day is more than a hand: it is another
/// connector, and two of them would undo each other for ever.
async fn contest(writer: &Writer, taken_out: &[OwnedEntry], now: OffsetDateTime) -> Result<(), StoreError> {
    let Some(entry) = writer.note_undone(taken_out, now).await? else {
        return Ok(());
    };
    let detail = format!(
        "somebody else took the {} entry of {} out of the lists of mailbox {} twice in a day, each time after it had \
         been added here; is another connector at work on this organisation?",
        entry.list,
        escape(entry.device.as_str()),
        entry.mailbox
    );
    let caution = Caution {
        kind: CautionKind::Contested,
        since: now,
        detail,
    };
    writer
        .organization()
        .raise_caution(&caution, writer.actor())
        .await
}

/// Writes what is known of an intent that the lists do not show.
async fn doubt(writer: &Writer, entry: &JournalEntry, now: OffsetDateTime) -> Result<(), JournalError> {
    let outcome = if entry.intent.at < now - UNCERTAIN {
        Outcome::Failed("the lists did not show it within a day".to_owned())
    } else if entry.outcome.is_none() {
        Outcome::Unknown("the run ended before the answer came".to_owned())
    } else {
        return Ok(());
    };
    writer.settle(entry.id, &entry.intent, &outcome, now).await
}

/// Why what an earlier run left open could not be settled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecoveryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}
