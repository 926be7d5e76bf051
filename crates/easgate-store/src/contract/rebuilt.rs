//! The registry rebuilt from the audit, whatever database is under it.

use super::{NOW, allowing, device, intent, mailbox, writer};
use crate::{Edit, Intent, List, Organization, Outcome, OwnedEntry, Rebuild, Recorded, Store};

/// What the audit of `organization` says was ours, and how much is pending.
async fn rebuilt(organization: &Organization) -> (Vec<Recorded>, usize) {
    let mut rebuild = Rebuild::default();
    for record in organization.audit(0, 10_000).await.unwrap() {
        rebuild.next(&record).unwrap();
    }
    (rebuild.ours().cloned().collect(), rebuild.pending())
}

async fn registry(organization: &Organization) -> Vec<OwnedEntry> {
    let mut owned: Vec<_> = organization
        .owned()
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.entry)
        .collect();
    owned.sort();
    owned
}

fn entries(recorded: &[Recorded]) -> Vec<OwnedEntry> {
    recorded.iter().map(|one| one.entry.clone()).collect()
}

#[expect(clippy::too_many_lines, reason = "one story")]
pub(crate) async fn a_registry_is_rebuilt_as_it_was_and_says_so(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let taken_back = Intent {
        allow: Edit::Remove,
        allow_existed: true,
        block: Edit::Keep,
        ..intent(run, "appla1", NOW)
    };
    for (change, outcome) in [
        (allowing(run, "ApplA1", NOW), Some(Outcome::Applied)),
        (allowing(run, "ApplA2", NOW), Some(Outcome::Applied)),
        (
            allowing(run, "ApplA3", NOW),
            Some(Outcome::Failed("denied".to_owned())),
        ),
        (taken_back, Some(Outcome::Applied)),
        (
            intent(run, "ApplB1", NOW),
            Some(Outcome::Unknown("no answer".to_owned())),
        ),
        (intent(run, "ApplB2", NOW), Some(Outcome::Applied)),
        (allowing(run, "ApplC1", NOW), None),
    ] {
        let id = writer.intend(&change).await.unwrap();
        if let Some(outcome) = outcome {
            writer.settle(id, &change, &outcome, NOW).await.unwrap();
        }
    }
    let gone = OwnedEntry {
        mailbox: mailbox(1),
        list: List::Block,
        device: device("ApplB2"),
    };
    writer.forget(&[gone], NOW).await.unwrap();
    let (ours, pending) = rebuilt(organization).await;
    assert_eq!(entries(&ours), registry(organization).await);
    let told: Vec<_> = ours
        .iter()
        .map(|one| (one.entry.list, one.entry.device.to_string()))
        .collect();
    assert_eq!(
        told,
        [
            (List::Allow, "ApplA2".to_owned()),
            (List::Allow, "ApplB1".to_owned())
        ],
        "what was to be removed and may not have been is still ours"
    );
    assert_eq!(pending, 1, "what was only intended is never ours");

    let lost = store
        .organization("fabrikam")
        .await
        .unwrap()
        .lock()
        .await
        .unwrap();
    let run = lost.start_run("rebuild", "observe", NOW).await.unwrap();
    lost.rebuild_registry(&ours, run, NOW).await.unwrap();
    assert_eq!(registry(lost.organization()).await, entries(&ours));
    let (again, _) = rebuilt(lost.organization()).await;
    assert_eq!(
        entries(&again),
        entries(&ours),
        "and can be rebuilt from its own audit"
    );
}
