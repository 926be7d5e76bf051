//! A month of service with a clock that runs faster: what is due runs when it is due, people come and go, Exchange is away
//! at times, the clocks go forward, and neither the memory of the process nor the store grows without end.
//!
//! Where nothing happens a watch pass comes once an hour, and each minute for a while after something has.

mod days;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::process::Command;

use easgate_compliance::{Limits, Threshold};
use easgate_connector::ports::SourceKind;
use easgate_connector::schedule::{Daily, LastRuns, Schedule};
use time::macros::datetime;
use time::{Date, Duration, OffsetDateTime, UtcOffset};

use crate::model::{Place, Work, disagreements, lost_too_many};
use crate::scenario::script::no_limits;
use crate::scenario::world::{Hand, World};
use days::{Days, PEOPLE};

/// The clocks of Berlin go forward on the 29th of March.
const BEGIN: OffsetDateTime = datetime!(2026-03-15 07:20 UTC);
const FORWARD: OffsetDateTime = datetime!(2026-03-29 01:00 UTC);
const LENGTH: Duration = Duration::days(30);
const NAME: &str = "month::in_a_month_every_day_has_its_syncs_and_neither_memory_nor_store_grows";
/// How many phones may lose access within a day.
const LOSSES: usize = 3;
/// By how much the process may grow between the third day and the last, in KiB.
const GROWTH: u64 = 8 * 1024;

#[test]
fn in_a_month_every_day_has_its_syncs_and_neither_memory_nor_store_grows() {
    if !is_alone() {
        // A process of its own, whose memory is that of the month.
        let program = env::current_exe().unwrap();
        let mut month = Command::new(program);
        month.args([NAME, "--exact", "--nocapture", "--test-threads=1"]);
        let ended = month.env("EASGATE_MONTH_ALONE", "1").status().unwrap();
        assert!(ended.success());
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut month = Month::new().await;
        month.live().await;
        month.tell();
        month.judge();
        month.place.end().await;
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test starts itself is not part of the product"
)]
fn is_alone() -> bool {
    env::var("EASGATE_MONTH_ALONE").is_ok()
}

struct Month {
    world: World,
    place: Place,
    days: Days,
    last: LastRuns,
    full: Vec<OffsetDateTime>,
    quick: usize,
    watch: usize,
    /// Runs that ended without having read everything.
    unread: usize,
    /// At the end of each day: KiB of memory, rows of what is kept of now, rows of what is history.
    measured: Vec<Measure>,
}

#[derive(Debug, Clone, Copy)]
struct Measure {
    memory: u64,
    state: u64,
    history: u64,
}

impl Month {
    async fn new() -> Self {
        let world = World::new();
        {
            let mut state = world.state();
            state.now = BEGIN;
            state.source = SourceKind::Graph;
            state.tells_times = true;
        }
        let limits = Limits {
            loses_access: Threshold::devices(u64::try_from(LOSSES).unwrap()),
            ..no_limits()
        };
        Self {
            days: Days::new(&world),
            world,
            place: Place::new(Hand::Ours, limits, true).await,
            last: LastRuns::default(),
            full: Vec::new(),
            quick: 0,
            watch: 0,
            unread: 0,
            measured: Vec::new(),
        }
    }

    async fn live(&mut self) {
        let mut day = 0;
        while self.now() < BEGIN + LENGTH {
            let schedule = self.schedule();
            let times = schedule.times(&self.last, self.now());
            let due = |at: Option<OffsetDateTime>| at.is_some_and(|at| at <= self.now());
            if due(times.full) {
                self.run(Work::Full).await;
            } else if due(times.quick) {
                self.run(Work::Quick).await;
            } else if due(times.watch) {
                self.run(Work::Watch).await;
            }
            let soonest = [times.full, times.quick, times.watch, Some(self.days.next())];
            let soonest = soonest
                .into_iter()
                .flatten()
                .min()
                .expect("something always comes");
            {
                let mut state = self.world.state();
                // A run takes half a minute.
                state.now = soonest.max(state.now + Duration::seconds(30));
                state.deliver_due();
            }
            self.days.pass(&self.world, &mut self.place).await;
            if (self.now() - BEGIN).whole_days() > day {
                day += 1;
                self.end_day(day).await;
            }
        }
    }

