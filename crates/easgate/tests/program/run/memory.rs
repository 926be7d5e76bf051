//! The service lets the store forget.

use easgate_connector::{Clock as _, SystemClock};
use easgate_simulator::world::World;
use easgate_store::{Finish, RunResult, Store};

use super::place_with_socket;
use super::service::Service;
use crate::place::Place;

/// Two runs of two years ago, the one after the other.
async fn runs_of_two_years_ago(place: &Place) {
    let at = SystemClock::new().now() - time::Duration::days(730);
    let store = Store::open("sqlite://easgate.db", place.folder.path())
        .await
        .unwrap();
    let writer = store.organization("contoso").await.unwrap().lock().await.unwrap();
    for _ in 0..2 {
        let run = writer.start_run("quick", "enforce", at).await.unwrap();
        let finish = Finish {
            at,
            result: RunResult::Succeeded,
            server: None,
            figures: serde_json::json!({}),
            baseline: None,
        };
        writer.finish_run(run, &finish).await.unwrap();
    }
    writer.hand_over().await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_for_long_enough_is_forgotten_and_the_audit_stays_whole() {
    let place = place_with_socket(World::contoso(30)).await;
    runs_of_two_years_ago(&place).await;
    let service = Service::start(&place).await;
    let forgot = service.sees("store.forgot", 1).await;
    assert_eq!(
        forgot["fields"]["runs"], 1,
        "the latest of its kind stays: {forgot}"
    );
    assert_eq!(forgot["fields"]["changes"], 0);
    service.stops(&place).await;
    let audit = place.easgate("audit export").await.exits(0).stdout;
    assert_eq!(audit.matches("runBegun").count(), 3, "{audit}");
    place.easgate("audit verify").await.exits(0);
}
