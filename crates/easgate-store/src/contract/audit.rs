//! The audit, whatever database is under it.

use expect_test::expect;
use time::Duration;

use super::{NOW, device, finish, intent, mailbox, writer};
use crate::{
    Actor, AuditAction, AuditEvent, AuditHash, AuditRecord, List, Organization, Outcome, OwnedEntry,
    RunResult, Store,
};

/// Checks that the audit is one whole chain of `length` records, and gives them.
pub(crate) async fn assert_chained(organization: &Organization, length: usize) -> Vec<AuditRecord> {
    let records = organization.audit(0, 1_000).await.unwrap();
    assert_eq!(records.len(), length);
    let mut previous = AuditHash::NONE.to_string();
    for (record, sequence) in records.iter().zip(1..) {
        assert_eq!(record.sequence, sequence);
        assert_eq!(record.previous, previous);
        assert_eq!(record.hash, record.digest().to_string());
        previous.clone_from(&record.hash);
    }
    let head = organization.audit_head().await.unwrap();
    let last = records.last().map(|last| format!("{}:{previous}", last.sequence));
    assert_eq!(head.map(|head| head.to_string()), last);
    records
}

fn told(records: &[AuditRecord]) -> String {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    records
        .iter()
        .map(|record| {
            format!(
                "{} {} run {:?} {} {} -> {} ({}) {} {} [{}]\n",
                record.actor,
                record.action,
                record.run,
                shown(&record.device),
                shown(&record.before),
                shown(&record.after),
                shown(&record.reason),
                shown(&record.outcome),
                shown(&record.command),
                shown(&record.server),
            )
        })
        .collect()
}