    /// Watch passes come each minute where something happened within the last five.
    fn schedule(&self) -> Schedule {
        let is_lively = self.now() - self.days.happened() < Duration::minutes(5);
        let watch = if is_lively { 60 } else { 3_600 };
        Schedule {
            full: Some(Daily::new("02:30".parse().unwrap(), "Europe/Berlin").unwrap()),
            quick: Some(std::time::Duration::from_secs(2 * 3_600)),
            watch: Some(std::time::Duration::from_secs(watch)),
        }
    }

    async fn run(&mut self, work: Work) {
        let began = self.now();
        let ended = self.place.run(&self.world, &work).await.expect("nothing crashes");
        let Ok(report) = ended else {
            assert!(
                self.days.is_away(),
                "only Exchange's absence keeps runs from reading"
            );
            self.unread += 1;
            // The service waits before it tries again.
            self.world.state().now += Duration::minutes(15);
            return;
        };
        let (kind, count) = match work {
            Work::Full => {
                self.full.push(began);
                self.last.full = Some(began);
                return;
            }
            Work::Quick => (&mut self.last.quick, &mut self.quick),
            Work::Watch => (&mut self.last.watch, &mut self.watch),
            Work::User(_) => unreachable!("the schedule runs nobody by itself"),
        };
        *kind = Some(began);
        *count += 1;
        assert!(
            report.full_needed.is_none(),
            "{work:?} at {began}: {:?}",
            report.full_needed
        );
    }

    async fn end_day(&mut self, day: i64) {
        let memory = memory();
        let (state, history) = self.place.rows().await;
        self.measured.push(Measure {
            memory,
            state,
            history,
        });
        // What the facts say is so by the end of each day, but for what is held for a reason.
        let held = self.place.held().await;
        let state = self.world.state();
        let facts = state.newest.as_ref().expect("a full sync has read them");
        let wrong = disagreements(&state, facts, &state.foreign);
        let wrong: Vec<_> = wrong
            .into_iter()
            .filter(|line| !held.iter().any(|device| line.contains(&format!(" {device} of "))))
            .collect();
        assert!(
            wrong.is_empty() || self.days.is_away() || !self.days.is_settled(),
            "day {day}: {wrong:#?}"
        );
    }

    fn tell(&self) {
        println!(
            "{} full syncs, {} quick syncs, {} watch passes, {} that could not read",
            self.full.len(),
            self.quick,
            self.watch,
            self.unread
        );
        for (day, measure) in (1..).zip(&self.measured) {
            println!("day {day}: {measure:?}");
        }
    }

    fn judge(&self) {
        once_each_day(&self.full);
        assert!(self.quick > 300, "{}", self.quick);
        assert!(self.watch > 30 * 24, "{}", self.watch);
        assert!(self.unread > 0, "Exchange was away");
        let state = self.world.state();
        let late = lost_too_many(&state.landings, LOSSES, |one| self.days.approved(one));
        assert_eq!((late, &state.lawless), (None, &Vec::new()));
        self.days.all_happened();
        let (early, last) = (self.measured[2], self.measured[self.measured.len() - 1]);
        assert!(
            last.memory <= early.memory + GROWTH,
            "{} KiB after day 3, {} KiB at the end",
            early.memory,
            last.memory
        );
        // Of each phone and each person there are a few rows, however long the service runs.
        assert!(last.state <= 30 * PEOPLE, "{last:?}");
        // A sync has its few records of history, and a watch pass that finds nothing has none.
        let syncs = u64::try_from(self.full.len() + self.quick).unwrap();
        let changes = u64::try_from(state.landings.len()).unwrap();
        assert!(
            last.history <= 8 * syncs + 16 * changes + 200,
            "{last:?}: {syncs} syncs, {changes} changes"
        );
    }

    fn now(&self) -> OffsetDateTime {
        self.world.state().now
    }
}

/// One for each local day at its time, or as soon as Exchange was there again; at half past three where half past two
/// is left out.
fn once_each_day(full: &[OffsetDateTime]) {
    let local = |at: &OffsetDateTime| {
        at.to_offset(UtcOffset::from_hms(if *at >= FORWARD { 2 } else { 1 }, 0, 0).unwrap())
    };
    let days: Vec<Date> = full.iter().map(|at| local(at).date()).collect();
    let different: BTreeSet<&Date> = days.iter().collect();
    assert_eq!((days.len(), different.len()), (31, 31), "{full:#?}");
    let of_the_night = full.iter().find(|at| local(at).date() == FORWARD.date()).unwrap();
    assert_eq!(
        (local(of_the_night).hour(), local(of_the_night).minute()),
        (3, 30)
    );
}

/// The memory that the process has now, in KiB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
