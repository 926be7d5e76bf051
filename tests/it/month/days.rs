//! What people, phones, and Exchange do in a month.

use easgate_connector::ports::CallErrorKind;
use easgate_model::DeviceId;
use easgate_store::{Actor, HeldVerdict, NewOverride, Said};
use time::{Duration, OffsetDateTime};

use super::BEGIN;
use crate::model::{Approvals, Chance, Place};
use crate::scenario::world::{Fault, State, World, mailbox_id};

/// How many people there are at first; as many leave as come.
pub(super) const PEOPLE: u64 = 40;

/// Something that happens once, so long after the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Once {
    /// Eight records vanish together.
    Vanish,
    /// Half of them come back.
    Return,
    /// A phone that fails is allowed by hand for a day.
    Override,
    /// Ten phones fail at once: more than the guard lets go.
    Fail,
    /// What is held is approved for a day.
    Approve,
    /// Some of them comply again.
    Recover,
    /// Exchange is away, for two hours.
    Away,
    Back,
}

const ONCE: [(i64, Once); 12] = [
    (5 * 24 + 3, Once::Vanish),
    (6 * 24 + 3, Once::Return),
    (8 * 24 + 2, Once::Override),
    (10 * 24 + 4, Once::Fail),
    (11 * 24 + 4, Once::Approve),
    (12 * 24 + 4, Once::Recover),
    // Over the time of a full sync.
    (3 * 24 + 17, Once::Away),
    (3 * 24 + 20, Once::Back),
    (17 * 24 + 9, Once::Away),
    (17 * 24 + 11, Once::Back),
    (24 * 24 + 9, Once::Away),
    (24 * 24 + 11, Once::Back),
];

/// The course of the month.
pub(super) struct Days {
    chance: Chance,
    next: OffsetDateTime,
    happened: OffsetDateTime,
    once: Vec<(i64, Once)>,
    /// The number of the next person who comes.
    person: u64,
    /// Those who are there.
    people: Vec<u64>,
    vanished: Vec<u64>,
    failed: Vec<u64>,
    is_away: bool,
    approvals: Approvals,
    approved: usize,
}

fn address(person: u64) -> String {
    format!("p{person}@x.example")
}

fn device(person: u64) -> DeviceId {
    format!("D{person}").parse().unwrap()
}

fn comes(state: &mut State, person: u64) {
    let address = address(person);
    state.person(&address, &address);
    state.enrol(&address, &device(person), "compliant");
    state.touch(mailbox_id(&address), Some(&device(person)));
    state.phones.push((mailbox_id(&address), device(person)));
}

impl Days {
    pub(super) fn new(world: &World) -> Self {
        let mut state = world.state();
        (0..PEOPLE).for_each(|person| comes(&mut state, person));
        let mut once = ONCE.to_vec();
        once.sort_by_key(|(hour, _)| *hour);
        Self {
            chance: Chance::new(2026),
            next: BEGIN + Duration::hours(1),
            happened: BEGIN,
            once,
            person: PEOPLE,
            people: (0..PEOPLE).collect(),
            vanished: Vec::new(),
            failed: Vec::new(),
            is_away: false,
            approvals: Approvals::default(),
            approved: 0,
        }
    }

    /// When something happens the next time.
    pub(super) fn next(&self) -> OffsetDateTime {
        let once = self.once.first().map(|(hour, _)| BEGIN + Duration::hours(*hour));
        once.map_or(self.next, |once| once.min(self.next))
    }

    /// When something happened last.
    pub(super) const fn happened(&self) -> OffsetDateTime {
        self.happened
    }

    pub(super) const fn is_away(&self) -> bool {
        self.is_away
    }

    /// Whether nothing is in the air that takes days.
    pub(super) fn is_settled(&self) -> bool {
        let (began, ended) = (ONCE[0].0, ONCE[5].0 + 48);
        let hour = (self.happened - BEGIN).whole_hours();
        !(began..ended).contains(&hour)
    }

    /// Whether somebody had agreed to it.
    pub(super) fn approved(&self, landing: &crate::scenario::world::Landing) -> bool {
        self.approvals.hold(landing)
    }

    /// Fails when the month was not as it was meant to be.
    pub(super) fn all_happened(&self) {
        assert!(self.once.is_empty(), "{:?}", self.once);
        assert!(self.approved > 0, "something was held, and approved");
        assert!(self.person > PEOPLE + 20, "people came: {}", self.person);
    }

