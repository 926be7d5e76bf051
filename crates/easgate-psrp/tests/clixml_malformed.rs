//! What is refused, and where the error says it is.

use std::fmt::Write as _;

use easgate_psrp::clixml::{self, Limits, Reader, References};
use expect_test::expect;
use serde::de::IgnoredAny;

const GOLDEN: &str = concat!(
    r#"<Objs Version="1.1.0.1"><Obj RefId="0"><TN RefId="0"><T>X</T></TN><ToString>t§</ToString><Props><S N="a">&amp;_x0041_</S>"#,
    r#"<Obj N="l" RefId="1"><TNRef RefId="0"/><LST><Nil/><I32>1</I32><Ref RefId="0"/></LST></Obj></Props>"#,
    r#"<MS><Obj N="d" RefId="2"><DCT><En><S N="Key">k</S><B N="Value">true</B></En></DCT></Obj></MS></Obj></Objs>"#
);

const MALFORMED: [&str; 24] = [
    "",
    "<Objs/>",
    "<Obj RefId=\"0\"><Props><S N=\"Name\">x</Props></Obj>",
    "<Obj RefId=\"0\"><Props><S N=\"Name\">x</S>",
    "<Obj RefId=\"0\"><Props><S N=\"Name\">&nbsp;</S></Props></Obj>",
    "<S>&#0;</S>",
    "<S>&#xD800;</S>",
    "<S>a & b</S>",
    "<!DOCTYPE x [<!ENTITY a \"b\">]><S>&a;</S>",
    "<S><![CDATA[x]]></S>",
    "<S><?pi?></S>",
    "<S>x</S></S>",
    "text<S>x</S>",
    "<S>x</S>text",
    "<S N=\"a\" N=\"b\">x</S>",
    "<S N=a>x</S>",
    "<S N=\"a<b\">x</S>",
    "<S N=\"a",
    "<S N=\"a\"",
    "< S>x</S>",
    "<>x</>",
    "<",
    "</",
    "<?xml",
];

