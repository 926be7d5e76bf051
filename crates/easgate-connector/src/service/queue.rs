//! The jobs that wait in one organisation.

use std::collections::VecDeque;
use std::mem;

use crate::kind::Kind;
use crate::service::{Job, Work};

/// How many users' syncs may wait.
const MOST_USERS: usize = 64;

/// How many commands may wait.
const MOST_COMMANDS: usize = 16;

/// How many users' syncs go before a sync that waits.
const USERS_IN_A_ROW: u32 = 8;

/// Jobs that wait, each with those who want to hear how it ends. Equal syncs are one, and a full sync is also a quick one;
/// commands go first, each by itself.
#[derive(Debug)]
pub(crate) struct Queue<W> {
    full: Option<Waiting<W>>,
    quick: Option<Waiting<W>>,
    watch: Option<Waiting<W>>,
    users: Vec<Waiting<W>>,
    commands: VecDeque<Waiting<W>>,
    users_in_a_row: u32,
}

/// A job that waits.
#[derive(Debug)]
pub(crate) struct Waiting<W> {
    pub(crate) job: Job,
    pub(crate) waiters: Vec<W>,
}

/// So many wait that no other one is taken.
#[derive(Debug)]
pub(crate) struct Crowded<W>(pub(crate) Option<W>);

impl<W> Queue<W> {
    pub(crate) const fn new() -> Self {
        Self {
            full: None,
            quick: None,
            watch: None,
            users: Vec::new(),
            commands: VecDeque::new(),
            users_in_a_row: 0,
        }
    }

    /// Adds a job; one that waits already gets one more waiter.
    pub(crate) fn push(&mut self, job: Job, waiter: Option<W>) -> Result<(), Crowded<W>> {
        let place = match &job.work {
            Work::Full => &mut self.full,
            Work::Quick => &mut self.quick,
            Work::Watch => &mut self.watch,
            Work::Order(_) => {
                if self.commands.len() >= MOST_COMMANDS {
                    return Err(Crowded(waiter));
                }
                self.commands.push_back(Waiting::new(job, waiter));
                return Ok(());
            }
            Work::User(_) => {
                let same = self.users.iter().position(|other| is_same_user(&other.job, &job));
                match same {
                    Some(place) => self.users[place].join(&job, waiter),
                    None if self.users.len() >= MOST_USERS => return Err(Crowded(waiter)),
                    None => self.users.push(Waiting::new(job, waiter)),
                }
                return Ok(());
            }
        };
        match place {
            Some(other) => other.join(&job, waiter),
            None => *place = Some(Waiting::new(job, waiter)),
        }
        Ok(())
    }

    /// Takes the job that comes next among those that exclude each other.
    pub(crate) fn next_main(&mut self) -> Option<Waiting<W>> {
        if let Some(command) = self.commands.pop_front() {
            return Some(command);
        }
        let others_wait = self.full.is_some() || self.quick.is_some();
        let have_had_their_turn = others_wait && self.users_in_a_row >= USERS_IN_A_ROW;
        if !self.users.is_empty() && !have_had_their_turn {
            self.users_in_a_row += 1;
            return Some(self.users.remove(0));
        }
        self.users_in_a_row = 0;
        if let Some(mut full) = self.full.take() {
            if let Some(quick) = self.quick.take() {
                full.waiters.extend(quick.waiters);
            }
            return Some(full);
        }
        self.quick.take()
    }

    /// Takes the watch pass, which runs beside the others.
    pub(crate) const fn next_watch(&mut self) -> Option<Waiting<W>> {
        self.watch.take()
    }

    /// Takes everything, in no order.
    pub(crate) fn drain(&mut self) -> Vec<Waiting<W>> {
        let mut all = mem::take(&mut self.users);
        all.extend(mem::take(&mut self.commands));
        all.extend(self.full.take());
        all.extend(self.quick.take());
        all.extend(self.watch.take());
        all
    }

    /// The kinds that wait, a user's sync as often as there are users.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let places = [&self.full, &self.quick, &self.watch];
        let places = places.into_iter().flatten();
        places
            .chain(&self.users)
            .chain(&self.commands)
            .map(|waiting| waiting.job.kind())
            .collect()
    }
}

