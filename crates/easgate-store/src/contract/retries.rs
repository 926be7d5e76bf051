//! What is to be tried again, whatever database is under it.

use time::Duration;

use super::{NOW, device, mailbox, writer};
use crate::{Retry, Store};

pub(crate) async fn what_failed_is_due_at_its_time_and_is_kept_until_it_is_dropped(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let retry = |id: &str, minutes: Option<i64>| Retry {
        mailbox: mailbox(1),
        device: device(id),
        address: "ana@contoso.example".to_owned(),
        cause: "throttled".to_owned(),
        first_failed: NOW,
        attempts: 1,
        due: minutes.map(|minutes| NOW + Duration::minutes(minutes)),
    };
    let all = [retry("A1", Some(30)), retry("B1", Some(15)), retry("C1", None)];
    writer.keep_retries(&all, &[]).await.unwrap();
    assert_eq!(organization.retries().await.unwrap(), all);
    for (minutes, due) in [(14, vec![]), (15, vec!["B1"]), (90, vec!["B1", "A1"])] {
        let found = organization
            .due_retries(NOW + Duration::minutes(minutes))
            .await
            .unwrap();
        let found: Vec<_> = found.iter().map(|retry| retry.device.to_string()).collect();
        assert_eq!(found, due, "{minutes}");
    }
    let again = Retry {
        attempts: 2,
        ..retry("a1", Some(45))
    };
    let done = [(mailbox(1), device("b1"))];
    writer
        .keep_retries(std::slice::from_ref(&again), &done)
        .await
        .unwrap();
    assert_eq!(
        organization.retries().await.unwrap(),
        [again, retry("C1", None)],
        "whatever the case of their ids"
    );
    let other = store.organization("fabrikam").await.unwrap();
    assert_eq!(other.retries().await.unwrap(), []);
}
