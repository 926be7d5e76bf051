//! What happens to a world between two runs.

use std::fmt;

use easgate_connector::ports::CallErrorKind;
use easgate_model::{AccessLevel, ComplianceState, DeviceId, MailboxId};
use time::Duration;
use uuid::Uuid;

use super::chance::Chance;
use crate::scenario::world::{Fault, State};

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

/// One kind of trouble, or of ordinary life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Phones change their compliance, are enrolled or retired.
    Life,
    /// A phone appears in a mailbox, or is gone.
    Partnerships,
    /// Somebody puts an entry into a list by hand.
    Foreign,
    /// The default access level changes.
    Default,
    /// It changes between two reads of one run.
    DefaultInMidRun,
    /// A configured group is gone: the source cannot give everything.
    GroupGone,
    /// A third of the users lose their licence.
    LicencesLapse,
    /// Half of the users are renamed in the directory, and not in Exchange.
    HalfRenamed,
    /// The inventory comes from another tenant.
    WrongTenant,
    /// Every record is in this compliance state.
    All(&'static str),
    /// A lane sees a part of the forest alone.
    ScopeLost,
    /// The list of a mailbox takes nothing more.
    ListFull,
    /// Somebody takes entries of ours out.
    Rival,
    /// The file of enrolments ends in the middle.
    CutShort,
    /// Two rows for one phone, with different states.
    TwoRows,
    /// The store is put back to an older copy.
    OldStore,
    /// The journal cannot be written.
    DiskFull,
    /// This machine's clock is a year off, in the given direction.
    Clock(i64),
    /// A command lands long after its connection was lost.
    Late,
    /// The process ends before, or after, a command takes effect.
    Crash(bool),
    /// A command is answered by silence.
    Silent,
    /// A read fails.
    ReadFails,
    /// A server is busy, throttles, or loses its shells, for a moment.
    Busy,
    /// Records are missing from a list, though they are there.
    Unlisted,
    /// A second process runs at the same time.
    TwoNodes,
}

impl Event {
    const ALL: [Self; 28] = [
        Self::Life,
        Self::Life,
        Self::Partnerships,
        Self::Foreign,
        Self::Default,
        Self::DefaultInMidRun,
        Self::GroupGone,
        Self::LicencesLapse,
        Self::HalfRenamed,
        Self::WrongTenant,
        Self::All("error"),
        Self::All("compliant"),
        Self::ScopeLost,
        Self::ListFull,
        Self::Rival,
        Self::CutShort,
        Self::TwoRows,
        Self::OldStore,
        Self::DiskFull,
        Self::Clock(365),
        Self::Clock(-365),
        Self::Late,
        Self::Crash(true),
        Self::Crash(false),
        Self::Silent,
        Self::ReadFails,
        Self::Busy,
        Self::Unlisted,
    ];

    /// One of all, ordinary life a little more often than the rest.
    pub(crate) fn any(chance: &mut Chance) -> Self {
        if chance.percent(3) {
            return Self::TwoNodes;
        }
        chance.pick(&Self::ALL)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A new world's people and phones.
pub(crate) fn populate(state: &mut State, chance: &mut Chance) {
    state.default_level = chance.pick(&LEVELS);
    state.tenant = Some(Uuid::from_u128(7));
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
            state
                .phones
                .push((crate::scenario::world::mailbox_id(&address), device));
        }
    }
    // Both sides always know somebody.
    state.enrol("p1@x.example", &"D1x0".parse().unwrap(), "compliant");
}

