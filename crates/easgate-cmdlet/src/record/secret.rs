//! Secrets inside a text.

/// What stands where a secret was.
pub(super) const REMOVED: &str = "(removed)";

/// Words after which `=` or `:` announces a secret.
const ANNOUNCED_BY: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "accesskey",
    "authorization",
];

/// HTTP authentication schemes before credentials.
const SCHEMES: &[&str] = &["bearer", "basic", "negotiate", "ntlm"];

/// How long a word after a scheme is when it is no word of a language.
const CREDENTIALS_LENGTH: usize = 16;

/// Removes what a text announces as a secret: `password=...`, `Authorization: ...`, `Bearer ...`.
pub(super) fn scrub(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(length) = word_length(rest) {
        let (before, word, after) = split(rest, length);
        out.push_str(before);
        out.push_str(word);
        rest = after;
        let announced = announces(word).then(|| secret_after(after)).flatten();
        let secret = announced.or_else(|| is_scheme(word).then(|| credentials_after(after)).flatten());
        if let Some((gap, secret)) = secret {
            out.push_str(gap);
            out.push_str(REMOVED);
            rest = after.get(gap.len() + secret.len()..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

const fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Where the next word begins and ends; `None` when there is none.
fn word_length(text: &str) -> Option<(usize, usize)> {
    let start = text.find(is_word)?;
    let word = text.get(start..)?;
    let length = word.find(|character| !is_word(character)).unwrap_or(word.len());
    Some((start, start + length))
}

fn split(text: &str, (start, end): (usize, usize)) -> (&str, &str, &str) {
    let (head, after) = text.split_at(end);
    let (before, word) = head.split_at(start);
    (before, word, after)
}

fn announces(word: &str) -> bool {
    let folded = word.to_ascii_lowercase();
    ANNOUNCED_BY.iter().any(|known| folded.ends_with(known))
}

fn is_scheme(word: &str) -> bool {
    SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word))
}

/// The gap and the secret of `= secret`, `": "secret"`.
fn secret_after(after: &str) -> Option<(&str, &str)> {
    let gap_end = |character: char| !matches!(character, ' ' | '"' | '\'' | '=' | ':');
    let end = after.find(gap_end)?;
    let (gap, rest) = after.split_at(end);
    if !gap.contains(['=', ':']) {
        return None;
    }
    let quote = gap.chars().next_back().filter(|last| matches!(last, '"' | '\''));
    let length = match quote {
        Some(quote) => rest.find(quote),
        // Credentials of HTTP are two words.
        None => word_length(rest)
            .filter(|(start, end)| rest.get(*start..*end).is_some_and(is_scheme))
            .and_then(|(_, end)| credentials_end(rest, end + 1))
            .or_else(|| credentials_end(rest, 0)),
    };
    let secret = rest.get(..length.unwrap_or(rest.len()))?;
    (!secret.is_empty()).then_some((gap, secret))
}

/// Where the secret that begins at `from` ends.
fn credentials_end(text: &str, from: usize) -> Option<usize> {
    let stop = |character: char| character.is_whitespace() || "\"';,&<>)]}".contains(character);
    let tail = text.get(from..)?;
    Some(from + tail.find(stop).unwrap_or(tail.len()))
}

/// The gap and the credentials after the name of a scheme.
fn credentials_after(after: &str) -> Option<(&str, &str)> {
    let rest = after.strip_prefix(' ')?;
    let encoded = |character: char| character.is_ascii_alphanumeric() || "+/=-_.~".contains(character);
    let length = rest.find(|character| !encoded(character)).unwrap_or(rest.len());
    (length >= CREDENTIALS_LENGTH).then(|| (" ", rest.get(..length).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn announced_secrets_are_removed() {
        let texts = [
            "user=ana;password=P@ssw0rd!;x=1",
            "{\"client_secret\": \"s3cr3t value\"}",
            "Authorization: Basic QWxhZGRpbjpvcGVu",
            "sent Bearer eyJhbGciOiJIUzI1NiJ9.e30.abc to the server",
            "The password is too short: 8 characters are needed.",
            "basic authentication is refused",
            "pwd:",
            "token=",
        ];
        let scrubbed: String = texts.iter().map(|text| format!("{}\n", scrub(text))).collect();
        expect![[r#"
            user=ana;password=(removed);x=1
            {"client_secret": "(removed)"}
            Authorization: (removed)
            sent Bearer (removed) to the server
            The password is too short: 8 characters are needed.
            basic authentication is refused
            pwd:
            token=
        "#]]
        .assert_eq(&scrubbed);
    }

    proptest! {
        #[test]
        fn any_text_can_be_scrubbed(text in "(\\PC|password|=|:| |\"|Bearer){0,40}") {
            scrub(&text);
        }
    }
}
