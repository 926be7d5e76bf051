//! Whose store it is.

use time::Duration;
use uuid::Uuid;

use super::NOW;
use crate::{Actor, AuditAction, Store};

pub(crate) async fn a_store_is_of_the_first_that_works_with_it_until_another_replaces_it(store: Store) {
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let organization = store.organization("contoso").await.unwrap();
    assert_eq!(store.installation().await.unwrap(), None);
    let first = store.work_as(one, "node1", NOW).await.unwrap();
    assert_eq!((first.id, first.node.as_str(), first.since), (one, "node1", NOW));
    let later = NOW + Duration::HOUR;
    let again = store.work_as(one, "node2", later).await.unwrap();
    assert_eq!(
        (again.node.as_str(), again.since, again.seen),
        ("node2", NOW, later)
    );
    // Whoever is another changes nothing by asking.
    assert_eq!(store.work_as(other, "node3", later).await.unwrap(), again);
    assert_eq!(store.installation().await.unwrap(), Some(again));

    let dana = Actor {
        name: "dana".to_owned(),
        uid: Some(7),
    };
    store
        .replace_installation(other, "node3", &dana, later)
        .await
        .unwrap();
    let replaced = store.work_as(one, "node1", later + Duration::HOUR).await.unwrap();
    assert_eq!(
        (replaced.id, replaced.since, replaced.seen),
        (other, later, later)
    );
    let audit = organization.audit(0, 9).await.unwrap();
    let event = audit.last().unwrap();
    assert_eq!(event.action, AuditAction::InstallationReplaced.name());
    assert_eq!((event.actor.as_str(), event.actor_uid), ("dana", Some(7)));
    let said = |text: &Option<String>| text.clone().unwrap();
    assert!(said(&event.before).contains(&one.to_string()));
    assert!(said(&event.after).ends_with("on node3"));
}
