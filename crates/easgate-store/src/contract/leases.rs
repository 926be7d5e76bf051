//! Who may write.

use std::time::Duration;

use super::{NOW, intent, writer};
use crate::{Holder, JournalError, LeaseError, Organization, Store, StoreError, Writer};

const TTL: Duration = Duration::from_secs(600);

fn holder(node: &str) -> Holder {
    Holder {
        id: "process 1".to_owned(),
        node: node.to_owned(),
    }
}

/// Takes the lease from a writer that was not heard of for too long, as another node does.
async fn take_over(organization: &Organization, node: &str) -> Writer {
    // What a node that died leaves behind: no lock on a file, and a lease whose time is over.
    sqlx::query("UPDATE leases SET expires = 0")
        .execute(organization.store().pool())
        .await
        .unwrap();
    organization.acquire(&holder(node), TTL).await.unwrap()
}

pub(crate) async fn one_writer_at_a_time(store: Store) {
    let organization = store.organization("contoso").await.unwrap();
    let first = organization.acquire(&holder("a"), TTL).await.unwrap();
    let error = organization.acquire(&holder("b"), TTL).await.unwrap_err();
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
        let writer = organization.acquire(&holder("a"), TTL).await.unwrap();
        assert!(writer.token() > last, "turn {turn}");
        last = writer.token();
        writer.renew(TTL).await.unwrap();
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
    lost(old.renew(TTL).await.unwrap_err());
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
    new.renew(TTL).await.unwrap();
    assert!(organization.lease().await.unwrap().unwrap().is_held);
}

pub(crate) async fn a_hand_over_is_told_from_a_take_over(store: Store) {
    let organization = store.organization("contoso").await.unwrap();
    let first = organization.acquire(&holder("a"), TTL).await.unwrap();
    assert!(!first.took_over(), "nobody was there before");
    first.hand_over().await.unwrap();
    let mut second = organization.acquire(&holder("b"), TTL).await.unwrap();
    assert!(!second.took_over());
    second.release_file_lock();
    let third = take_over(&organization, "c").await;
    assert!(third.took_over());
}
