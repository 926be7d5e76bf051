//! Laws of the readers and the encoder.

use easgate_psrp::clixml::{self, Content, Limits, Primitive, PsObject, PsValue, Reader};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Texts that PowerShell has to escape, and others.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("_x".to_owned()),
        Just("_X0041_".to_owned()),
        Just("_x005F_".to_owned()),
        Just("_".to_owned()),
        Just("\r\n\t".to_owned()),
        Just("\u{1F600}\u{10FFFF}".to_owned()),
        Just("<&>\"']]>".to_owned()),
        Just("iPhone§ApplC39".to_owned()),
        any::<char>().prop_map(String::from),
        "[a-z ]{0,4}",
    ];
    vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn primitive() -> impl Strategy<Value = Primitive> {
    prop_oneof![
        Just(Primitive::Nil),
        any::<bool>().prop_map(Primitive::Bool),
        text().prop_map(Primitive::String),
        any::<u16>().prop_map(Primitive::Char),
        any::<u8>().prop_map(Primitive::U8),
        any::<i8>().prop_map(Primitive::I8),
        any::<i16>().prop_map(Primitive::I16),
        any::<u32>().prop_map(Primitive::U32),
        any::<i32>().prop_map(Primitive::I32),
        any::<u64>().prop_map(Primitive::U64),
        any::<i64>().prop_map(Primitive::I64),
        text().prop_map(Primitive::Double),
        text().prop_map(Primitive::DateTime),
        text().prop_map(Primitive::Xml),
        vec(any::<u8>(), 0..20).prop_map(Primitive::Bytes),
        vec(("A[VIC]", text()), 0..3).prop_map(Primitive::Progress),
        text().prop_map(|text| Primitive::Unknown {
            tag: "Later".to_owned(),
            text
        }),
    ]
}

fn value() -> impl Strategy<Value = PsValue> {
    let leaf = primitive().prop_map(PsValue::Primitive);
    leaf.prop_recursive(5, 60, 5, |inner| {
        let members = || vec((text(), inner.clone()), 0..4);
        let items = || vec(inner.clone(), 0..4);
        let content = prop_oneof![
            primitive().prop_map(Content::Primitive),
            items().prop_map(Content::List),
            items().prop_map(Content::Enumerable),
            items().prop_map(Content::Stack),
            items().prop_map(Content::Queue),
            vec((inner.clone(), inner.clone()), 0..4).prop_map(Content::Dictionary),
        ];
        let types = prop_oneof![
            Just(vec![]),
            vec(text(), 1..3),
            Just(vec!["System.Object".to_owned()])
        ];
        (
            types,
            option::of(text()),
            option::of(content),
            members(),
            members(),
        )
            .prop_map(|(type_names, to_string, content, adapted, extended)| {
                PsObject {
                    type_names: type_names.into(),
                    to_string,
                    content,
                    adapted,
                    extended,
                }
                .into()
            })
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_as_it_was(value in value()) {
        let written = clixml::to_vec(&value);
        let read = clixml::parse(&written).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(read, [value]);
    }

    #[test]
    fn what_is_written_is_one_line_of_printable_text(value in value()) {
        let written = String::from_utf8(clixml::to_vec(&value)).expect("UTF-8");
        prop_assert!(!written.contains(char::is_control), "{}", written);
    }

    #[test]
    fn text_comes_back_through_the_typed_reader(text in text()) {
        let written = clixml::to_vec(&PsValue::bag([("a", text.as_str())]));
        let read: std::collections::BTreeMap<String, String> = clixml::from_slice(&written).expect("readable");
        prop_assert_eq!(&read["a"], &text);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        read_every_way(&bytes);
    }

    #[test]
    fn arbitrary_pieces_of_clixml_never_panic(pieces in vec(0..PIECES.len(), 0..40)) {
        let document: String = pieces.into_iter().map(|at| PIECES[at]).collect();
        read_every_way(document.as_bytes());
    }

    #[test]
    fn a_changed_byte_never_panics(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut written = clixml::to_vec(&value);
        let at = at.index(written.len());
        written[at] = byte;
        read_every_way(&written);
    }
}

const PIECES: [&str; 30] = [
    "<Obj RefId=\"0\">",
    "<Obj N=\"a\" RefId=\"1\">",
    "</Obj>",
    "<Props>",
    "</Props>",
    "<MS>",
    "</MS>",
    "<LST>",
    "</LST>",
    "<DCT>",
    "</DCT>",
    "<En>",
    "</En>",
    "<S N=\"Key\">",
    "</S>",
    "<S/>",
    "<Ref RefId=\"0\"/>",
    "<Ref N=\"a\" RefId=\"1\"/>",
    "<TN RefId=\"0\">",
    "</TN>",
    "<TNRef RefId=\"0\"/>",
    "<ToString>",
    "</ToString>",
    "<I32 N=\"Value\">7</I32>",
    "<Nil/>",
    "&amp;",
    "_x0041_",
    "<Objs>",
    "</Objs>",
    "text",
];

fn read_every_way(document: &[u8]) {
    #[derive(serde::Deserialize)]
    struct Node {
        #[serde(rename = "a")]
        _a: Option<Box<Self>>,
        #[serde(rename = "$Value")]
        _value: Option<i64>,
        #[serde(rename = "Key")]
        _key: Option<Vec<String>>,
    }
    let _ = clixml::parse(document);
    let _ = clixml::from_slice::<serde_json::Value>(document);
    let _ = clixml::from_slice::<Node>(document);
    let _ = clixml::from_slice::<Vec<(String, Option<u8>)>>(document);
    if let Ok(text) = clixml::decode_document(document)
        && let Ok(mut reader) = Reader::new(&text, &Limits::default())
    {
        while let Ok(Some(_)) = reader.next_event() {}
    }
}