/// What the three readers say of a document.
fn read(document: &[u8]) -> [Result<(), String>; 3] {
    let dynamic = clixml::parse(document)
        .map(drop)
        .map_err(|error| error.to_string());
    let typed = clixml::from_slice::<serde_json::Value>(document)
        .map(drop)
        .map_err(|error| error.to_string());
    let events = clixml::decode_document(document).and_then(|text| {
        let mut reader = Reader::new(&text, &Limits::default())?;
        while reader.next_event()?.is_some() {}
        Ok(())
    });
    [dynamic, typed, events.map_err(|error| error.to_string())]
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_place() {
    let mut out = String::new();
    for document in MALFORMED {
        let said = read(document.as_bytes());
        let dynamic = said[0].clone().err().unwrap_or_else(|| "read".to_owned());
        assert!(
            said[1].is_err(),
            "{document}: the typed reader takes what the dynamic one refuses"
        );
        let _ = writeln!(out, "{document}\n    {dynamic}");
    }
    expect![[r##"

            no value at byte 0
        <Objs/>
            read
        <Obj RefId="0"><Props><S N="Name">x</Props></Obj>
            </Props> where </S> belongs at byte 42, in Obj/Props/S.Name
        <Obj RefId="0"><Props><S N="Name">x</S>
            the document ends inside an element at byte 39, in Obj/Props
        <Obj RefId="0"><Props><S N="Name">&nbsp;</S></Props></Obj>
            an entity that is not known: "nbsp" at byte 34, in Obj/Props/S.Name
        <S>&#0;</S>
            an entity that is not known: "#0" at byte 3, in S
        <S>&#xD800;</S>
            an entity that is not known: "#xD800" at byte 3, in S
        <S>a & b</S>
            an entity that is not known: "" at byte 5, in S
        <!DOCTYPE x [<!ENTITY a "b">]><S>&a;</S>
            a declaration, comment or processing instruction, which CLIXML does not have at byte 0
        <S><![CDATA[x]]></S>
            a declaration, comment or processing instruction, which CLIXML does not have at byte 3, in S
        <S><?pi?></S>
            a declaration, comment or processing instruction, which CLIXML does not have at byte 3, in S
        <S>x</S></S>
            </S> where nothing is open at byte 8
        text<S>x</S>
            text outside of every element at byte 0
        <S>x</S>text
            text outside of every element at byte 12
        <S N="a" N="b">x</S>
            a tag that is not well formed at byte 9
        <S N=a>x</S>
            a tag that is not well formed at byte 3
        <S N="a<b">x</S>
            a tag that is not well formed at byte 3
        <S N="a
            the document ends inside a tag at byte 3
        <S N="a"
            the document ends inside a tag at byte 8
        < S>x</S>
            a tag that is not well formed at byte 0
        <>x</>
            a tag that is not well formed at byte 0
        <
            the document ends inside a tag at byte 1
        </
            the document ends inside a tag at byte 0
        <?xml
            the document ends inside a tag at byte 0
    "##]]
    .assert_eq(&out);
}

#[test]
fn a_type_that_does_not_fit_is_told_with_its_place() {
    #[derive(Debug, serde::Deserialize)]
    struct Device {
        #[serde(rename = "Port")]
        _port: u16,
    }
    let mut out = String::new();
    for document in [
        r#"<Obj RefId="0"><Props><S N="A">x</S><S N="Port">many</S></Props></Obj>"#,
        r#"<Obj RefId="0"><Props><I32 N="Port">70000</I32></Props></Obj>"#,
        r#"<Obj RefId="0"><Props/></Obj>"#,
        r#"<S>x</S>"#,
        r#"<Nil/>"#,
    ] {
        let error = clixml::from_slice::<Device>(document.as_bytes()).expect_err("does not fit");
        let _ = writeln!(out, "{document}\n    {error}");
    }
    expect![[r#"
        <Obj RefId="0"><Props><S N="A">x</S><S N="Port">many</S></Props></Obj>
            "many" is not a whole number above zero at byte 36, in Obj/Props/S.Port
        <Obj RefId="0"><Props><I32 N="Port">70000</I32></Props></Obj>
            invalid value: integer `70000`, expected u16 at byte 22, in Obj/Props/I32.Port
        <Obj RefId="0"><Props/></Obj>
            missing field `Port` at byte 0, in Obj
        <S>x</S>
            invalid type: string "x", expected struct Device at byte 0, in S
        <Nil/>
            invalid type: unit value, expected struct Device at byte 0, in Nil
    "#]]
    .assert_eq(&out);
}

#[test]
fn every_truncation_of_a_message_is_an_error_and_none_panics() {
    for said in read(GOLDEN.as_bytes()) {
        said.expect("the whole message is readable");
    }
    for cut in 1..GOLDEN.len() {
        for said in read(&GOLDEN.as_bytes()[..cut]) {
            said.expect_err("a part of the message");
        }
    }
}

#[test]
fn depth_is_capped_for_objects_and_for_other_elements() {
    let nested = |depth: usize| {
        let open: String = (0..depth)
            .map(|id| format!("<Obj RefId=\"{id}\"><MS><Obj N=\"a\"><LST>"))
            .collect();
        format!("{open}{}", "</LST></Obj></MS></Obj>".repeat(depth))
    };
    for said in read(nested(32).as_bytes()) {
        said.expect("64 objects inside each other");
    }
    for said in read(nested(33).as_bytes()) {
        assert!(
            said.expect_err("66 objects")
                .starts_with("more than 64 elements inside each other")
        );
    }
    for said in read(nested(200_000).as_bytes()) {
        said.expect_err("a great many objects");
    }
    let unknown = format!("{}{}", "<X>".repeat(100_000), "</X>".repeat(100_000));
    for said in read(unknown.as_bytes()) {
        assert!(
            said.expect_err("too deep")
                .starts_with("more than 256 elements inside each other")
        );
    }
}

#[test]
fn size_is_capped() {
    let limits = Limits {
        max_object_bytes: 10,
        ..Limits::default()
    };
    clixml::parse_with(b"<S>xxx</S>", &limits, References::Copy).expect("as large as may be");
    clixml::parse_with(b"<S>xxxx</S>", &limits, References::Copy).expect_err("a byte too many");
    clixml::from_slice_with::<IgnoredAny>(b"<S>xxxx</S>", &limits).expect_err("a byte too many");
}

#[test]
fn bytes_that_are_not_text_are_refused() {
    for said in read(b"<S>\xff</S>") {
        said.expect_err("not UTF-8");
    }
}
