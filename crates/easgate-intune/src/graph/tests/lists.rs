use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::{Delta, DeltaLink, GroupChange, InventoryError, UserChange};

#[tokio::test]
async fn the_inventory_is_all_of_the_tenant() {
    let rig = rig(|config, served| {
        served.page_size = 7;
        config.groups = served
            .world
            .groups
            .iter()
            .map(|group| GroupId::new(&group.id.to_string()))
            .collect();
    })
    .await;
    let data = rig.tenant.edit(|data| data.clone());
    let seen = Mutex::new(Vec::new());
    let inventory = rig
        .graph
        .inventory(&|progress| seen.lock().unwrap().push(progress))
        .await
        .unwrap();
    assert_eq!(inventory.tenant, Some(data.intune_account_id));
    assert_eq!(inventory.enrollments.len(), data.devices.len());
    assert!(inventory.enrollments.len() > 7, "more than a page");
    assert_eq!(inventory.users.len(), data.users.len());
    assert!(inventory.as_of.is_some());
    let licensed = inventory.users.iter().filter(|user| user.licensed).count();
    assert!(0 < licensed && licensed < inventory.users.len());
    let sizes: Vec<_> = inventory.sizes.iter().take(3).cloned().collect();
    let count = |rows: usize| u64::try_from(rows).unwrap();
    assert_eq!(
        sizes,
        [
            ("devices".to_owned(), count(data.devices.len())),
            ("users".to_owned(), count(data.users.len())),
            ("licences".to_owned(), count(licensed)),
        ]
    );
    for (id, group) in &data.groups {
        let of_group = inventory
            .users
            .iter()
            .filter(|user| user.groups.contains(&GroupId::new(id)));
        assert!(of_group.count() >= group.users.len(), "{}", group.display_name);
    }
    let progress = seen.into_inner().unwrap();
    let last = progress
        .iter()
        .rfind(|progress| progress.input == crate::Input::Devices)
        .unwrap();
    assert_eq!(
        (last.rows, last.expected),
        (count(data.devices.len()), Some(count(data.devices.len())))
    );
    assert!(progress.len() > 6);
}

#[tokio::test]
async fn the_filter_and_the_plans_agree_on_who_is_licensed() {
    let rig = rig(|_, served| served.page_size = 5).await;
    let by_filter: BTreeSet<_> = rig
        .graph
        .licensed_users()
        .await
        .unwrap()
        .into_iter()
        .map(|user| user.id)
        .collect();
    let inventory = rig.graph.inventory(&|_| ()).await.unwrap();
    let by_plans: BTreeSet<_> = inventory
        .users
        .into_iter()
        .filter(|user| user.licensed)
        .map(|user| user.id)
        .collect();
    assert_eq!(by_filter, by_plans);
}

#[tokio::test]
async fn a_group_that_is_gone_is_not_an_empty_group() {
    let gone = GroupId::new("99999999-0000-4000-8000-000000000000");
    let rig = rig(|config, _| config.groups = vec![gone.clone()]).await;
    let error = rig.graph.inventory(&|_| ()).await.unwrap_err();
    assert!(
        matches!(error, InventoryError::GroupGone { ref group } if *group == gone),
        "{error}"
    );
    assert!(!error.is_transient());
}

#[tokio::test]
async fn zero_rows_are_an_unread_source() {
    let rig = plain_rig().await;
    rig.tenant.edit(|data| data.devices.clear());
    let error = rig.graph.inventory(&|_| ()).await.unwrap_err();
    assert_eq!(error.to_string(), "Graph gave no row of devices");
}

#[tokio::test]
async fn a_tenant_without_intune_is_told() {
    let rig = plain_rig().await;
    let state = rig.graph.tenant_state().await.unwrap();
    assert_eq!(state.subscription, Some(SubscriptionState::Active));
    rig.tenant.edit(|data| data.subscription_state = None);
    assert!(matches!(
        rig.graph.tenant_state().await,
        Err(GraphError::NoIntune { .. })
    ));
    assert!(rig.waited().is_empty());
}

#[tokio::test]
async fn one_device_and_many_by_id() {
    let rig = plain_rig().await;
    let all = rig.graph.managed_devices().await.unwrap();
    let missing = "11111111-2222-4333-8444-555555555555".to_owned();
    assert_eq!(
        rig.graph.managed_device(&all[0].record).await.unwrap().as_ref(),
        Some(&all[0])
    );
    assert_eq!(rig.graph.managed_device(&missing).await.unwrap(), None);
    let mut ids: Vec<String> = all.iter().take(45).map(|device| device.record.clone()).collect();
    ids.insert(21, missing);
    let found = rig.graph.managed_devices_by_id(&ids).await.unwrap();
    assert_eq!(found.len(), ids.len());
    for (id, device) in ids.iter().zip(&found) {
        assert!(device.as_ref().is_none_or(|device| device.record == *id));
    }
    assert_eq!(found.iter().position(Option::is_none), Some(21));
    assert_eq!(found.iter().flatten().count(), ids.len() - 1);
}

