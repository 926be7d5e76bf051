//! What every store keeps to, whatever database is under it: functions over the public API.

pub(crate) mod audit;
pub(crate) mod cautions;
pub(crate) mod devices;
pub(crate) mod figures;
pub(crate) mod gates;
pub(crate) mod installation;
pub(crate) mod known;
pub(crate) mod last_runs;
pub(crate) mod leases;
pub(crate) mod outages;
pub(crate) mod plans;
pub(crate) mod prune;
pub(crate) mod rebuilt;
pub(crate) mod refusals;
pub(crate) mod retries;
pub(crate) mod undo;

use easgate_model::{DeviceId, MailboxId, OrganizationId};
use proptest::prelude::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    Baseline, BindError, Bound, Edit, Effect, Finish, Intent, List, Outcome, OwnedEntry, RunId, RunResult,
    Store, Window, Writer,
};

/// Gives every test of the contract to `$over`, which makes one of it for its database.
macro_rules! every_test {
    ($over:ident) => {
        $over! {
            crate::contract:
            an_organisation_is_bound_to_what_answered_first,
            an_intent_is_open_until_its_outcome_is_written,
            what_was_added_is_ours_and_what_existed_before_is_not,
            a_change_that_does_not_show_leaves_its_removals_ours,
            an_entry_that_may_still_come_is_looked_for_after_a_later_success,
            the_window_counts_devices_over_24_hours_and_all_runs,
            a_run_that_nobody_finished_is_interrupted,
            a_run_that_read_nothing_is_no_yardstick,
            organisations_do_not_see_each_other;
            crate::contract::audit:
            every_step_of_a_run_is_a_record_of_the_chain,
            each_organisation_has_a_chain_of_its_own,
            records_come_in_pages_and_from_a_time_on,
            who_acts_is_in_the_record,
            what_the_server_calls_a_request_is_in_the_record_of_its_outcome,
            long_and_odd_texts_are_kept_as_they_can_be,
            a_watch_pass_that_does_nothing_leaves_no_record,
            what_is_given_up_is_recorded;
            crate::contract::cautions:
            what_stands_in_the_way_of_writing_stays_until_somebody_ends_it,
            an_entry_that_is_undone_twice_in_a_day_is_contested;
            crate::contract::devices:
            devices_come_in_pages_in_the_order_of_addresses,
            devices_are_found_by_every_filter,
            only_devices_that_changed_are_written,
            what_a_run_could_not_decide_leaves_what_an_earlier_one_said,
            a_device_that_stands_twice_in_a_run_is_one_row,
            texts_with_the_character_that_no_database_has_are_kept_without_it;
            crate::contract::figures:
            what_is_counted_adds_up_and_every_organisation_counts_for_itself,
            how_long_changes_took_is_kept_for_a_week_and_within_bounds,
            the_changes_of_a_run_are_counted_by_what_became_of_them;
            crate::contract::gates:
            while_writing_is_paused_nothing_is_intended,
            a_held_plan_keeps_its_id_and_the_last_word_counts,
            a_run_does_not_change_what_was_approved_while_it_ran,
            a_device_has_one_override_and_every_one_is_remembered,
            an_override_waits_until_a_run_has_acted_on_it_and_on_its_end,
            a_tombstone_keeps_its_time_until_it_ends,
            entries_taken_back_without_effect_are_counted_over_a_day;
            crate::contract::installation:
            a_store_is_of_the_first_that_works_with_it_until_another_replaces_it;
            crate::contract::known:
            what_differs_is_learned_and_what_is_the_same_is_not,
            users_are_found_by_every_address_that_they_have,
            work_stays_open_until_what_was_seen_of_it_is_done,
            partnerships_are_known_as_they_were_seen,
            marks_are_set_one_by_one_and_taken_away_by_nothing,
            a_run_beside_others_leaves_them_open;
            crate::contract::last_runs:
            the_latest_run_of_each_kind_is_known_and_the_latest_good_one;
            crate::contract::leases:
            one_writer_at_a_time,
            tokens_only_grow,
            a_writer_that_was_overtaken_writes_nothing,
            a_hand_over_is_told_from_a_take_over,
            what_is_left_of_a_lease_counts_down,
            whoever_took_over_waits_and_whoever_was_handed_the_lease_does_not,
            a_node_is_replaced_where_that_is_asked_for;
            crate::contract::outages:
            every_server_has_its_own_outage_until_it_is_forgotten;
            crate::contract::plans:
            the_runs_of_a_plan_are_known_by_it;
            crate::contract::retries:
            what_failed_is_due_at_its_time_and_is_kept_until_it_is_dropped;
            crate::contract::prune:
            what_is_old_is_forgotten_and_what_is_still_needed_is_not,
            devices_that_vanished_are_forgotten_after_a_time_of_their_own;
            crate::contract::rebuilt:
            a_registry_is_rebuilt_as_it_was_and_says_so;
            crate::contract::refusals:
            the_last_refusal_stands_until_it_is_forgotten;
            crate::contract::undo:
            what_is_taken_over_is_ours_until_it_is_given_up,
            a_forced_mode_stands_until_it_is_ended,
            the_journal_is_found_by_run_by_time_and_by_device,
            an_undoing_is_no_sync,
            what_others_changed_stands_until_somebody_has_looked_and_it_is_over;
        }
    };
}
pub(crate) use every_test;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-03-01 08:00 UTC);

