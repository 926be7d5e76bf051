use std::time::Duration;

use easgate_psrp::wsman::{Fault, FaultKind};
use expect_test::expect;

use super::*;
use crate::{AuthenticationError, ErrorRecord, ProgressRecord, PsValue, TransportError};

fn error_record() -> ErrorRecord {
    ErrorRecord {
        message: "object 'Ana' couldn't be found".to_owned(),
        fully_qualified_error_id: "4B953CE,Microsoft.Exchange.Management.SetMailbox".to_owned(),
        category: 13,
        activity: "Set-CASMailbox".to_owned(),
        reason: "ManagementObjectNotFoundException".to_owned(),
        target_name: "Ana".to_owned(),
        target_type: "String".to_owned(),
        category_message: "NotSpecified: (Ana:String) [Set-CASMailbox]".to_owned(),
        exception_type: Some("Microsoft.Exchange.ManagementObjectNotFoundException".to_owned()),
        details_message: Some("details".to_owned()),
        recommended_action: None,
        target: PsValue::from("Ana"),
        ..ErrorRecord::default()
    }
}

fn every_record() -> Vec<Record> {
    let clixml = r#"<Obj RefId="0"><Props><S N="Name">Ana</S><I32 N="Count">3</I32></Props></Obj>"#;
    vec![
        Record::Output(Output::new(clixml.into())),
        Record::Error(Box::new(error_record())),
        Record::Warning("a warning".to_owned()),
        Record::Verbose("a detail".to_owned()),
        Record::Debug("another".to_owned()),
        Record::Information("a message".to_owned()),
        Record::Progress(ProgressRecord::new("Preparing", "half")),
        Record::Undecodable {
            reason: "no value at byte 0".to_owned(),
        },
    ]
}

/// Without the message as received, which a recording does not hold.
fn comparable(mut record: Record) -> Record {
    if let Record::Error(error) = &mut record {
        error.raw = bytes::Bytes::new();
    }
    record
}

#[tokio::test]
async fn every_kind_of_record_comes_back_when_identities_are_kept() {
    let folder = Folder::new();
    let answer = every_record().into_iter().map(Ok).collect();
    let recorder = recorder(Script::new(vec![Ok(answer)]), &folder.path(), &Identities::Keep);
    let command = || {
        Command::new("Get-MobileDevice")
            .with("ResultSize", "Unlimited")
            .switch("ActiveSync")
    };
    ask(&recorder, command()).await;
    recorder.check().unwrap();

    let replayed = ask(&folder.replay(), command()).await;
    let replayed: Vec<Record> = replayed
        .into_iter()
        .map(|item| comparable(item.unwrap()))
        .collect();
    assert_eq!(replayed, every_record());
}

fn connection_errors() -> Vec<InvokeError> {
    let log_on = |source| InvokeError::Authentication {
        endpoint: "https://ex1/powershell".to_owned(),
        cmdlet: "Get-MobileDevice".to_owned(),
        sent: false,
        source: Box::new(source),
    };
    let transport = |source| InvokeError::Transport {
        endpoint: "https://ex1/powershell".to_owned(),
        cmdlet: "Get-MobileDevice".to_owned(),
        sent: false,
        source,
    };
    vec![
        transport(TransportError::Gone),
        transport(TransportError::Proxy {
            offered: Some("Negotiate".to_owned()),
        }),
        log_on(AuthenticationError::Protocol {
            reason: "no token".to_owned(),
        }),
        log_on(AuthenticationError::KdcUnreachable {
            kdc: "dc1:88: timed out".to_owned(),
        }),
        log_on(AuthenticationError::CredentialRefused {
            username: "the recorded account".to_owned(),
        }),
    ]
}