/// Lets `event` happen to what Exchange and the source hold; what concerns the store is the caller's.
#[expect(clippy::too_many_lines, reason = "one arm an event")]
pub(crate) fn happen(state: &mut State, event: Event, chance: &mut Chance) {
    match event {
        Event::Life => {
            for _ in 0..1 + chance.below(4) {
                let (mailbox, device) = chance.pick(&state.phones);
                if let Some(name) = principal(state, mailbox) {
                    state.enrol(&name, &device, chance.pick(&STATES));
                }
            }
        }
        Event::Partnerships => {
            if chance.percent(50) && state.phones.len() > 8 {
                let at = chance.below(state.phones.len());
                state.phones.remove(at);
            } else {
                let mailbox = chance.pick(&state.mailboxes).id;
                let device = format!("N{}", chance.below(1_000)).parse().unwrap();
                state.phones.push((mailbox, device));
            }
        }
        Event::Foreign => {
            let (id, device) = chance.pick(&state.phones);
            let allow = chance.percent(50);
            let mailbox = state.by_id(id);
            if !mailbox.allows(&device) && !mailbox.blocks(&device) {
                if allow {
                    mailbox.allowed.push(device.clone());
                } else {
                    mailbox.blocked.push(device.clone());
                }
                let list = if allow { "allow" } else { "block" };
                state
                    .foreign
                    .insert(format!("{id} {list} {device}").to_ascii_lowercase());
            }
        }
        Event::Default => state.default_level = chance.pick(&LEVELS),
        Event::DefaultInMidRun => state.flip = Some(chance.pick(&LEVELS)),
        Event::GroupGone | Event::CutShort if chance.percent(50) => {
            fail(state, "inventory", Fault::Error(CallErrorKind::Incomplete), 1);
        }
        Event::GroupGone => {
            // An empty answer in place of an error.
            state.cut = state.enrollments.len();
        }
        Event::CutShort => state.cut = 1 + state.enrollments.len() / 2,
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
        Event::WrongTenant => state.tenant = Some(Uuid::from_u128(8)),
        Event::All(compliance) => {
            for record in &mut state.enrollments {
                record.compliance = ComplianceState::from_name(compliance);
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
        Event::ListFull => fail(state, "apply", Fault::Error(CallErrorKind::ListFull), 1),
        Event::Rival => {
            let foreign = state.foreign.clone();
            for mailbox in &mut state.mailboxes {
                let id = mailbox.id;
                let ours = |list: &str, device: &DeviceId| {
                    !foreign.contains(&format!("{id} {list} {device}").to_ascii_lowercase())
                };
                mailbox
                    .allowed
                    .retain(|device| !ours("allow", device) || chance.percent(70));
                mailbox
                    .blocked
                    .retain(|device| !ours("block", device) || chance.percent(70));
            }
        }
        Event::TwoRows => {
            if let Some(record) = state.enrollments.first().cloned() {
                let mut other = record;
                other.record.push_str(" again");
                other.compliance = ComplianceState::from_name(chance.pick(&["compliant", "noncompliant"]));
                state.enrollments.push(other);
            }
        }
        Event::Clock(days) => state.now += Duration::days(days),
        Event::Late => fail(state, "apply", Fault::Late, 1),
        Event::Crash(before) => {
            let fault = if before {
                Fault::CrashBefore
            } else {
                Fault::CrashAfter
            };
            fail(state, "apply", fault, 1);
        }
        Event::Silent => fail(state, "apply", Fault::Silent, 1),
        Event::ReadFails => {
            let read = chance.pick(&READS);
            let kind = chance.pick(&[
                CallErrorKind::Incomplete,
                CallErrorKind::Refused,
                CallErrorKind::Unauthorized,
                CallErrorKind::NotGranted,
            ]);
            fail(state, read, Fault::Error(kind), 1);
        }
        Event::Busy => {
            let kind = chance.pick(&[
                CallErrorKind::Transient { retry_after: None },
                CallErrorKind::Throttled { retry_after: None },
                CallErrorKind::TooManyShells,
                CallErrorKind::Connection,
            ]);
            let call = chance.pick(&["apply", "devices", "mailboxes", "mailbox"]);
            fail(
                state,
                call,
                Fault::Error(kind),
                1 + u32::try_from(chance.below(4)).unwrap(),
            );
        }
        Event::Unlisted => {
            let records = state.enrollments.iter().filter(|_| chance.percent(8));
            state.unlisted = records.map(|record| record.record.clone()).collect();
        }
        Event::OldStore | Event::DiskFull | Event::TwoNodes => {}
    }
}

/// Ends everything that is not ordinary life.
pub(crate) fn calm(state: &mut State) {
    state.faults.clear();
    state.hidden.clear();
    state.unlisted.clear();
    state.flip = None;
    state.cut = 0;
    state.tenant = Some(Uuid::from_u128(7));
    state.deliver();
}

fn fail(state: &mut State, call: &str, fault: Fault, times: u32) {
    state.faults.insert(call.to_owned(), (fault, times));
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