pub(crate) fn mailbox(number: u128) -> MailboxId {
    MailboxId(Uuid::from_u128(number))
}

pub(crate) fn device(text: &str) -> DeviceId {
    text.parse().unwrap()
}

pub(crate) async fn writer(store: &Store) -> Writer {
    store.organization("contoso").await.unwrap().lock().await.unwrap()
}

/// An intent that blocks `id` and takes it out of the allow list, which held it.
pub(crate) fn intent(run: RunId, id: &str, at: OffsetDateTime) -> Intent {
    Intent {
        run,
        mailbox: mailbox(1),
        address: "ana@contoso.example".to_owned(),
        device: device(id),
        allow: Edit::Remove,
        allow_existed: true,
        block: Edit::Add,
        block_existed: false,
        access: "block".to_owned(),
        reason: "notCompliant".to_owned(),
        decision: Uuid::from_u128(7),
        effect: Effect::Lost,
        command: format!("Set-CASMailbox {id}"),
        server: Some("http://cas1.contoso.example/powershell".to_owned()),
        at,
    }
}

/// An intent that allows `id`, which no list held.
pub(crate) fn allowing(run: RunId, id: &str, at: OffsetDateTime) -> Intent {
    Intent {
        allow: Edit::Add,
        allow_existed: false,
        block: Edit::Keep,
        effect: Effect::Gained,
        access: "allow".to_owned(),
        reason: "compliant".to_owned(),
        ..intent(run, id, at)
    }
}

async fn owned(writer: &Writer) -> Vec<(List, String)> {
    let rows = writer.organization().owned().await.unwrap();
    rows.into_iter()
        .map(|row| (row.entry.list, row.entry.device.to_string()))
        .collect()
}

pub(crate) async fn an_organisation_is_bound_to_what_answered_first(store: Store) {
    let writer = writer(&store).await;
    let (exchange, other) = (
        OrganizationId(Uuid::from_u128(1)),
        OrganizationId(Uuid::from_u128(2)),
    );
    let (tenant, other_tenant) = (Uuid::from_u128(3), Uuid::from_u128(4));
    assert_eq!(
        writer.organization().check_binding(exchange, None).await.unwrap(),
        None
    );
    assert_eq!(writer.bind(exchange, None).await.unwrap(), Bound::Now);
    assert_eq!(writer.bind(exchange, Some(tenant)).await.unwrap(), Bound::Now);
    assert_eq!(writer.bind(exchange, Some(tenant)).await.unwrap(), Bound::Already);
    assert_eq!(
        writer.bind(exchange, None).await.unwrap(),
        Bound::Already,
        "a file tells no tenant"
    );
    let error = writer.bind(other, Some(tenant)).await.unwrap_err();
    assert!(
        matches!(error, BindError::OtherOrganization { known, .. } if known == exchange),
        "{error}"
    );
    let error = writer.bind(exchange, Some(other_tenant)).await.unwrap_err();
    assert!(
        matches!(error, BindError::OtherTenant { known, .. } if known == tenant),
        "{error}"
    );
    let second = store.organization("second").await.unwrap().lock().await.unwrap();
    let error = second.bind(exchange, None).await.unwrap_err();
    assert!(
        matches!(error, BindError::Taken { ref other, .. } if other == "contoso"),
        "{error}"
    );
}

pub(crate) async fn an_intent_is_open_until_its_outcome_is_written(store: Store) {
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let wanted = intent(run, "A1", NOW);
    let id = writer.intend(&wanted).await.unwrap();
    let open = writer.organization().unsettled().await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].id, &open[0].intent, &open[0].outcome),
        (id, &wanted, &None)
    );
    writer.settle(id, &wanted, &Outcome::Applied, NOW).await.unwrap();
    assert_eq!(writer.organization().unsettled().await.unwrap(), []);
    let journal = writer.organization().journal(run).await.unwrap();
    assert_eq!(journal[0].outcome, Some(Outcome::Applied));
}

