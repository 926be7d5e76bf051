use std::time::Duration;

use expect_test::{Expect, expect};
use uuid::Uuid;

use super::context;
use crate::wsman::server::{self, Reply, RequestBody, ShellDescription, parse_request};
use crate::wsman::{
    CommandState, ResponseBody, SignalCode, Stream, command, create, delete, empty_command_size,
    empty_send_size, fragment_budget, parse_response, receive, send, signal,
};

/// Shows an envelope one element a line.
fn check(envelope: &str, expected: &Expect) {
    expected.assert_eq(&envelope.replace("><", ">\n<"));
}

#[test]
fn create_carries_the_opening_fragments() {
    let mut context = context();
    context.selectors.clear();
    check(
        &create(&context, Uuid::from_u128(1), Uuid::from_u128(2), "2.3", b"abc"),
        &expect![[r#"
            <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell" xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer">
            <s:Header>
            <a:To>https://ex1.contoso.example/powershell?a=1&amp;b=2</a:To>
            <w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/powershell/Microsoft.Exchange</w:ResourceURI>
            <a:ReplyTo>
            <a:Address s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address>
            </a:ReplyTo>
            <a:Action s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/09/transfer/Create</a:Action>
            <w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize>
            <a:MessageID>uuid:00000000-0000-0000-0000-000000000001</a:MessageID>
            <w:Locale xml:lang="en-US" s:mustUnderstand="false"/>
            <p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>
            <p:SessionId s:mustUnderstand="false">uuid:00000000-0000-0000-0000-00000000ABCD</p:SessionId>
            <w:OperationTimeout>PT60.000S</w:OperationTimeout>
            <w:OptionSet s:mustUnderstand="true">
            <w:Option Name="protocolversion" MustComply="true">2.3</w:Option>
            </w:OptionSet>
            </s:Header>
            <s:Body>
            <rsp:Shell ShellId="00000000-0000-0000-0000-000000000002">
            <rsp:InputStreams>stdin pr</rsp:InputStreams>
            <rsp:OutputStreams>stdout</rsp:OutputStreams>
            <creationXml xmlns="http://schemas.microsoft.com/powershell">YWJj</creationXml>
            </rsp:Shell>
            </s:Body>
            </s:Envelope>"#]],
    );
}

#[test]
fn command_carries_the_first_fragments() {
    check(
        body(&command(
            &context(),
            Uuid::from_u128(1),
            Uuid::from_u128(3),
            b"abc",
        )),
        &expect![[r#"
            <w:OperationTimeout>PT60.000S</w:OperationTimeout>
            <w:OptionSet s:mustUnderstand="true">
            <w:Option Name="WINRS_SKIP_CMD_SHELL">False</w:Option>
            </w:OptionSet>
            <w:SelectorSet>
            <w:Selector Name="ShellId">5B1BE6C6-ECFA</w:Selector>
            </w:SelectorSet>
            </s:Header>
            <s:Body>
            <rsp:CommandLine CommandId="00000000-0000-0000-0000-000000000003">
            <rsp:Command>
            </rsp:Command>
            <rsp:Arguments>YWJj</rsp:Arguments>
            </rsp:CommandLine>
            </s:Body>
            </s:Envelope>"#]],
    );
}

#[test]
fn send_carries_more_of_them() {
    check(
        body(&send(
            &context(),
            Uuid::from_u128(1),
            "stdin",
            Some("AB\"C"),
            b"abc",
        )),
        &expect![[r#"
            <w:OperationTimeout>PT60.000S</w:OperationTimeout>
            <w:SelectorSet>
            <w:Selector Name="ShellId">5B1BE6C6-ECFA</w:Selector>
            </w:SelectorSet>
            </s:Header>
            <s:Body>
            <rsp:Send>
            <rsp:Stream Name="stdin" CommandId="AB&quot;C">YWJj</rsp:Stream>
            </rsp:Send>
            </s:Body>
            </s:Envelope>"#]],
    );
}

#[test]
fn receive_names_a_command_or_the_pool() {
    check(
        body(&receive(&context(), Uuid::from_u128(1), Some("ABC"))),
        &expect![[r#"
            <w:OperationTimeout>PT60.000S</w:OperationTimeout>
            <w:OptionSet s:mustUnderstand="true">
            <w:Option Name="WSMAN_CMDSHELL_OPTION_KEEPALIVE">True</w:Option>
            </w:OptionSet>
            <w:SelectorSet>
            <w:Selector Name="ShellId">5B1BE6C6-ECFA</w:Selector>
            </w:SelectorSet>
            </s:Header>
            <s:Body>
            <rsp:Receive>
            <rsp:DesiredStream CommandId="ABC">stdout</rsp:DesiredStream>
            </rsp:Receive>
            </s:Body>
            </s:Envelope>"#]],
    );
    check(
        body(&receive(&context(), Uuid::from_u128(1), None)),
        &expect![[r#"
            <w:OperationTimeout>PT60.000S</w:OperationTimeout>
            <w:OptionSet s:mustUnderstand="true">
            <w:Option Name="WSMAN_CMDSHELL_OPTION_KEEPALIVE">True</w:Option>
            </w:OptionSet>
            <w:SelectorSet>
            <w:Selector Name="ShellId">5B1BE6C6-ECFA</w:Selector>
            </w:SelectorSet>
            </s:Header>
            <s:Body>
            <rsp:Receive>
            <rsp:DesiredStream>stdout</rsp:DesiredStream>
            </rsp:Receive>
            </s:Body>
            </s:Envelope>"#]],
    );
}

#[test]
fn signal_stops_or_releases() {
    check(
        body(&signal(&context(), Uuid::from_u128(1), "ABC", &SignalCode::Stop)),
        &expect![[r#"
            <w:OperationTimeout>PT60.000S</w:OperationTimeout>
            <w:SelectorSet>
            <w:Selector Name="ShellId">5B1BE6C6-ECFA</w:Selector>
            </w:SelectorSet>
            </s:Header>
            <s:Body>
            <rsp:Signal CommandId="ABC">
            <rsp:Code>powershell/signal/ctrl_c</rsp:Code>
            </rsp:Signal>
            </s:Body>
            </s:Envelope>"#]],
    );
    check(
        body(&signal(
            &context(),
            Uuid::from_u128(1),
            "ABC",
            &SignalCode::Terminate,
        )),
        &expect![[r#"
            <w:OperationTimeout>PT60.000S</w:OperationTimeout>
            <w:SelectorSet>
            <w:Selector Name="ShellId">5B1BE6C6-ECFA</w:Selector>
            </w:SelectorSet>
            </s:Header>
            <s:Body>
            <rsp:Signal CommandId="ABC">
            <rsp:Code>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/Terminate</rsp:Code>
            </rsp:Signal>
            </s:Body>
            </s:Envelope>"#]],
    );
}

#[test]
fn delete_has_the_shells_own_selectors() {
    check(
        &delete(&context(), Uuid::from_u128(1)),
        &expect![[r#"
        <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell" xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer">
        <s:Header>
        <a:To>https://ex1.contoso.example/powershell?a=1&amp;b=2</a:To>
        <w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/powershell/Microsoft.Exchange</w:ResourceURI>
        <a:ReplyTo>
        <a:Address s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address>
        </a:ReplyTo>
        <a:Action s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete</a:Action>
        <w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize>
        <a:MessageID>uuid:00000000-0000-0000-0000-000000000001</a:MessageID>
        <w:Locale xml:lang="en-US" s:mustUnderstand="false"/>
        <p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>
        <p:SessionId s:mustUnderstand="false">uuid:00000000-0000-0000-0000-00000000ABCD</p:SessionId>
        <w:OperationTimeout>PT60.000S</w:OperationTimeout>
        <w:SelectorSet>
        <w:Selector Name="ShellId">5B1BE6C6-ECFA</w:Selector>
        </w:SelectorSet>
        </s:Header>
        <s:Body>
        </s:Body>
        </s:Envelope>"#]],
    );
}

/// The envelope from its message id on; what stands before is the same in each.
fn body(envelope: &str) -> &str {
    &envelope[envelope.find("<w:OperationTimeout>").unwrap()..]
}

#[test]
fn a_full_budget_fills_the_envelope_and_not_more() {
    let context = context();
    for limit in [32_768, 153_600, 512_000] {
        let empty = empty_command_size(&context);
        let full = command(
            &context,
            Uuid::from_u128(1),
            Uuid::from_u128(2),
            &vec![7; fragment_budget(empty, limit)],
        );
        let most = usize::try_from(limit)
            .unwrap()
            .min(crate::wsman::MAX_REQUEST_BODY);
        assert!(
            full.len() <= most && full.len() + 4 > most,
            "{} of {most}",
            full.len()
        );
        let empty = empty_send_size(&context, "stdin", Some("ABC"));
        let full = send(
            &context,
            Uuid::from_u128(1),
            "stdin",
            Some("ABC"),
            &vec![7; fragment_budget(empty, limit)],
        );
        assert!(
            full.len() <= most && full.len() < 512_000,
            "{} of {most}",
            full.len()
        );
    }
    assert_eq!(fragment_budget(200_000, 153_600), 0);
}

#[test]
fn a_server_reads_what_a_client_writes() {
    let request =
        parse_request(create(&context(), Uuid::from_u128(1), Uuid::from_u128(2), "2.3", b"abc").as_bytes());
    let request = request.unwrap();
    assert_eq!(
        request.to.as_deref(),
        Some("https://ex1.contoso.example/powershell?a=1&b=2")
    );
    assert_eq!(request.message_id, "uuid:00000000-0000-0000-0000-000000000001");
    assert_eq!(
        request.session_id.as_deref(),
        Some("uuid:00000000-0000-0000-0000-00000000ABCD")
    );
    assert_eq!(request.operation_timeout, Some(Duration::from_secs(60)));
    assert_eq!(
        (request.option("protocolversion"), request.shell_id()),
        (Some("2.3"), Some("5B1BE6C6-ECFA"))
    );
    assert!(matches!(request.body, RequestBody::Create { creation, .. } if creation == b"abc"));

    let request = parse_request(command(&context(), Uuid::nil(), Uuid::nil(), b"xyz").as_bytes()).unwrap();
    assert_eq!(request.body.fragments().unwrap(), b"xyz");
    let request =
        parse_request(signal(&context(), Uuid::nil(), "a<b", &SignalCode::Stop).as_bytes()).unwrap();
    let RequestBody::Signal { command_id, code } = request.body else {
        panic!()
    };
    assert_eq!((command_id.as_deref(), code), (Some("a<b"), SignalCode::Stop));
    let request = parse_request(delete(&context(), Uuid::nil()).as_bytes()).unwrap();
    assert_eq!(request.body, RequestBody::Delete);
}

#[test]
fn a_client_reads_what_a_server_writes() {
    let reply = Reply {
        relates_to: "uuid:kept-As-Written",
        message_id: Uuid::from_u128(9),
    };
    let read = |envelope: String| {
        let response = parse_response(envelope.as_bytes()).unwrap();
        assert_eq!(response.relates_to.as_deref(), Some("uuid:kept-As-Written"));
        response.body
    };
    let shell = ShellDescription {
        address: "http://ex1/powershell".to_owned(),
        shell_id: "AB-CD".to_owned(),
        resource_uri: "http://x/y".to_owned(),
        owner: r"CONTOSO\a&b".to_owned(),
        client_ip: "127.0.0.1".to_owned(),
        idle_timeout: Duration::from_secs(900),
    };
    let ResponseBody::Created(created) = read(server::create_response(&reply, &shell)) else {
        panic!()
    };
    assert_eq!(
        (created.shell_id(), created.resource_uri.as_deref()),
        (Some("AB-CD"), Some("http://x/y"))
    );
    assert_eq!(
        (created.owner.as_deref(), created.idle_timeout),
        (Some(r"CONTOSO\a&b"), Some(Duration::from_secs(900)))
    );

    let streams = [b"one".to_vec(), Vec::new()].map(|data| Stream {
        name: "stdout".into(),
        command_id: Some("C".into()),
        data,
    });
    let done = CommandState::Done { exit_code: Some(0) };
    let received = read(server::receive_response(&reply, &streams, Some(("C", &done))));
    assert_eq!(
        received,
        ResponseBody::Received {
            streams: streams.to_vec(),
            state: Some(done)
        }
    );

    let command = read(server::command_response(&reply, "C"));
    assert_eq!(
        command,
        ResponseBody::Command {
            command_id: Some("C".to_owned())
        }
    );
    assert_eq!(read(server::send_response(&reply)), ResponseBody::Sent);
    assert_eq!(read(server::signal_response(&reply)), ResponseBody::Signalled);
    assert_eq!(read(server::delete_response(&reply)), ResponseBody::Deleted);
}
