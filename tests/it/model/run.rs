//! One world from its first event to calm.

use std::collections::BTreeSet;
use std::fmt;

use easgate_compliance::{Limits, Threshold};
use easgate_connector::{CycleError, Report};
use time::Duration;

use super::chance::Chance;
use super::events::{Event, calm, happen, populate};
use super::judge;
use crate::scenario::rig::Rig;
use crate::scenario::script::no_limits;

/// How many phones may lose access within a day.
const LOSSES: usize = 3;

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
    let mut life = Life::new(number);
    // The organisation and the tenant are those that answer at first.
    life.first_run().await;
    let rounds = 1 + life.chance.below(5);
    for _ in 0..rounds {
        life.round().await;
    }
    life.calm().await;
    life.story
}

struct Life {
    rig: Rig,
    chance: Chance,
    story: Story,
    /// An older copy of the store.
    copy: Option<Vec<u8>>,
    /// How far the machine's clock is ahead of everybody else's.
    ahead: Duration,
}

impl Life {
    fn new(number: u64) -> Self {
        let mut chance = Chance::new(number);
        let mut rig = Rig::new();
        rig.config.limits = Limits {
            loses_access: Threshold::devices(u64::try_from(LOSSES).unwrap()),
            ..no_limits()
        };
        populate(&mut rig.world.state(), &mut chance);
        Self {
            rig,
            chance,
            story: Story {
                number,
                lines: Vec::new(),
                broken: Vec::new(),
            },
            copy: None,
            ahead: Duration::ZERO,
        }
    }

    async fn first_run(&mut self) {
        let result = self.rig.sync().await;
        self.told(result.as_ref()).await;
        self.judge();
        self.between_rounds();
    }

    async fn round(&mut self) {
        let mut two_nodes = false;
        let mut disk_full = false;
        for _ in 0..self.chance.below(4) {
            let event = Event::any(&mut self.chance);
            self.say(format!("{event}"));
            happen(&mut self.rig.world.state(), event, &mut self.chance);
            if event == Event::OldStore {
                self.old_store().await;
            }
            if let Event::Clock(days) = event {
                self.ahead += Duration::days(days);
            }
            disk_full |= event == Event::DiskFull;
            two_nodes |= event == Event::TwoNodes;
        }
        self.rig.world.state().source_ahead = -self.ahead;
        if self.copy.is_none() && self.chance.percent(30) {
            self.copy = self.rig.copy();
        }
        if disk_full {
            self.rig.break_journal().await;
        }
        if two_nodes {
            let (one, other) = self.rig.sync_twice().await;
            self.told(one.as_ref()).await;
            self.told(other.as_ref()).await;
        } else {
            let result = self.rig.sync().await;
            self.told(result.as_ref()).await;
        }
        if disk_full {
            self.rig.mend_journal().await;
        }
        self.judge();
        self.between_rounds();
    }

    /// Time passes, and most troubles do.
    fn between_rounds(&mut self) {
        let hours = self.chance.pick(&[0, 1, 2, 12, 24, 49]);
        let goes_on = self.chance.percent(30);
        let mut state = self.rig.world.state();
        state.now += Duration::hours(hours);
        if !goes_on {
            calm(&mut state);
        }
        if self.ahead != Duration::ZERO && self.chance.percent(60) {
            state.now -= self.ahead;
            self.ahead = Duration::ZERO;
        }
    }

    async fn old_store(&mut self) {
        let Some(copy) = self.copy.take() else { return };
        self.rig.put_back(&copy);
        // Nobody can know any more that these are ours.
        let owned = self.rig.owned().await;
        let listed = self.rig.listed();
        self.rig
            .world
            .state()
            .foreign
            .extend(listed.difference(&owned).cloned());
    }

    async fn told(&mut self, result: Option<&Result<Report, CycleError>>) {
        match result {
            None => self.say("the process ended".to_owned()),
            Some(Err(error)) => self.say(format!("nothing done: {}", easgate_connector::chain(error))),
            Some(Ok(report)) => {
                let changes = &report.changes;
                self.say(format!(
                    "exit {}: {} applied, {} failed, {} held",
                    report.exit_code(),
                    changes.applied,
                    changes.failed,
                    changes.held
                ));
                if report.exit_code() == 0 {
                    self.check_entries().await;
                }
            }
        }
    }

    async fn check_entries(&mut self) {
        let owned = self.rig.owned().await;
        let state = self.rig.world.state();
        if let Some(facts) = &state.newest {
            self.story
                .broken
                .extend(judge::unfounded_entries(&state, facts, &owned));
        }
    }

    /// P1 to P4 over everything that has landed.
    fn judge(&mut self) {
        let state = self.rig.world.state();
        let listed: BTreeSet<String> = Rig::listed_in(&state);
        let taken = state.foreign.difference(&listed);
        let mut broken: Vec<String> = taken.map(|entry| format!("P4: {entry} was taken out")).collect();
        broken.extend(judge::lost_too_many(&state.landings, LOSSES));
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
            let mut state = self.rig.world.state();
            calm(&mut state);
            state.now -= self.ahead;
            state.source_ahead = Duration::ZERO;
        }
        self.judge();
        // What a rival led to stands until an administrator says otherwise.
        self.rig.resume().await;
        self.rig.config.limits = no_limits();
        self.rig.config.accept_shrunken = accepted();
        for _ in 0..3 {
            self.rig.world.state().now += Duration::hours(25);
            let result = self.rig.sync().await;
            self.told(result.as_ref()).await;
        }
        let left = match self.rig.plan().await {
            Ok(planned) => planned
                .plan
                .changes
                .iter()
                .map(|change| format!("P6: still to do: {change:?}"))
                .collect(),
            Err(error) => vec![format!("P6: no plan: {}", easgate_connector::chain(&error))],
        };
        self.story.broken.extend(left);
        let state = self.rig.world.state();
        if let Some(facts) = &state.newest {
            self.story
                .broken
                .extend(judge::disagreements(&state, facts, &state.foreign));
        }
    }

    fn say(&mut self, line: String) {
        self.story.lines.push(line);
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
