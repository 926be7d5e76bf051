//! The one function that every text chosen by a phone or a server passes before a person or a file sees it.

/// The most characters of such a text that are shown.
const MAX_CHARS: usize = 256;
/// The most characters of a whole message.
const MAX_MESSAGE_CHARS: usize = 4096;

/// Makes `text` safe for a terminal, a log line, a mail or a page.
///
/// Control characters (C0, C1, DEL, ESC), line and paragraph separators, bidirectional controls, zero-width
/// characters and private-use code points become `\u{...}`; a backslash becomes `\\`; what is longer than 256
/// characters is cut and ends in `…`.
///
/// ```
/// assert_eq!(easgate_model::escape("Ana's \u{1b}[31mphone"), "Ana's \\u{1b}[31mphone");
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    escape_up_to(text, MAX_CHARS)
}

/// As [`escape`], for whole messages of ours that quote somebody: cut only after 4,096 characters.
#[must_use]
pub fn escape_long(text: &str) -> String {
    escape_up_to(text, MAX_MESSAGE_CHARS)
}

fn escape_up_to(text: &str, most: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(most));
    for (count, char) in text.chars().enumerate() {
        if count == most {
            safe.push('…');
            break;
        }
        match char {
            '\\' => safe.push_str("\\\\"),
            c if is_plain(c) => safe.push(c),
            c => safe.extend(c.escape_unicode()),
        }
    }
    safe
}

/// Makes `text` safe for a cell of a CSV file: as [`escape`] does, and a cell never starts a formula.
#[must_use]
pub fn escape_csv(text: &str) -> String {
    let safe = escape(text);
    if safe.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{safe}")
    } else {
        safe
    }
}

/// Whether a character can be shown as it is: it steers no terminal and reorders no text.
#[must_use]
pub const fn is_plain(c: char) -> bool {
    !matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fff0}'..='\u{fff8}'
        | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_lose_their_power() {
        for (text, shown) in [
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\r\nb", "a\\u{d}\\u{a}b"),
            ("\u{202e}fdp", "\\u{202e}fdp"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\\u{1b}", "\\\\u{1b}"),
            ("Zoë's iPhone", "Zoë's iPhone"),
        ] {
            assert_eq!(escape(text), shown);
        }
        assert_eq!(escape_csv("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(escape(&"x".repeat(300)).chars().count(), 257);
    }
}
