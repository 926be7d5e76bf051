//! CLIXML decoding against quick-xml's bare event loop over the same bytes, the floor of most XML readers.
//!
//! First the ratios, measured case after case in turns so that a busy machine slows all alike; then divan's table with
//! the allocations of one object. `--test` runs everything once.

use std::borrow::Cow;
use std::hint::black_box;
use std::time::{Duration, Instant};

use divan::AllocProfiler;
use easgate_benches::devices::{Form, device};
use easgate_psrp::clixml::{self, Event, Limits, Reader};
use serde::Deserialize;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// A text that is borrowed inside an `Option`, too, where serde makes a bare `Cow` an owned one.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
#[expect(dead_code, reason = "it is decoded, not used")]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// What a full sync reads of a device, borrowed from the message.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is decoded, not used")]
#[serde(rename_all = "PascalCase")]
struct MobileDevice<'a> {
    #[serde(borrow)]
    friendly_name: Option<Text<'a>>,
    #[serde(borrow)]
    device_id: Cow<'a, str>,
    #[serde(borrow)]
    device_imei: Option<Text<'a>>,
    #[serde(rename = "DeviceOS", borrow)]
    device_os: Option<Text<'a>>,
    #[serde(borrow)]
    device_telephone_number: Option<Text<'a>>,
    #[serde(borrow)]
    device_type: Option<Text<'a>>,
    #[serde(borrow)]
    device_user_agent: Option<Text<'a>>,
    #[serde(borrow)]
    device_model: Option<Text<'a>>,
    #[serde(borrow)]
    first_sync_time: Option<Text<'a>>,
    #[serde(borrow)]
    device_access_state: Option<Text<'a>>,
    #[serde(borrow)]
    device_access_state_reason: Option<Text<'a>>,
    #[serde(borrow)]
    device_access_control_rule: Option<Text<'a>>,
    #[serde(borrow)]
    device_active_sync_version: Option<Text<'a>>,
    #[serde(borrow)]
    client_type: Option<Text<'a>>,
    is_managed: Option<bool>,
    is_disabled: Option<bool>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    distinguished_name: Cow<'a, str>,
    #[serde(borrow)]
    identity: Option<Text<'a>>,
    #[serde(rename = "WhenChangedUTC", borrow)]
    when_changed_utc: Option<Text<'a>>,
    #[serde(rename = "WhenCreatedUTC", borrow)]
    when_created_utc: Option<Text<'a>>,
    #[serde(borrow)]
    guid: Option<Text<'a>>,
    is_valid: Option<bool>,
}

/// A way to read a message, and its name.
type Case = (&'static str, fn(&str) -> usize);

const CASES: [Case; 4] = [
    ("quick-xml, bare events", floor),
    ("typed struct, 23 fields", typed),
    ("elements (Reader)", elements),
    ("dynamic (PsValue)", dynamic),
];

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    for form in [Form::Partial, Form::Full] {
        ratios(form, if quick { 1 } else { 100 });
    }
    divan::main();
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
fn ratios(form: Form, rounds: usize) {
    let corpus: Vec<String> = (0..100).map(|number| device(form, number)).collect();
    let bytes: usize = corpus.iter().map(String::len).sum();
    let mut times = CASES.map(|_| Vec::with_capacity(rounds));
    for _ in 0..rounds {
        for ((_, read), times) in CASES.iter().zip(&mut times) {
            times.push(measure(&corpus, *read));
        }
    }
    // The fastest round is the one that the rest of the machine disturbed least.
    let fastest = times.map(|times| times.into_iter().min().unwrap_or_default().as_secs_f64());
    println!(
        "{form:?}: {} objects, {} bytes each",
        corpus.len(),
        bytes / corpus.len()
    );
    for ((name, _), time) in CASES.iter().zip(fastest) {
        let megabytes = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1e6;
        println!(
            "  {name:<26} {:>7.0} MB/s  {:>5.2} of the floor",
            megabytes / time,
            time / fastest[0]
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn measure(corpus: &[String], read: fn(&str) -> usize) -> Duration {
    let start = Instant::now();
    for message in corpus {
        black_box(read(black_box(message)));
    }
    start.elapsed()
}

fn floor(message: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(message);
    let mut events = 0;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) | Err(_) => return events,
            Ok(event) => {
                black_box(event);
                events += 1;
            }
        }
    }
}

fn typed(message: &str) -> usize {
    let device: MobileDevice<'_> = clixml::from_slice(message.as_bytes()).expect("a device");
    black_box(&device).device_id.len()
}

fn elements(message: &str) -> usize {
    let mut reader = Reader::new(message, &Limits::default()).expect("a device");
    let mut starts = 0;
    while let Some(event) = reader.next_event().expect("a device") {
        starts += usize::from(matches!(black_box(event), Event::Start(_)));
    }
    starts
}

fn dynamic(message: &str) -> usize {
    black_box(clixml::parse(message.as_bytes()).expect("a device")).len()
}

#[divan::bench(args = [Form::Partial, Form::Full])]
fn typed_struct(bencher: divan::Bencher<'_, '_>, form: Form) {
    // The friendly name has an entity, which is the one allocation that decoding cannot do without.
    let message = device(form, 7);
    bencher
        .counter(divan::counter::BytesCount::of_str(&message))
        .bench(|| typed(black_box(&message)));
}

#[divan::bench(args = [Form::Partial, Form::Full])]
fn dynamic_value(bencher: divan::Bencher<'_, '_>, form: Form) {
    let message = device(form, 7);
    bencher
        .counter(divan::counter::BytesCount::of_str(&message))
        .bench(|| dynamic(black_box(&message)));
}
