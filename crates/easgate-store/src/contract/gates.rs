//! The emergency stop, what the guard held, what people decided, and records that vanished.

use easgate_model::MailboxId;
use time::Duration;

use super::{NOW, device, intent, mailbox, writer};
use crate::{
    Actor, Edit, Effect, HeldPlan, HeldRow, HeldState, HeldVerdict, IntendError, Intent, NewOverride,
    Outcome, Pause, RunId, Said, Store, Tombstone, Writer,
};

fn actor(name: &str) -> Actor {
    Actor {
        name: name.to_owned(),
        uid: Some(1000),
    }
}

/// Who did what, of the actions that are asked for, by the audit.
async fn recorded(writer: &Writer, actions: &[&str]) -> Vec<String> {
    let records = writer.organization().audit(0, 100).await.unwrap();
    records
        .into_iter()
        .filter(|record| actions.contains(&record.action.as_str()))
        .map(|record| format!("{} {}", record.actor, record.action))
        .collect()
}

pub(crate) async fn while_writing_is_paused_nothing_is_intended(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let pause = Pause {
        since: NOW,
        reason: "the migration".to_owned(),
        by: actor("dana"),
    };
    assert_eq!(organization.paused().await.unwrap(), None);
    assert_eq!(organization.pause_writing(&pause).await.unwrap(), pause);
    let later = Pause {
        since: NOW + Duration::hours(1),
        reason: "me too".to_owned(),
        by: actor("emil"),
    };
    assert_eq!(
        organization.pause_writing(&later).await.unwrap(),
        pause,
        "the first pause stands"
    );
    let refused = writer.intend_unless_paused(&intent(run, "A1", NOW)).await;
    assert!(
        matches!(&refused, Err(IntendError::Paused(found)) if *found == pause),
        "{refused:?}"
    );
    assert_eq!(organization.unsettled().await.unwrap(), []);
    let other = store.organization("second").await.unwrap();
    assert_eq!(other.paused().await.unwrap(), None, "each organisation by itself");

    let resumed = || organization.resume_writing(&later.by, NOW);
    assert_eq!(resumed().await.unwrap(), Some(pause));
    assert_eq!(resumed().await.unwrap(), None);
    assert_eq!(
        recorded(&writer, &["paused", "resumed"]).await,
        ["dana paused", "emil resumed"]
    );
    writer
        .intend_unless_paused(&intent(run, "A1", NOW))
        .await
        .unwrap();
}

fn held(id: &str, run: RunId, devices: &[&str]) -> HeldPlan {
    HeldPlan {
        id: id.to_owned(),
        cause: "losesAccess".to_owned(),
        state: HeldState::Held,
        run,
        since: NOW,
        seen: NOW,
        figures: serde_json::json!({ "loses": devices.len() }),
        said: None,
        changes: devices
            .iter()
            .map(|id| HeldRow {
                mailbox: mailbox(1),
                device: device(id),
                address: "ana@contoso.example".to_owned(),
                access: "block".to_owned(),
                reason: "notCompliant".to_owned(),
                before: "Allow".to_owned(),
                after: "Block".to_owned(),
                since: NOW,
            })
            .collect(),
    }
}

async fn plans(writer: &Writer) -> Vec<(String, HeldState, usize)> {
    let plans = writer.organization().held_plans().await.unwrap();
    plans
        .into_iter()
        .map(|plan| (plan.id, plan.state, plan.changes.len()))
        .collect()
}

pub(crate) async fn a_held_plan_keeps_its_id_and_the_last_word_counts(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let first = held("1a2b", run, &["A1", "A2"]);
    writer.keep_held(std::slice::from_ref(&first)).await.unwrap();
    assert_eq!(organization.held_plans().await.unwrap(), [first]);
    writer
        .keep_held(&[held("1a2b", run, &["A1", "A2", "A3"])])
        .await
        .unwrap();
    let said = |name: &str, until| Said {
        by: actor(name),
        at: NOW,
        until,
        note: Some("checked with the owners".to_owned()),
    };
    let until = Some(NOW + Duration::hours(24));
    for (verdict, word, state) in [
        (HeldVerdict::Reject, said("dana", None), HeldState::Rejected),
        (HeldVerdict::Approve, said("emil", until), HeldState::Approved),
    ] {
        assert!(organization.say_to_held("1A2B", verdict, &word).await.unwrap());
        let plan = organization.held_plan("1A2b").await.unwrap().unwrap();
        assert_eq!(
            (plan.state, plan.said, plan.changes.len()),
            (state, Some(word), 3)
        );
    }
    let word = said("fay", None);
    assert_eq!(
        recorded(&writer, &["approved", "rejected"]).await,
        ["dana rejected", "emil approved"]
    );
    let missing = organization.say_to_held("ffff", HeldVerdict::Reject, &word).await;
    assert!(!missing.unwrap());
    let second = store.organization("second").await.unwrap();
    let elsewhere = second.say_to_held("1a2b", HeldVerdict::Reject, &word).await;
    assert!(!elsewhere.unwrap(), "a plan of another organisation");
}

