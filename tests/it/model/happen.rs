//! What an event does to Exchange and to the source.

use easgate_connector::ports::{CallErrorKind, SourceKind};
use easgate_model::{AccessLevel, ComplianceState, DeviceId, MailboxId};
use time::Duration;
use uuid::Uuid;

use super::chance::Chance;
use super::events::{Event, When};
use crate::scenario::world::{Fault, Hand, State, entry, mailbox_id};

const STATES: [&str; 7] = [
    "compliant",
    "compliant",
    "noncompliant",
    "inGracePeriod",
    "unknown",
    "error",
    "-",
];
const READS: [&str; 6] = [
    "settings",
    "rules",
    "devices",
    "mailboxes",
    "recipients",
    "servers",
];
const LEVELS: [AccessLevel; 3] = [AccessLevel::Allow, AccessLevel::Quarantine, AccessLevel::Block];
const OURS: u128 = 1;
const TENANT: u128 = 7;

/// A new world's people and phones.
pub(super) fn populate(state: &mut State, chance: &mut Chance) {
    state.default_level = chance.pick(&LEVELS);
    state.source = chance.pick(&[SourceKind::File, SourceKind::Graph]);
    state.tells_times = chance.percent(60);
    state.tenant = Some(Uuid::from_u128(TENANT));
    let people = 12 + chance.below(12);
    for number in 0..people {
        let address = format!("p{number}@x.example");
        // For every third the name at sign-in is not the address.
        let principal = if number % 3 == 0 {
            format!("u{number}@corp.example")
        } else {
            address.clone()
        };
        state.person(&address, &principal);
        for phone in 0..1 + chance.below(2) {
            let device: DeviceId = format!("D{number}x{phone}").parse().unwrap();
            state.enrol(&principal, &device, chance.pick(&STATES));
            state.phones.push((mailbox_id(&address), device));
        }
    }
    // Both sides always know somebody.
    state.enrol("p1@x.example", &"D1x0".parse().unwrap(), "compliant");
}

