//! What the queue promises to runs that write at the same time.

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