impl<W> Waiting<W> {
    fn new(job: Job, waiter: Option<W>) -> Self {
        Self {
            job,
            waiters: waiter.into_iter().collect(),
        }
    }

    fn join(&mut self, job: &Job, waiter: Option<W>) {
        self.job.accept_shrunken |= job.accept_shrunken;
        self.job.log_on_again |= job.log_on_again;
        self.waiters.extend(waiter);
    }
}

fn is_same_user(one: &Job, other: &Job) -> bool {
    match (&one.work, &other.work) {
        (Work::User(one), Work::User(other)) => one.to_lowercase() == other.to_lowercase(),
        (Work::Full | Work::Quick | Work::Watch | Work::User(_) | Work::Order(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::service::{By, Order, Ordered};

    fn user(address: &str) -> Job {
        Job::new(Work::User(address.to_owned()), By::Signal)
    }

    fn order(queue: &mut Queue<u32>) -> Vec<(Work, Vec<u32>)> {
        std::iter::from_fn(|| queue.next_main())
            .map(|waiting| (waiting.job.work, waiting.waiters))
            .collect()
    }

    #[test]
    fn equal_jobs_are_one_and_a_full_sync_is_also_a_quick_one() {
        let mut queue = Queue::new();
        let shrunken = Job {
            accept_shrunken: true,
            ..Job::new(Work::Full, By::Signal)
        };
        let jobs = [
            Job::new(Work::Quick, By::Signal),
            Job::new(Work::Full, By::Signal),
            user("Ana@x.example"),
            Job::new(Work::Watch, By::Signal),
            user("ana@X.example"),
            shrunken,
            Job::new(Work::Watch, By::Schedule),
        ];
        for (job, waiter) in jobs.into_iter().zip(0..) {
            queue.push(job, Some(waiter)).unwrap();
        }
        assert_eq!(queue.kinds(), [Kind::Full, Kind::Quick, Kind::Watch, Kind::User]);
        assert_eq!(queue.next_watch().unwrap().waiters, [3, 6]);
        let ana = queue.next_main().unwrap();
        assert_eq!((ana.job, ana.waiters), (user("Ana@x.example"), vec![2, 4]));
        let full = queue.next_main().unwrap();
        assert!(full.job.accept_shrunken, "the wish of one of them counts");
        assert_eq!(full.waiters, [1, 5, 0]);
        assert!(queue.next_main().is_none() && queue.kinds().is_empty());
    }

    #[test]
    fn users_go_first_but_do_not_keep_a_full_sync_waiting_for_ever() {
        let mut queue = Queue::new();
        queue.push(Job::new(Work::Full, By::Signal), Some(1000)).unwrap();
        for number in 0..20 {
            queue
                .push(user(&format!("u{number}@x.example")), Some(number))
                .unwrap();
        }
        let place = order(&mut queue).iter().position(|(work, _)| *work == Work::Full);
        assert_eq!(place, Some(8));
    }

    #[test]
    fn commands_go_first_each_by_itself_and_are_bounded() {
        let order = Order {
            what: Ordered::Release,
            by: None,
        };
        let job = Job::new(Work::Order(Arc::new(order)), By::Peer { uid: 1 });
        let mut queue = Queue::new();
        queue.push(user("ana@x.example"), Some(0)).unwrap();
        let taken = (1..100).filter(|number| queue.push(job.clone(), Some(*number)).is_ok());
        assert_eq!(taken.count(), MOST_COMMANDS);
        assert_eq!(queue.next_main().unwrap().waiters, [1]);
        assert_eq!(queue.next_main().unwrap().waiters, [2]);
        assert_eq!(queue.drain().len(), MOST_COMMANDS - 1);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut queue = Queue::new();
        let taken = (0..1000).filter(|number| {
            queue
                .push(user(&format!("u{number}@x.example")), Some(*number))
                .is_ok()
        });
        assert_eq!(taken.count(), MOST_USERS);
        queue.push(user("U7@x.example"), None).unwrap();
        assert_eq!(queue.drain().len(), MOST_USERS);
        assert!(queue.kinds().is_empty());
    }
}
