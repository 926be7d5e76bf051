//! Who may write.

use std::time::Duration;

use super::{NOW, intent, writer};
use crate::{Holder, JournalError, LeaseError, Organization, Store, StoreError, Writer};

const TTL: Duration = Duration::from_secs(600);

/// A time of the clock that counts suspension, where it does not matter.
const NEVER: Duration = Duration::ZERO;

fn holder(node: &str) -> Holder {
    Holder {
        id: "process 1".to_owned(),
        node: node.to_owned(),
    }
}

/// What a node that died leaves behind, beside a file that is not locked: a lease whose time is over.
async fn expire(organization: &Organization) {
    sqlx::query("UPDATE leases SET expires = 0")
        .execute(organization.store().pool())
        .await
        .unwrap();
}

/// Takes the lease from a writer that was not heard of for too long, as another node does.
async fn take_over(organization: &Organization, node: &str) -> Writer {
    expire(organization).await;
    organization.acquire(&holder(node), TTL, NEVER).await.unwrap()
}

pub(crate) async fn one_writer_at_a_time(store: Store) {
    let organization = store.organization("contoso").await.unwrap();
    let first = organization.acquire(&holder("a"), TTL, NEVER).await.unwrap();
    let error = organization.acquire(&holder("b"), TTL, NEVER).await.unwrap_err();
    assert!(matches!(error, LeaseError::Held { .. }), "{error}");
    let lease = organization.lease().await.unwrap().unwrap();
    assert_eq!((lease.node.as_str(), lease.is_held), ("a", true));
    // PostgreSQL reads its clock for each of the two.
    let lasts = lease.expires - lease.granted;
    assert!((lasts - TTL).abs() < time::Duration::SECOND, "{lasts}");
    let other = store.organization("fabrikam").await.unwrap();
    assert!(
        other.lock().await.is_ok(),
        "another organisation has its own writer"
    );
    drop(first);
    assert!(
        organization.lock().await.is_ok(),
        "what was dropped here is free here"
    );
}

pub(crate) async fn tokens_only_grow(store: Store) {
    let organization = store.organization("contoso").await.unwrap();
    let mut last = 0;
    for turn in 0..4 {
        let writer = organization.acquire(&holder("a"), TTL, NEVER).await.unwrap();
        assert!(writer.token() > last, "turn {turn}");
        last = writer.token();
        writer.renew(TTL, NEVER).await.unwrap();
        if turn % 2 == 0 {
            writer.hand_over().await.unwrap();
        }
    }
}

pub(crate) async fn a_writer_that_was_overtaken_writes_nothing(store: Store) {
    let mut old = writer(&store).await;
    let run = old.start_run("full", "enforce", NOW).await.unwrap();
    let wanted = intent(run, "A1", NOW);
    let id = old.intend(&wanted).await.unwrap();
    old.release_file_lock();
    let organization = store.organization("contoso").await.unwrap();
    let new = take_over(&organization, "b").await;
    assert!(new.took_over());

    let lost = |error: StoreError| assert!(matches!(error, StoreError::Lost(_)), "{error}");
    let journal = |error: JournalError| assert!(matches!(error, JournalError::Lost(_)), "{error}");
    lost(old.renew(TTL, NEVER).await.unwrap_err());
    journal(old.intend(&wanted).await.unwrap_err());
    journal(
        old.settle(id, &wanted, &crate::Outcome::Applied, NOW)
            .await
            .unwrap_err(),
    );
    lost(old.start_run("full", "enforce", NOW).await.unwrap_err());
    lost(
        old.record_devices([super::devices::row(1, "A1", "allow")], NOW)
            .await
            .unwrap_err(),
    );
    assert_eq!(
        organization.unsettled().await.unwrap().len(),
        1,
        "the intent of before"
    );
    assert_eq!(organization.owned().await.unwrap(), []);
    assert_eq!(organization.decision_counts().await.unwrap().len(), 0);
    // What the old one gives back is not what the new one has.
    drop(old);
    store.release_dropped().await;
    new.renew(TTL, NEVER).await.unwrap();
    assert!(organization.lease().await.unwrap().unwrap().is_held);
}

pub(crate) async fn a_hand_over_is_told_from_a_take_over(store: Store) {
    let organization = store.organization("contoso").await.unwrap();
    let first = organization.acquire(&holder("a"), TTL, NEVER).await.unwrap();
    assert!(!first.took_over(), "nobody was there before");
    first.hand_over().await.unwrap();
    let mut second = organization.acquire(&holder("b"), TTL, NEVER).await.unwrap();
    assert!(!second.took_over());
    second.release_file_lock();
    let third = take_over(&organization, "c").await;
    assert!(third.took_over());
}

pub(crate) async fn what_is_left_of_a_lease_counts_down(store: Store) {
    let organization = store.organization("contoso").await.unwrap();
    let at = Duration::from_secs;
    let writer = organization.acquire(&holder("a"), at(10), at(100)).await.unwrap();
    let left = |now| writer.remaining(at(now)).min(TTL);
    if writer.is_renewed() {
        assert_eq!(
            [left(100), left(107), left(110), left(999)],
            [at(10), at(3), at(0), at(0)]
        );
        writer.renew(at(10), at(109)).await.unwrap();
        assert_eq!([left(109), left(119)], [at(10), at(0)]);
        drop(writer);
        let once = organization.lock().await.unwrap();
        assert_eq!(once.remaining(at(0)), at(0), "it knows no time");
    } else {
        assert_eq!(
            left(999),
            TTL,
            "the lock of the file lasts as long as its process"
        );
    }
}

pub(crate) async fn whoever_took_over_waits_and_whoever_was_handed_the_lease_does_not(store: Store) {
    let organization = store.organization("contoso").await.unwrap();
    let at = Duration::from_secs;
    let mut first = organization.acquire(&holder("a"), TTL, at(50)).await.unwrap();
    assert_eq!(first.settling(at(50), at(60)), at(0));
    first.release_file_lock();
    expire(&organization).await;
    let second = organization.acquire(&holder("b"), TTL, at(100)).await.unwrap();
    let settling = |now| second.settling(at(now), at(60));
    assert_eq!(
        [settling(100), settling(130), settling(160)],
        [at(60), at(30), at(0)]
    );
}

pub(crate) async fn a_node_is_replaced_where_that_is_asked_for(store: Store) {
    let organization = store.organization("contoso").await.unwrap();
    let first = organization.acquire(&holder("a"), TTL, NEVER).await.unwrap();
    let second = organization.replace(&holder("b"), TTL, NEVER).await;
    if first.is_renewed() {
        assert!(second.unwrap().took_over());
        let error = first.start_run("full", "enforce", NOW).await.unwrap_err();
        assert!(matches!(error, StoreError::Lost(_)), "{error}");
    } else {
        let error = second.unwrap_err();
        assert!(matches!(error, LeaseError::Held { .. }), "{error}");
    }
}