/// Lets `event` happen to what Exchange and the source hold; what concerns the store is the caller's.
#[expect(clippy::too_many_lines, reason = "one arm an event")]
pub(super) fn happen(state: &mut State, event: Event, chance: &mut Chance) {
    match event {
        Event::Life => life(state, chance, &STATES),
        Event::Partnerships => partnerships(state, chance),
        Event::Foreign => foreign(state, chance),
        Event::Default => state.default_level = chance.pick(&LEVELS),
        Event::DefaultInMidRun => state.flip = Some(chance.pick(&LEVELS)),
        Event::GroupGone if chance.percent(50) => fail(state, "inventory", CallErrorKind::Incomplete),
        // An empty answer in place of an error.
        Event::GroupGone => state.cut = state.enrollments.len(),
        Event::CutShort => state.cut = 1 + chance.below(state.enrollments.len()) / 2,
        Event::LicencesLapse => {
            for user in &mut state.users {
                user.licensed = !chance.percent(33);
            }
        }
        Event::HalfRenamed => {
            for user in &mut state.users {
                if chance.percent(50) {
                    let name = user.user_principal_name.local_part().to_owned();
                    user.user_principal_name = format!("{name}@renamed.example").parse().unwrap();
                    user.addresses = vec![user.user_principal_name.clone()];
                }
            }
        }
        Event::WrongTenant => {
            state.tenant = Some(Uuid::from_u128(TENANT + 1));
            state.of_another = true;
        }
        Event::WrongOrganization => state.organization = Uuid::from_u128(OURS + 1),
        Event::All(compliance) => {
            let now = state.true_now();
            for record in &mut state.enrollments {
                state.renewed.insert(record.record.clone());
                record.compliance = ComplianceState::from_name(compliance);
                record.last_sync = record.last_sync.map(|_| now);
            }
        }
        Event::ScopeLost => {
            let part = 5 + chance.below(60);
            state.hidden = state
                .phones
                .iter()
                .filter(|_| chance.percent(part))
                .cloned()
                .collect();
        }
        Event::OlderServer => {
            let part = 5 + chance.below(60);
            let ids = state.mailboxes.iter().map(|mailbox| mailbox.id);
            state.too_new = ids.filter(|_| chance.percent(part)).collect();
        }
        Event::ListFull => fail(state, "apply", CallErrorKind::ListFull),
        Event::Rival => rival(state, chance),
        Event::TwoRows => {
            if let Some(record) = state.enrollments.first().cloned() {
                let mut other = record;
                other.record.push_str(" again");
                other.compliance = ComplianceState::from_name(chance.pick(&["compliant", "noncompliant"]));
                state.enrollments.push(other);
            }
        }
        Event::Clock(days) => state.now += Duration::days(days),
        Event::Late => {
            late(state, chance);
            happens_to_change(state, Fault::Late);
        }
        Event::Crash(when) => {
            late(state, chance);
            happens_to_change(
                state,
                match when {
                    When::Before => Fault::CrashBefore,
                    When::After => Fault::CrashAfter,
                    When::Under => Fault::CrashLate,
                },
            );
        }
        Event::Suspend => {
            state.nap = Some(Duration::minutes(chance.pick(&[2, 20, 700])));
            let (mailbox, device) = chance.pick(&state.phones);
            state.meanwhile = principal(state, mailbox)
                .map(|name| [name, device.to_string(), chance.pick(&STATES).to_owned()]);
        }
        Event::Slow => state.slow = Duration::minutes(chance.pick(&[4, 16])),
        Event::Silent => happens_to_change(state, Fault::Silent),
        Event::ReadFails => {
            let read = chance.pick(&READS);
            let kind = chance.pick(&[
                CallErrorKind::Refused,
                CallErrorKind::Unauthorized,
                CallErrorKind::NotGranted,
            ]);
            fail(state, read, kind);
        }
        Event::PartialPages if chance.percent(30) => fail(state, "inventory", CallErrorKind::Incomplete),
        Event::PartialPages => fail(state, chance.pick(&READS), CallErrorKind::Incomplete),
        Event::LostShells => {
            let kind = chance.pick(&[CallErrorKind::TooManyShells, CallErrorKind::Connection]);
            passes(state, kind, chance);
        }
        Event::Busy if chance.percent(30) => {
            let read = chance.pick(&["inventory", "record"]);
            fail(state, read, CallErrorKind::Transient { retry_after: None });
        }
        Event::Busy => passes(state, CallErrorKind::Transient { retry_after: None }, chance),
        Event::Throttled => passes(state, CallErrorKind::Throttled { retry_after: None }, chance),
        Event::Unlisted => {
            let records = state.enrollments.iter().filter(|_| chance.percent(8));
            state.unlisted = records.map(|record| record.record.clone()).collect();
        }
        Event::Here(_) => {}
    }
}

/// Ends everything that is not ordinary life.
pub(super) fn calm(state: &mut State) {
    state.faults.clear();
    state.hidden.clear();
    state.too_new.clear();
    state.unlisted.clear();
    state.flip = None;
    state.cut = 0;
    state.slow = Duration::ZERO;
    state.nap = None;
    state.meanwhile = None;
    state.tenant = Some(Uuid::from_u128(TENANT));
    state.of_another = false;
    state.organization = Uuid::from_u128(OURS);
    state.deliver();
}

/// Whether it is the organisation that answered first.
pub(super) const fn is_home(state: &State) -> bool {
    state.organization.as_u128() == OURS
}

/// A few phones get another of `states`.
pub(super) fn life(state: &mut State, chance: &mut Chance, states: &[&str]) {
    for _ in 0..1 + chance.below(4) {
        let (mailbox, device) = chance.pick(&state.phones);
        if let Some(name) = principal(state, mailbox) {
            state.enrol(&name, &device, chance.pick(states));
        }
    }
}