#[tokio::test]
async fn what_the_tenant_has_not_is_none() {
    let rig = plain_rig().await;
    assert_eq!(rig.graph.exchange_connectors().await.unwrap(), []);
    assert_eq!(rig.graph.conditional_access_settings().await.unwrap(), None);
    assert_eq!(rig.graph.exchange_policy().await.unwrap(), None);
}

#[tokio::test]
async fn changes_of_users_are_told_once_and_from_where_one_left() {
    let rig = rig(|_, served| served.page_size = 9).await;
    let Delta::Changes { changes, next } = rig.graph.users_delta(None).await.unwrap() else {
        panic!()
    };
    assert_eq!(changes.len(), rig.tenant.edit(|data| data.users.len()));
    let next = DeltaLink::from_text(&next.to_string()).unwrap();
    let ids: Vec<String> = rig
        .tenant
        .edit(|data| data.users.keys().take(2).cloned().collect());
    rig.tenant.edit(|data| {
        data.users.get_mut(&ids[0]).unwrap()["assignedPlans"] = json!([]);
        data.users.remove(&ids[1]);
    });
    let Delta::Changes { changes, next } = rig.graph.users_delta(Some(&next)).await.unwrap() else {
        panic!()
    };
    assert_eq!(changes.len(), 2);
    let licence = |change: &UserChange| matches!(change, UserChange::Changed { id, licensed: Some(false), .. } if *id == ids[0]);
    let removal =
        |change: &UserChange| matches!(change, UserChange::Removed { id, for_good: false } if *id == ids[1]);
    assert!(
        changes.iter().any(licence) && changes.iter().any(removal),
        "{changes:?}"
    );
    let Delta::Changes { changes, .. } = rig.graph.users_delta(Some(&next)).await.unwrap() else {
        panic!()
    };
    assert_eq!(changes, []);
}

#[tokio::test]
async fn changes_of_groups_name_the_group() {
    let rig = plain_rig().await;
    let Delta::Changes { next, .. } = rig.graph.groups_delta(None).await.unwrap() else {
        panic!()
    };
    let (group, user) = rig.tenant.edit(|data| {
        let user = data.users.keys().next().unwrap().clone();
        let (id, group) = data.groups.iter_mut().next().unwrap();
        if !group.users.remove(&user) {
            group.users.insert(user.clone());
        }
        (GroupId::new(id), user)
    });
    let Delta::Changes { changes, .. } = rig.graph.groups_delta(Some(&next)).await.unwrap() else {
        panic!()
    };
    assert_eq!(
        changes,
        [GroupChange::Changed {
            id: group,
            members: vec![user]
        }]
    );
}

#[tokio::test]
async fn a_lost_delta_is_a_resync() {
    use easgate_simulator::tenant::Fault;
    let rig = plain_rig().await;
    let Delta::Changes { next, .. } = rig.graph.users_delta(None).await.unwrap() else {
        panic!()
    };
    rig.tenant.fail("/users/delta", Fault::DeltaGone, 1);
    assert_eq!(rig.graph.users_delta(Some(&next)).await.unwrap(), Delta::Resync);
    rig.tenant
        .fail("/users/delta", Fault::Status(400, "syncStateNotFound"), 1);
    assert_eq!(rig.graph.users_delta(Some(&next)).await.unwrap(), Delta::Resync);
    let asked = rig.tenant.requests().len();
    for text in [
        next.to_string()
            .replace(&rig.tenant.tenant().to_string(), "another-tenant"),
        next.to_string().replace("http://127.0.0.1", "http://127.0.0.2"),
        next.to_string().replace("/users/", "/groups/"),
    ] {
        let other = DeltaLink::from_text(&text).unwrap();
        assert_eq!(
            rig.graph.users_delta(Some(&other)).await.unwrap(),
            Delta::Resync,
            "{text}"
        );
    }
    assert_eq!(rig.tenant.requests().len(), asked, "nothing was sent");
    assert_eq!(
        DeltaLink::from_text("easgate-delta-0 t https://graph.microsoft.com/"),
        None
    );
}
