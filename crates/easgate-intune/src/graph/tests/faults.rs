use easgate_simulator::tenant::{Fault, RetryAfter};

use super::*;
use crate::{InventoryError, Permission};

const DEVICES: &str = "/managedDevices";

#[tokio::test]
async fn throttling_is_waited_out_in_every_form() {
    let header = |text: &str| RetryAfter::Header(text.to_owned());
    for (fault, waited) in [
        (Fault::Throttled(header("7")), 7),
        (Fault::Throttled(header("2.128")), 3),
        (Fault::Throttled(header("Sun, 22 Nov 2020 20:00:05 GMT")), 0),
        (Fault::Throttled(header("Fri, 22 Nov 2999 20:00:05 GMT")), 300),
        (Fault::Throttled(header("86400")), 300),
        (Fault::Throttled(RetryAfter::Nested(4.5)), 5),
        (Fault::Throttled(RetryAfter::Absent), 2),
        (Fault::Unavailable(header("9")), 9),
        (Fault::Unavailable(RetryAfter::Absent), 2),
        (Fault::Status(500, "InternalServerError"), 2),
        (Fault::Status(502, ""), 2),
        (Fault::Status(504, "UnknownError"), 2),
        (Fault::Status(408, ""), 2),
        (Fault::Broken, 2),
    ] {
        let rig = plain_rig().await;
        rig.tenant.fail(DEVICES, fault.clone(), 1);
        let all = rig.tenant.edit(|data| data.devices.len());
        assert_eq!(rig.graph.managed_devices().await.unwrap().len(), all, "{fault:?}");
        assert_eq!(rig.waited(), [waited], "{fault:?}");
    }
}

#[tokio::test]
async fn a_list_goes_on_with_the_page_that_did_not_come() {
    let rig = rig(|config, _| config.tries = 8).await;
    let first = rig.graph.managed_devices().await.unwrap();
    let pages = rig
        .tenant
        .requests()
        .iter()
        .filter(|one| one.target.contains(DEVICES))
        .count();
    rig.tenant.fail(DEVICES, Fault::Throttled(RetryAfter::Absent), 7);
    assert_eq!(rig.graph.managed_devices().await.unwrap(), first);
    assert_eq!(rig.waited(), [2, 4, 8, 16, 32, 64, 64]);
    let again = rig
        .tenant
        .requests()
        .iter()
        .filter(|one| one.target.contains(DEVICES))
        .count();
    assert_eq!(again, 2 * pages + 7, "no page was asked for again that had come");
}

