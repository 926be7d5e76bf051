//! What stands in the way of writing.

use time::Duration;

use super::{NOW, device, intent, mailbox, writer};
use crate::{Actor, AuditAction, Caution, CautionKind, List, Outcome, OwnedEntry, Store, Writer};

fn caution(kind: CautionKind) -> Caution {
    Caution {
        kind,
        since: NOW,
        detail: format!("it is {kind}"),
    }
}

pub(crate) async fn what_stands_in_the_way_of_writing_stays_until_somebody_ends_it(store: Store) {
    let contoso = store.organization("contoso").await.unwrap();
    let fabrikam = store.organization("fabrikam").await.unwrap();
    assert_eq!(contoso.caution().await.unwrap(), None);
    for kind in [
        CautionKind::Contested,
        CautionKind::Restored,
        CautionKind::Unknown,
    ] {
        contoso
            .raise_caution(&caution(kind), &Actor::program())
            .await
            .unwrap();
        assert_eq!(
            contoso.caution().await.unwrap(),
            Some(caution(CautionKind::Contested)),
            "the first one stays"
        );
    }
    assert_eq!(fabrikam.caution().await.unwrap(), None);
    assert_eq!(fabrikam.end_caution(&Actor::program(), NOW).await.unwrap(), None);
    let ended = contoso.end_caution(&Actor::program(), NOW).await.unwrap();
    assert_eq!(ended, Some(caution(CautionKind::Contested)));
    assert_eq!(contoso.caution().await.unwrap(), None);
    let actions: Vec<_> = contoso
        .audit(0, 9)
        .await
        .unwrap()
        .into_iter()
        .map(|record| record.action)
        .collect();
    assert_eq!(
        actions,
        [AuditAction::Contested.name(), AuditAction::ContestEnded.name()]
    );
}

/// Adds the block entry of A1, as a run does.
async fn add(writer: &Writer) {
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let change = intent(run, "A1", NOW);
    let id = writer.intend(&change).await.unwrap();
    writer.settle(id, &change, &Outcome::Applied, NOW).await.unwrap();
}

pub(crate) async fn an_entry_that_is_undone_twice_in_a_day_is_contested(store: Store) {
    let writer = writer(&store).await;
    let entry = |id| OwnedEntry {
        mailbox: mailbox(1),
        list: List::Block,
        device: device(id),
    };
    let undone = |id, hours| {
        let (writer, entry) = (&writer, entry(id));
        async move {
            let found = writer.note_undone(&[entry], NOW + Duration::hours(hours)).await;
            found.unwrap().is_some()
        }
    };
    add(&writer).await;
    assert!(!undone("A1", 0).await);
    assert!(
        !undone("a1", 1).await,
        "it is still missing, and was not undone again"
    );
    add(&writer).await;
    assert!(!undone("A1", 25).await, "more than a day lies between");
    add(&writer).await;
    assert!(!undone("B1", 26).await, "that is another one");
    assert!(undone("A1", 48).await);
}