pub(crate) async fn what_was_added_is_ours_and_what_existed_before_is_not(store: Store) {
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let allow = allowing(run, "ApplA1", NOW);
    let id = writer.intend(&allow).await.unwrap();
    assert_eq!(owned(&writer).await, [], "an intent owns nothing yet");
    writer.settle(id, &allow, &Outcome::Applied, NOW).await.unwrap();
    assert_eq!(owned(&writer).await, [(List::Allow, "ApplA1".to_owned())]);

    let foreign = Intent {
        block_existed: true,
        ..intent(run, "appla1", NOW)
    };
    let id = writer.intend(&foreign).await.unwrap();
    writer.settle(id, &foreign, &Outcome::Applied, NOW).await.unwrap();
    assert_eq!(
        owned(&writer).await,
        [],
        "the allow entry is gone, whatever its case, and the block was there"
    );
}

pub(crate) async fn a_change_that_does_not_show_leaves_its_removals_ours(store: Store) {
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let block = intent(run, "A1", NOW);
    let id = writer.intend(&block).await.unwrap();
    writer.settle(id, &block, &Outcome::Applied, NOW).await.unwrap();
    let unknown = Outcome::Unknown("the lists do not show it".to_owned());
    writer.settle(id, &block, &unknown, NOW).await.unwrap();
    let both = [(List::Allow, "A1".to_owned()), (List::Block, "A1".to_owned())];
    assert_eq!(owned(&writer).await, both);
    let organization = writer.organization();
    assert_eq!(organization.unsettled().await.unwrap().len(), 1);

    let later = intent(run, "a1", NOW);
    let id = writer.intend(&later).await.unwrap();
    writer.settle(id, &later, &Outcome::Applied, NOW).await.unwrap();
    assert_eq!(
        organization.unsettled().await.unwrap(),
        [],
        "a later success ends the older doubt"
    );
}

pub(crate) async fn an_entry_that_may_still_come_is_looked_for_after_a_later_success(store: Store) {
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let block = intent(run, "A1", NOW);
    let on_its_way = writer.intend(&block).await.unwrap();
    let allow = allowing(run, "a1", NOW);
    let id = writer.intend(&allow).await.unwrap();
    writer.settle(id, &allow, &Outcome::Applied, NOW).await.unwrap();
    let open = writer.organization().unsettled().await.unwrap();
    assert_eq!(
        open.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        [on_its_way]
    );
    writer
        .settle(on_its_way, &block, &Outcome::Applied, NOW)
        .await
        .unwrap();
    assert!(owned(&writer).await.contains(&(List::Block, "A1".to_owned())));
}

pub(crate) async fn the_window_counts_devices_over_24_hours_and_all_runs(store: Store) {
    let writer = writer(&store).await;
    let first = writer.start_run("full", "enforce", NOW).await.unwrap();
    let second = writer.start_run("quick", "enforce", NOW).await.unwrap();
    let failed = Outcome::Failed("denied".to_owned());
    for (change, outcome) in [
        (
            intent(first, "A1", NOW - Duration::hours(25)),
            Some(Outcome::Applied),
        ),
        (
            intent(first, "A2", NOW - Duration::hours(23)),
            Some(Outcome::Applied),
        ),
        (intent(second, "a2", NOW), Some(Outcome::Applied)),
        (intent(second, "A3", NOW), Some(failed)),
        (intent(second, "A4", NOW), None),
        (allowing(second, "A5", NOW), Some(Outcome::Applied)),
    ] {
        let id = writer.intend(&change).await.unwrap();
        if let Some(outcome) = outcome {
            writer.settle(id, &change, &outcome, NOW).await.unwrap();
        }
    }
    let window = writer.organization().window(NOW).await.unwrap();
    assert_eq!(
        window,
        Window { lost: 2, gained: 1 },
        "A2 once, A4 because it may have been sent"
    );
}

pub(crate) fn finish(result: RunResult, baseline: Option<Baseline>) -> Finish {
    Finish {
        at: NOW + Duration::hours(2),
        result,
        server: Some("http://cas1.contoso.example/powershell".to_owned()),
        figures: serde_json::json!({ "devices": 40 }),
        baseline,
    }
}

pub(crate) async fn a_run_that_nobody_finished_is_interrupted(store: Store) {
    let writer = writer(&store).await;
    let first = writer.start_run("full", "observe", NOW).await.unwrap();
    assert_eq!(writer.organization().runs(9).await.unwrap()[0].result, None);
    let second = writer
        .start_run("full", "observe", NOW + Duration::hours(1))
        .await
        .unwrap();
    let end = finish(RunResult::Held, None);
    writer.finish_run(second, &end).await.unwrap();
    let runs = writer.organization().runs(9).await.unwrap();
    let seen: Vec<_> = runs.iter().map(|run| (run.id, run.result)).collect();
    assert_eq!(
        seen,
        [
            (second, Some(RunResult::Held)),
            (first, Some(RunResult::Interrupted))
        ]
    );
    assert_eq!(runs[0].figures, Some(end.figures));
    assert_eq!(runs[0].finished, Some(end.at));
}

