//! Order, ends and speed of work that is done side by side, in simulated time.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use super::*;
use crate::clock::Clock;
use crate::gate::Gate;
use crate::pace::Signal;
use crate::queue::WriteQueue;

/// The clock of the paused runtime.
struct Paused(Instant);

impl Paused {
    fn new() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for Paused {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn since_boot(&self) -> Duration {
        self.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }
}

fn singles(items: usize) -> Vec<VecDeque<usize>> {
    (0..items).map(|item| VecDeque::from([item])).collect()
}

const LATENCY: Duration = Duration::from_millis(40);

#[tokio::test(start_paused = true)]
async fn lanes_carry_at_least_95_percent_of_what_they_could() {
    for lanes in [1, 2, 4, 8, 15] {
        let clock = Paused::new();
        let queue = WriteQueue::new(lanes);
        let gate = Gate::new(&queue, &clock);
        let work = |_: usize| async {
            let pass = gate.enter().await.unwrap();
            sleep(LATENCY).await;
            pass.leave(Signal::Fine);
        };
        let items = 1_200;
        assert_eq!(side_by_side(lanes, singles(items), work, |()| Next::Go).await, 0);
        let took = clock.elapsed();
        let ideal = LATENCY * u32::try_from(items / lanes).unwrap();
        assert!(
            took.mul_f64(0.95) <= ideal,
            "{lanes} lanes took {took:?} instead of {ideal:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_worked_on_in_its_order_and_never_twice_at_once() {
    let busy = RefCell::new(BTreeSet::new());
    let seen = RefCell::new(Vec::new());
    let groups = (0..20_u64).map(|group| (0..5_u64).map(|item| (group, item)).collect());
    let work = |(group, item): (u64, u64)| {
        let (busy, seen) = (&busy, &seen);
        async move {
            assert!(busy.borrow_mut().insert(group), "two changes of {group} at once");
            sleep(Duration::from_millis(1 + (group * 7 + item * 3) % 11)).await;
            busy.borrow_mut().remove(&group);
            seen.borrow_mut().push((group, item));
        }
    };
    side_by_side(6, groups, work, |()| Next::Go).await;
    assert_eq!(seen.borrow().len(), 100);
    for group in 0..20 {
        let seen = seen.borrow();
        let order: Vec<u64> = seen
            .iter()
            .filter(|one| one.0 == group)
            .map(|one| one.1)
            .collect();
        assert_eq!(order, [0, 1, 2, 3, 4]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_at_the_end_is_finished_and_nothing_else_is_begun() {
    let begun = RefCell::new(0);
    let work = |item: usize| {
        *begun.borrow_mut() += 1;
        async move {
            sleep(Duration::from_millis(u64::try_from(10 + item).unwrap())).await;
            item
        }
    };
    let mut results = Vec::new();
    let left = side_by_side(4, singles(20), work, |item| {
        results.push(item);
        if item == 1 { Next::Stop } else { Next::Go }
    })
    .await;
    assert_eq!((results, *begun.borrow(), left), (vec![0, 1, 2, 3, 4], 5, 15));
}

#[tokio::test(start_paused = true)]
async fn every_lane_waits_as_long_as_one_was_told_to() {
    let clock = Paused::new();
    let queue = WriteQueue::new(4);
    let gate = Gate::new(&queue, &clock);
    let sent = RefCell::new(Vec::new());
    let work = |item: usize| {
        let (gate, sent, clock) = (&gate, &sent, &clock);
        async move {
            let pass = gate.enter().await.unwrap();
            sent.borrow_mut().push(clock.elapsed());
            sleep(LATENCY).await;
            let wait = Duration::from_secs(30);
            pass.leave(if item == 0 {
                Signal::Throttled(Some(wait))
            } else {
                Signal::Fine
            });
        }
    };
    side_by_side(4, singles(12), work, |()| Next::Go).await;
    let resume = LATENCY + Duration::from_secs(30);
    let (before, after): (Vec<_>, Vec<_>) = sent.take().into_iter().partition(|sent| *sent < resume);
    assert_eq!(before, [Duration::ZERO; 4]);
    assert_eq!(after.len(), 8);
    let at_once = after.iter().filter(|sent| **sent < resume + LATENCY).count();
    assert!(at_once <= 2, "the lanes are halved: {after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_is_shut_lets_nobody_in() {
    let clock = Paused::new();
    let queue = WriteQueue::new(1);
    let gate = Gate::new(&queue, &clock);
    let inside = gate.enter().await.unwrap();
    let (waiting, ()) = futures::join!(gate.enter(), async {
        gate.shut();
        inside.leave(Signal::Fine);
    });
    assert!(waiting.is_none());
    assert!(gate.enter().await.is_none());
}
