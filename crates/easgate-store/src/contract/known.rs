//! What the runs know between them.

use std::collections::BTreeSet;

use easgate_model::{
    ComplianceState, DirectoryUser, Enrollment, GroupId, ManagementAgent, ManagementState, PartnershipId,
};
use time::Duration;
use uuid::Uuid;

use super::{NOW, device, mailbox, writer};
use crate::{KnownPartnership, Learned, Lesson, Marks, Rows, Store, Work, Writer};

fn record(id: &str, device: &str, compliance: ComplianceState) -> (String, Enrollment) {
    let record = Enrollment {
        record: id.to_owned(),
        user_id: Some("ana".to_owned()),
        user_principal_name: "ana@x.example".parse().ok(),
        eas_device_id: device.parse().ok(),
        agent: ManagementAgent::Mdm("mdm".to_owned()),
        state: ManagementState::Managed,
        compliance,
        compromised: false,
        device_name: None,
        operating_system: None,
        model: None,
        serial_number: None,
        last_sync: Some(NOW),
    };
    (id.to_owned(), record)
}

fn user(id: &str, address: &str) -> DirectoryUser {
    DirectoryUser {
        id: id.to_owned(),
        user_principal_name: format!("{id}@x.example").parse().unwrap(),
        addresses: vec![address.parse().unwrap()],
        licensed: true,
        groups: BTreeSet::from([GroupId::new("phones")]),
    }
}

fn lesson(records: Rows<(String, Enrollment)>, users: Rows<DirectoryUser>) -> Lesson {
    Lesson {
        records,
        gone_records: Vec::new(),
        users,
        gone_users: Vec::new(),
        marks: Marks::new(),
    }
}

fn devices(learned: &Learned) -> Vec<String> {
    learned
        .devices
        .iter()
        .map(|device| device.as_str().to_lowercase())
        .collect()
}

async fn work(writer: &Writer) -> Vec<Work> {
    let open = writer.organization().open_work().await.unwrap();
    open.into_iter().map(|(work, _)| work).collect()
}

pub(crate) async fn what_differs_is_learned_and_what_is_the_same_is_not(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let (compliant, failing) = (ComplianceState::Compliant, ComplianceState::Noncompliant);
    let all = Rows::All(vec![
        record("r1", "A1", compliant.clone()),
        record("r2", "A2", compliant.clone()),
    ]);
    let first = lesson(all.clone(), Rows::All(vec![user("ana", "a@x.example")]));
    let learned = writer.learn(&first, false, NOW).await.unwrap();
    assert_eq!(devices(&learned), ["a1", "a2"]);
    assert_eq!(work(&writer).await, [], "a full sync treats all of it");
    let again = writer.learn(&first, true, NOW).await.unwrap();
    assert_eq!(again, Learned::default(), "nothing differs");

    let (_, mut checked_in) = record("r1", "A1", compliant.clone());
    checked_in.last_sync = Some(NOW + Duration::hours(1));
    let some = Rows::Some(vec![
        ("r1".to_owned(), checked_in),
        record("r2", "A2", failing.clone()),
    ]);
    let learned = writer
        .learn(&lesson(some, Rows::Some(Vec::new())), true, NOW)
        .await
        .unwrap();
    assert_eq!(devices(&learned), ["a2"], "who only checked in has not changed");
    assert_eq!(work(&writer).await, [Work::Device(device("a2"))]);
    assert_eq!(
        organization.records_in_state("noncompliant").await.unwrap(),
        BTreeSet::from(["r2".to_owned()])
    );
    let found = organization.records_of_device(&device("a2")).await.unwrap();
    assert_eq!(found, [record("r2", "A2", failing)]);

    let moved = Rows::All(vec![record("r1", "B1", compliant)]);
    let learned = writer
        .learn(&lesson(moved, Rows::Some(Vec::new())), true, NOW)
        .await
        .unwrap();
    assert_eq!(
        devices(&learned),
        ["a1", "a2", "b1"],
        "the old id and the new one"
    );
    assert_eq!((learned.vanished, learned.gone.len()), (1, 1));
    assert_eq!(organization.known_records().await.unwrap(), 1);
}

