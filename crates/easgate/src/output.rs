//! Results on standard output, complaints on standard error.
//!
//! Every text that a phone or a server chose passes [`easgate_model::escape`] in tables and sentences. In JSON the
//! value is kept whole, and every character that could steer a terminal is written as `\uXXXX`.

mod json;

use std::cell::RefCell;
use std::error::Error;
use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use easgate_model::escape;
use serde::Serialize;

thread_local! {
    /// What would have been printed, while somebody else is to hear it.
    static CAUGHT: RefCell<Option<Words>> = const { RefCell::new(None) };
}

/// What there is to say, in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// What goes to standard output.
    pub(crate) lines: Vec<String>,
    /// What goes to standard error.
    pub(crate) notes: Vec<String>,
}

/// Lets `say` print for somebody else: what it would print comes back.
pub(crate) fn caught<T>(say: impl FnOnce() -> T) -> (T, Words) {
    let before = CAUGHT.replace(Some(Words::default()));
    let said = say();
    (said, CAUGHT.replace(before).unwrap_or_default())
}

/// Keeps `text` where somebody else is to hear it.
fn is_caught(list: impl FnOnce(&mut Words) -> &mut Vec<String>, text: &str) -> bool {
    CAUGHT.with_borrow_mut(|words| {
        let Some(words) = words else { return false };
        list(words).push(text.to_owned());
        true
    })
}

/// Prints `text` and a line break. A reader that has gone away is not an error.
pub(crate) fn line(text: &str) {
    if is_caught(|words| &mut words.lines, text) {
        return;
    }
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints `text` as it is.
pub(crate) fn text(text: &str) {
    let _ = write!(io::stdout().lock(), "{text}");
}

/// Prints `value` as one JSON document over several lines.
///
/// # Errors
/// When the value cannot be written as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), serde_json::Error> {
    line(&json::to_string(value)?);
    Ok(())
}

/// Prints one value as itself and several as a list: one organisation is one object.
///
/// # Errors
/// When a value cannot be written as JSON.
pub(crate) fn one_or_many(values: &[serde_json::Value]) -> Result<(), serde_json::Error> {
    match values {
        [value] => json(value),
        _ => json(&values),
    }
}

/// Prints rows under their headings, with every cell escaped.
pub(crate) fn table<const COLUMNS: usize>(
    headings: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(headings);
    for row in rows {
        table.add_row(row.map(|cell| escape(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2)).set_cell_alignment(CellAlignment::Left);
    }
    for row in table.lines() {
        line(row.trim_end());
    }
}

/// Prints an error with its causes to standard error, on one line.
pub(crate) fn complain(error: &(dyn Error + 'static)) {
    note(&format!("easgate: {}", chain(error)));
}

/// As [`complain`], and what can be done about it.
pub(crate) fn complain_with_cure(error: &(dyn Error + 'static), cure: Option<&str>) {
    complain(error);
    if let Some(cure) = cure {
        note(&format!("  what to do: {}", escape_lines(cure)));
    }
}

/// Prints a sentence to standard error.
pub(crate) fn note(text: &str) {
    if is_caught(|words| &mut words.notes, text) {
        return;
    }
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// An error and its causes in one line, outermost first.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = escape_lines(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&escape_lines(&error.to_string()));
        cause = error.source();
    }
    text
}

/// Escapes each line by itself: our own messages have lines, and servers' words inside them must not steer a terminal.
fn escape_lines(text: &str) -> String {
    text.lines()
        .map(easgate_model::escape_long)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("could not open the door")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("the key \u{1b}[2J is lost")]
    struct Inner;

    #[test]
    fn what_is_caught_is_not_printed_and_what_comes_after_is() {
        let (done, words) = caught(|| {
            line("one");
            table(["a"], [["\u{1b}".to_owned()]]);
            complain_with_cure(&Inner, Some("find it"));
            7
        });
        assert_eq!(done, 7);
        assert_eq!(words.lines, ["one", "a", "\\u{1b}"]);
        assert_eq!(
            words.notes,
            ["easgate: the key \\u{1b}[2J is lost", "  what to do: find it"]
        );
        assert!(!is_caught(|words| &mut words.lines, "two"));
    }

    #[test]
    fn an_error_tells_its_causes_once_and_steers_no_terminal() {
        assert_eq!(
            chain(&Outer(Inner)),
            "could not open the door: the key \\u{1b}[2J is lost"
        );
    }
}
