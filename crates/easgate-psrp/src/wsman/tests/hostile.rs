use proptest::prelude::*;
use uuid::Uuid;

use super::context;
use crate::wsman::server::parse_request;
use crate::wsman::{ResponseBody, Selector, WsmanError, parse_response, receive, send};

const OPEN: &str = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
    xmlns:r='http://schemas.microsoft.com/wbem/wsman/1/windows/shell'><s:Header/><s:Body>";
const CLOSE: &str = "</s:Body></s:Envelope>";

fn error(message: &str) -> String {
    match parse_response(message.as_bytes()) {
        Ok(response) => format!("{response:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_xml_could_do_to_us_is_refused() {
    let deep = format!("{OPEN}{}{}{CLOSE}", "<a>".repeat(100), "</a>".repeat(100));
    let rows = [
        (
            format!("<!DOCTYPE x [<!ENTITY a 'b'>]>{OPEN}{CLOSE}"),
            "message contains a document type declaration",
        ),
        (
            format!("{OPEN}<?php x?>{CLOSE}"),
            "message contains a processing instruction",
        ),
        (
            format!("{OPEN}<r:ReceiveResponse><r:Stream>&x;</r:Stream></r:ReceiveResponse>{CLOSE}"),
            "message contains a entity",
        ),
        (deep, "elements are nested deeper than 64"),
        (OPEN.to_owned(), "message ends inside an element"),
        (format!("{OPEN}{CLOSE}<x/>"), "message is not a SOAP 1.2 envelope"),
        (
            format!("{OPEN}{CLOSE} junk"),
            "message is not a SOAP 1.2 envelope",
        ),
        ("<Envelope/>".to_owned(), "message is not a SOAP 1.2 envelope"),
        (
            "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'/>".to_owned(),
            "message has no body",
        ),
        (
            format!("{OPEN}<r:ReceiveResponse><r:Stream>*</r:Stream></r:ReceiveResponse>{CLOSE}"),
            "stream is not base64",
        ),
        (String::new(), "message is not a SOAP 1.2 envelope"),
    ];
    for (message, expected) in rows {
        assert_eq!(error(&message), expected, "{message}");
    }
    assert!(error(&format!("{OPEN}<a></b>{CLOSE}")).starts_with("message is not well-formed XML"));
    assert_eq!(
        parse_response(b"<a>\xff</a>").unwrap_err(),
        WsmanError::Encoding { offset: 3 }
    );
    assert!(matches!(
        parse_response(&vec![b' '; 17 << 20]),
        Err(WsmanError::TooLarge { .. })
    ));
}

#[test]
fn text_in_the_body_is_not_taken_for_elements() {
    let sly = format!(
        "{OPEN}<r:ReceiveResponse><!-- <r:CommandState State='x/Done'/> --><r:Stream Name='stdout'>\
        <![CDATA[YWJj]]></r:Stream><x:CommandState xmlns:x='urn:other' State='x/Done'/></r:ReceiveResponse>{CLOSE}"
    );
    let ResponseBody::Received { streams, state } = parse_response(sly.as_bytes()).unwrap().body else {
        panic!()
    };
    assert_eq!((streams[0].data.as_slice(), state), (&b"abc"[..], None));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_response(&bytes);
        let _ = parse_request(&bytes);
    }

    #[test]
    fn no_damaged_envelope_panics(at in 0usize..2000, with in any::<u8>(), cut in 0usize..2000) {
        let mut message = receive(&context(), Uuid::nil(), Some("ABC")).into_bytes();
        let length = message.len();
        message[at % length] = with;
        message.truncate(cut % length + 1);
        let _ = parse_request(&message);
        let _ = parse_response(&message);
    }

    #[test]
    fn any_text_survives_the_way(text in "[ -~\u{a0}-\u{d7ff}\u{10000}-\u{1ffff}\t\r\n]{0,60}", data in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut context = context();
        context.selectors = vec![Selector { name: "ShellId".to_owned(), value: text.clone() }];
        let request = parse_request(send(&context, Uuid::nil(), "stdin", Some("ABC"), &data).as_bytes()).unwrap();
        prop_assert_eq!(request.shell_id(), Some(text.trim()));
        let crate::wsman::server::RequestBody::Send { streams } = request.body else { panic!() };
        prop_assert_eq!(&streams[0].data, &data);
    }
}
