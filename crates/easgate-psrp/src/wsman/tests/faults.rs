use expect_test::{Expect, expect};
use uuid::Uuid;

use crate::wsman::server::{self, FaultReply, Reply};
use crate::wsman::{Fault, ResponseBody, parse_response};

fn read(reply: &FaultReply) -> Fault {
    let envelope = server::fault(
        &Reply {
            relates_to: "uuid:1",
            message_id: Uuid::nil(),
        },
        reply,
    );
    let ResponseBody::Fault(fault) = parse_response(envelope.as_bytes()).unwrap().body else {
        panic!("{envelope}")
    };
    fault
}

fn fault(code: Option<u32>, subcode: &str, text: &str) -> FaultReply {
    FaultReply {
        wsman_code: code,
        subcode: subcode.to_owned(),
        reason: text.to_owned(),
        ..FaultReply::timed_out("EX1")
    }
}

fn check(rows: &[FaultReply], expected: &Expect) {
    let told: String = rows
        .iter()
        .map(|row| {
            let fault = read(row);
            let category = fault.exchange().failure_category.unwrap_or_default();
            format!(
                "{:?} [{category}] {}\n",
                fault.kind(),
                fault.text().chars().take(60).collect::<String>().trim_end()
            )
        })
        .collect();
    expected.assert_eq(&told);
}

