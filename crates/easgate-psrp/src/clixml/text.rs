//! From bytes to text: byte order marks, UTF-16, entities, and PowerShell's `_xHHHH_`.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

use super::error::{ClixmlError, ClixmlErrorKind};

/// What `powershell.exe` writes before the CLIXML of its standard error.
const CONSOLE_PREFIX: &str = "#< CLIXML";

/// The text of a document: without a byte order mark, from UTF-8 or UTF-16 (which needs its mark).
///
/// # Errors
/// Fails if the bytes are not valid in the encoding they claim.
pub fn decode_document(bytes: &[u8]) -> Result<Cow<'_, str>, ClixmlError> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        _ => utf8(bytes).map(Cow::Borrowed),
    }
}

/// Decodes PowerShell's `_xHHHH_`, MS-PSRP 2.2.5.3.2: hex in either case, surrogate pairs combined, a lone surrogate as
/// U+FFFD, `_x005F_` for an underscore.
///
/// ```
/// use easgate_psrp::clixml::decode_escapes;
///
/// assert_eq!(decode_escapes("a_x000a_b"), "a\nb");
/// assert_eq!(decode_escapes("_xD83D__xDE00_"), "\u{1F600}");
/// assert_eq!(decode_escapes("_x005F_x0041_"), "_x0041_");
/// ```
pub fn decode_escapes(text: &str) -> Cow<'_, str> {
    let Some(first) = next_escape(text, 0) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    let mut units = Vec::new();
    let mut copied = 0;
    let mut found = Some(first);
    while let Some((at, unit)) = found {
        if at > copied {
            flush(&mut units, &mut out);
            out.push_str(text.get(copied..at).unwrap_or_default());
        }
        units.push(unit);
        copied = at + ESCAPE_LENGTH;
        found = next_escape(text, copied);
    }
    flush(&mut units, &mut out);
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// The text of a message that can be borrowed from.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, ClixmlError> {
    if matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) {
        return Err(ClixmlError::new(ClixmlErrorKind::Utf16, 0));
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = checked(bytes).map_err(|offset| ClixmlError::new(ClixmlErrorKind::NotUtf8, offset))?;
    Ok(text
        .strip_prefix(CONSOLE_PREFIX)
        .map_or(text, str::trim_ascii_start))
}

/// `bytes` as text, or where they cease to be one.
pub(crate) fn checked(bytes: &[u8]) -> Result<&str, usize> {
    simdutf8::basic::from_utf8(bytes)
        // It tells no place.
        .or_else(|_| str::from_utf8(bytes))
        .map_err(|error| error.valid_up_to())
}

/// Decodes the text of an element, which begins at byte `offset`; borrowed if there is nothing to decode.
pub(super) fn decode_text(raw: &str, offset: usize) -> Result<Cow<'_, str>, ClixmlError> {
    let Some(first) = memchr3(b'&', b'_', b'\r', raw.as_bytes()) else {
        return Ok(Cow::Borrowed(raw));
    };
    if raw.as_bytes().get(first) == Some(&b'_') && memchr2(b'&', b'\r', raw.as_bytes()).is_none() {
        return Ok(decode_escapes(raw));
    }
    let lines = if memchr(b'\r', raw.as_bytes()).is_some() {
        Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(raw)
    };
    let text = decode_entities(&lines, offset)?.into_owned();
    let decoded = match decode_escapes(&text) {
        Cow::Owned(decoded) => Some(decoded),
        Cow::Borrowed(_) => None,
    };
    Ok(Cow::Owned(decoded.unwrap_or(text)))
}

/// Decodes the value of an attribute, which begins at byte `offset`; borrowed if there is nothing to decode.
pub(super) fn decode_name(raw: &str, offset: usize) -> Result<Cow<'_, str>, ClixmlError> {
    // Names are short, and hardly one has anything to decode.
    if raw.bytes().all(is_plain) {
        return Ok(Cow::Borrowed(raw));
    }
    if memchr3(b'\t', b'\n', b'\r', raw.as_bytes()).is_none() {
        return decode_text(raw, offset);
    }
    let spaced = raw.replace("\r\n", " ").replace(['\t', '\n', '\r'], " ");
    decode_text(&spaced, offset).map(|text| Cow::Owned(text.into_owned()))
}

const fn is_plain(byte: u8) -> bool {
    !matches!(byte, b'&' | b'_' | b'\t' | b'\n' | b'\r')
}

const ESCAPE_LENGTH: usize = "_xHHHH_".len();

/// The next `_xHHHH_` at or behind `from`: its place and its UTF-16 code unit.
fn next_escape(text: &str, mut from: usize) -> Option<(usize, u16)> {
    loop {
        let at = from + memchr(b'_', text.as_bytes().get(from..)?)?;
        if let Some([b'_', b'x' | b'X', digits @ .., b'_']) = text.as_bytes().get(at..at + ESCAPE_LENGTH)
            && digits.iter().all(u8::is_ascii_hexdigit)
        {
            let digits = text.get(at + 2..at + ESCAPE_LENGTH - 1)?;
            return Some((at, u16::from_str_radix(digits, 16).ok()?));
        }
        from = at + 1;
    }
}

fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.extend(char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

fn decode_entities(text: &str, offset: usize) -> Result<Cow<'_, str>, ClixmlError> {
    let mut out = String::new();
    let mut copied = 0;
    while let Some(found) = memchr(b'&', text.as_bytes().get(copied..).unwrap_or_default()) {
        let at = copied + found;
        let rest = text.get(at + 1..).unwrap_or_default();
        let (name, character) = entity(rest).ok_or_else(|| {
            let entity = rest
                .chars()
                .take_while(|c| *c != ';' && !c.is_whitespace())
                .take(16)
                .collect();
            ClixmlError::new(ClixmlErrorKind::BadEntity { entity }, offset + at)
        })?;
        // Nothing decoded is longer than it was written.
        out.reserve(text.len() - copied);
        out.push_str(text.get(copied..at).unwrap_or_default());
        out.push(character);
        copied = at + 1 + name.len() + 1;
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(text));
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(Cow::Owned(out))
}

/// The name of the entity that `rest` begins with, and what it stands for.
fn entity(rest: &str) -> Option<(&str, char)> {
    let (name, _) = rest.split_once(';')?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let digits = name.strip_prefix('#')?;
            let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |hex| (hex, 16));
            if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
                return None;
            }
            char::from_u32(u32::from_str_radix(digits, radix).ok()?).filter(|c| *c != '\0')?
        }
    };
    Some((name, character))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ClixmlError> {
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return Err(ClixmlError::new(ClixmlErrorKind::NotUtf16, bytes.len()));
    };
    let mut out = String::with_capacity(pairs.len());
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        out.push(character.map_err(|_| ClixmlError::new(ClixmlErrorKind::NotUtf16, out.len()))?);
    }
    Ok(out)
}
