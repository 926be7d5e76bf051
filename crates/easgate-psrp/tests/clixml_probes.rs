//! What is special about CLIXML, one case each, read both ways.

use std::borrow::Cow;
use std::collections::BTreeMap;

use easgate_psrp::clixml::{self, ClixmlErrorKind, Content, Limits, Primitive, PsValue, References};
use serde::Deserialize;

fn value(document: &str) -> PsValue {
    let mut values = clixml::parse(document.as_bytes()).expect("a document that can be read");
    assert_eq!(values.len(), 1, "{document}");
    values.remove(0)
}

fn typed<'de, T: Deserialize<'de>>(document: &'de str) -> T {
    clixml::from_slice(document.as_bytes()).expect("a document that can be read")
}

/// A member `a` as text, so that a case can be written in one line.
#[derive(Debug, Deserialize, PartialEq)]
struct A<T> {
    a: T,
}

fn member<'de, T: Deserialize<'de>>(document: &'de str) -> T {
    typed::<A<T>>(document).a
}

#[test]
fn an_enumeration_keeps_its_type_its_name_and_its_number() {
    let document = r#"<Obj RefId="0"><Props><Obj N="a" RefId="1"><TN RefId="0"><T>Exchange.State</T><T>System.Enum</T></TN><ToString>Blocked</ToString><I32>2</I32></Obj></Props></Obj>"#;
    let a = value(document).property("a").cloned().expect("a");
    assert_eq!(
        (a.type_names()[0].as_str(), a.as_str(), a.as_i64()),
        ("Exchange.State", Some("Blocked"), Some(2))
    );

    #[derive(Debug, Deserialize, PartialEq)]
    enum State {
        Allowed,
        Blocked,
        #[serde(other)]
        Unknown,
    }
    assert_eq!(member::<State>(document), State::Blocked);
    assert_eq!(
        member::<State>(&document.replace("Blocked", "Allowed")),
        State::Allowed
    );
    assert_eq!(
        member::<State>(&document.replace("Blocked", "Invented")),
        State::Unknown
    );
    assert_eq!(member::<&str>(document), "Blocked");
    assert_eq!(member::<u8>(document), 2);
}

#[derive(Debug, Deserialize, PartialEq)]
struct ObjectId<'a> {
    #[serde(borrow, rename = "$ToString")]
    canonical: Cow<'a, str>,
    #[serde(rename = "DistinguishedName")]
    dn: Option<&'a str>,
}

#[test]
fn an_object_id_is_its_text_and_its_members_in_both_serialisation_forms() {
    let full = r#"<Obj RefId="0"><ToString>contoso.com/Users/Ann</ToString><Props><S N="DistinguishedName">CN=Ann</S></Props></Obj>"#;
    let partial = "<S>contoso.com/Users/Ann</S>";
    assert_eq!(
        typed::<ObjectId<'_>>(full),
        ObjectId {
            canonical: "contoso.com/Users/Ann".into(),
            dn: Some("CN=Ann")
        }
    );
    assert_eq!(
        typed::<ObjectId<'_>>(partial),
        ObjectId {
            canonical: "contoso.com/Users/Ann".into(),
            dn: None
        }
    );
    assert_eq!(typed::<&str>(full), typed::<&str>(partial));
    assert_eq!(value(full).as_str(), value(partial).as_str());
}

