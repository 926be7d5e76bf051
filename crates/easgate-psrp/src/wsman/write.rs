//! Pieces of envelopes that requests and responses share.

use std::fmt::Write as _;

use uuid::Uuid;

use super::{Selector, ns};

/// Appends `text` so that it may stand in an element or in a double-quoted attribute.
///
/// Characters that XML 1.0 cannot hold become U+FFFD.
pub(super) fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => write_reference(character, out),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}

/// Returns `text` escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text, &mut out);
    out
}

/// Appends `<tag>text</tag>`; `tag` may carry attributes, the end tag then leaves them out.
pub(super) fn element(tag: &str, text: &str, out: &mut String) {
    let name = tag.split_once(' ').map_or(tag, |(name, _)| name);
    out.push('<');
    out.push_str(tag);
    out.push('>');
    escape(text, out);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Appends the base64 form of `bytes`.
pub(super) fn base64(bytes: &[u8], out: &mut String) {
    base64_simd::STANDARD.encode_append(bytes, out);
}

/// Appends a `wsman:SelectorSet`.
pub(super) fn selector_set(selectors: &[Selector], out: &mut String) {
    if selectors.is_empty() {
        return;
    }
    out.push_str("<w:SelectorSet>");
    for selector in selectors {
        element(
            &format!("w:Selector Name=\"{}\"", escaped(&selector.name)),
            &selector.value,
            out,
        );
    }
    out.push_str("</w:SelectorSet>");
}

/// Begins an envelope: every namespace that any message of ours needs, and the start of the header.
pub(super) fn begin_envelope(out: &mut String) {
    out.push_str("<s:Envelope");
    for (prefix, namespace) in [
        ("s", ns::SOAP),
        ("a", ns::ADDRESSING),
        ("w", ns::WSMAN),
        ("p", ns::WSMV),
        ("rsp", ns::SHELL),
        ("x", ns::TRANSFER),
    ] {
        out.push_str(" xmlns:");
        out.push_str(prefix);
        out.push_str("=\"");
        out.push_str(namespace);
        out.push('"');
    }
    out.push_str("><s:Header>");
}

/// Appends `body` between the end of the header and the end of the envelope.
pub(super) fn finish_envelope(body: &str, out: &mut String) {
    out.push_str("</s:Header><s:Body>");
    out.push_str(body);
    out.push_str("</s:Body></s:Envelope>");
}

/// Writes an identifier as WS-Addressing wants it, `uuid:` and upper case.
pub(super) fn uuid_urn(id: Uuid) -> String {
    format!("uuid:{}", guid(id))
}

/// Writes an identifier as Windows hosts do, in upper case.
pub(super) fn guid(id: Uuid) -> String {
    let mut buffer = Uuid::encode_buffer();
    id.hyphenated().encode_upper(&mut buffer).to_owned()
}

fn write_reference(character: char, out: &mut String) {
    let written = write!(out, "&#{};", u32::from(character));
    debug_assert!(written.is_ok(), "a String takes everything");
}
