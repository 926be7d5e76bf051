//! What is forgotten, whatever database is under it.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::devices::row;
use super::{NOW, allowing, finish, intent, writer};
use crate::{DeviceFilter, Intent, Outcome, Prune, Pruned, RunId, RunResult, Store, Writer};

/// A run of so many days after the first, with one change of each device and its outcome.
async fn run(writer: &Writer, days: i64, changes: &[(Intent, Option<Outcome>)]) -> RunId {
    let at = NOW + Duration::days(days);
    let run = writer.start_run("full", "enforce", at).await.unwrap();
    for (change, outcome) in changes {
        let change = Intent {
            run,
            at,
            ..change.clone()
        };
        let id = writer.intend_unless_paused(&change).await.unwrap();
        if let Some(outcome) = outcome {
            writer.settle(id, &change, outcome, at).await.unwrap();
        }
    }
    let mut finish = finish(RunResult::Succeeded, None);
    finish.at = at;
    writer.finish_run(run, &finish).await.unwrap();
    run
}

fn before(days: i64) -> Prune {
    let at: OffsetDateTime = NOW + Duration::days(days);
    Prune {
        history: at,
        gone: at,
    }
}

pub(crate) async fn what_is_old_is_forgotten_and_what_is_still_needed_is_not(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let nobody = RunId(0);
    let applied = Some(Outcome::Applied);
    let refused = Some(Outcome::Failed("no".to_owned()));
    // A1 and D1 get an entry of ours, B1 none, and nobody knows what became of C1.
    let first = run(
        &writer,
        0,
        &[
            (allowing(nobody, "A1", NOW), applied.clone()),
            (intent(nobody, "B1", NOW), refused.clone()),
        ],
    )
    .await;
    let second = run(&writer, 1, &[(intent(nobody, "C1", NOW), None)]).await;
    let third = run(&writer, 2, &[(intent(nobody, "B2", NOW), refused)]).await;
    writer
        .carry_out(Uuid::from_u128(5), "00ff", third, NOW)
        .await
        .unwrap();
    let last = run(&writer, 9, &[(allowing(nobody, "D1", NOW), applied)]).await;
    let audit = organization.holdings().await.unwrap().audit;

    assert!(writer.prune(&before(0)).await.unwrap().is_nothing());
    let forgotten = writer.prune(&before(99)).await.unwrap();
    let expected = Pruned {
        changes: 2,
        runs: 1,
        ..Pruned::default()
    };
    assert_eq!(forgotten, expected);
    let left = async |run| organization.journal(run).await.unwrap().len();
    assert_eq!(left(first).await, 1, "our entry of A1 comes from there");
    assert_eq!(left(second).await, 1, "it is still open");
    assert_eq!(left(last).await, 1);
    let runs = organization.runs(99).await.unwrap();
    let runs: Vec<_> = runs.iter().map(|run| run.id).collect();
    assert_eq!(runs, [last, second, first]);
    assert_eq!(organization.unsettled().await.unwrap().len(), 1);
    assert_eq!(organization.owned().await.unwrap().len(), 2);
    assert_eq!(organization.holdings().await.unwrap().audit, audit);
    assert!(writer.prune(&before(99)).await.unwrap().is_nothing());
}

pub(crate) async fn devices_that_vanished_are_forgotten_after_a_time_of_their_own(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let all = [
        row(1, "A1", "allow"),
        row(2, "B1", "block"),
        row(3, "C1", "allow"),
    ];
    writer.record_devices(all.clone(), NOW).await.unwrap();
    let later = NOW + Duration::days(10);
    writer.record_devices(all[..2].to_vec(), later).await.unwrap();
    writer
        .record_devices(all[..1].to_vec(), later + Duration::days(10))
        .await
        .unwrap();
    let forget = |days| Prune {
        history: NOW,
        gone: NOW + Duration::days(days),
    };
    for (days, devices) in [(10, 0), (15, 1), (15, 0), (99, 1)] {
        let forgotten = writer.prune(&forget(days)).await.unwrap();
        assert_eq!(forgotten.devices, devices, "{days}");
    }
    let page = organization
        .devices(&DeviceFilter::default(), None, 99)
        .await
        .unwrap();
    assert_eq!(page.devices.len(), 1, "who is there stays");
}