fn every_error() -> Vec<InvokeError> {
    let endpoint = || "https://ex1/powershell".to_owned();
    let cmdlet = || "Get-MobileDevice".to_owned();
    let transport = |source| InvokeError::Transport {
        endpoint: endpoint(),
        cmdlet: cmdlet(),
        sent: true,
        source,
    };
    let inner = || std::io::Error::other("refused").into();
    let fault = Fault {
        wsman_code: Some(2_150_858_843),
        reason: "gone".to_owned(),
        ..Fault::default()
    };
    vec![
        transport(TransportError::Connect { source: inner() }),
        transport(TransportError::Timeout {
            after: Duration::from_secs(3),
        }),
        transport(TransportError::Broken { source: inner() }),
        transport(TransportError::TooLarge { limit: 9 }),
        transport(TransportError::Setup { source: inner() }),
        InvokeError::Unauthorized {
            endpoint: endpoint(),
            offered: "Negotiate".to_owned(),
        },
        InvokeError::Fault {
            endpoint: endpoint(),
            cmdlet: cmdlet(),
            sent: false,
            fault: Box::new(fault),
        },
        InvokeError::Failed {
            cmdlet: cmdlet(),
            error: Box::new(error_record()),
        },
        InvokeError::SessionLost {
            endpoint: endpoint(),
            cmdlet: cmdlet(),
            sent: true,
        },
        InvokeError::Stopped { cmdlet: cmdlet() },
        InvokeError::Timeout {
            cmdlet: cmdlet(),
            after: Duration::from_millis(1500),
            sent: true,
        },
        InvokeError::Protocol {
            endpoint: endpoint(),
            cmdlet: cmdlet(),
            sent: true,
            reason: "odd".to_owned(),
        },
        InvokeError::Setup {
            endpoint: endpoint(),
            cmdlet: cmdlet(),
            source: Box::new(InvokeError::Stopped { cmdlet: cmdlet() }),
        },
        InvokeError::Closed { endpoint: endpoint() },
    ]
}

fn told(error: &InvokeError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    format!(
        "{error} {source:?} {} {} {} {:?}",
        error.is_transient(),
        error.is_refused_credential(),
        error.sent(),
        error.retry_after()
    )
}

#[tokio::test]
async fn every_error_comes_back_at_the_start_and_after_records() {
    let all = || every_error().into_iter().chain(connection_errors());
    for (error, again) in all().zip(all()) {
        let expected = told(&error);
        let folder = Folder::new();
        let script = Script::new(vec![
            Err(error),
            Ok(vec![Ok(Record::Warning(String::new())), Err(again)]),
        ]);
        let recorder = recorder(script, &folder.path(), &Identities::Keep);
        for _ in 0..2 {
            ask(&recorder, Command::new("Get-MobileDevice")).await;
        }
        let replay = folder.replay();
        let refused = ask(&replay, Command::new("Get-MobileDevice")).await;
        assert_eq!(told(refused[0].as_ref().unwrap_err()), expected);
        let failed = ask(&replay, Command::new("Get-MobileDevice")).await;
        assert!(matches!(&failed[0], Ok(Record::Warning(_))), "{failed:?}");
        assert_eq!(told(failed[1].as_ref().unwrap_err()), expected);
    }
}

#[tokio::test]
async fn the_meaning_of_errors_survives_pseudonyms() {
    let text =
        "[Server=EX1,TimeStamp=8/1/2017 2:00:00 PM] [FailureCategory=AuthZ-CmdletAccessDeniedException] Ana";
    let no_role = Fault {
        message: Some(text.to_owned()),
        ..Fault::default()
    };
    let throttled = Fault {
        reason: "load quota: wait for at least 60,000 milliseconds".to_owned(),
        ..Fault::default()
    };
    for (fault, kind) in [
        (no_role, FaultKind::NoRole),
        (
            throttled,
            FaultKind::Throttled {
                wait: Some(Duration::from_secs(60)),
            },
        ),
    ] {
        let folder = Folder::new();
        let error = InvokeError::Fault {
            endpoint: "https://ex1.contoso.example/powershell".to_owned(),
            cmdlet: "Get-Mailbox".to_owned(),
            sent: false,
            fault: Box::new(fault),
        };
        let recorder = recorder(Script::new(vec![Err(error)]), &folder.path(), &KEY);
        ask(&recorder, Command::new("Get-Mailbox")).await;
        let items = ask(&folder.replay(), Command::new("Get-Mailbox")).await;
        let Err(InvokeError::Fault { fault, endpoint, .. }) = &items[0] else {
            panic!("{items:?}")
        };
        assert_eq!(fault.kind(), kind);
        assert!(!endpoint.contains("contoso"));
    }
}

const OWNER: &str = "CN=Silva\\, Ana,OU=Staff,DC=contoso,DC=example";