pub(crate) async fn a_run_does_not_change_what_was_approved_while_it_ran(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    writer.keep_held(&[held("1a2b", run, &["A1"])]).await.unwrap();
    let seen_by_the_run = held("1a2b", run, &["A1", "A2"]);
    let word = Said {
        by: actor("dana"),
        at: NOW,
        until: None,
        note: None,
    };
    organization
        .say_to_held("1a2b", HeldVerdict::Approve, &word)
        .await
        .unwrap();
    writer.keep_held(&[seen_by_the_run]).await.unwrap();
    assert_eq!(
        plans(&writer).await,
        [("1a2b".to_owned(), HeldState::Approved, 1)]
    );

    let mut done = organization.held_plan("1a2b").await.unwrap().unwrap();
    done.changes.clear();
    writer.keep_held(&[done]).await.unwrap();
    assert_eq!(plans(&writer).await, []);
    let again = organization
        .say_to_held("1a2b", HeldVerdict::Approve, &word)
        .await
        .unwrap();
    assert!(!again, "it has ended");
}

fn decided(id: &str, access: &str) -> NewOverride {
    NewOverride {
        mailbox: mailbox(1),
        address: "ana@contoso.example".to_owned(),
        device: device(id),
        access: access.to_owned(),
        note: "lost on the train".to_owned(),
        by: actor("dana"),
        made: NOW,
        until: Some(NOW + Duration::days(1)),
    }
}

pub(crate) async fn a_device_has_one_override_and_every_one_is_remembered(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    organization.add_override(&decided("A1", "allow")).await.unwrap();
    organization.add_override(&decided("a1", "block")).await.unwrap();
    organization.add_override(&decided("A2", "allow")).await.unwrap();
    let standing = organization.overrides().await.unwrap();
    assert_eq!(
        standing.iter().map(|one| one.what.clone()).collect::<Vec<_>>(),
        [decided("a1", "block"), decided("A2", "allow")]
    );
    writer.expire_overrides(&standing[1..], NOW).await.unwrap();
    let emil = actor("emil");
    let clear = || organization.clear_override(&standing[0], &emil, "found it", NOW);
    assert!(clear().await.unwrap());
    assert!(!clear().await.unwrap(), "it has ended already");
    assert_eq!(organization.overrides().await.unwrap(), []);
    let ends: Vec<_> = organization
        .all_overrides()
        .await
        .unwrap()
        .into_iter()
        .map(|one| {
            let end = one.ended.unwrap();
            (one.what.device.to_string(), end.how, end.by.map(|by| by.name))
        })
        .collect();
    let ended = |device: &str, how: &str, by: Option<&str>| {
        (device.to_owned(), how.to_owned(), by.map(str::to_owned))
    };
    assert_eq!(
        ends,
        [
            ended("A2", "expired", None),
            ended("a1", "cleared", Some("emil")),
            ended("A1", "replaced", Some("dana")),
        ]
    );
    assert_eq!(
        recorded(&writer, &["overrideSet", "overrideRemoved"]).await,
        [
            "dana overrideSet",
            "dana overrideSet",
            "dana overrideSet",
            "easgate overrideRemoved",
            "emil overrideRemoved"
        ]
    );
}

pub(crate) async fn an_override_waits_until_a_run_has_acted_on_it_and_on_its_end(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let id = organization.add_override(&decided("A1", "block")).await.unwrap();
    let waiting = || async {
        let waiting = organization.waiting_overrides().await.unwrap();
        waiting.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(waiting().await, [id]);
    writer.acted_on_overrides(&[id], NOW).await.unwrap();
    assert_eq!(waiting().await, []);
    let standing = organization.overrides().await.unwrap();
    organization
        .clear_override(&standing[0], &actor("dana"), "found it", NOW)
        .await
        .unwrap();
    assert_eq!(waiting().await, [id]);
}

pub(crate) async fn a_tombstone_keeps_its_time_until_it_ends(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let stone = |id: &str, hours: i64| Tombstone {
        mailbox: mailbox(1),
        device: device(id),
        address: "ana@contoso.example".to_owned(),
        record: format!("record of {id}"),
        since: NOW,
        until: NOW + Duration::hours(hours),
    };
    writer
        .keep_tombstones(&[stone("A1", 48), stone("A2", 48)], &[])
        .await
        .unwrap();
    writer.keep_tombstones(&[stone("a1", 96)], &[]).await.unwrap();
    assert_eq!(
        organization.tombstones().await.unwrap(),
        [stone("A1", 48), stone("A2", 48)]
    );
    let ended: Vec<(MailboxId, _)> = vec![(mailbox(1), device("a1")), (mailbox(2), device("A2"))];
    writer.keep_tombstones(&[], &ended).await.unwrap();
    assert_eq!(organization.tombstones().await.unwrap(), [stone("A2", 48)]);
}

pub(crate) async fn entries_taken_back_without_effect_are_counted_over_a_day(store: Store) {
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let taking_back = |id: &str, at| Intent {
        block: Edit::Keep,
        effect: Effect::None,
        ..intent(run, id, at)
    };
    for (change, outcome) in [
        (taking_back("A1", NOW - Duration::hours(25)), Outcome::Applied),
        (taking_back("A2", NOW - Duration::hours(23)), Outcome::Applied),
        (taking_back("a2", NOW), Outcome::Applied),
        (taking_back("A3", NOW), Outcome::Failed("denied".to_owned())),
        (taking_back("A4", NOW), Outcome::Unknown("lost".to_owned())),
        (intent(run, "A5", NOW), Outcome::Applied),
    ] {
        let id = writer.intend(&change).await.unwrap();
        writer.settle(id, &change, &outcome, NOW).await.unwrap();
    }
    assert_eq!(writer.organization().removals(NOW).await.unwrap(), 2);
}
