//! Laws over random worlds, faults and changes of facts.

use std::collections::BTreeSet;

use easgate_compliance::{Limits, Threshold};
use easgate_connector::ports::CallErrorKind;
use easgate_model::{AccessLevel, AccessState, DeviceId, MailboxId};
use proptest::prelude::*;
use time::OffsetDateTime;

use super::rig::Rig;
use super::world::{Fault, mailbox_id};

const PEOPLE: [&str; 3] = ["ana@x.example", "bo@x.example", "cem@x.example"];
const DEVICES: [&str; 3] = ["A1", "a1", "B1"];
const STATES: [&str; 6] = [
    "compliant",
    "inGracePeriod",
    "noncompliant",
    "unknown",
    "error",
    "-",
];
const READS: [&str; 5] = ["settings", "rules", "devices", "mailboxes", "inventory"];

/// Something that happens before a round.
#[derive(Debug, Clone)]
enum Event {
    Enrol(usize, usize, usize),
    Phone(usize, usize),
    LosePhone(usize, usize),
    Foreign(usize, usize, bool),
    Default(AccessLevel),
    ReadFails(usize),
    Apply(Fault),
    Wait(i64),
}

fn any_event() -> impl Strategy<Value = Event> {
    let fault = prop::sample::select(vec![
        Fault::Error(CallErrorKind::Refused),
        Fault::Error(CallErrorKind::Connection),
        Fault::Error(CallErrorKind::Transient { retry_after: None }),
        Fault::Error(CallErrorKind::ListFull),
        Fault::Silent,
        Fault::Lost,
        Fault::CrashBefore,
        Fault::CrashAfter,
    ]);
    let level = prop::sample::select(vec![
        AccessLevel::Allow,
        AccessLevel::Quarantine,
        AccessLevel::Block,
    ]);
    prop_oneof![
        4 => (0..3_usize, 0..3_usize, 0..6_usize).prop_map(|(p, d, s)| Event::Enrol(p, d, s)),
        2 => (0..3_usize, 0..3_usize).prop_map(|(p, d)| Event::Phone(p, d)),
        1 => (0..3_usize, 0..3_usize).prop_map(|(p, d)| Event::LosePhone(p, d)),
        1 => (0..3_usize, 0..3_usize, any::<bool>()).prop_map(|(p, d, allow)| Event::Foreign(p, d, allow)),
        1 => level.prop_map(Event::Default),
        1 => (0..READS.len()).prop_map(Event::ReadFails),
        3 => fault.prop_map(Event::Apply),
        1 => (1..30_i64).prop_map(Event::Wait),
    ]
}

/// What a round has to respect.
#[derive(Default)]
struct Before {
    /// Entries that somebody else made.
    foreign: BTreeSet<String>,
    /// Devices with a command of ours whose end nobody knows: an entry that comes cannot be told from what it was to add.
    doubtful: BTreeSet<(MailboxId, DeviceId)>,
    /// Whether a read fails in this round.
    read_fails: bool,
}

fn happen(rig: &Rig, event: &Event, before: &mut Before) {
    let mut state = rig.world.state();
    let device = |index: usize| DEVICES[index].parse::<DeviceId>().unwrap();
    match *event {
        Event::Enrol(person, id, compliance) => {
            state.enrol(PEOPLE[person], &device(id), STATES[compliance]);
        }
        Event::Phone(person, id) => {
            let phone = (mailbox_id(PEOPLE[person]), device(id));
            if !state.phones.contains(&phone) {
                state.phones.push(phone);
            }
        }
        Event::LosePhone(person, id) => {
            let phone = (mailbox_id(PEOPLE[person]), device(id));
            state.phones.retain(|known| *known != phone);
        }
        Event::Foreign(person, id, allow) => {
            let mailbox = state.mailbox(PEOPLE[person]);
            let device = device(id);
            let is_doubtful = before.doubtful.contains(&(mailbox.id, device.clone()));
            if mailbox.allows(&device) || mailbox.blocks(&device) || is_doubtful {
                return;
            }
            let (list, name) = if allow {
                (&mut mailbox.allowed, "allow")
            } else {
                (&mut mailbox.blocked, "block")
            };
            list.push(device.clone());
            before
                .foreign
                .insert(format!("{} {name} {device}", mailbox.id).to_ascii_lowercase());
        }
        Event::Default(level) => state.default_level = level,
        Event::ReadFails(read) => {
            before.read_fails = true;
            let fault = Fault::Error(CallErrorKind::Incomplete);
            state.faults.insert(READS[read].to_owned(), (fault, 1));
        }
        Event::Apply(fault) => drop(state.faults.insert("apply".to_owned(), (fault, 1))),
        Event::Wait(hours) => state.now += time::Duration::hours(hours),
    }
}

