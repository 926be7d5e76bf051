//! The service looks again at changes that failed.

use easgate_connector::{Clock as _, SystemClock};
use easgate_model::MailboxId;
use easgate_simulator::world::World;
use easgate_store::{Retry, Store};
use time::Duration;
use uuid::Uuid;

use super::place_with_socket;
use super::service::Service;
use crate::place::Place;
use crate::syncs::{lists_hold, phone_that_complies};

/// Keeps in the store that changes failed some hours ago and are due.
async fn keep(place: &Place, failed: &[(Uuid, &str, &str, i64)]) {
    let now = SystemClock::new().now();
    let retry = |(mailbox, device, address, hours): &(Uuid, &str, &str, i64)| Retry {
        mailbox: MailboxId(*mailbox),
        device: device.parse().unwrap(),
        address: (*address).to_owned(),
        cause: "throttled".to_owned(),
        first_failed: now - Duration::hours(*hours),
        attempts: 3,
        due: Some(now - Duration::minutes(1)),
    };
    let retries: Vec<Retry> = failed.iter().map(retry).collect();
    let store = Store::open("sqlite://easgate.db", place.folder.path())
        .await
        .unwrap();
    let writer = store.organization("contoso").await.unwrap().lock().await.unwrap();
    writer.keep_retries(&retries, &[]).await.unwrap();
    writer.hand_over().await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_decided_anew_put_off_while_it_cannot_be_and_given_up_after_a_week() {
    let place = place_with_socket(World::contoso(40)).await;
    place.easgate("sync --full").await.exits(0);
    let (address, mailbox, id) = phone_that_complies(&place, 0).await;
    assert_eq!(lists_hold(&place, mailbox, &id), (true, false));
    // What the run for the retry finds is what is so by then.
    let rows = place.read("enrolled.csv");
    let edited = rows.lines().map(|row| {
        if row.contains(&format!("\"{id}\"")) {
            row.replace(",compliant,", ",noncompliant,")
        } else {
            row.to_owned()
        }
    });
    place.write("enrolled.csv", &edited.collect::<Vec<_>>().join("\n"));
    let (gone, long_gone) = (Uuid::from_u128(1), Uuid::from_u128(2));
    keep(
        &place,
        &[
            (mailbox, &id, &address, 1),
            (gone, "GONE1", "gone@contoso.com", 1),
            (long_gone, "GONE2", "longgone@contoso.com", 200),
        ],
    )
    .await;
    let before = place.easgate("status --json").await.exits(0).json();
    assert_eq!(before["retries"]["waiting"], 3, "{before}");

    let service = Service::start(&place).await;
    let given_up = service.sees("retry.givenUp", 1).await;
    assert_eq!(given_up["fields"]["changes"], 1, "{given_up}");
    service.sees("sync.started", 3).await;
    while service.count("sync.ended") + service.count("sync.unread") < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(
        lists_hold(&place, mailbox, &id),
        (false, true),
        "{}",
        service.log()
    );
    let by_retry = service.all("sync.started", |fields| {
        fields["by"] == "retry" && fields["kind"] == "user"
    });
    assert_eq!(by_retry.len(), 3, "{}", service.log());
    service.stops(&place).await;

    let status = place.easgate("status --json").await.exits(0).json();
    let retries = &status["retries"];
    assert_eq!(
        (&retries["waiting"], &retries["given_up"]),
        (&1.into(), &1.into()),
        "{status}"
    );
    assert!(retries["next"].is_string(), "{status}");
    let words = place.easgate("status").await.exits(0).stdout;
    assert!(words.contains("ALARM: 1 change failed for a week"), "{words}");

    place.easgate("sync --full").await.exits(0);
    let status = place.easgate("status --json").await.exits(0).json();
    assert_eq!(
        (&status["retries"]["waiting"], &status["retries"]["given_up"]),
        (&0.into(), &0.into()),
        "a full sync has looked at everything: {status}"
    );
}