#[tokio::test]
async fn six_tries_are_the_most() {
    let rig = plain_rig().await;
    rig.tenant
        .fail(DEVICES, Fault::Throttled(RetryAfter::Absent), usize::MAX);
    let error = rig.graph.inventory(&|_| ()).await.unwrap_err();
    assert!(
        matches!(error, InventoryError::Throttled { .. }) && error.is_transient(),
        "{error}"
    );
    assert_eq!(rig.waited(), [2, 4, 8, 16, 32]);
    rig.tenant.heal();
    rig.tenant
        .fail(DEVICES, Fault::Status(500, "UnknownError"), usize::MAX);
    let error = rig.graph.managed_devices().await.unwrap_err();
    assert!(
        matches!(
            error,
            GraphError::Unavailable {
                status: 500,
                tries: 3,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_permission_is_named_without_a_second_token() {
    for status in [401, 403] {
        let rig = plain_rig().await;
        rig.tenant
            .fail(DEVICES, Fault::NestedForbidden(status), usize::MAX);
        let error = rig.graph.inventory(&|_| ()).await.unwrap_err();
        let InventoryError::Permission { permission, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(permission, Permission::ManagedDevicesRead);
        assert!(error.cure().contains("DeviceManagementManagedDevices.Read.All"));
        assert_eq!(rig.tokens(), 1);
    }
}

#[tokio::test]
async fn no_page_is_asked_for_elsewhere() {
    let elsewhere = TenantSimulator::start(TenantConfig::new(World::contoso(5)))
        .await
        .unwrap();
    let rig = plain_rig().await;
    let origin = elsewhere.graph_root().as_str().trim_end_matches('/').to_owned();
    rig.tenant
        .fail(DEVICES, Fault::ForeignNextLink(origin.clone()), 1);
    let error = rig.graph.managed_devices().await.unwrap_err();
    assert!(
        matches!(error, GraphError::ForeignLink { origin: ref seen, .. } if *seen == origin),
        "{error}"
    );
    assert_eq!(elsewhere.requests(), []);
    elsewhere.stop().await;
}

#[tokio::test]
async fn pages_in_a_circle_end_in_an_error() {
    let rig = plain_rig().await;
    rig.tenant.fail(DEVICES, Fault::CircularNextLink, usize::MAX);
    assert!(matches!(
        rig.graph.managed_devices().await,
        Err(GraphError::RepeatedLink { .. })
    ));
}

#[tokio::test]
async fn an_empty_page_is_not_the_end() {
    let rig = rig(|_, served| served.page_size = 10).await;
    rig.tenant.fail("LastDeviceId", Fault::EmptyPage, 2);
    let all = rig.tenant.edit(|data| data.devices.len());
    assert_eq!(rig.graph.managed_devices().await.unwrap().len(), all);
}

#[tokio::test]
async fn a_list_shorter_than_its_count_is_read_again_and_then_refused() {
    let rig = plain_rig().await;
    rig.tenant.fail(DEVICES, Fault::Shortened(3), 1);
    let all = rig.tenant.edit(|data| data.devices.len());
    assert_eq!(rig.graph.managed_devices().await.unwrap().len(), all);
    rig.tenant.fail(DEVICES, Fault::Shortened(3), 2);
    let error = rig.graph.inventory(&|_| ()).await.unwrap_err();
    assert!(
        matches!(error, InventoryError::Incomplete { rows: 3, .. }) && error.is_transient(),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_not_json_is_not_read() {
    let rig = plain_rig().await;
    rig.tenant.fail(DEVICES, Fault::Html, 1);
    assert!(matches!(
        rig.graph.managed_devices().await,
        Err(GraphError::NotJson { .. })
    ));
    rig.tenant.fail("/token", Fault::Html, 1);
    rig.tenant.revoke_tokens();
    let error = rig.graph.managed_devices().await.unwrap_err();
    assert!(
        matches!(
            error,
            GraphError::Token {
                source: crate::TokenError::NoToken { .. }
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_body_above_the_limit_is_not_read_to_its_end() {
    let rig = rig(|config, _| config.max_body_bytes = 2_000).await;
    assert!(matches!(
        rig.graph.managed_devices().await,
        Err(GraphError::TooLarge { limit: 2_000, .. })
    ));
    assert!(rig.waited().is_empty());
}

#[tokio::test]
async fn a_throttled_step_of_a_batch_is_sent_again() {
    let rig = plain_rig().await;
    let ids: Vec<String> = rig
        .tenant
        .edit(|data| data.devices.keys().take(3).cloned().collect());
    rig.tenant
        .fail(&ids[1], Fault::Throttled(RetryAfter::Header("3".to_owned())), 2);
    let found = rig.graph.managed_devices_by_id(&ids).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .flatten()
        .map(|device| device.record.clone())
        .collect();
    assert_eq!(found, ids);
    assert_eq!(rig.waited(), [3, 3]);
    rig.tenant.fail(&ids[1], Fault::NestedForbidden(403), 1);
    let error = rig.graph.managed_devices_by_id(&ids).await.unwrap_err();
    assert!(matches!(error, GraphError::Permission { .. }), "{error}");
}

#[tokio::test]
async fn nobody_there_is_an_error_after_its_tries() {
    let rig = plain_rig().await;
    rig.graph.tenant_state().await.unwrap();
    let Rig {
        tenant, graph, waits, ..
    } = rig;
    tenant.stop().await;
    let error = graph.tenant_state().await.unwrap_err();
    assert!(
        matches!(error, GraphError::Unreachable { tries: 6, .. }) && error.is_transient(),
        "{error}"
    );
    assert_eq!(waits.lock().unwrap().len(), 5);
}
