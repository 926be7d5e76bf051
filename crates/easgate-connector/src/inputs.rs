//! The protection against inputs that are empty or have shrunk.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// From how many rows on a loss of rows is measured: below, one person who leaves is a large part.
const MEASURED_FROM: u64 = 10;

/// Inputs of which no organisation that works has none.
const NEVER_EMPTY: [&str; 4] = [
    "exchange.mailboxes",
    "enrollment.devices",
    "enrollment.users",
    "enrollment.licences",
];

/// An input that is shorter than it can be believed to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortInput {
    /// Its stable name.
    pub input: String,
    /// How many rows it had in the last good run, if there was one.
    pub before: Option<u64>,
    /// How many it has.
    pub rows: u64,
}

impl fmt::Display for ShortInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.before {
            Some(before) => write!(f, "{} has {} rows and had {before}", self.input, self.rows),
            None => write!(f, "{} has no rows", self.input),
        }
    }
}

impl ShortInput {
    /// Whether a person may say that it is right all the same. An empty input is never right.
    #[must_use]
    pub const fn may_be_accepted(&self) -> bool {
        self.rows > 0
    }
}

/// Returns the inputs that are too short: empty ones, and those that lost more than a fifth of their rows since
/// the last good run and are not among `accepted`.
#[must_use]
pub fn short_inputs(
    now: &BTreeMap<String, u64>,
    before: &BTreeMap<String, u64>,
    accepted: &BTreeSet<String>,
) -> Vec<ShortInput> {
    now.iter()
        .filter_map(|(input, &rows)| {
            let before = before.get(input).copied();
            let empty =
                rows == 0 && (NEVER_EMPTY.contains(&input.as_str()) || before.is_some_and(|had| had > 0));
            let shrunk = before.is_some_and(|had| has_shrunk(had, rows)) && !accepted.contains(input);
            (empty || shrunk).then(|| ShortInput {
                input: input.clone(),
                before,
                rows,
            })
        })
        .collect()
}

/// Whether more than a fifth is gone.
fn has_shrunk(had: u64, rows: u64) -> bool {
    had >= MEASURED_FROM && u128::from(rows) * 5 < u128::from(had) * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(text: &str) -> BTreeMap<String, u64> {
        text.split_whitespace()
            .map(|part| part.split_once('=').unwrap())
            .map(|(input, rows)| (input.to_owned(), rows.parse().unwrap()))
            .collect()
    }

    fn check(before: &str, now: &str, accepted: &str, short: &[&str]) {
        let accepted = accepted.split_whitespace().map(str::to_owned).collect();
        let found: Vec<_> = short_inputs(&sizes(now), &sizes(before), &accepted)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, short, "{before:?} then {now:?}");
    }

    #[test]
    fn an_input_may_lose_a_fifth_and_no_more() {
        check("exchange.devices=100", "exchange.devices=80", "", &[]);
        check(
            "exchange.devices=100",
            "exchange.devices=79",
            "",
            &["exchange.devices has 79 rows and had 100"],
        );
        check(
            "exchange.devices=100",
            "exchange.devices=79",
            "exchange.devices",
            &[],
        );
        check("exchange.devices=9", "exchange.devices=1", "", &[]);
        check("", "exchange.devices=1", "", &[]);
    }

    #[test]
    fn an_empty_input_is_never_accepted() {
        let no_rows = ["enrollment.users has no rows"];
        check("", "enrollment.users=0", "enrollment.users", &no_rows);
        check(
            "group:a=3",
            "group:a=0",
            "group:a",
            &["group:a has 0 rows and had 3"],
        );
        check("", "exchange.devices=0 group:a=0", "", &[]);
    }

    #[test]
    fn every_input_is_measured_by_itself() {
        check(
            "enrollment.devices=100 enrollment.licences=100 enrollment.users=100",
            "enrollment.devices=120 enrollment.licences=70 enrollment.users=50",
            "enrollment.licences",
            &["enrollment.users has 50 rows and had 100"],
        );
    }
}
