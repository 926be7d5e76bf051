//! Messages: a few hundred words stay, names do not.

mod words;

use super::{append, identity, is_identifier, next_word};
use crate::record::pseudonym::Pseudonyms;

/// What stands for a quoted part.
const QUOTED: &str = "...";

/// The fields of Exchange's diagnostics whose values name nobody.
const CATEGORY: &str = "FailureCategory";
const TIME: &str = "TimeStamp";
/// The fields that are kept with a pseudonym.
const FIELDS: &[&str] = &[
    "Server",
    "ClientAccessServer",
    "BackEndServer",
    "RequestId",
    "AuthZRequestId",
];

/// The verbs of cmdlets, by which their names are known in a message.
const VERBS: &[&str] = &[
    "Get", "Set", "New", "Remove", "Clear", "Test", "Enable", "Disable",
];

/// Units after which a number is an amount.
const UNITS: &[&str] = &[
    "milliseconds",
    "seconds",
    "minutes",
    "items",
    "results",
    "characters",
];

/// Keeps the words of a message that are surely no names, drops what is quoted, and replaces the rest.
///
/// A message in another language than English is replaced whole: nothing decides by its text.
pub(super) fn without_identities(pseudonyms: &Pseudonyms, text: &str) -> String {
    let (mut out, rest) = diagnostics(pseudonyms, text);
    let unquoted = drop_quoted(rest);
    let mut chunks = unquoted.split_inclusive(char::is_whitespace).peekable();
    while let Some(chunk) = chunks.next() {
        let next = chunks.peek().copied().unwrap_or_default();
        chunk_without_identities(pseudonyms, chunk, next, &mut out);
    }
    out
}

/// Keeps what classifies an error, as long as it cannot be a sentence that somebody threw.
pub(super) fn error_id(pseudonyms: &Pseudonyms, text: &str) -> String {
    let (mut out, rest) = diagnostics(pseudonyms, text);
    let id = rest.trim();
    let (error, class) = id.split_once(',').unwrap_or((id, "Exception"));
    let has_class = id.contains(',') || id.ends_with("Exception");
    let hexadecimal = error.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = error.strip_prefix('-').unwrap_or(error);
    let known = hexadecimal || is_identifier(error) || number.bytes().all(|byte| byte.is_ascii_digit());
    if has_class && known && is_identifier(class) {
        out.push_str(id);
    } else {
        out.push_str(&without_identities(pseudonyms, rest));
    }
    out
}

fn chunk_without_identities(pseudonyms: &Pseudonyms, chunk: &str, next: &str, out: &mut String) {
    if chunk.contains(['@', '\\', '=']) {
        append(pseudonyms, chunk, out);
        return;
    }
    let core = chunk.trim_matches(|character: char| !character.is_ascii_alphanumeric());
    if is_program_name(core) || is_amount(core, next) {
        out.push_str(chunk);
        return;
    }
    let mut rest = chunk;
    while !rest.is_empty() {
        let (gap, word, after) = next_word(rest);
        out.push_str(gap);
        if words::is_known(word) {
            out.push_str(word);
        } else if !word.is_empty() {
            out.push_str(&identity(pseudonyms, word));
        }
        rest = after;
    }
}

/// Whether a word is the name of a cmdlet or of an exception.
fn is_program_name(word: &str) -> bool {
    let cmdlet = word.split_once('-').is_some_and(|(verb, noun)| {
        VERBS.contains(&verb) && noun.len() > 3 && noun.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    cmdlet || is_identifier(word) && word.ends_with("Exception")
}

/// Whether a number, perhaps with its digits in groups, counts what the next word names.
fn is_amount(number: &str, next: &str) -> bool {
    let unit = next.trim().trim_end_matches(['.', ',', ';', ':']);
    let of_number = |byte: u8| byte.is_ascii_digit() || matches!(byte, b',' | b'.');
    number.bytes().all(of_number) && UNITS.iter().any(|known| known.eq_ignore_ascii_case(unit))
}

/// Takes the `[name=value,...]` groups off the start; their servers and request ids are replaced.
fn diagnostics<'t>(pseudonyms: &Pseudonyms, text: &'t str) -> (String, &'t str) {
    let mut out = String::new();
    let mut rest = text;
    while let Some((group, after)) = rest
        .trim_start()
        .strip_prefix('[')
        .and_then(|inner| inner.split_once(']'))
        .filter(|(group, _)| group.contains('='))
    {
        let fields: Vec<String> = group.split(',').map(|text| field(pseudonyms, text)).collect();
        out.push('[');
        out.push_str(&fields.join(","));
        out.push(']');
        let trimmed = after.trim_start();
        if trimmed.len() < after.len() {
            out.push(' ');
        }
        rest = trimmed;
    }
    (out, rest)
}

fn field(pseudonyms: &Pseudonyms, field: &str) -> String {
    let Some((name, value)) = field.split_once('=') else {
        return identity(pseudonyms, field);
    };
    match name.trim() {
        CATEGORY if is_identifier(value) => field.to_owned(),
        TIME if is_time_stamp(value) => field.to_owned(),
        known if FIELDS.contains(&known) => format!("{name}={}", identity(pseudonyms, value)),
        _ => identity(pseudonyms, field),
    }
}

fn is_time_stamp(text: &str) -> bool {
    let of_time = |character: char| character.is_ascii_digit() || "/.-: AMP".contains(character);
    text.chars().all(of_time)
}

/// Puts [`QUOTED`] for everything between quotation marks. The apostrophe of a word is none.
fn drop_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let tail = rest.get(first.len_utf8()..).unwrap_or_default();
        let inside = closing(first)
            .filter(|_| !before.is_alphanumeric())
            .and_then(|close| quoted_length(tail, close));
        out.push(first);
        before = first;
        rest = tail;
        if let Some(length) = inside {
            out.push_str(QUOTED);
            rest = tail.get(length..).unwrap_or_default();
            if let Some(close) = rest.chars().next() {
                out.push(close);
                rest = rest.get(close.len_utf8()..).unwrap_or_default();
                before = close;
            }
        }
    }
    out
}

const fn closing(open: char) -> Option<char> {
    match open {
        '\'' | '"' => Some(open),
        '\u{2018}' => Some('\u{2019}'),
        '\u{201c}' => Some('\u{201d}'),
        '\u{201e}' => Some('\u{201c}'),
        '\u{ab}' => Some('\u{bb}'),
        _ => None,
    }
}

/// Where the closing mark stands: before something that is no letter.
fn quoted_length(text: &str, close: char) -> Option<usize> {
    text.match_indices(close)
        .find(|(at, mark)| {
            let after = text.get(at + mark.len()..).unwrap_or_default();
            !after.starts_with(char::is_alphanumeric)
        })
        .map(|(at, _)| at)
}