#[test]
fn escapes_and_surrogates_are_decoded_in_values_and_in_names() {
    for (written, meant) in [
        ("_x000D__x000A_", "\r\n"),
        ("_xd83d__xDE00_", "\u{1F600}"),
        ("_xD83D_", "\u{FFFD}"),
        ("_xDE00__xD83D_", "\u{FFFD}\u{FFFD}"),
        ("_xD83D_-_xDE00_", "\u{FFFD}-\u{FFFD}"),
        ("_x005F_x0041_", "_x0041_"),
        ("_x005f_", "_"),
        ("_x41_ _x00GG_ __x0041_", "_x41_ _x00GG_ _A"),
        ("_x0041__x0042_", "AB"),
        ("&#95;x0041_", "A"),
        ("a&amp;b&lt;&gt;&quot;&apos;&#x20AC;&#167;", "a&b<>\"'€§"),
        ("iPhone§ApplC39", "iPhone§ApplC39"),
    ] {
        let document =
            format!(r#"<Obj RefId="0"><MS><S N="a">{written}</S><S N="{written}">by name</S></MS></Obj>"#);
        assert_eq!(
            value(&document).property("a").and_then(PsValue::as_str),
            Some(meant),
            "{written}"
        );
        assert_eq!(
            value(&document).property(meant).and_then(PsValue::as_str),
            Some("by name"),
            "{written}"
        );
        assert_eq!(member::<String>(&document), meant, "{written}");
        assert_eq!(
            typed::<BTreeMap<String, String>>(&document)[meant],
            "by name",
            "{written}"
        );
    }
}

#[test]
fn a_list_keeps_its_notes_and_an_enumerable_is_a_list() {
    for tag in ["LST", "IE", "STK", "QUE"] {
        let document = format!(
            r#"<Obj RefId="0"><TN RefId="0"><T>X</T></TN><{tag}><S>1</S><Nil/><S>3</S></{tag}><MS><S N="Note">n</S></MS></Obj>"#
        );
        let read = value(&document);
        assert_eq!(read.as_list().map(<[PsValue]>::len), Some(3), "{tag}");
        assert_eq!(
            read.property("note").and_then(PsValue::as_str),
            Some("n"),
            "{tag}"
        );
        assert_eq!(
            typed::<Vec<Option<u8>>>(&document),
            [Some(1), None, Some(3)],
            "{tag}"
        );
        assert_eq!(typed::<A2>(&document).note, "n", "{tag}");
    }
}

#[derive(Deserialize)]
struct A2 {
    #[serde(rename = "Note")]
    note: String,
}

#[test]
fn a_list_is_also_read_from_one_value_and_from_nil() {
    for (written, meant) in [
        (r#"<Nil N="a"/>"#, vec![]),
        (r#"<S N="a">x</S>"#, vec!["x"]),
        (r#"<Obj N="a" RefId="7"><LST/></Obj>"#, vec![]),
        (
            r#"<Obj N="a" RefId="7"><LST><S>x</S><S>y</S></LST></Obj>"#,
            vec!["x", "y"],
        ),
        (r#"<Obj N="a" RefId="7"><ToString>x</ToString></Obj>"#, vec!["x"]),
    ] {
        let document = format!(r#"<Obj RefId="0"><Props>{written}</Props></Obj>"#);
        assert_eq!(member::<Vec<&str>>(&document), meant, "{written}");
    }
}

#[test]
fn props_win_over_ms_in_whatever_order_they_stand() {
    let props = r#"<Props><S N="a">adapted</S></Props>"#;
    let ms = r#"<MS><S N="a">extended</S><S N="b">note</S></MS>"#;
    for body in [
        format!("{props}{ms}"),
        format!("{ms}<ToString>t</ToString>{props}"),
    ] {
        let document = format!(r#"<Obj RefId="0">{body}</Obj>"#);
        let read = value(&document);
        let object = read.as_object().expect("an object");
        assert_eq!((object.adapted.len(), object.extended.len()), (1, 2));
        assert_eq!(read.property("a").and_then(PsValue::as_str), Some("adapted"));
        assert_eq!(member::<&str>(&document), "adapted");
        let all = typed::<BTreeMap<&str, &str>>(&document);
        assert_eq!(all, BTreeMap::from([("a", "adapted"), ("b", "note")]));
    }
}

#[test]
fn a_member_is_found_without_case() {
    assert_eq!(
        member::<u8>(r#"<Obj RefId="0"><MS><I32 N="A">1</I32></MS></Obj>"#),
        1
    );
}

#[derive(Debug, Deserialize, PartialEq)]
struct Node {
    #[serde(rename = "$ToString")]
    name: String,
    next: Option<Box<Self>>,
}

#[test]
fn a_reference_to_an_enclosing_object_is_a_marker_and_ends() {
    let document =
        r#"<Obj RefId="44"><ToString>com</ToString><Props><Ref N="next" RefId="44"/></Props></Obj>"#;
    assert_eq!(
        value(document).property("next"),
        Some(&PsValue::Reference("0".into()))
    );
    let node: Node = typed(document);
    let next = node.next.expect("the object itself, once");
    assert_eq!((next.name.as_str(), next.next), ("com", None));
}

#[test]
fn a_reference_to_a_finished_object_is_a_copy_of_it_or_kept() {
    let document = r#"<Obj RefId="0"><Props><Obj N="b" RefId="1"><ToString>x</ToString></Obj><Ref N="a" RefId="1"/></Props></Obj>"#;
    let read = value(document);
    assert_eq!(read.property("a"), read.property("b"));
    assert_eq!(member::<&str>(document), "x");
    let kept =
        clixml::parse_with(document.as_bytes(), &Limits::default(), References::Keep).expect("readable");
    assert_eq!(
        kept.values[0].property("a"),
        Some(&PsValue::Reference("0/Props.b".into()))
    );
}

#[test]
fn references_without_target_are_counted_and_empty() {
    let document =
        r#"<Obj RefId="0"><TNRef RefId="9"/><Props><Ref N="a" RefId="8"/><S N="b">y</S></Props></Obj>"#;
    let read =
        clixml::parse_with(document.as_bytes(), &Limits::default(), References::Copy).expect("readable");
    assert_eq!(read.missing_references, 2);
    assert!(read.values[0].type_names().is_empty());
    assert!(read.values[0].property("a").is_some_and(PsValue::is_nil));
    assert_eq!(member::<Option<&str>>(document), None);
}

#[test]
fn type_names_are_known_through_a_reference() {
    let document = r#"<Obj RefId="0"><TN RefId="0"><T>A</T><T>B</T></TN><LST><Obj RefId="1"><TNRef RefId="0"/></Obj></LST></Obj>"#;
    assert_eq!(value(document).items()[0].type_names(), ["A", "B"]);
}

#[test]
fn references_cannot_blow_up() {
    use std::fmt::Write as _;

    let mut bomb = String::from(r#"<Objs><Obj RefId="0"><LST><S>x</S></LST></Obj>"#);
    for id in 1..40 {
        let before = id - 1;
        let _ = write!(
            bomb,
            r#"<Obj RefId="{id}"><LST><Ref RefId="{before}"/><Ref RefId="{before}"/></LST></Obj>"#
        );
    }
    bomb.push_str("</Objs>");
    let error = clixml::parse(bomb.as_bytes()).expect_err("too many copies");
    assert!(
        matches!(error.kind(), ClixmlErrorKind::TooManyCopies { .. }),
        "{error}"
    );

    let last = format!(
        r#"<Obj RefId="99"><LST><Ref RefId="39"/></LST><MS>{}</MS></Obj>"#,
        bomb.replace("Objs", "X")
    );
    let forward =
        clixml::from_slice::<serde_json::Value>(last.as_bytes()).expect("no object before the reference");
    assert_eq!(forward, serde_json::json!([null]));
    let bomb = bomb
        .replace("<Objs>", r#"<Obj RefId="99"><MS>"#)
        .replace("</Objs>", "</MS></Obj>");
    let mut bomb = bomb.replace(r#"<Obj RefId="39">"#, r#"<Obj RefId="39" N="a">"#);
    bomb = bomb.replace("<LST>", "<LST><S>y</S>");
    let error = clixml::from_slice::<serde_json::Value>(bomb.as_bytes()).expect_err("too many copies");
    assert!(
        matches!(error.kind(), ClixmlErrorKind::TooManyCopies { .. }),
        "{error}"
    );
}

#[test]
fn a_primitive_keeps_its_notes() {
    let document = r#"<Obj RefId="0"><S>text</S><MS><I32 N="a">7</I32></MS></Obj>"#;
    let read = value(document);
    assert_eq!(
        (read.as_str(), read.property("a").and_then(PsValue::as_i64)),
        (Some("text"), Some(7))
    );
    assert_eq!((typed::<&str>(document), member::<i32>(document)), ("text", 7));
}

#[test]
fn booleans_are_read_in_any_case() {
    for (text, meant) in [("true", true), ("True", true), ("FALSE", false), ("false", false)] {
        let document = format!("<B>{text}</B>");
        assert_eq!(
            (value(&document).as_bool(), typed::<bool>(&document)),
            (Some(meant), meant)
        );
    }
}

#[test]
fn an_unknown_primitive_is_kept_and_never_fails_a_record() {
    let document = r#"<Obj RefId="0"><Later>z</Later><Props><Quad N="q">1<deep><deeper/></deep></Quad><I32 N="b">many</I32><S N="a">x</S></Props></Obj>"#;
    let read = value(document);
    let unknown = |tag: &str, text: &str| {
        PsValue::Primitive(Primitive::Unknown {
            tag: tag.into(),
            text: text.into(),
        })
    };
    assert_eq!(read.property("q"), Some(&unknown("Quad", "1")));
    assert_eq!(read.property("b"), Some(&unknown("I32", "many")));
    assert_eq!(member::<&str>(document), "x");
}

#[test]
fn a_dictionary_keeps_order_and_repeated_keys() {
    let document = r#"<Obj RefId="0"><DCT><En><S N="Key">b</S><I32 N="Value">1</I32></En><En><S N="Key">a</S><I32 N="Value">2</I32></En><En><S N="Key">b</S><I32 N="Value">3</I32></En></DCT></Obj>"#;
    let pair = |key: &str, number: i32| (PsValue::from(key), PsValue::from(number));
    assert_eq!(
        value(document).entries(),
        Some(&[pair("b", 1), pair("a", 2), pair("b", 3)][..])
    );
    assert_eq!(typed::<Vec<(&str, u8)>>(document), [("b", 1), ("a", 2), ("b", 3)]);
    assert_eq!(
        typed::<BTreeMap<String, u8>>(document),
        BTreeMap::from([("a".to_owned(), 2), ("b".to_owned(), 3)])
    );
    assert_eq!(member::<u8>(document), 2);
}

#[test]
fn an_empty_text_is_not_no_text() {
    let document = r#"<Obj RefId="0"><ToString/><BA>AAEC</BA></Obj>"#;
    let read = value(document);
    let object = read.as_object().expect("an object");
    assert_eq!(object.to_string.as_deref(), Some(""));
    assert_eq!(
        object.content,
        Some(Content::Primitive(Primitive::Bytes(vec![0, 1, 2])))
    );
    assert_eq!(value("<S />").as_str(), Some(""));
    assert_eq!(typed::<Option<&str>>("<S></S>"), Some(""));
}

#[test]
fn several_values_stand_side_by_side_with_or_without_a_root() {
    let objects = r#"<S>a</S><Obj RefId="0"><I32>2</I32></Obj><Nil/>"#;
    for document in [
        objects.to_owned(),
        format!(
            "<?xml version=\"1.0\"?>\r\n<Objs Version=\"1.1.0.1\" xmlns='x'>\r\n{objects}\r\n</Objs>\r\n"
        ),
        format!("\u{feff}<Objs>{objects}</Objs>"),
        format!("#< CLIXML\r\n<Objs>{objects}</Objs>"),
    ] {
        let values = clixml::parse(document.as_bytes()).expect("readable");
        assert_eq!(
            (values.len(), values[0].as_str(), values[1].as_i64()),
            (3, Some("a"), Some(2)),
            "{document}"
        );
        assert_eq!(typed::<&str>(&document), "a");
    }
}

#[test]
fn a_utf_16_file_is_read_in_both_byte_orders() {
    let document = "\u{feff}<Objs><S>iPhone§\u{1F600}</S></Objs>";
    let little: Vec<u8> = document.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = document.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [&little, &big] {
        assert_eq!(
            clixml::parse(bytes).expect("readable")[0].as_str(),
            Some("iPhone§\u{1F600}")
        );
        assert_eq!(
            *clixml::parse(&bytes[..7]).expect_err("half a unit").kind(),
            ClixmlErrorKind::NotUtf16
        );
        assert_eq!(
            *clixml::from_slice::<&str>(bytes)
                .expect_err("not borrowed")
                .kind(),
            ClixmlErrorKind::Utf16
        );
    }
}

#[test]
fn a_date_keeps_seven_digits_and_its_offset() {
    for text in [
        "2021-09-28T10:32:01.1234567-07:00",
        "2021-09-28T17:32:01Z",
        "2021-09-28T17:32:01",
    ] {
        let document = format!("<DT>{text}</DT>");
        assert_eq!(
            value(&document),
            PsValue::Primitive(Primitive::DateTime(text.into()))
        );
        assert_eq!(typed::<&str>(&document), text);
    }
}

#[test]
fn a_character_may_be_half_of_a_pair() {
    assert_eq!(value("<C>55357</C>"), PsValue::Primitive(Primitive::Char(0xD83D)));
    assert_eq!((typed::<char>("<C>97</C>"), typed::<u16>("<C>97</C>")), ('a', 97));
}
