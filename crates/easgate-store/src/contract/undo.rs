//! What is taken over, given up and undone, and what others changed.

use time::Duration;
use uuid::Uuid;

use super::{NOW, allowing, device, intent, mailbox, owned, writer};
use crate::{
    Acknowledged, Actor, DriftSeen, Finish, ForcedMode, List, Look, Observed, Outcome, OwnedEntry, RunResult,
    Store, TakenOver,
};

fn ana() -> Actor {
    Actor {
        name: "ana".to_owned(),
        uid: Some(1000),
    }
}

fn entry(id: &str) -> OwnedEntry {
    OwnedEntry {
        mailbox: mailbox(1),
        list: List::Allow,
        device: device(id),
    }
}

pub(crate) async fn what_is_taken_over_is_ours_until_it_is_given_up(store: Store) {
    let writer = writer(&store).await;
    let writer = writer.acting_as(ana());
    let run = writer.start_run("adopt", "enforce", NOW).await.unwrap();
    let taken = ["A1", "A2"].map(|id| TakenOver {
        entry: entry(id),
        address: "ana@contoso.example".to_owned(),
        decision: Uuid::from_u128(9),
    });
    writer.adopt(&taken, run, NOW).await.unwrap();
    writer.adopt(&taken, run, NOW).await.unwrap();
    let rows = writer.organization().owned().await.unwrap();
    assert_eq!(rows.len(), 2, "twice is once");
    assert_eq!(
        (rows[0].decision, rows[0].run, rows[0].added),
        (Uuid::from_u128(9), run, NOW)
    );
    writer.release(&[entry("a1")], run, NOW).await.unwrap();
    assert_eq!(owned(&writer).await, [(List::Allow, "A2".to_owned())]);
    let audit = writer.organization().audit(0, 99).await.unwrap();
    let mut said: Vec<_> = audit
        .iter()
        .map(|record| (record.action.as_str(), record.actor.as_str()))
        .collect();
    said.retain(|(action, _)| ["adopted", "released"].contains(action));
    said.dedup();
    assert_eq!(said, [("adopted", "ana"), ("released", "ana")]);
}

pub(crate) async fn a_forced_mode_stands_until_it_is_ended(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let other = store.organization("fabrikam").await.unwrap();
    let run = writer.start_run("rollback", "enforce", NOW).await.unwrap();
    for reason in ["first", "second"] {
        let forced = ForcedMode {
            mode: "plan".to_owned(),
            reason: reason.to_owned(),
            by: ana(),
            since: NOW,
            run: Some(run),
        };
        writer.force_mode(&forced).await.unwrap();
        assert_eq!(organization.forced_mode().await.unwrap(), Some(forced));
    }
    assert_eq!(other.forced_mode().await.unwrap(), None);
    assert_eq!(other.end_forced_mode(ana(), NOW).await.unwrap(), None);
    let ended = organization.end_forced_mode(ana(), NOW).await.unwrap().unwrap();
    assert_eq!(ended.reason, "second");
    assert_eq!(organization.forced_mode().await.unwrap(), None);
}

pub(crate) async fn the_journal_is_found_by_run_by_time_and_by_device(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let mut ids = Vec::new();
    for (hours, id) in [(0, "A1"), (1, "A2"), (2, "a1")] {
        let at = NOW + Duration::hours(hours);
        let run = writer.start_run("full", "enforce", at).await.unwrap();
        let intent = allowing(run, id, at);
        let number = writer.intend(&intent).await.unwrap();
        writer
            .settle(number, &intent, &Outcome::Applied, at)
            .await
            .unwrap();
        ids.push((run, number));
    }
    let devices = |entries: Vec<crate::JournalEntry>| -> Vec<String> {
        entries
            .into_iter()
            .map(|entry| entry.intent.device.to_string())
            .collect()
    };
    let since = organization
        .journal_since(NOW + Duration::hours(1))
        .await
        .unwrap();
    assert_eq!(devices(since), ["A2", "a1"]);
    assert_eq!(
        devices(organization.journal_from(ids[2].1).await.unwrap()),
        ["a1"]
    );
    let of = |name: &'static str, id: Option<&'static str>, limit| async move {
        let id = id.map(device);
        devices(organization.journal_of(name, id.as_ref(), limit).await.unwrap())
    };
    assert_eq!(of("ANA@contoso.example", None, 9).await, ["a1", "A2", "A1"]);
    assert_eq!(of("ana@contoso.example", Some("A1"), 9).await, ["a1", "A1"]);
    assert_eq!(of("ana@contoso.example", None, 1).await, ["a1"]);
    assert_eq!(
        of("00000000-0000-0000-0000-000000000001", Some("A2"), 9).await,
        ["A2"]
    );
    assert!(of("ben@contoso.example", None, 9).await.is_empty());
    let run = organization.run(ids[1].0).await.unwrap().unwrap();
    assert_eq!((run.id, run.kind.as_str()), (ids[1].0, "full"));
    let other = store.organization("fabrikam").await.unwrap();
    assert_eq!(other.run(ids[1].0).await.unwrap(), None);
    assert!(other.journal_since(NOW).await.unwrap().is_empty());
}