fn rig() -> Rig {
    let mut rig = Rig::new();
    // What the guard holds is not the subject here.
    rig.config.limits = super::script::no_limits();
    {
        let mut state = rig.world.state();
        for person in PEOPLE {
            state.person(person, person);
        }
        state.phones.push((mailbox_id(PEOPLE[0]), "A1".parse().unwrap()));
        // Both sides always know somebody: an empty list is unread.
        state.person("eve@x.example", "eve@x.example");
        state.enrol("eve@x.example", &"E1".parse().unwrap(), "compliant");
        state
            .phones
            .push((mailbox_id("eve@x.example"), "E1".parse().unwrap()));
    }
    rig
}

/// Whether phones have the access that fresh facts give them, as far as these give any.
fn violations(rig: &Rig, foreign: &BTreeSet<String>) -> Vec<String> {
    let state = rig.world.state();
    let mut wrong = Vec::new();
    for (mailbox, device) in &state.phones {
        let is_foreign = ["allow", "block"]
            .iter()
            .any(|list| foreign.contains(&format!("{mailbox} {list} {device}").to_ascii_lowercase()));
        let Some(user) = PEOPLE.iter().find(|person| mailbox_id(person) == *mailbox) else {
            continue;
        };
        let same_id = state
            .enrollments
            .iter()
            .filter(|known| known.eas_device_id.as_ref() == Some(device));
        let records: Vec<_> = same_id.collect();
        let [record] = records.as_slice() else { continue };
        let own = record
            .user_principal_name
            .as_ref()
            .is_some_and(|name| name.as_str() == *user);
        if is_foreign || !own {
            continue;
        }
        let access = state.access(*mailbox, device);
        match record.compliance.name() {
            "compliant" | "inGracePeriod" if access != AccessState::Allowed => {
                wrong.push(format!("{device} of {user} is compliant and {access}"));
            }
            "noncompliant" if access == AccessState::Allowed => {
                wrong.push(format!("{device} of {user} is noncompliant and {access}"));
            }
            _ => {}
        }
    }
    wrong
}

/// Edits that the facts of the round do not carry: nobody is let in who is refused, and the other way round.
fn unfounded(rig: &Rig) -> Vec<String> {
    let state = rig.world.state();
    let compliance = |address: &str, device: &DeviceId| {
        let mut records = state.enrollments.iter().filter(|known| {
            known.eas_device_id.as_ref() == Some(device)
                && known
                    .user_principal_name
                    .as_ref()
                    .is_some_and(|name| name.as_str() == address)
        });
        records
            .next()
            .map_or("-", |record| record.compliance.name())
            .to_owned()
    };
    let mut wrong = Vec::new();
    for edit in &state.log {
        let [address, list, device] = edit.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{edit}")
        };
        let facts = compliance(address, &device.parse().unwrap());
        let founded = match list {
            "+allow" => matches!(facts.as_str(), "compliant" | "inGracePeriod"),
            "+block" | "-allow" => !matches!(
                facts.as_str(),
                "compliant" | "inGracePeriod" | "unknown" | "error"
            ),
            "-block" => facts != "noncompliant",
            list => panic!("{list}"),
        };
        if !founded {
            wrong.push(format!("{edit}, which is {facts}"));
        }
    }
    wrong
}

