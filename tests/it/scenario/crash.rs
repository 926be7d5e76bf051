//! The process ends at every step of a run, and the next run converges.

use std::collections::BTreeSet;

use super::rig::Rig;
use super::world::Fault;

/// Two phones to allow, two to block, one of which has an entry of somebody else.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.config.limits = super::script::no_limits();
    {
        let mut state = rig.world.state();
        for (person, device, compliance) in [
            ("ana@x.example", "A1", "compliant"),
            ("bo@x.example", "B1", "noncompliant"),
            ("cem@x.example", "C1", "compliant"),
            ("dea@x.example", "D1", "noncompliant"),
        ] {
            state.person(person, person);
            let device = device.parse().unwrap();
            state.enrol(person, &device, compliance);
            state.phones.push((super::world::mailbox_id(person), device));
        }
        state.mailbox("eve@x.example").blocked.push("E1".parse().unwrap());
    }
    rig
}

async fn calm() -> (BTreeSet<String>, BTreeSet<String>) {
    let rig = rig();
    rig.sync().await.unwrap().unwrap();
    (rig.listed(), rig.owned().await)
}

#[tokio::test]
async fn after_a_crash_at_any_step_the_next_run_ends_where_a_calm_one_does() {
    let (listed, owned) = calm().await;
    assert_eq!((listed.len(), owned.len()), (5, 4));
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::Lost, Fault::Silent] {
        for device in ["A1", "B1", "C1", "D1"] {
            let rig = rig();
            rig.world
                .state()
                .faults
                .insert(format!("apply {device}"), (fault, 1));
            let _ = rig.sync().await;
            rig.world.state().faults.clear();
            rig.sync().await.unwrap().unwrap();
            assert_eq!(rig.listed(), listed, "{fault:?} at {device}");
            assert_eq!(rig.owned().await, owned, "{fault:?} at {device}");
            let again = rig.sync().await.unwrap().unwrap();
            assert_eq!(again.changes.planned, 0, "{fault:?} at {device}");
        }
    }
}

#[tokio::test]
async fn what_a_crash_left_is_decided_anew_and_not_replayed() {
    let rig = rig();
    rig.world
        .state()
        .faults
        .insert("apply B1".to_owned(), (Fault::CrashBefore, 1));
    assert!(rig.sync().await.is_none());
    rig.world
        .state()
        .enrol("bo@x.example", &"B1".parse().unwrap(), "compliant");
    rig.world.state().log.clear();
    rig.sync().await.unwrap().unwrap();
    let log = rig.world.state().log.clone();
    assert!(!log.iter().any(|edit| edit.contains("+block B1")), "{log:?}");
}

#[tokio::test]
async fn a_change_that_lands_late_is_still_ours() {
    let rig = rig();
    rig.world
        .state()
        .faults
        .insert("apply B1".to_owned(), (Fault::Lost, 1));
    let _ = rig.sync().await;
    // The cmdlet was still on its way when the next run read the lists.
    let entry = "B1".parse().unwrap();
    rig.world
        .state()
        .mailbox("bo@x.example")
        .blocked
        .retain(|device| *device != entry);
    rig.world.state().faults.insert(
        "apply B1".to_owned(),
        (Fault::Error(easgate_connector::ports::CallErrorKind::Refused), 1),
    );
    let _ = rig.sync().await;
    rig.world.state().mailbox("bo@x.example").blocked.push(entry);
    rig.sync().await.unwrap().unwrap();
    assert!(rig.owned().await.iter().any(|entry| entry.ends_with("block b1")));
}