pub(crate) async fn every_step_of_a_run_is_a_record_of_the_chain(store: Store) {
    let writer = writer(&store).await;
    assert_eq!(writer.organization().audit_head().await.unwrap(), None);
    let lost = writer.start_run("full", "enforce", NOW).await.unwrap();
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    assert_ne!(lost, run);
    for (id, outcome) in [
        ("A1", Outcome::Applied),
        ("A2", Outcome::Failed("denied".to_owned())),
        ("A3", Outcome::Unknown("no answer".to_owned())),
    ] {
        let change = intent(run, id, NOW);
        let id = writer.intend(&change).await.unwrap();
        writer.settle(id, &change, &outcome, NOW).await.unwrap();
    }
    writer
        .finish_run(run, &finish(RunResult::Failed, None))
        .await
        .unwrap();
    let records = assert_chained(writer.organization(), 10).await;
    expect![[r#"
        easgate runBegun run Some(1) - - -> enforce (full) - - [-]
        easgate runEnded run Some(1) - - -> - (-) interrupted - [-]
        easgate runBegun run Some(2) - - -> enforce (full) - - [-]
        easgate changeIntended run Some(2) A1 allow -> block (notCompliant) - Set-CASMailbox A1 [http://cas1.contoso.example/powershell]
        easgate changeApplied run Some(2) A1 allow -> block (notCompliant) - Set-CASMailbox A1 [http://cas1.contoso.example/powershell]
        easgate changeIntended run Some(2) A2 allow -> block (notCompliant) - Set-CASMailbox A2 [http://cas1.contoso.example/powershell]
        easgate changeFailed run Some(2) A2 allow -> block (notCompliant) denied Set-CASMailbox A2 [http://cas1.contoso.example/powershell]
        easgate changeIntended run Some(2) A3 allow -> block (notCompliant) - Set-CASMailbox A3 [http://cas1.contoso.example/powershell]
        easgate changeUnknown run Some(2) A3 allow -> block (notCompliant) no answer Set-CASMailbox A3 [http://cas1.contoso.example/powershell]
        easgate runEnded run Some(2) - - -> - (full) failed - [http://cas1.contoso.example/powershell]
    "#]]
    .assert_eq(&told(&records));
    let change = &records[3];
    assert_eq!(
        (&change.mailbox, &change.address, &change.decision),
        (
            &Some(mailbox(1).0.to_string()),
            &Some("ana@contoso.example".to_owned()),
            &Some(uuid::Uuid::from_u128(7).to_string())
        )
    );
}

pub(crate) async fn each_organisation_has_a_chain_of_its_own(store: Store) {
    for name in ["contoso", "fabrikam", "contoso"] {
        let organization = store.organization(name).await.unwrap();
        let event = AuditEvent::new(AuditAction::Paused, Actor::program(), NOW);
        organization.record(&event).await.unwrap();
    }
    let contoso = assert_chained(&store.organization("contoso").await.unwrap(), 2).await;
    let fabrikam = assert_chained(&store.organization("fabrikam").await.unwrap(), 1).await;
    assert_ne!(
        contoso[0].hash, fabrikam[0].hash,
        "a record is of its organisation alone"
    );
}

pub(crate) async fn records_come_in_pages_and_from_a_time_on(store: Store) {
    let organization = store.organization("contoso").await.unwrap();
    for hours in 0..5 {
        let at = NOW + Duration::hours(hours);
        let event = AuditEvent::new(AuditAction::Resumed, Actor::program(), at);
        assert_eq!(organization.record(&event).await.unwrap().sequence, hours + 1);
    }
    let page = organization.audit(1, 2).await.unwrap();
    let numbers: Vec<_> = page.iter().map(|record| record.sequence).collect();
    assert_eq!(numbers, [2, 3]);
    for (minutes, first) in [(-1, Some(1)), (61, Some(3)), (240, Some(5)), (241, None)] {
        let since = NOW + Duration::minutes(minutes);
        assert_eq!(
            organization.first_audit_since(since).await.unwrap(),
            first,
            "{minutes}"
        );
    }
}

pub(crate) async fn who_acts_is_in_the_record(store: Store) {
    let ana = Actor {
        name: "ana".to_owned(),
        uid: Some(1001),
    };
    let writer = writer(&store).await.acting_as(ana.clone());
    assert_eq!(writer.actor(), &ana);
    let run = writer.start_run("plan", "plan", NOW).await.unwrap();
    writer.intend(&intent(run, "A1", NOW)).await.unwrap();
    for record in assert_chained(writer.organization(), 2).await {
        assert_eq!((record.actor.as_str(), record.actor_uid), ("ana", Some(1001)));
    }
}

pub(crate) async fn long_and_odd_texts_are_kept_as_they_can_be(store: Store) {
    let organization = store.organization("contoso").await.unwrap();
    let event = AuditEvent {
        outcome: Some("a\0b\u{1b}[2J\r\n".to_owned() + &"x".repeat(5_000)),
        reason: Some(String::new()),
        ..AuditEvent::new(AuditAction::Contested, Actor::program(), NOW)
    };
    organization.record(&event).await.unwrap();
    let records = assert_chained(&organization, 1).await;
    let outcome = records[0].outcome.as_deref().unwrap();
    assert!(outcome.starts_with("a\u{fffd}b\u{1b}[2J\r\nxxx") && outcome.ends_with("x…"));
    assert_eq!(outcome.chars().count(), 4_097);
    assert_eq!(
        records[0].reason.as_deref(),
        Some(""),
        "empty is not the same as absent"
    );
}

pub(crate) async fn a_watch_pass_that_does_nothing_leaves_no_record(store: Store) {
    let writer = writer(&store).await;
    for (result, changes, records) in [
        (RunResult::Succeeded, 0, 0),
        (RunResult::Unread, 0, 1),
        (RunResult::Succeeded, 1, 3),
    ] {
        let run = writer.start_run("watch", "enforce", NOW).await.unwrap();
        for _ in 0..changes {
            writer.intend(&intent(run, "A1", NOW)).await.unwrap();
        }
        writer.finish_run(run, &finish(result, None)).await.unwrap();
        assert_chained(writer.organization(), records).await;
    }
}

pub(crate) async fn what_is_given_up_is_recorded(store: Store) {
    let writer = writer(&store).await;
    let entry = OwnedEntry {
        mailbox: mailbox(1),
        list: List::Block,
        device: device("A1"),
    };
    writer.forget(&[entry], NOW).await.unwrap();
    let records = assert_chained(writer.organization(), 1).await;
    assert_eq!(
        told(&records),
        "easgate forgotten run None A1 block -> - (-) - - [-]\n"
    );
}

pub(crate) async fn what_the_server_calls_a_request_is_in_the_record_of_its_outcome(store: Store) {
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let change = intent(run, "A1", NOW);
    let id = writer.intend_unless_paused(&change).await.unwrap();
    let refused = Outcome::Failed("no".to_owned());
    writer
        .settle_answered(id, &change, &refused, Some("6f9619ff"), NOW)
        .await
        .unwrap();
    let audit = writer.organization().audit(0, 99).await.unwrap();
    let requests: Vec<_> = audit
        .iter()
        .map(|record| (record.action.as_str(), record.request.as_deref()))
        .collect();
    let expected = [
        ("runBegun", None),
        ("changeIntended", None),
        ("changeFailed", Some("6f9619ff")),
    ];
    assert_eq!(requests, expected);
}