async fn after_any_history_three_calm_rounds_agree(rounds: Vec<Vec<Event>>) {
    let rig = rig();
    let mut before = Before::default();
    for events in &rounds {
        before.read_fails = false;
        before.doubtful = rig.doubtful().await;
        for event in events {
            happen(&rig, event, &mut before);
        }
        rig.world.state().log.clear();
        let outcome = rig.sync().await;
        if before.read_fails {
            assert!(
                matches!(outcome, Some(Err(_))),
                "a read failed, and the cycle went on: {outcome:?}"
            );
            assert!(
                rig.world.state().log.is_empty(),
                "a change after an incomplete read"
            );
        }
        assert_eq!(unfounded(&rig), Vec::<String>::new());
        let listed = rig.listed();
        let taken: Vec<_> = before.foreign.difference(&listed).collect();
        assert!(taken.is_empty(), "foreign entries were taken out: {taken:?}");
    }
    rig.world.state().faults.clear();
    for _ in 0..3 {
        rig.sync()
            .await
            .expect("nothing crashes now")
            .expect("everything can be read now");
    }
    let planned = rig.plan().await.expect("everything can be read now");
    assert!(
        planned.plan.changes.is_empty(),
        "still to do: {:?}",
        planned.plan.changes
    );
    let foreign = before.foreign.clone();
    assert_eq!(violations(&rig, &foreign), Vec::<String>::new());
    let (owned, listed) = (rig.owned().await, rig.listed());
    let nobodys: Vec<_> = listed
        .difference(&owned)
        .filter(|entry| !foreign.contains(*entry))
        .collect();
    assert!(
        nobodys.is_empty(),
        "entries of ours that we do not know: {nobodys:?}"
    );
    let stolen: Vec<_> = owned.intersection(&foreign).collect();
    assert!(
        stolen.is_empty(),
        "foreign entries that we think are ours: {stolen:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 400, ..ProptestConfig::default() })]
    #[test]
    fn calm_brings_agreement_and_foreign_entries_stay(
        rounds in prop::collection::vec(prop::collection::vec(any_event(), 0..4), 1..6)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(after_any_history_three_calm_rounds_agree(rounds));
    }
}

/// How many phones lost access within any 24 hours, at the most.
async fn most_lost_in_a_day(rounds: Vec<Vec<Event>>) -> usize {
    let mut rig = rig();
    rig.config.limits = Limits {
        loses_access: Threshold::devices(1),
        ..super::script::no_limits()
    };
    let mut before = Before::default();
    let mut lost = Vec::new();
    for events in &rounds {
        for event in events {
            happen(&rig, event, &mut before);
        }
        let had = allowed(&rig);
        let _ = rig.sync().await;
        let has = allowed(&rig);
        let now = rig.world.state().now;
        lost.extend(had.difference(&has).map(|phone| (now, phone.clone())));
        rig.world.state().now += time::Duration::hours(1);
    }
    let within = |(start, _): &(OffsetDateTime, String)| {
        let day = lost
            .iter()
            .filter(|(at, _)| *at >= *start && *at < *start + time::Duration::hours(24));
        day.map(|(_, phone)| phone.to_ascii_lowercase())
            .collect::<BTreeSet<_>>()
            .len()
    };
    lost.iter().map(within).max().unwrap_or_default()
}

/// The phones that get mail now.
fn allowed(rig: &Rig) -> BTreeSet<String> {
    let state = rig.world.state();
    let phones = state
        .phones
        .iter()
        .filter(|(mailbox, device)| state.access(*mailbox, device) == AccessState::Allowed);
    phones
        .map(|(mailbox, device)| format!("{mailbox} {device}"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 400, ..ProptestConfig::default() })]
    #[test]
    fn no_more_phones_lose_mail_in_a_day_than_the_guard_lets(
        rounds in prop::collection::vec(prop::collection::vec(any_event(), 0..4), 1..8)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        prop_assert!(runtime.block_on(most_lost_in_a_day(rounds)) <= 1);
    }
}
