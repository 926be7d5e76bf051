//! Many mailboxes at once, at the port.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use easgate_compliance::{Access, ListEdit};
use easgate_model::{
    DeviceAccessRule, Inventory, MailboxId, OrganizationSettings, Partnership, RecipientType,
};
use easgate_store::{ServerSeen, Store};
use tempfile::TempDir;
use time::OffsetDateTime;
use uuid::Uuid;

use super::*;
use crate::clock::SystemClock;
use crate::ports::{Load, SourceKind};
use crate::progress::Silent;
use crate::queue::WriteQueue;

/// What the server saw.
#[derive(Debug, Default)]
struct Seen {
    under_way: BTreeSet<MailboxId>,
    most: usize,
    /// Whether each change lets somebody in, in the order in which they began.
    begun: Vec<bool>,
    ended: usize,
}

/// An Exchange that takes a moment for each change, and refuses the account from the change `refuses` on.
#[derive(Debug, Default)]
struct Slow {
    seen: Mutex<Seen>,
    refuses: Option<usize>,
}

fn unused() -> CallError {
    CallError::new(CallErrorKind::Refused, "nothing reads here")
}

#[async_trait]
impl Exchange for Slow {
    async fn settings(&self) -> Result<OrganizationSettings, CallError> {
        Err(unused())
    }

    async fn rules(&self) -> Result<Vec<DeviceAccessRule>, CallError> {
        Err(unused())
    }

    async fn partnerships(&self, _: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        Err(unused())
    }

    async fn mailboxes(&self, _: &dyn ProgressSink) -> Result<Vec<Mailbox>, CallError> {
        Err(unused())
    }

    async fn recipient_types(
        &self,
        _: &dyn ProgressSink,
    ) -> Result<HashMap<MailboxId, RecipientType>, CallError> {
        Err(unused())
    }

    async fn servers(&self) -> Result<Vec<ServerSeen>, CallError> {
        Err(unused())
    }

    async fn mailbox(&self, _: MailboxId, _: Option<&str>) -> Result<Mailbox, CallError> {
        Err(unused())
    }

    async fn apply(&self, change: &ListChange) -> Result<Load, CallError> {
        let number = {
            let mut seen = self.seen.lock().unwrap();
            let lets_in = !change.remove_blocked.is_empty();
            assert!(
                seen.under_way.insert(change.mailbox),
                "two changes of one mailbox at once"
            );
            if !lets_in {
                let gains = seen.begun.iter().filter(|gain| **gain).count();
                assert!(
                    seen.ended >= gains,
                    "a block began before every unblock had ended"
                );
            }
            seen.begun.push(lets_in);
            seen.most = seen.most.max(seen.under_way.len());
            seen.begun.len()
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut seen = self.seen.lock().unwrap();
        seen.under_way.remove(&change.mailbox);
        seen.ended += 1;
        match self.refuses {
            Some(from) if number >= from => Err(CallError::new(
                CallErrorKind::Unauthorized,
                "the password has changed",
            )),
            _ => Ok(Load::Fine),
        }
    }

    fn endpoint(&self) -> String {
        "memory".to_owned()
    }
}

#[async_trait]
impl EnrollmentSource for Slow {
    async fn inventory(&self, _: OffsetDateTime, _: &dyn ProgressSink) -> Result<Inventory, SourceError> {
        Err(SourceError::new("nothing reads here", None))
    }

    async fn is_enrolled(&self, _: &str) -> Result<bool, SourceError> {
        Ok(false)
    }

    fn kind(&self) -> SourceKind {
        SourceKind::File
    }
}

/// Nothing is old here.
struct Fresh;

#[async_trait]
impl Recheck for Fresh {
    async fn recheck(&self, _: &Change) -> Result<Option<(Change, Mailbox)>, Failure> {
        Ok(None)
    }
}

/// A change of one phone of the mailbox `mailbox`.
fn change(mailbox: u128, phone: u32, lets_in: bool) -> Change {
    let (before, after) = if lets_in {
        (AccessLevel::Block, AccessLevel::Allow)
    } else {
        (AccessLevel::Allow, AccessLevel::Block)
    };
    Change {
        mailbox: MailboxId(Uuid::from_u128(mailbox)),
        address: format!("user{mailbox}@x.example"),
        device: format!("PHONE{phone}").parse().unwrap(),
        access: if lets_in { Access::Allow } else { Access::Block },
        reason: if lets_in {
            Reason::Compliant
        } else {
            Reason::NotCompliant
        },
        allow: ListEdit::Keep,
        block: if lets_in { ListEdit::Remove } else { ListEdit::Add },
        before,
        after,
        compromised: false,
        decision_id: Uuid::from_u128(mailbox),
    }
}

/// Three phones for each of 10 mailboxes, every other of which is let in.
fn changes() -> Vec<Change> {
    let phones = (0..10).flat_map(|mailbox| (0..3).map(move |phone| (mailbox, phone)));
    phones
        .map(|(mailbox, phone)| change(mailbox, phone, (mailbox + u128::from(phone)) % 2 == 1))
        .collect()
}

/// Makes the changes in `lanes` lanes; returns what became of them and how many intents are left open.
async fn apply(exchange: &Slow, lanes: usize) -> (Applied, usize) {
    let folder = TempDir::new().unwrap();
    let store = Store::open("sqlite://easgate.db", folder.path()).await.unwrap();
    let writer = store.organization("contoso").await.unwrap().lock().await.unwrap();
    let run = writer
        .start_run("full", "enforce", OffsetDateTime::UNIX_EPOCH)
        .await
        .unwrap();
    let queue = WriteQueue::new(lanes);
    let begun = queue.begin(Duration::ZERO);
    let apply = Apply {
        exchange,
        source: exchange,
        clock: &SystemClock::new(),
        progress: &Silent,
        writer: &writer,
        mailboxes: &Mailboxes::default(),
        begun: &begun,
        run,
        recheck: &Fresh,
        lanes,
    };
    let applied = apply.run(&changes(), |_| false).await;
    let open = writer.organization().unsettled().await.unwrap().len();
    (applied, open)
}

#[tokio::test]
async fn unblocks_end_before_blocks_begin_and_no_mailbox_is_changed_twice_at_once() {
    for lanes in [1, 4] {
        let exchange = Slow::default();
        let (applied, open) = apply(&exchange, lanes).await;
        assert_eq!((applied.changes.len(), applied.failed, open), (30, 0, 0));
        let seen = exchange.seen.into_inner().unwrap();
        assert_eq!(seen.most, lanes, "as many at once as there are lanes");
        assert_eq!(seen.begun.iter().filter(|gain| **gain).count(), 15);
    }
}

#[tokio::test]
async fn a_refusal_ends_what_is_under_way_and_begins_nothing_else() {
    let exchange = Slow {
        refuses: Some(6),
        ..Slow::default()
    };
    let (applied, open) = apply(&exchange, 4).await;
    let seen = exchange.seen.into_inner().unwrap();
    assert!(
        seen.begun.len() <= 6 + 3,
        "at most the other lanes: {}",
        seen.begun.len()
    );
    assert_eq!(seen.ended, seen.begun.len(), "nothing is abandoned");
    assert_eq!((applied.changes.len(), applied.failed, open), (5, 25, 0));
    assert_eq!(applied.errors.last().unwrap().kind, "stopped");
}
