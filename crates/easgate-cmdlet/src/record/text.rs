//! Texts without identities.

mod message;

use super::known;
use super::pseudonym::Pseudonyms;

/// Puts pseudonyms for everything in `text` that may name somebody or something; punctuation and structure stay.
///
/// Words are replaced one by one, so a name has the same pseudonym alone and inside a distinguished name, an
/// address or a path.
pub(super) fn identity(pseudonyms: &Pseudonyms, text: &str) -> String {
    if known::is_plain_text(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    append(pseudonyms, text, &mut out);
    out
}

/// Appends a text with its names replaced; what `out` ends with is what stands before it.
fn append(pseudonyms: &Pseudonyms, text: &str, out: &mut String) {
    let mut rest = text;
    while !rest.is_empty() {
        let (gap, word, after) = next_word(rest);
        out.push_str(gap);
        if known::is_structural_word(out, word, after) {
            out.push_str(word);
        } else {
            replace(pseudonyms, word, out);
        }
        rest = after;
    }
}

/// Puts pseudonyms into a `-Filter`: the values of its comparisons, except those of structural properties and times.
pub(super) fn filter(pseudonyms: &Pseudonyms, cmdlet: &str, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut property = "";
    for (at, part) in text.split('\'').enumerate() {
        if at > 0 {
            out.push('\'');
        }
        if at % 2 == 0 {
            property = compared_property(part).unwrap_or(property);
            filter_logic(pseudonyms, part, &mut out);
        } else if known::is_structure(cmdlet, property) || is_time(part) {
            out.push_str(part);
        } else {
            out.push_str(&identity(pseudonyms, part));
        }
    }
    out
}

/// Removes identities from a message of the server; see [`message::without_identities`].
pub(super) fn message(pseudonyms: &Pseudonyms, text: &str) -> String {
    message::without_identities(pseudonyms, text)
}

/// Removes identities from the id of an error: `[Server=...] [FailureCategory=...] HEX,Class.Name`.
pub(super) fn error_id(pseudonyms: &Pseudonyms, text: &str) -> String {
    message::error_id(pseudonyms, text)
}

/// Whether `text` is a name of a program's own: letters, digits, and what joins the parts of a type or cmdlet name.
pub(super) fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_+`".contains(&byte))
}

/// Splits into what stands before the first word, the word, and the rest. A Guid is one word.
fn next_word(text: &str) -> (&str, &str, &str) {
    let start = text.find(is_word).unwrap_or(text.len());
    let (gap, from) = text.split_at(start);
    let end =
        guid_length(from).unwrap_or_else(|| from.find(|character| !is_word(character)).unwrap_or(from.len()));
    let (word, after) = from.split_at(end);
    (gap, word, after)
}

/// Whether a character can belong to a name: everything beyond ASCII can, except the sign between the parts of a
/// device's name and general punctuation.
const fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || !character.is_ascii() && !matches!(character, '\u{80}'..='\u{bf}' | '\u{2000}'..='\u{206f}')
}

/// The length of the Guid at the start of `text`.
fn guid_length(text: &str) -> Option<usize> {
    const LENGTH: usize = 36;
    let candidate = text.get(..LENGTH)?;
    let is_guid = candidate.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let ends = !text.get(LENGTH..)?.starts_with(is_word);
    (is_guid && ends).then_some(LENGTH)
}

fn replace(pseudonyms: &Pseudonyms, word: &str, out: &mut String) {
    if let Some(length) = known::system_prefix(word) {
        let (prefix, rest) = word.split_at(length);
        out.push_str(prefix);
        if !rest.is_empty() {
            out.push_str(&pseudonyms.word(rest));
        }
    } else if guid_length(word).is_some() {
        // Without its hyphens, so that both ways to write a Guid stay one.
        let digits: String = word.chars().filter(|character| *character != '-').collect();
        let mut replaced = pseudonyms.hexadecimal(&digits);
        for at in [8, 13, 18, 23] {
            replaced.insert(at, '-');
        }
        out.push_str(&replaced);
    } else if !word.is_empty() {
        out.push_str(&pseudonyms.word(word));
    }
}

/// The property before the operator that ends `logic`: `DeviceId` of `... -and (DeviceId -eq `.
fn compared_property(logic: &str) -> Option<&str> {
    let mut words = logic.split(|character: char| character.is_whitespace() || "()".contains(character));
    let mut last = || words.rfind(|word| !word.is_empty());
    let operator = last()?;
    operator.starts_with('-').then(last).flatten()
}

/// Copies what stands outside of quotation marks: operators, system values, and what is compared; anything else is
/// replaced.
fn filter_logic(pseudonyms: &Pseudonyms, logic: &str, out: &mut String) {
    let is_separator = |character: char| character.is_whitespace() || "()".contains(character);
    let mut parts = logic.split_inclusive(is_separator).peekable();
    while let Some(part) = parts.next() {
        let word = part.trim_end_matches(is_separator);
        let separator = part.get(word.len()..).unwrap_or_default();
        let next = parts.peek().copied().unwrap_or_default();
        let property = is_identifier(word) && known::compares(next.trim_end_matches(is_separator));
        if property || known::is_operator(word) || word.starts_with('$') && known::is_plain_text(word) {
            out.push_str(word);
        } else {
            out.push_str(&identity(pseudonyms, word));
        }
        out.push_str(separator);
    }
}

/// Whether a text is a time: `8/1/2017 2:00:00 PM`.
fn is_time(text: &str) -> bool {
    let text = text
        .strip_suffix(" AM")
        .or_else(|| text.strip_suffix(" PM"))
        .unwrap_or(text);
    text.matches('/').count() == 2
        && text.matches(':').count() == 2
        && text
            .chars()
            .all(|character| character.is_ascii_digit() || "/: ".contains(character))
}

#[cfg(test)]
mod tests;
