//! Clocks and turns.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// What one turn of a case does.
pub(crate) type Case<'a> = Box<dyn FnMut() + 'a>;

/// Runs the cases in turns on this thread, and gives the least CPU time of each.
pub(crate) fn least<const N: usize>(turns: usize, mut cases: [Case<'_>; N]) -> [Duration; N] {
    let mut least = [Duration::MAX; N];
    for _ in 0..turns {
        for (case, least) in cases.iter_mut().zip(&mut least) {
            *least = (*least).min(cpu_time(case));
        }
    }
    least
}

/// The CPU time that this thread takes for `work`.
pub(crate) fn cpu_time(work: impl FnOnce()) -> Duration {
    between(ClockId::ThreadCPUTime, work)
}

/// The time that `work` takes on the wall.
pub(crate) fn wall_time(work: impl FnOnce()) -> Duration {
    between(ClockId::Monotonic, work)
}

/// What the clock shows, from any beginning.
pub(crate) fn wall() -> Duration {
    read(ClockId::Monotonic)
}

/// The CPU time of this process so far, all threads together.
pub(crate) fn process_time() -> Duration {
    read(ClockId::ProcessCPUTime)
}

fn between(clock: ClockId, work: impl FnOnce()) -> Duration {
    let start = read(clock);
    work();
    read(clock).saturating_sub(start)
}

fn read(clock: ClockId) -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    let seconds = u64::try_from(tv_sec).expect("neither clock is ever negative");
    let nanoseconds = u32::try_from(tv_nsec).expect("there are less than a thousand million");
    Duration::new(seconds, nanoseconds)
}

/// A count as a number that can be divided.
pub(crate) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Millions of bytes in a second.
pub(crate) fn megabytes_per_second(bytes: usize, time: Duration) -> f64 {
    float(bytes) / 1e6 / time.as_secs_f64()
}
