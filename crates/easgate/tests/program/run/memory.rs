//! The service lets the store forget.

use easgate_simulator::world::World;

use super::place_with_socket;
use super::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_for_long_enough_is_forgotten_and_the_audit_stays_whole() {
    let place = place_with_socket(World::contoso(30)).await;
    // Two years ago, the one after the other.
    place.ran("quick", 730, 2).await;
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
