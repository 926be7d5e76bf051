//! Counts what the heap is asked for: `heap record FORM` the allocations of a borrowed record, `heap decide DEVICES` the bytes
//! that deciding and planning hold at their peak, besides the facts.
//!
//! It is a program of its own, since a heap that counts is slower. What grows is counted with its old and its new place.

use std::hint::black_box;
use std::process::ExitCode;

use easgate_benches::devices::{Form, device};
use easgate_benches::organization::organization;
use easgate_benches::record;
use easgate_compliance::{Policy, decide, plan};

/// How many records are decoded.
const RECORDS: u32 = 200;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what it prints is its result"
)]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let counted = match arguments.as_slice() {
        ["record", name] => Form::named(name).map(record_allocations),
        ["decide", devices] => devices.parse().ok().map(decide_bytes),
        _ => None,
    };
    let Some(counted) = counted else {
        eprintln!("usage: heap record partial|full|fullsd, or heap decide DEVICES");
        return ExitCode::FAILURE;
    };
    println!("{counted}");
    ExitCode::SUCCESS
}

/// Allocations a record.
fn record_allocations(form: Form) -> f64 {
    let messages: Vec<String> = (0..RECORDS)
        .map(|number| device(form, usize::try_from(number).expect("it is small")))
        .collect();
    let counted = allocation_counter::measure(|| {
        for message in &messages {
            black_box(record::decode(black_box(message.as_bytes())));
        }
    });
    f64::from(u32::try_from(counted.count_total).unwrap_or(u32::MAX)) / f64::from(RECORDS)
}

/// Bytes a device.
fn decide_bytes(devices: u32) -> f64 {
    let (facts, ownership) = organization(devices);
    let policy = Policy::default();
    let counted = allocation_counter::measure(|| {
        let decisions = decide(&facts, &policy, &ownership);
        black_box(plan(&facts, &decisions, &ownership, &policy));
    });
    f64::from(u32::try_from(counted.bytes_max).unwrap_or(u32::MAX)) / f64::from(devices)
}