#[test]
fn the_number_decides_before_subcode_and_text() {
    check(
        &[
            FaultReply::timed_out("EX1"),
            FaultReply::invalid_selectors("EX1", "the shell was not found"),
            fault(Some(2_150_858_811), "w:InvalidResourceURI", "not in the catalog"),
            fault(Some(2_150_858_817), "w:SchemaValidationError", "invalid"),
            fault(Some(2_150_858_819), "w:AccessDenied", "Access is denied."),
            fault(Some(5), "w:AccessDenied", "Access is denied."),
            fault(Some(2_150_859_173), "w:QuotaLimit", "too many"),
            fault(Some(2_150_858_815), "w:QuotaLimit", "busy"),
            fault(Some(2_150_859_161), "w:InternalError", "elsewhere"),
            fault(Some(1), "w:TimedOut", "another code"),
            fault(None, "w:InvalidSelectors", "no code at all"),
            fault(None, "w:InternalError", "unknown"),
        ],
        &expect![[r#"
            Timeout [] The WS-Management service cannot complete the operation with
            ShellNotFound [] the shell was not found
            ResourceUriNotFound [] not in the catalog
            SchemaInvalid [] invalid
            AccessDenied [] Access is denied.
            AccessDenied [] Access is denied.
            TooManyShells [] too many
            Throttled { wait: None } [] busy
            Redirect(None) [] elsewhere
            Timeout [] another code
            ShellNotFound [] no code at all
            Other [] unknown
        "#]],
    );
}

#[test]
fn exchange_tells_more_in_its_text() {
    let shells = "The WS-Management service cannot process the request. This user is allowed a maximum of 18 concurrent \
                  shells, which has been exceeded.";
    let runspaces = "[AuthZRequestId=5f1a][FailureCategory=AuthZ-AuthorizationException] Fail to create a runspace because \
                     you have exceeded the maximum number of connections allowed : 18 for the policy party : MaxConcurrency.";
    let rate = "The user load quota of 1000 requests per 2 seconds has been exceeded. Send future requests at a slower rate \
                or raise the quota for this user. The next request from this user will not be approved for at least \
                1,234 milliseconds.";
    let gone = "[ClientAccessServer=E2K13-1,BackEndServer=e2k13-1.contoso.example,RequestId=6f96,TimeStamp=1/1/2026 8:00:00 AM] \
                [FailureCategory=WSMan-InvalidShellID] The request for the Windows Remote Shell failed.";
    let role = "[FailureCategory=AuthZ-CmdletAccessDeniedException] The user isn't assigned to any management roles.";
    let disabled =
        "[FailureCategory=AuthZ-RemotePowerShellNotEnabledException] Remote PowerShell is not enabled.";
    let rows: Vec<_> = [shells, runspaces, rate, gone, role, disabled, "[odd] text"]
        .map(|text| fault(Some(5), "w:AccessDenied", text))
        .into();
    check(
        &rows,
        &expect![[r#"
        TooManyShells [] The WS-Management service cannot process the request. This u
        TooManyShells [AuthZ-AuthorizationException] Fail to create a runspace because you have exceeded the maxi
        Throttled { wait: Some(1.234s) } [] The user load quota of 1000 requests per 2 seconds has been
        ShellNotFound [WSMan-InvalidShellID] The request for the Windows Remote Shell failed.
        NoRole [AuthZ-CmdletAccessDeniedException] The user isn't assigned to any management roles.
        RemotePowerShellDisabled [AuthZ-RemotePowerShellNotEnabledException] Remote PowerShell is not enabled.
        AccessDenied [] [odd] text
    "#]],
    );
    let diagnostics = read(&fault(None, "w:InternalError", gone)).exchange();
    assert_eq!(diagnostics.server.as_deref(), Some("E2K13-1"));
    assert_eq!(
        diagnostics.back_end_server.as_deref(),
        Some("e2k13-1.contoso.example")
    );
    assert_eq!(diagnostics.request_id.as_deref(), Some("6f96"));
}

#[test]
fn the_plug_in_speaks_through_its_own_fault() {
    let provider = Some((
        "microsoft.exchange".to_owned(),
        r"%systemroot%\pwrshplugin.dll".to_owned(),
    ));
    let fault = read(&FaultReply {
        provider,
        message: "inner text".to_owned(),
        ..fault(Some(7), "w:InternalError", "outer")
    });
    let inner = fault.provider.as_ref().unwrap();
    assert_eq!(inner.provider.as_deref(), Some("microsoft.exchange"));
    assert_eq!(inner.path.as_deref(), Some(r"%systemroot%\pwrshplugin.dll"));
    assert_eq!(
        (fault.text(), fault.reason.as_str(), fault.machine.as_deref()),
        ("inner text", "outer", Some("EX1"))
    );
    assert_eq!(fault.to_string(), "inner text (code 7)");
}

#[test]
fn faults_nest_and_their_codes_vary_in_form() {
    let envelope = |detail: &str| {
        format!(
            "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Header/><e:Body><e:Fault><e:Code><e:Value>\
             e:Sender</e:Value></e:Code><e:Reason><e:Text xml:lang='de'>Nein</e:Text><e:Text xml:lang='en'>No</e:Text>\
             </e:Reason><e:Detail>{detail}</e:Detail></e:Fault></e:Body></e:Envelope>"
        )
    };
    let other = "xmlns='http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd'";
    for (detail, code, text) in [
        (
            format!("<WSManFault {other} Code='-2144108477' Machine='a'/>"),
            Some(2_150_858_819),
            "Nein",
        ),
        (
            format!("<WSManFault {other} Code='0x80338029'><Message>later</Message></WSManFault>"),
            Some(2_150_858_793),
            "later",
        ),
        (format!("<WSManFault {other} Code='many'/>"), None, "Nein"),
        (
            format!(
                "<WSManFault {other} Code='9'><Message><ProviderFault provider='p'><WSManFault Code='2150858843'><Message>\
                 deep</Message></WSManFault></ProviderFault></Message></WSManFault>"
            ),
            Some(9),
            "deep",
        ),
        (String::new(), None, "Nein"),
    ] {
        let body = parse_response(envelope(&detail).as_bytes()).unwrap().body;
        let ResponseBody::Fault(fault) = body else {
            panic!("{body:?}")
        };
        assert_eq!((fault.wsman_code, fault.text()), (code, text), "{detail}");
    }
}
