//! The latest runs, by their kind.

use time::Duration;

use super::{NOW, writer};
use crate::{Finish, LastRun, RunResult, Store};

pub(crate) async fn the_latest_run_of_each_kind_is_known_and_the_latest_good_one(store: Store) {
    let writer = writer(&store).await;
    assert!(writer.organization().last_runs().await.unwrap().is_empty());
    let runs = [
        ("full", 0, RunResult::Held),
        ("quick", 10, RunResult::Unread),
        ("full", 20, RunResult::Failed),
        ("full", 30, RunResult::Unread),
    ];
    let at = |minutes: i64| NOW + Duration::minutes(minutes);
    for (kind, begun, result) in runs {
        let run = writer.start_run(kind, "enforce", at(begun)).await.unwrap();
        let finish = Finish {
            at: at(begun + 5),
            result,
            server: None,
            figures: serde_json::Value::Null,
            baseline: None,
        };
        writer.finish_run(run, &finish).await.unwrap();
    }
    let other = store.organization("fabrikam").await.unwrap();
    assert!(other.last_runs().await.unwrap().is_empty());
    let last = |kind: &str, begun, good: Option<i64>| LastRun {
        kind: kind.to_owned(),
        begun: at(begun),
        good: good.map(at),
    };
    let found = writer.organization().last_runs().await.unwrap();
    assert_eq!(found, [last("full", 30, Some(20)), last("quick", 10, None)]);
}
