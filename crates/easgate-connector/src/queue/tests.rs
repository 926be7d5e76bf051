//! What the queue promises to runs that write at the same time.

use easgate_compliance::{Access, Change, ListEdit, Reason};
use easgate_model::AccessLevel;
use futures::FutureExt;
use uuid::Uuid;

use super::*;

fn key(device: &str) -> Key {
    (MailboxId(Uuid::from_u128(1)), device.parse().unwrap())
}

#[test]
fn a_newer_decision_replaces_an_older_one_and_never_the_other_way_round() {
    let queue = WriteQueue::new(4);
    let full = queue.begin(Duration::ZERO);
    let watch = queue.begin(Duration::ZERO);
    assert!(!full.is_replaced(&key("A1")));
    watch.decided([key("a1")]);
    assert!(full.is_replaced(&key("A1")), "ids are compared without case");
    assert!(!full.is_replaced(&key("A2")));
    assert!(!watch.is_replaced(&key("A1")));
    full.decided([key("A1"), key("A2")]);
    assert!(!watch.is_replaced(&key("A1")), "older facts replace nothing");
    drop(watch);
    assert!(full.is_replaced(&key("A1")), "the older run is still there");
    drop(full);
    assert!(queue.state().newest.is_empty(), "nothing is kept for nobody");
}

#[test]
fn a_run_that_is_alone_costs_no_memory() {
    let queue = WriteQueue::new(1);
    let full = queue.begin(Duration::ZERO);
    full.decided([key("A1")]);
    assert!(queue.state().newest.is_empty());
    assert_eq!((queue.live(), full.run()), (BTreeSet::new(), None));
    full.has_row(RunId(1));
    assert_eq!((queue.live(), full.run()), ([RunId(1)].into(), Some(RunId(1))));
}

#[tokio::test]
async fn a_mailbox_has_one_turn_at_a_time() {
    let queue = WriteQueue::new(4);
    let mailbox = MailboxId(Uuid::from_u128(1));
    let turn = queue.mailbox(mailbox).await;
    let mut second = std::pin::pin!(queue.mailbox(mailbox));
    assert!(second.as_mut().now_or_never().is_none());
    drop(queue.mailbox(MailboxId(Uuid::from_u128(2))).await);
    drop(turn);
    let _turn = second.await;
}

#[tokio::test]
async fn who_takes_access_waits_for_whoever_gives_it_in_any_run() {
    let queue = WriteQueue::new(4);
    let mut giving = queue.lets_in(2);
    let mut taking = std::pin::pin!(queue.all_are_in());
    assert!(taking.as_mut().now_or_never().is_none());
    giving.ended();
    assert!(taking.as_mut().now_or_never().is_none());
    let other = queue.lets_in(1);
    giving.ended();
    assert!(taking.as_mut().now_or_never().is_none());
    drop(other);
    taking.await;
    giving.ended();
    assert_eq!(queue.state().letting_in, 0, "it is counted once");
}

#[test]
fn what_one_run_is_about_to_take_counts_for_the_guard_of_another_until_the_journal_tells_it() {
    let queue = WriteQueue::new(1);
    let full = queue.begin(Duration::ZERO);
    let change = |before, after| Change {
        mailbox: key("A1").0,
        address: "ana@x.example".to_owned(),
        device: key("A1").1,
        access: Access::Allow,
        reason: Reason::Compliant,
        allow: ListEdit::Keep,
        block: ListEdit::Keep,
        before,
        after,
        compromised: false,
        decision_id: Uuid::nil(),
    };
    let loses = change(AccessLevel::Allow, AccessLevel::Block);
    let gains = change(AccessLevel::Block, AccessLevel::Allow);
    full.promises(&[loses.clone(), gains.clone()], &[key("A1")].into());
    let all = |lost, gained| Window {
        lost,
        gained,
        removed: 0,
    };
    assert_eq!(queue.promised(), all(1, 1));
    let under_way = full.promised(&loses, true);
    assert_eq!(queue.promised(), all(1, 1));
    drop(under_way);
    assert_eq!(queue.promised(), all(0, 1));
    drop(full.promised(&gains, true));
    drop(full.promised(&gains, true));
    assert_eq!(queue.promised(), all(0, 0), "never less than nothing");
    full.promises(&[loses], &BTreeSet::new());
    drop(full);
    assert_eq!(
        queue.promised(),
        all(0, 0),
        "a run that has ended does nothing more"
    );
}
