//! The model test for as long as somebody wants.

use std::time::SystemTime;

use crate::run::{self, Failure};

/// Lives `worlds` random worlds, beginning with number `first`, or with one that differs from time to time.
pub(crate) fn soak(worlds: u64, first: Option<u64>) -> Result<(), Failure> {
    let first = first.unwrap_or_else(of_the_hour);
    println!("worlds from {first}; one of them again: cargo xtask soak --worlds 1 --first NUMBER");
    let mut test = run::command(env!("CARGO"));
    test.args([
        "test",
        "--locked",
        "-p",
        "easgate-tests",
        "--test",
        "it",
        "model::",
    ])
    .env("EASGATE_MODEL_WORLDS", worlds.to_string())
    .env("EASGATE_MODEL_FIRST", first.to_string());
    run::finish(&mut test)
}

/// A number that nobody has tried yet.
#[expect(
    clippy::disallowed_methods,
    reason = "which worlds are tried is to differ from time to time"
)]
fn of_the_hour() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| since.as_secs() * 1_000)
}