pub(crate) async fn a_run_that_read_nothing_is_no_yardstick(store: Store) {
    let writer = writer(&store).await;
    let baseline = Baseline {
        sizes: [("exchange.devices".to_owned(), 40)].into(),
        default_level: Some("Quarantine".to_owned()),
        matched: Some((38, 40)),
        servers: Vec::new(),
    };
    assert_eq!(writer.organization().baseline().await.unwrap(), None);
    let good = writer.start_run("full", "observe", NOW).await.unwrap();
    writer
        .finish_run(good, &finish(RunResult::Succeeded, Some(baseline.clone())))
        .await
        .unwrap();
    let bad = writer.start_run("full", "observe", NOW).await.unwrap();
    writer
        .finish_run(bad, &finish(RunResult::Unread, None))
        .await
        .unwrap();
    assert_eq!(writer.organization().baseline().await.unwrap(), Some(baseline));
    assert_eq!(
        writer
            .organization()
            .last_good_run()
            .await
            .unwrap()
            .map(|run| run.id),
        Some(good)
    );
}

pub(crate) async fn organisations_do_not_see_each_other(store: Store) {
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let change = intent(run, "A1", NOW);
    let id = writer.intend(&change).await.unwrap();
    writer.settle(id, &change, &Outcome::Applied, NOW).await.unwrap();
    writer
        .record_devices([devices::row(1, "A1", "block")], NOW)
        .await
        .unwrap();
    let other = store.organization("fabrikam").await.unwrap();
    assert_eq!(other.owned().await.unwrap(), []);
    assert_eq!(other.runs(9).await.unwrap(), []);
    assert_eq!(other.window(NOW).await.unwrap(), Window::default());
    assert_eq!(other.refused().await.unwrap().len(), 0);
    let writer = other.lock().await.unwrap();
    let theirs = OwnedEntry {
        mailbox: mailbox(1),
        list: List::Block,
        device: device("A1"),
    };
    writer.forget(&[theirs], NOW).await.unwrap();
    writer.record_devices([], NOW).await.unwrap();
    let contoso = store.organization("contoso").await.unwrap();
    assert_eq!(contoso.owned().await.unwrap().len(), 1);
    assert_eq!(contoso.decision_counts().await.unwrap().len(), 1);
}

/// One step on one device, to compare the registry with a model of it.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    id: &'static str,
    block: bool,
    existed: bool,
    outcome: u8,
}

pub(crate) fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        prop::sample::select(vec!["A1", "a1", "B1"]),
        any::<bool>(),
        any::<bool>(),
        0..3_u8,
    )
        .prop_map(|(id, block, existed, outcome)| Step {
            id,
            block,
            existed,
            outcome,
        });
    prop::collection::vec(step, 1..12)
}

pub(crate) async fn the_registry_is_what_the_outcomes_say(store: Store, steps: Vec<Step>) {
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let mut model = std::collections::BTreeSet::new();
    for step in steps {
        let change = Intent {
            allow: if step.block { Edit::Remove } else { Edit::Add },
            allow_existed: step.block || step.existed,
            block: if step.block { Edit::Add } else { Edit::Remove },
            block_existed: !step.block || step.existed,
            ..intent(run, step.id, NOW)
        };
        let (added, removed) = if step.block {
            (List::Block, List::Allow)
        } else {
            (List::Allow, List::Block)
        };
        let key = |list| (list, step.id.to_ascii_uppercase());
        let outcome = match step.outcome {
            0 => Outcome::Failed("denied".to_owned()),
            1 => Outcome::Unknown("no answer".to_owned()),
            _ => Outcome::Applied,
        };
        match outcome {
            Outcome::Failed(_) => {}
            Outcome::Unknown(_) => drop(model.insert(key(removed))),
            Outcome::Applied => {
                model.remove(&key(removed));
                if !step.existed {
                    model.insert(key(added));
                }
            }
        }
        let id = writer.intend(&change).await.unwrap();
        writer.settle(id, &change, &outcome, NOW).await.unwrap();
    }
    let registry: std::collections::BTreeSet<_> = owned(&writer)
        .await
        .into_iter()
        .map(|(list, id)| (list, id.to_ascii_uppercase()))
        .collect();
    assert_eq!(registry, model);
}