pub(crate) async fn users_are_found_by_every_address_that_they_have(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let none = || Rows::Some(Vec::new());
    let at = |text: &str| BTreeSet::from([text.parse().unwrap()]);
    let users = Rows::All(vec![
        user("ana", "Shared@x.example"),
        user("bo", "shared@X.example"),
    ]);
    writer.learn(&lesson(none(), users), true, NOW).await.unwrap();
    let found = organization.users_at(&at("SHARED@x.example")).await.unwrap();
    assert_eq!(found.len(), 2, "two who share one address are both found");
    assert_eq!(organization.users_at(&at("bo@x.example")).await.unwrap().len(), 1);

    let mut renamed = lesson(none(), Rows::Some(vec![user("ana", "new@x.example")]));
    renamed.gone_users = vec!["bo".to_owned()];
    let learned = writer.learn(&renamed, true, NOW).await.unwrap();
    let touched: Vec<&str> = learned
        .addresses
        .iter()
        .map(easgate_model::EmailAddress::as_str)
        .collect();
    assert_eq!(
        touched.iter().map(|one| one.to_lowercase()).collect::<Vec<_>>(),
        [
            "ana@x.example",
            "bo@x.example",
            "new@x.example",
            "shared@x.example"
        ],
        "whoever has an address that came or went is looked at"
    );
    assert_eq!(organization.users_at(&at("shared@x.example")).await.unwrap(), []);
    assert_eq!(
        organization.known_users().await.unwrap(),
        [user("ana", "new@x.example")]
    );
}

pub(crate) async fn work_stays_open_until_what_was_seen_of_it_is_done(store: Store) {
    let writer = writer(&store).await;
    let later = NOW + Duration::minutes(1);
    let (one, other) = (
        Work::Mailbox(mailbox(1)),
        Work::Address("a@x.example".parse().unwrap()),
    );
    writer.open_work([one.clone(), other.clone()], NOW).await.unwrap();
    let seen = writer.organization().open_work().await.unwrap();
    writer.open_work([one.clone()], later).await.unwrap();
    writer.close_work(&seen).await.unwrap();
    let left = writer.organization().open_work().await.unwrap();
    assert_eq!(
        left,
        [(one, later)],
        "what changed again meanwhile is still to do"
    );
}

pub(crate) async fn partnerships_are_known_as_they_were_seen(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let known = |number: u128, of: u128, stamp: &str| KnownPartnership {
        id: PartnershipId(Uuid::from_u128(number)),
        mailbox: mailbox(of),
        device: device("A1"),
        state: "Allowed".to_owned(),
        stamp: stamp.to_owned(),
    };
    let all = [known(1, 1, "a"), known(2, 2, "a")];
    writer.know_all_partnerships(all.into_iter()).await.unwrap();
    assert_eq!(
        organization.mailboxes_with(&device("a1")).await.unwrap(),
        BTreeSet::from([mailbox(1), mailbox(2)])
    );
    writer
        .know_partnerships(vec![known(3, 1, "b")], &BTreeSet::from([mailbox(1)]))
        .await
        .unwrap();
    assert_eq!(
        organization.known_partnership(known(1, 1, "a").id).await.unwrap(),
        None,
        "the mailbox has it no more"
    );
    assert_eq!(
        organization.known_partnership(known(3, 1, "b").id).await.unwrap(),
        Some(known(3, 1, "b"))
    );
    let less = [known(2, 2, "c")];
    writer.know_all_partnerships(less.into_iter()).await.unwrap();
    let left: Vec<_> = organization
        .known_partnerships()
        .await
        .unwrap()
        .into_values()
        .collect();
    assert_eq!(left, [known(2, 2, "c")]);
}

pub(crate) async fn marks_are_set_one_by_one_and_taken_away_by_nothing(store: Store) {
    let writer = writer(&store).await;
    let marks = |rows: &[(&str, &str)]| -> Marks {
        rows.iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    };
    writer.set_marks(&marks(&[("a", "1"), ("b", "2")])).await.unwrap();
    writer.set_marks(&marks(&[("a", "3"), ("b", "")])).await.unwrap();
    assert_eq!(writer.organization().marks().await.unwrap(), marks(&[("a", "3")]));
    let other = store.organization("other").await.unwrap();
    assert_eq!(other.marks().await.unwrap(), Marks::new());
}

pub(crate) async fn a_run_beside_others_leaves_them_open(store: Store) {
    let writer = writer(&store).await;
    let full = writer.start_run("full", "enforce", NOW).await.unwrap();
    let live = BTreeSet::from([full]);
    let watch = writer
        .start_run_beside(&live, "watch", "enforce", NOW)
        .await
        .unwrap();
    let runs = writer.organization().runs(9).await.unwrap();
    assert!(runs.iter().all(|run| run.result.is_none()), "{runs:?}");
    writer
        .start_run_beside(&BTreeSet::from([watch]), "quick", "enforce", NOW)
        .await
        .unwrap();
    let runs = writer.organization().runs(9).await.unwrap();
    let open: Vec<&str> = runs
        .iter()
        .filter(|run| run.result.is_none())
        .map(|run| run.kind.as_str())
        .collect();
    assert_eq!(
        open,
        ["quick", "watch"],
        "whoever is not there any more was interrupted"
    );
}
