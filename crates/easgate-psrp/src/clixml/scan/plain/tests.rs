//! The short way leads where the long one does.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::words::{attribute_length, clean_length, tag_length, text_length};
use crate::clixml::{ClixmlError, Limits, Parsed, References, from_slice_with, parse_with};

thread_local! {
    /// Whether the short way is open in this thread.
    pub(super) static OPEN: Cell<bool> = const { Cell::new(true) };
}

/// What every reader makes of `document`.
fn read(document: &[u8], limits: &Limits, open: bool) -> Readings {
    OPEN.set(open);
    let readings = Readings {
        dynamic: parse_with(document, limits, References::Copy),
        record: from_slice_with(document, limits),
        list: from_slice_with(document, limits),
        any: from_slice_with(document, limits),
    };
    OPEN.set(true);
    readings
}

#[derive(Debug, PartialEq)]
struct Readings {
    dynamic: Result<Parsed, ClixmlError>,
    record: Result<Record, ClixmlError>,
    list: Result<Vec<Option<String>>, ClixmlError>,
    any: Result<serde_json::Value, ClixmlError>,
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Record {
    #[serde(rename = "DeviceId")]
    device_id: Option<String>,
    a: Option<Box<Self>>,
    b: Option<serde_json::Value>,
    #[serde(rename = "$ToString")]
    shown: Option<String>,
}

const ATTRIBUTES: [&str; 14] = [
    "",
    " N=\"DeviceId\"",
    " N=\"deviceid\"",
    " N=\"a\"",
    " N=\"b\" RefId=\"1\"",
    " RefId=\"1\" N=\"a\"",
    " RefId=\"0\"",
    " N=\"Device_x0049_d\"",
    " N=\"of more than sixteen letters\"",
    " N='a'",
    "  N=\"b\"",
    " N = \"a\"",
    " X=\"1\"",
    " N=\"a\" N=\"b\"",
];
const TEXTS: [&str; 9] = [
    "",
    "text",
    "5",
    "true",
    "a &amp; b",
    "_x0041_",
    "\r\n",
    "ä§ of more than sixteen",
    "CN=a,",
];

/// Elements as servers write them, and as they do not.
fn element() -> impl Strategy<Value = String> {
    let tags = || {
        select(vec![
            "S",
            "B",
            "DT",
            "T",
            "I32",
            "ToString",
            "Version",
            "SerializationData",
        ])
    };
    let attributes = || select(ATTRIBUTES.to_vec());
    let text = (
        select(TEXTS.to_vec()),
        prop_oneof![4 => Just(1), 1 => 1..60_usize],
    );
    let leaf = prop_oneof![
        (tags(), attributes(), text).prop_map(|(tag, attributes, (text, times))| {
            format!("<{tag}{attributes}>{}</{tag}>", text.repeat(times))
        }),
        (
            select(vec!["Nil", "Ref", "TNRef", "S"]),
            attributes(),
            select(vec!["/>", " />", "  />"])
        )
            .prop_map(|(tag, attributes, end)| format!("<{tag}{attributes}{end}")),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let tags = select(vec![
            "Obj", "Obj", "Props", "Props", "MS", "LST", "DCT", "En", "TN", "S", "Objs",
        ]);
        (
            tags,
            attributes(),
            vec(inner, 0..6),
            select(vec!["", "", " ", "\n  "]),
        )
            .prop_map(|(tag, attributes, children, space)| {
                format!("<{tag}{attributes}>{space}{}</{tag}>", children.join(space))
            })
    })
}

/// A piece that is put in the place of a few bytes.
fn change() -> impl Strategy<Value = (Index, usize, &'static str)> {
    let pieces = vec![
        "", "<", ">", "/", "</", "\"", "'", " ", "=", "&", "_", "<S>", "</S>", "</Obj>", "<!--", "\u{1}", "é",
    ];
    (any::<Index>(), 0..3_usize, select(pieces))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_short_way_and_the_long_one_read_the_same_and_fail_alike(
        elements in vec(element(), 1..3),
        within in prop::bool::weighted(0.8),
        changes in prop_oneof![2 => vec(change(), 0..1), 1 => vec(change(), 1..3)],
        max_depth in prop_oneof![Just(64), 1..4_usize],
    ) {
        let mut document = elements.concat();
        if within {
            document = format!("<Obj RefId=\"0\"><Props>{document}</Props></Obj>");
        }
        let mut document = document.into_bytes();
        for (at, length, piece) in changes {
            let at = at.index(document.len() + 1);
            let end = document.len().min(at + length);
            document.splice(at..end, piece.bytes());
        }
        let limits = Limits { max_depth, ..Limits::default() };
        prop_assert_eq!(
            read(&document, &limits, true),
            read(&document, &limits, false),
            "{}", String::from_utf8_lossy(&document)
        );
    }
}

fn one_by_one(bytes: &[u8], stops: impl Fn(u8) -> bool) -> Option<usize> {
    bytes.iter().position(|byte| stops(*byte))
}

fn is_usual(byte: u8) -> bool {
    !matches!(byte, 0..=0x26) && (byte >= 0x80 || byte & 0x1C != 0x1C)
}

proptest! {
    #[test]
    fn eight_bytes_at_once_are_as_one_after_the_other(
        bytes in vec(prop_oneof![any::<u8>(), select(b"\"<>/= &_#^;!\x1f \x7f\x80\xff".to_vec())], 0..64),
        clean in 0_usize..80,
    ) {
        let mut text = vec![b'a'; clean];
        text.extend(bytes);
        let ends = |stops: fn(u8) -> bool, end: &[u8]| {
            one_by_one(&text, stops).filter(|at| end.contains(&text[*at]))
        };
        prop_assert_eq!(attribute_length(&text), ends(|byte| !is_usual(byte), b"\""));
        let decoded = |(at, byte): (usize, &u8)| matches!(byte, b'<' | b'&' | b'_' | b'\r') || at < 64 && *byte < b' ';
            let clean = text.iter().enumerate().position(decoded).filter(|at| text[*at] == b'<');
            prop_assert_eq!(clean_length(&text), clean);
        prop_assert_eq!(text_length(&text), ends(|byte| byte == b'<', b"<"));
        if text.len() >= 8 {
            let tag = ends(|byte| matches!(byte, 0..b'0' | b'<'..=b'?'), b" />").filter(|length| *length > 0);
            prop_assert_eq!(tag_length(&text), tag);
        }
    }
}