#[tokio::test]
async fn joins_survive_pseudonyms() {
    let folder = Folder::new();
    let device = format!(
        "<S N=\"DistinguishedName\">CN=iPhone\u{a7}ApplC39GQ8NNDTDL,CN=ExchangeActiveSyncDevices,{OWNER}</S>\
         <S N=\"DeviceId\">ApplC39GQ8NNDTDL</S><G N=\"Guid\">6f9619ff-8b86-d011-b42d-00c04fc964ff</G>"
    );
    let mailbox = format!(
        "<S N=\"DistinguishedName\">{OWNER}</S>\
         <Obj N=\"ActiveSyncAllowedDeviceIDs\" RefId=\"1\"><LST><S>APPLC39GQ8NNDTDL</S></LST></Obj>"
    );
    let script = Script::new(vec![
        Ok(vec![output(&device)]),
        Ok(vec![output(&mailbox)]),
        Ok(vec![]),
    ]);
    let recorder = recorder(script, &folder.path(), &KEY);
    let set = |identity: &str, id: &str| {
        let add = PsValue::hashtable([("Add".into(), vec![PsValue::from(id)].into())]);
        Command::new("Set-CASMailbox")
            .with("Identity", identity)
            .with("ActiveSyncAllowedDeviceIDs", add)
    };
    ask(&recorder, Command::new("Get-MobileDevice")).await;
    ask(&recorder, Command::new("Get-CASMailbox")).await;
    ask(&recorder, set(OWNER, "ApplC39GQ8NNDTDL")).await;

    let replay = folder.replay();
    let devices = ask(&replay, Command::new("Get-MobileDevice")).await;
    let mailboxes = ask(&replay, Command::new("Get-CASMailbox")).await;
    let id = property(&devices[0], "DeviceId");
    let owner = property(&mailboxes[0], "DistinguishedName");
    let expected = format!("CN=iPhone\u{a7}{id},CN=ExchangeActiveSyncDevices,{owner}");
    assert_eq!(property(&devices[0], "DistinguishedName"), expected);
    let Ok(Record::Output(mailbox)) = &mailboxes[0] else {
        panic!("{mailboxes:?}")
    };
    let value = mailbox.value().unwrap();
    let allowed = value.property("ActiveSyncAllowedDeviceIDs").unwrap().items();
    assert_eq!(allowed[0].as_str(), Some(id.to_ascii_uppercase().as_str()));
    // Whoever asks by the pseudonyms gets the answer.
    assert!(ask(&replay, set(&owner, &id)).await.is_empty());
    assert!(replay.unused().is_empty());
}

#[tokio::test]
async fn what_was_not_recorded_is_named() {
    let folder = Folder::new();
    let script = Script::new(vec![Ok(vec![]), Ok(vec![])]);
    let recorder = recorder(script, &folder.path(), &Identities::Keep);
    ask(
        &recorder,
        Command::new("Get-MobileDevice").with("ResultSize", "Unlimited"),
    )
    .await;
    ask(&recorder, Command::new("Get-CASMailbox")).await;

    let replay = folder.replay();
    let mut told = String::new();
    for command in [
        Command::new("Get-MobileDevice"),
        Command::new("get-mobiledevice").with("resultsize", "Unlimited"),
        Command::new("Get-MobileDevice").with("ResultSize", "Unlimited"),
        Command::new("Get-CASMailbox"),
        Command::new("Get-CASMailbox"),
    ] {
        let items = ask(&replay, command).await;
        let error = items.first().map(|item| item.as_ref().unwrap_err().to_string());
        told.push_str(&format!("{}\n", error.as_deref().unwrap_or("answered")));
    }
    replay.close().await;
    let closed = ask(&replay, Command::new("Get-CASMailbox")).await;
    assert!(matches!(closed[0], Err(InvokeError::Closed { .. })));
    expect![[r#"
        the recording has no answer to Get-MobileDevice; next it has Get-MobileDevice -ResultSize <S>Unlimited</S>
        answered
        the recording has no answer to Get-MobileDevice -ResultSize <S>Unlimited</S>; next it has Get-CASMailbox
        answered
        the recording has no answer to Get-CASMailbox; next it has nothing
    "#]].assert_eq(&told);
}
