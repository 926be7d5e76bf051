//! How cost grows with the number of devices.

use std::hint::black_box;
use std::path::Path;

use crate::Failure;
use crate::devices::{Form, device};
use crate::measure::{cpu_time, float};
use crate::organization::organization;
use crate::rows::{answers, count, decided, whole_way};

/// How many records are made; more of them are the same ones again.
const RECORDS: usize = 1_000;

/// The cost of one number of devices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) devices: f64,
    /// Seconds of CPU from the answers' SOAP to typed records.
    pub(crate) read: f64,
    /// Seconds of CPU to decide and to plan.
    pub(crate) decide: f64,
    /// Bytes of heap at the peak of that, besides the facts.
    pub(crate) heap: f64,
}

/// Measures each number of devices once; small ones several times, of which the least counts.
pub(crate) fn measure(sizes: &[u32], heap: &Path) -> Result<Vec<Point>, Failure> {
    let messages: Vec<String> = (0..RECORDS).map(|number| device(Form::Partial, number)).collect();
    sizes
        .iter()
        .map(|&devices| {
            let number = usize::try_from(devices)?;
            let turns = (100_000 / number).clamp(1, 20);
            let (whole, rest) = (number / RECORDS, number % RECORDS);
            let (all, some) = (answers(&messages), answers(&messages[..rest]));
            let read = || {
                for _ in 0..whole {
                    black_box(whole_way(&all));
                }
                black_box(whole_way(&some));
            };
            let (facts, ownership) = organization(devices);
            let decide = || {
                black_box(decided(&facts, &ownership));
            };
            let least = |work: &dyn Fn()| {
                let times = (0..turns).map(|_| cpu_time(work));
                times.min().unwrap_or_default().as_secs_f64()
            };
            Ok(Point {
                devices: float(number),
                read: least(&read),
                decide: least(&decide),
                heap: count(heap, &["decide", &devices.to_string()])? * float(number),
            })
        })
        .collect()
}
