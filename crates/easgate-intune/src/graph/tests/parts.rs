use std::collections::BTreeSet;

use easgate_model::ComplianceState;
use serde_json::json;

use super::*;
use crate::{Delta, DeltaLink, UserChange};

fn all(rig: &Rig) -> Vec<(String, OffsetDateTime, String)> {
    let time =
        |text: &str| OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
    rig.tenant.edit(|data| {
        data.devices
            .iter()
            .map(|(id, row)| {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                (
                    id.clone(),
                    time(&text("lastSyncDateTime")),
                    text("complianceState"),
                )
            })
            .collect()
    })
}

#[tokio::test]
async fn devices_that_synchronised_and_those_that_fail_are_told_without_the_others() {
    let rig = rig(|_, served| served.page_size = 3).await;
    let rows = all(&rig);
    let mut times: Vec<OffsetDateTime> = rows.iter().map(|(_, at, _)| *at).collect();
    times.sort();
    // Graph is asked with whole seconds.
    let since = times[times.len() - 6].replace_nanosecond(0).unwrap();
    let failing = |state: &str| state == "noncompliant";
    let wanted: BTreeSet<String> = rows
        .iter()
        .filter(|(_, at, state)| *at > since || failing(state))
        .map(|(id, ..)| id.clone())
        .collect();
    let recent = rig.graph.recent_devices(since).await.unwrap();
    let found: BTreeSet<String> = recent.devices.iter().map(|one| one.record.clone()).collect();
    assert_eq!(found, wanted);
    assert!(
        !recent.complete && found.len() < rows.len(),
        "{} of {}",
        found.len(),
        rows.len()
    );
    let fail: BTreeSet<String> = rows
        .iter()
        .filter(|(.., state)| failing(state))
        .map(|(id, ..)| id.clone())
        .collect();
    assert!(!fail.is_empty());
    assert_eq!(recent.noncompliant, Some(fail));
    assert!(recent.as_of.is_some());
}

#[tokio::test]
async fn the_records_of_one_user_are_those_of_that_user_alone() {
    let rig = plain_rig().await;
    let everybody = rig.graph.managed_devices().await.unwrap();
    let upn = everybody
        .iter()
        .find_map(|device| device.user_principal_name.clone())
        .unwrap();
    let theirs = rig.graph.managed_devices_of(&upn).await.unwrap();
    let wanted = everybody
        .iter()
        .filter(|device| device.user_principal_name.as_ref() == Some(&upn));
    assert_eq!(theirs.len(), wanted.count());
    let nobody = "o'hara@contoso.com".parse().unwrap();
    assert_eq!(rig.graph.managed_devices_of(&nobody).await.unwrap(), []);
}

#[tokio::test]
async fn a_delta_from_now_tells_what_changes_after_it() {
    let rig = plain_rig().await;
    let now = rig.graph.users_delta_from_now().await.unwrap();
    let stored = DeltaLink::from_text(&now.to_string()).unwrap();
    let nothing = rig.graph.users_delta(Some(&stored)).await.unwrap();
    assert!(matches!(nothing, Delta::Changes { ref changes, .. } if changes.is_empty()));
    let (user, gone) = rig.tenant.edit(|data| {
        let mut ids = data.users.keys().cloned();
        (ids.next().unwrap(), ids.next().unwrap())
    });
    rig.tenant.edit(|data| {
        data.users.get_mut(&user).unwrap()["assignedPlans"] = json!([]);
        data.users.remove(&gone);
    });
    let Delta::Changes { changes, .. } = rig.graph.users_delta(Some(&stored)).await.unwrap() else {
        panic!("the state is not lost")
    };
    let ids: BTreeSet<&str> = changes
        .iter()
        .map(|change| match change {
            UserChange::Changed { id, .. } | UserChange::Removed { id, .. } => id.as_str(),
        })
        .collect();
    assert_eq!(ids, BTreeSet::from([user.as_str(), gone.as_str()]));
    let found = rig.graph.users_by_id(&[gone, user.clone()]).await.unwrap();
    assert_eq!(found[0], None);
    let found = found[1].as_ref().unwrap();
    assert_eq!((found.id.as_str(), found.licensed), (user.as_str(), false));
}

#[tokio::test]
async fn a_device_that_does_not_comply_is_read_as_such() {
    let rig = plain_rig().await;
    let recent = rig.graph.recent_devices(machine_time()).await.unwrap();
    let failing = |one: &Enrollment| one.compliance == ComplianceState::Noncompliant;
    assert!(
        recent.devices.iter().all(failing),
        "nothing synchronised after now"
    );
}