/// What people do between the reads of two runs: phones change whose records the older run knows as the last run left
/// them.
///
/// A record that changed before the older run read it, and is as before when the newer one does, is told by none of the
/// store's facts: the older run acts by it, and the next run repairs that.
pub(super) fn life_meanwhile(state: &mut State, chance: &mut Chance) {
    for _ in 0..1 + chance.below(4) {
        let (mailbox, device) = chance.pick(&state.phones);
        let compliance = chance.pick(&STATES);
        if let Some(name) = principal(state, mailbox)
            && !state.renewed.contains(&format!("{name} {device}"))
        {
            state.enrol(&name, &device, compliance);
        }
    }
}

/// A phone is gone, or a new one comes.
fn partnerships(state: &mut State, chance: &mut Chance) {
    if chance.percent(50) && state.phones.len() > 8 {
        let at = chance.below(state.phones.len());
        state.phones.remove(at);
    } else {
        new_phone(state, chance);
    }
}

/// A phone comes that device management may never hear of.
pub(super) fn new_phone(state: &mut State, chance: &mut Chance) {
    let mailbox = chance.pick(&state.mailboxes).id;
    let device: DeviceId = format!("N{}", chance.below(1_000)).parse().unwrap();
    let phone = (mailbox, device);
    if !state.phones.contains(&phone) {
        state.touch(mailbox, Some(&phone.1));
        state.phones.push(phone);
    }
}

/// An entry of somebody else.
fn foreign(state: &mut State, chance: &mut Chance) {
    let (id, device) = chance.pick(&state.phones);
    let list = chance.pick(&["allow", "block"]);
    let mailbox = state.by_id(id);
    if mailbox.allows(&device) || mailbox.blocks(&device) {
        return;
    }
    match list {
        "allow" => mailbox.allowed.push(device.clone()),
        _ => mailbox.blocked.push(device.clone()),
    }
    state.touch(id, None);
    let entry = entry(id, list, &device);
    state.makers.insert(entry.clone(), Hand::Person);
    state.foreign.insert(entry);
}

/// Some entries of ours are taken out.
fn rival(state: &mut State, chance: &mut Chance) {
    let mut taken = Vec::new();
    let foreign = &state.foreign;
    for mailbox in &mut state.mailboxes {
        let id = mailbox.id;
        for (list, devices) in [("allow", &mut mailbox.allowed), ("block", &mut mailbox.blocked)] {
            devices.retain(|device| {
                let entry = entry(id, list, device);
                let stays = foreign.contains(&entry) || chance.percent(70);
                if !stays {
                    taken.push((id, entry));
                }
                stays
            });
        }
    }
    for (id, entry) in taken {
        state.makers.remove(&entry);
        state.touch(id, None);
    }
}

fn late(state: &mut State, chance: &mut Chance) {
    state.delay = chance.pick(&[
        Some(Duration::seconds(30)),
        Some(Duration::minutes(10)),
        Some(Duration::hours(11)),
        None,
    ]);
}

fn fail(state: &mut State, call: &str, kind: CallErrorKind) {
    state.faults.insert(call.to_owned(), (Fault::Error(kind), 1));
}

/// An error that goes away when the call is made a few times.
fn passes(state: &mut State, kind: CallErrorKind, chance: &mut Chance) {
    let call = chance.pick(&["apply", "devices", "mailboxes", "mailbox"]);
    let times = 1 + u32::try_from(chance.below(4)).unwrap();
    state.faults.insert(call.to_owned(), (Fault::Error(kind), times));
}

fn happens_to_change(state: &mut State, fault: Fault) {
    state.faults.insert("apply".to_owned(), (fault, 1));
}

/// The name at sign-in of the person whose mailbox it is.
fn principal(state: &State, mailbox: MailboxId) -> Option<String> {
    let mailbox = state.mailboxes.iter().find(|one| one.id == mailbox)?;
    let user = state.users.iter().find(|user| {
        user.addresses
            .iter()
            .any(|address| mailbox.addresses.contains(address))
    })?;
    Some(user.user_principal_name.to_string())
}