pub(crate) async fn an_undoing_is_no_sync(store: Store) {
    let writer = writer(&store).await;
    for kind in ["full", "adopt", "release", "revert", "rollback"] {
        let run = writer.start_run(kind, "enforce", NOW).await.unwrap();
        writer.intend(&intent(run, "A1", NOW)).await.unwrap();
        let finish = Finish {
            at: NOW,
            result: RunResult::Succeeded,
            server: None,
            figures: serde_json::json!({}),
            baseline: None,
        };
        writer.finish_run(run, &finish).await.unwrap();
    }
    let last = writer.organization().last_good_run().await.unwrap().unwrap();
    assert_eq!(last.kind, "full");
}

#[expect(clippy::too_many_lines, reason = "one story")]
pub(crate) async fn what_others_changed_stands_until_somebody_has_looked_and_it_is_over(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    assert_eq!(organization.last_known().await.unwrap(), None);
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let seen = |id: &str| DriftSeen {
        kind: "foreignAllow".to_owned(),
        mailbox: Some(mailbox(1)),
        subject: "ana@contoso.example".to_owned(),
        list: Some(List::Allow),
        device: Some(device(id)),
        before: None,
        after: Some("allow".to_owned()),
        contradicts: true,
    };
    let observed = Observed {
        settings: vec![("defaultLevel".to_owned(), String::new(), "Allow".to_owned())],
        foreign_allows: [("guid".to_owned(), vec!["A1".to_owned()])].into(),
    };
    let look = Look {
        observed: observed.clone(),
        new: vec![seen("A1"), seen("A2")],
        ..Look::default()
    };
    writer.record_look(&look, run, NOW).await.unwrap();
    assert_eq!(organization.last_known().await.unwrap(), Some(observed));
    let rows = organization.drift().await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.seen.clone()).collect::<Vec<_>>(),
        look.new
    );
    let (first, second) = (rows[0].id, rows[1].id);

    let later = NOW + Duration::hours(1);
    let look = Look {
        still: vec![first],
        over: vec![second],
        ..Look::default()
    };
    writer.record_look(&look, run, later).await.unwrap();
    let rows = organization.drift().await.unwrap();
    assert_eq!((rows[0].last_seen, rows[0].over), (later, None));
    assert_eq!((rows[1].last_seen, rows[1].over), (NOW, Some(later)));

    let acknowledged = Acknowledged {
        at: later,
        by: ana(),
        note: "the help desk".to_owned(),
    };
    let all = [first, second];
    assert_eq!(
        organization.acknowledge_drift(&all, &acknowledged).await.unwrap(),
        2
    );
    assert_eq!(
        organization.acknowledge_drift(&all, &acknowledged).await.unwrap(),
        0
    );
    let rows = organization.drift().await.unwrap();
    assert_eq!(rows.len(), 1, "what still stands is told, whoever has looked");
    assert_eq!(rows[0].acknowledged.as_ref(), Some(&acknowledged));
    assert_eq!(organization.all_drift().await.unwrap().len(), 2);
    let other = store.organization("fabrikam").await.unwrap();
    assert_eq!(other.acknowledge_drift(&all, &acknowledged).await.unwrap(), 0);
    assert!(other.all_drift().await.unwrap().is_empty());
}
