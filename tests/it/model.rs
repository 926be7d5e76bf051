//! Random worlds, in which everything happens that an administrator fears, and the laws that hold in all of them.
//!
//! A world is a small organisation with its phones, an enrolment source and a store. Rounds of events go over it, each
//! followed by runs: full and quick syncs, watch passes, runs for one user, one in the middle of another, two processes on
//! one store, an easgate with a store of its own. Then everything is calm, and three full syncs have to bring agreement;
//! ordinary life goes on, and a run that looks at a part has to bring it again. The laws:
//!
//! - **P1** devices that lose access within any 24 hours without an approval stay within the guard;
//! - **P2** none loses access whose newest complete and evaluated facts allow it;
//! - **P3** none whose newest such facts refuse it gains access by a write of ours;
//! - **P4** entries of others stay;
//! - **P5** after a full sync no allow entry of ours stands against a verdict;
//! - **P6** after calm the plan is empty within three cycles;
//! - **P7** nothing is sent while something forbids it: a pause, a journal that cannot be written, a store that is
//!   doubtful, another tenant or organisation, a wrong clock.
//!
//! A world is made from its number alone. `EASGATE_MODEL_WORLDS` says how many there are, `EASGATE_MODEL_FIRST` which is
//! the first: a failure names the number of its world, and `EASGATE_MODEL_WORLDS=1` with that number shows it again.

mod chance;
mod events;
mod happen;
mod judge;
mod people;
mod place;
mod run;

pub(crate) use judge::verdict;

use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use run::Story;

/// How many worlds there are when nobody says otherwise.
const WORLDS: u64 = 2_000;

#[test]
fn no_world_breaks_a_law() {
    let first = setting("EASGATE_MODEL_FIRST").unwrap_or(1);
    let worlds = setting("EASGATE_MODEL_WORLDS").unwrap_or(WORLDS);
    println!("worlds {first} to {}", first + worlds - 1);
    let next = AtomicU64::new(first);
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut broken = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= first + worlds {
                break broken;
            }
            let story = runtime.block_on(run::world(number));
            if !story.broken.is_empty() {
                broken.push(story);
            }
        }
    };
    let mut broken: Vec<Story> = thread::scope(|scope| {
        let threads: Vec<_> = (0..thread::available_parallelism().map_or(2, usize::from))
            .map(|_| scope.spawn(work))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    broken.sort_by_key(Story::length);
    // The shortest story of each law tells most.
    let laws = ["P1", "P2", "P3", "P4", "P5", "P6", "P7"];
    let told: Vec<String> = laws
        .iter()
        .filter_map(|law| {
            let breaking: Vec<_> = broken.iter().filter(|story| story.breaks(law)).collect();
            let shortest = breaking.first()?;
            Some(format!(
                "{} worlds break {law}; the shortest:\n{shortest}",
                breaking.len()
            ))
        })
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the number of worlds is not part of the product"
)]
fn setting(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}
