//! What is counted, whatever database is under it.

use std::time::Duration;

use time::Duration as Span;

use super::{NOW, intent, writer};
use crate::{Outcome, Store, Tallies};

pub(crate) async fn what_is_counted_adds_up_and_every_organisation_counts_for_itself(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let key = |label: &str| ("runs".to_owned(), label.to_owned());
    let more = Tallies::from([(key("full succeeded"), 1), (key("watch held"), 2)]);
    writer.count(&more, &[], NOW).await.unwrap();
    writer
        .count(&Tallies::from([(key("watch held"), 3)]), &[], NOW)
        .await
        .unwrap();
    let sums = Tallies::from([(key("full succeeded"), 1), (key("watch held"), 5)]);
    assert_eq!(organization.tallies().await.unwrap(), sums);
    let other = store.organization("fabrikam").await.unwrap();
    assert_eq!(other.tallies().await.unwrap(), Tallies::new());
}

pub(crate) async fn how_long_changes_took_is_kept_for_a_week_and_within_bounds(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let seconds = |range: std::ops::Range<u64>| range.map(Duration::from_secs).collect::<Vec<_>>();
    writer.count(&Tallies::new(), &seconds(0..3), NOW).await.unwrap();
    let later = NOW + Span::days(2);
    writer
        .count(&Tallies::new(), &seconds(10..12), later)
        .await
        .unwrap();
    let since = async |at| {
        let mut took = organization.latencies(at).await.unwrap();
        took.sort_unstable();
        took
    };
    assert_eq!(since(NOW).await, seconds(10..12));
    assert_eq!(since(NOW - Span::days(1)).await.len(), 5);
    writer
        .count(&Tallies::new(), &seconds(20..21), NOW + Span::days(8))
        .await
        .unwrap();
    assert_eq!(
        since(NOW - Span::days(1)).await.len(),
        3,
        "the first are older than a week"
    );
    let many = seconds(0..10_007);
    writer
        .count(&Tallies::new(), &many, NOW + Span::days(8))
        .await
        .unwrap();
    let kept = since(NOW - Span::days(1)).await;
    assert_eq!((kept.len(), kept[0]), (10_000, Duration::from_secs(7)));
}

pub(crate) async fn the_changes_of_a_run_are_counted_by_what_became_of_them(store: Store) {
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    for (id, outcome) in [
        ("A1", Some(Outcome::Applied)),
        ("B1", Some(Outcome::Applied)),
        ("C1", Some(Outcome::Failed("no".to_owned()))),
        ("D1", None),
    ] {
        let intent = intent(run, id, NOW);
        let number = writer.intend_unless_paused(&intent).await.unwrap();
        if let Some(outcome) = outcome {
            writer.settle(number, &intent, &outcome, NOW).await.unwrap();
        }
    }
    let organization = writer.organization();
    let outcomes = organization.outcomes(run).await.unwrap();
    let found: Vec<_> = outcomes
        .iter()
        .map(|((access, outcome), changes)| (access.as_str(), outcome.as_str(), *changes))
        .collect();
    let expected = [
        ("block", "applied", 2),
        ("block", "failed", 1),
        ("block", "pending", 1),
    ];
    assert_eq!(found, expected);
    assert_eq!(organization.owned_count().await.unwrap(), 2);
}