    /// Lets happen what is to happen by now.
    pub(super) async fn pass(&mut self, world: &World, place: &mut Place) {
        let now = world.state().now;
        while self.next() <= now {
            self.happened = now;
            match self.once.first().copied() {
                Some((hour, once)) if BEGIN + Duration::hours(hour) <= now => {
                    self.once.remove(0);
                    self.once(once, world, place).await;
                }
                Some(_) | None => {
                    self.ordinary(&mut world.state());
                    self.next += Duration::minutes(90 + i64::try_from(self.chance.below(300)).unwrap());
                }
            }
        }
    }

    /// Somebody comes, leaves, or has a phone that fails or complies again.
    fn ordinary(&mut self, state: &mut State) {
        match self.chance.below(8) {
            0 => {
                comes(state, self.person);
                self.people.push(self.person);
                self.person += 1;
            }
            1 if self.people.len() > 30 => {
                let person = self.people.remove(self.chance.below(self.people.len()));
                state.users.retain(|user| user.id != address(person));
                state.enrol(&address(person), &device(person), "-");
                state
                    .phones
                    .retain(|(mailbox, _)| *mailbox != mailbox_id(&address(person)));
                state
                    .mailboxes
                    .retain(|mailbox| mailbox.id != mailbox_id(&address(person)));
            }
            _ => {
                let person = self.chance.pick(&self.people);
                if self.vanished.contains(&person) || self.failed.contains(&person) {
                    return;
                }
                let compliance =
                    self.chance
                        .pick(&["compliant", "compliant", "noncompliant", "inGracePeriod"]);
                state.enrol(&address(person), &device(person), compliance);
            }
        }
    }

    async fn once(&mut self, once: Once, world: &World, place: &mut Place) {
        match once {
            Once::Vanish => {
                self.vanished = self.people[..8].to_vec();
                self.all(world, &self.vanished, "-");
            }
            Once::Return => {
                let back = self.vanished.split_off(4);
                self.all(world, &back, "compliant");
            }
            Once::Override => by_hand(world, place, *self.people.last().expect("somebody is there")).await,
            Once::Fail => {
                self.failed = self.people[10..20].to_vec();
                self.all(world, &self.failed, "noncompliant");
            }
            Once::Approve => self.approve(world, place).await,
            Once::Recover => {
                let failed = std::mem::take(&mut self.failed);
                self.all(world, &failed[..5], "compliant");
            }
            Once::Away => {
                self.is_away = true;
                let lost = Fault::Error(CallErrorKind::Connection);
                world
                    .state()
                    .faults
                    .extend([("settings".to_owned(), (lost, u32::MAX))]);
            }
            Once::Back => {
                self.is_away = false;
                world.state().faults.clear();
            }
        }
    }

    fn all(&self, world: &World, people: &[u64], compliance: &str) {
        let mut state = world.state();
        for person in people.iter().filter(|person| self.people.contains(person)) {
            state.enrol(&address(*person), &device(*person), compliance);
        }
    }

    async fn approve(&mut self, world: &World, place: &mut Place) {
        let organization = place.organization().await;
        let now = world.state().now;
        let until = now + Duration::hours(24);
        for plan in organization.held_plans().await.unwrap() {
            let said = Said {
                by: Actor::program(),
                at: now,
                until: Some(until),
                note: None,
            };
            let verdict = HeldVerdict::Approve;
            assert!(organization.say_to_held(&plan.id, verdict, &said).await.unwrap());
            self.approved += plan.changes.len();
            self.approvals.add(&plan, now, until);
        }
    }
}

/// A phone that fails is allowed by hand for a day.
async fn by_hand(world: &World, place: &mut Place, person: u64) {
    let now = world.state().now;
    world
        .state()
        .enrol(&address(person), &device(person), "noncompliant");
    let new = NewOverride {
        mailbox: mailbox_id(&address(person)),
        address: address(person),
        device: device(person),
        access: "allow".to_owned(),
        note: "on a journey".to_owned(),
        by: Actor::program(),
        made: now,
        until: Some(now + Duration::hours(24)),
    };
    let organization = place.organization().await;
    organization.add_override(&new).await.unwrap();
}
