//! One world from its first event to calm.

use std::collections::BTreeSet;
use std::fmt;

use easgate_compliance::{Limits, Threshold};
use easgate_connector::ports::SourceKind;
use time::Duration;

use super::chance::Chance;
use super::events::{Event, Here};
use super::happen::{calm, happen, is_home, life, life_meanwhile, new_phone, populate};
use super::judge;
use super::people::Approvals;
use super::place::{Ended, Meanwhile, Place, StoreCopy, Work};
use crate::scenario::rig::Rig;
use crate::scenario::script::no_limits;
use crate::scenario::world::{Hand, Landing, World, entry};

/// How many phones may lose access within a day.
const LOSSES: usize = 3;
/// How many that we refused may gain it.
const GAINS: usize = 4;

/// What happened in a world, and which laws broke.
#[derive(Debug)]
pub(crate) struct Story {
    number: u64,
    lines: Vec<String>,
    pub(crate) broken: Vec<String>,
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "world {}:", self.number)?;
        for line in self.lines.iter().chain(&self.broken) {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

impl Story {
    /// Whether it breaks `law`.
    pub(crate) fn breaks(&self, law: &str) -> bool {
        self.broken.iter().any(|line| line.starts_with(law))
    }

    /// How much there is to read.
    pub(crate) const fn length(&self) -> usize {
        self.lines.len()
    }
}

/// Lives the world of this number.
pub(crate) async fn world(number: u64) -> Story {
    let mut life = Life::new(number).await;
    // The organisation and the tenant are those that answer at first.
    life.one(&Work::Full).await;
    life.judge();
    life.between_rounds();
    let rounds = 1 + life.chance.below(6);
    for _ in 0..rounds {
        life.round().await;
    }
    life.calm().await;
    life.parts().await;
    life.place.end().await;
    life.story
}

/// What concerns the next run alone.
#[derive(Default)]
struct Next {
    two_nodes: bool,
    disk_full: bool,
    second_store: bool,
}

pub(super) struct Life {
    pub(super) world: World,
    pub(super) place: Place,
    pub(super) chance: Chance,
    pub(super) approvals: Approvals,
    story: Story,
    /// The easgate with a store of its own, once it has come.
    rival: Option<Place>,
    /// An older copy of the store.
    copy: Option<StoreCopy>,
    /// Whether the store is older than its seal, until somebody says that it may be used.
    is_old: bool,
    /// How far the machine's clock is ahead of everybody else's.
    pub(super) ahead: Duration,
    /// From which landing on the guard counts: what an older copy of the store does not have is lost, and after calm
    /// nothing is held.
    known_from: usize,
}

impl Life {
    async fn new(number: u64) -> Self {
        let mut chance = Chance::new(number);
        let world = World::new();
        populate(&mut world.state(), &mut chance);
        let is_anchored = chance.percent(75);
        Self {
            world,
            place: Place::new(Hand::Ours, limits(), is_anchored).await,
            chance,
            approvals: Approvals::default(),
            story: Story {
                number,
                lines: Vec::new(),
                broken: Vec::new(),
            },
            rival: None,
            copy: None,
            is_old: false,
            ahead: Duration::ZERO,
            known_from: 0,
        }
    }

    async fn round(&mut self) {
        let mut next = Next::default();
        self.world.state().renewed.clear();
        for _ in 0..self.chance.below(4) {
            let event = Event::any(&mut self.chance);
            self.say(format!("{event}"));
            happen(&mut self.world.state(), event, &mut self.chance);
            if let Event::Clock(days) = event {
                self.ahead += Duration::days(days);
            }
            if let Event::Here(here) = event {
                self.happens_here(here, &mut next).await;
            }
        }
        self.world.state().source_ahead = -self.ahead;
        if self.copy.is_none() && self.chance.percent(30) {
            self.copy = Some(self.place.copy().await);
        }
        if next.second_store {
            self.rival_runs().await;
        }
        if next.disk_full {
            self.place.break_journal().await;
        }
        self.whose().await;
        self.stops_at(&next).await;
        if next.two_nodes {
            let (one, other) = (self.work(), self.work());
            let (first, second) = self.place.twice(&self.world, (&one, &other)).await;
            self.told(&one, &first);
            self.told(&other, &second);
        } else if self.chance.percent(25) {
            self.beside().await;
        } else {
            let work = self.work();
            self.one(&work).await;
        }
        if next.disk_full {
            self.place.mend_journal().await;
        }
        self.world.state().stopped = None;
        self.judge();
        self.between_rounds();
    }

    /// What concerns the store and its process.
    async fn happens_here(&mut self, here: Here, next: &mut Next) {
        match here {
            Here::OldStore => self.old_store().await,
            Here::DiskFull => next.disk_full = true,
            Here::TwoNodes => next.two_nodes = true,
            Here::SecondStore => next.second_store = true,
            Here::Restart => self.place.end().await,
            Here::Pause => self.place.pause(&self.world).await,
            Here::Resume => {
                self.place.resume(&self.world).await;
                self.is_old = false;
            }
            Here::Say => self.say_to_held().await,
            Here::ByHand => self.decide_by_hand().await,
        }
    }

    /// Notes why nothing may be written in the next run.
    async fn stops_at(&mut self, next: &Next) {
        let organization = self.place.organization().await;
        let is_paused = organization.paused().await.unwrap().is_some();
        let has_caution = organization.caution().await.unwrap().is_some();
        let mut state = self.world.state();
        let is_off = self.ahead != Duration::ZERO && state.source == SourceKind::Graph;
        // What somebody decides by hand needs no facts of the source.
        let reasons = [
            (next.disk_full, "the journal cannot be written", false),
            (is_paused, "writing is paused", false),
            (has_caution, "what the store says is doubtful", false),
            (self.is_old, "the store is older than its seal", false),
            (!is_home(&state), "another organisation answers", false),
            (state.of_another, "another tenant answers", true),
            (is_off, "the clock is a year off", true),
        ];
        let reason = reasons.into_iter().find(|(is_so, ..)| *is_so);
        state.under_way.clear();
        state.stopped = reason.map(|(_, why, by_hand_goes)| (why, by_hand_goes));
    }

    fn work(&mut self) -> Work {
        match self.chance.below(20) {
            0..9 => Work::Full,
            9..13 => Work::Quick,
            13..17 => Work::Watch,
            _ => {
                let mailbox = self.chance.pick(&self.world.state().mailboxes);
                Work::User(mailbox.addresses[0].clone())
            }
        }
    }

    /// One run, and the full sync that it asks for, if it does.
    async fn one(&mut self, work: &Work) {
        let ended = self.place.run(&self.world, work).await;
        self.told(work, &ended);
        match ended {
            Some(Ok(report)) if *work == Work::Full && report.exit_code() == 0 && report.paused.is_none() => {
                self.check_entries().await;
            }
            Some(Ok(report)) if report.full_needed.is_some() && self.chance.percent(60) => {
                let ended = self.place.run(&self.world, &Work::Full).await;
                self.told(&Work::Full, &ended);
            }
            _ => {}
        }
    }

    /// A run in the middle of another.
    async fn beside(&mut self) {
        let part = self.work();
        let (first, second) = if self.chance.percent(30) {
            (Work::Watch, part)
        } else {
            (part, Work::Watch)
        };
        let at = self.chance.pick(&["apply", "apply", "inventory", "devices"]);
        let pauses = self.chance.percent(10);
        let mut apart = self.chance.apart();
        let meanwhile = Meanwhile {
            at,
            pauses,
            happens: Box::new(move |world: &World| life_meanwhile(&mut world.state(), &mut apart)),
        };
        self.say(format!(
            "{first:?} waits at {at}, then {second:?}{}",
            if pauses { ", and a pause" } else { "" }
        ));
        let (older, newer) = self.place.beside(&self.world, (&first, &second), meanwhile).await;
        self.told(&first, &older);
        self.told(&second, &newer);
    }

    /// The easgate with a store of its own looks at everything, and may take back what it made itself.
    async fn rival_runs(&mut self) {
        let answers = {
            let state = self.world.state();
            is_home(&state) && !state.of_another
        };
        if !answers {
            // A new store belongs to whoever answers first.
            return;
        }
        if self.rival.is_none() {
            self.rival = Some(Place::new(Hand::Rival, no_limits(), true).await);
        }
        let Some(rival) = &mut self.rival else { return };
        let ended = rival.run(&self.world, &Work::Full).await;
        self.told(&Work::Full, &ended);
        let mut state = self.world.state();
        let listed = Rig::listed_in(&state);
        state.foreign.retain(|entry| listed.contains(entry));
        let of_rival = |entry: &&String| state.makers.get(*entry) == Some(&Hand::Rival);
        let made: Vec<String> = listed.iter().filter(of_rival).cloned().collect();
        state.foreign.extend(made);
    }

    /// What somebody put where an entry of ours had been taken out, before any run could see that, looks like ours.
    async fn whose(&mut self) {
        let owned = self.place.owned().await;
        let mut state = self.world.state();
        for entry in owned {
            if state.once_ours.contains(&entry) && state.makers.contains_key(&entry) {
                state.foreign.remove(&entry);
                state.makers.insert(entry, Hand::Ours);
            }
        }
    }

    /// Time passes, and most troubles do.
    fn between_rounds(&mut self) {
        let hours = self.chance.pick(&[0, 1, 2, 12, 24, 49]);
        let goes_on = self.chance.percent(30);
        let mut state = self.world.state();
        state.now += Duration::hours(hours);
        state.deliver_due();
        if !goes_on {
            calm(&mut state);
        }
        if self.ahead != Duration::ZERO && self.chance.percent(60) {
            state.now -= self.ahead;
            self.ahead = Duration::ZERO;
        }
        state.source_ahead = -self.ahead;
    }

    async fn old_store(&mut self) {
        let Some(copy) = self.copy.take() else { return };
        self.is_old |= self.place.put_back(&copy).await;
        // Nobody can know any more that these are ours.
        let owned = self.place.owned().await;
        let mut state = self.world.state();
        let listed = Rig::listed_in(&state);
        state.foreign.extend(listed.difference(&owned).cloned());
        self.known_from = state.landings.len();
    }

    fn told(&mut self, work: &Work, ended: &Ended) {
        match ended {
            None => self.say(format!("{work:?}: the process ended")),
            Some(Err(error)) => self.say(format!(
                "{work:?}: nothing done: {}",
                easgate_connector::chain(error)
            )),
            Some(Ok(report)) => {
                let changes = &report.changes;
                self.say(format!(
                    "{work:?}: exit {}: {} applied, {} failed, {} held, {} paused, {} replaced{}",
                    report.exit_code(),
                    changes.applied,
                    changes.failed,
                    changes.held,
                    changes.paused,
                    report.replaced,
                    if report.full_needed.is_some() {
                        ", needs a full sync"
                    } else {
                        ""
                    },
                ));
            }
        }
        let edits = std::mem::take(&mut self.world.state().log);
        for edit in edits {
            self.say(format!("  {edit}"));
        }
    }

    async fn check_entries(&mut self) {
        let organization = self.place.organization().await;
        if !organization.tombstones().await.unwrap().is_empty()
            || organization.caution().await.unwrap().is_some()
        {
            return;
        }
        let owned = self.place.owned().await;
        let state = self.world.state();
        if let Some(facts) = &state.newest {
            self.story
                .broken
                .extend(judge::unfounded_entries(&state, facts, &owned));
        }
    }

    /// P1 to P4, and P7, over everything that has landed.
    fn judge(&mut self) {
        let mut state = self.world.state();
        let listed: BTreeSet<String> = Rig::listed_in(&state);
        let taken = state.foreign.difference(&listed);
        let mut broken: Vec<String> = taken.map(|entry| format!("P4: {entry} was taken out")).collect();
        broken.append(&mut state.lawless);
        let counted = &state.landings[self.known_from..];
        let by_hand = |one: &Landing| state.by_hand.contains(&entry(one.mailbox, "", &one.device));
        let consent = |one: &Landing| self.approvals.hold(one) || by_hand(one);
        broken.extend(judge::lost_too_many(counted, LOSSES, consent));
        broken.extend(judge::gained_too_many(counted, GAINS, consent));
        broken.extend(judge::against_the_facts(&state.landings));
        for line in broken {
            if !self.story.broken.contains(&line) {
                self.story.broken.push(line);
            }
        }
    }

    /// Three runs, a day apart, with everything as it should be and the guard's consent.
    async fn calm(&mut self) {
        {
            let mut state = self.world.state();
            calm(&mut state);
            state.now -= self.ahead;
            state.source_ahead = Duration::ZERO;
        }
        self.judge();
        self.known_from = self.world.state().landings.len();
        self.place.config.limits = no_limits();
        self.place.config.accept_shrunken = accepted();
        for _ in 0..3 {
            // What stops writing stands until an administrator says otherwise; a run may have to find it first.
            self.place.resume(&self.world).await;
            self.world.state().now += Duration::hours(25);
            self.one(&Work::Full).await;
        }
        self.agrees("after calm").await;
        self.known_from = self.world.state().landings.len();
        self.judge();
    }

    /// Then ordinary life goes on, and a run that looks at a part is enough for it.
    async fn parts(&mut self) {
        let goes_on = self.chance.percent(40);
        if !goes_on || !self.story.broken.is_empty() {
            return;
        }
        let (work, states): (_, &[&str]) = if self.chance.percent(50) {
            (Work::Quick, &["compliant", "noncompliant", "unknown", "-"])
        } else {
            (Work::Watch, &["compliant", "noncompliant", "inGracePeriod"])
        };
        {
            let mut state = self.world.state();
            state.now += Duration::hours(1);
            life(&mut state, &mut self.chance, states);
            if work == Work::Quick {
                // That one is gone is seen by full syncs alone where the server filters.
                new_phone(&mut state, &mut self.chance);
            }
            state.now += Duration::minutes(1);
        }
        let ended = self.place.run(&self.world, &work).await;
        self.told(&work, &ended);
        if !matches!(&ended, Some(Ok(report)) if report.full_needed.is_some()) {
            self.agrees("after a part").await;
        }
        self.known_from = self.world.state().landings.len();
        self.judge();
    }

    /// P6: nothing is left to do, and phones have what the facts give them.
    async fn agrees(&mut self, when: &str) {
        let left = match self.place.plan(&self.world).await {
            Ok(planned) => planned
                .plan
                .changes
                .iter()
                .map(|change| format!("P6: {when} still to do: {change:?}"))
                .collect(),
            Err(error) => vec![format!(
                "P6: {when} no plan: {}",
                easgate_connector::chain(&error)
            )],
        };
        self.story.broken.extend(left);
        let state = self.world.state();
        if let Some(facts) = &state.newest {
            self.story
                .broken
                .extend(judge::disagreements(&state, facts, &state.foreign));
        }
    }

    pub(super) fn say(&mut self, line: String) {
        self.story.lines.push(line);
    }
}

const fn limits() -> Limits {
    Limits {
        loses_access: Threshold::devices(3),
        gains_access: Threshold::devices(4),
        ..no_limits()
    }
}

/// The inputs that an administrator lets be shorter, once it is calm.
fn accepted() -> BTreeSet<String> {
    [
        "exchange.devices",
        "exchange.mailboxes",
        "enrollment.devices",
        "enrollment.users",
        "enrollment.licences",
        "match-rate",
    ]
    .map(str::to_owned)
    .into()
}
