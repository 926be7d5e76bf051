//! What messages say, written and read.

use std::fmt::Write as _;

use bytes::Bytes;
use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;
use easgate_psrp::message::{
    Availability, ByteOrderMark, ConnectRunspacePool, Content, Destination, GetCommandMetadata,
    InitRunspacePool, Message, MessageType, NULL_HOST, PipelineState, PipelineStateMessage, PowerShell,
    ProtocolVersion, RemoteStreamOptions, RunspaceAnswer, RunspacePoolState, RunspacePoolStateMessage,
    SessionCapability, UserEvent, primitive_dictionary,
};
use easgate_psrp::records::{
    ErrorRecord, HostCall, HostResponse, InformationRecord, InformationalRecord, ProgressRecord,
};
use expect_test::expect;

use crate::{PIPELINE, POOL, check};

#[test]
fn an_error_record_may_be_about_anything_and_lack_anything() {
    let rows = [
        r#"<Obj RefId="0"><ToString>only a text</ToString></Obj>"#,
        r#"<S>not even an object</S>"#,
        r#"<Obj RefId="0"><MS><I32 N="TargetObject">7</I32><S N="fullyqualifiederrorid">id,Get-X</S></MS></Obj>"#,
        r#"<Obj RefId="0"><MS><Obj N="TargetObject" RefId="1"><ToString>contoso.com/Users/a</ToString><Props><Ref N="DomainId" RefId="1"/></Props></Obj>
            <S N="Exception">a text</S><Obj N="ErrorCategory_Category" RefId="2"><ToString>InvalidData</ToString><I32>6</I32></Obj></MS></Obj>"#,
        r#"<Obj RefId="0"><MS><Obj N="Exception" RefId="1"><TN RefId="0"><T>System.Management.Automation.RemoteException</T></TN><ToString>RemoteException: m</ToString>
            <Props><S N="Message">m</S></Props></Obj><Nil N="TargetObject"/><S N="ErrorDetails_Message">for people</S><Obj N="InvocationInfo" RefId="3"><Props/></Obj></MS></Obj>"#,
    ];
    let mut text = String::new();
    for row in rows {
        let record = ErrorRecord::decode(&Bytes::from(row)).expect("CLIXML");
        let ErrorRecord {
            message,
            fully_qualified_error_id,
            category,
            exception_type,
            target,
            ..
        } = &record;
        let target = target
            .as_str()
            .map_or_else(|| format!("{:?}", target.as_i64()), str::to_owned);
        writeln!(
            text,
            "{message:?} {fully_qualified_error_id:?} {category} {exception_type:?} {target:?} [{record}]"
        )
        .expect("a String takes it");
        assert_eq!(record.raw, row);
    }
    check(
        &text,
        &expect![[r#"
            "only a text" "" 0 None "None" [only a text]
            "not even an object" "" 0 None "None" [not even an object]
            "" "id,Get-X" 0 None "Some(7)" []
            "a text" "" 6 None "contoso.com/Users/a" [a text]
            "m" "" 0 Some("System.Management.Automation.RemoteException") "None" [for people]
        "#]],
    );
}

/// One of every kind of contents.
#[expect(clippy::too_many_lines, reason = "there are many kinds")]
fn contents() -> Vec<Content> {
    let value = || PsValue::hashtable([("a".into(), 1.into())]);
    let record = || InformationalRecord::new("said");
    let error = || ErrorRecord {
        message: "m".to_owned(),
        category: 6,
        exception_type: Some("A.B".to_owned()),
        recommended_action: Some("r".to_owned()),
        target: value(),
        ..ErrorRecord::default()
    };
    let call = HostCall {
        call_id: 1,
        method: 26,
        method_name: "PromptForChoice".to_owned(),
        parameters: vec![value()],
    };
    let result = HostResponse {
        error: None,
        result: 5.into(),
        ..call.refusal()
    };
    let user_event = UserEvent {
        event_identifier: 1,
        source_identifier: "s".to_owned(),
        time_generated: Some("2024-01-01T00:00:00Z".to_owned()),
        sender: value(),
        arguments: vec![PsValue::from(1)].into(),
        message_data: PsValue::NIL,
        computer: Some("EX1".to_owned()),
    };
    let metadata = GetCommandMetadata {
        names: vec!["Get-*".to_owned()],
        command_type: 511,
        namespaces: Vec::new(),
        arguments: PsValue::NIL,
    };
    let init = InitRunspacePool {
        min_runspaces: 1,
        max_runspaces: 2,
        thread_options: 2,
        apartment_state: 1,
        host: NULL_HOST,
        application_arguments: primitive_dictionary([("a".into(), 1.into())]),
    };
    let powershell = PowerShell {
        extra: vec![
            vec![Command::new("Get-B").with("C", 5)],
            vec![Command::new("Get-D")],
        ],
        history: Some("Get-A; Get-B".to_owned()),
        add_to_history: true,
        remote_stream_options: RemoteStreamOptions(5),
        ..PowerShell::new(vec![Command::new("Get-A").argument(value())])
    };
    let information = InformationRecord {
        tags: vec!["PSHOST".to_owned()],
        user: Some("u".to_owned()),
        time_generated: Some("2024-01-01T00:00:00Z".to_owned()),
        ..InformationRecord::new("i", "s")
    };
    vec![
        Content::SessionCapability(SessionCapability::of(ProtocolVersion::V2_2)),
        Content::InitRunspacePool(init),
        Content::PublicKey("AA==".to_owned()),
        Content::EncryptedSessionKey("AA==".to_owned()),
        Content::PublicKeyRequest,
        Content::ConnectRunspacePool(ConnectRunspacePool { runspaces: None }),
        Content::ConnectRunspacePool(ConnectRunspacePool {
            runspaces: Some((1, 2)),
        }),
        Content::SetMaxRunspaces {
            call_id: 1,
            runspaces: 2,
        },
        Content::SetMinRunspaces {
            call_id: 1,
            runspaces: 2,
        },
        Content::RunspaceAvailability(Availability {
            call_id: 1,
            answer: RunspaceAnswer::Free(1),
        }),
        Content::RunspaceAvailability(Availability {
            call_id: 1,
            answer: RunspaceAnswer::Done(true),
        }),
        Content::RunspacePoolState(RunspacePoolStateMessage {
            state: RunspacePoolState::Broken,
            error: Some(error()),
        }),
        Content::CreatePipeline(powershell),
        Content::GetAvailableRunspaces { call_id: 1 },
        Content::UserEvent(Box::new(user_event)),
        Content::ApplicationPrivateData(value()),
        Content::GetCommandMetadata(metadata),
        Content::RunspacePoolInitData {
            min_runspaces: 1,
            max_runspaces: 2,
        },
        Content::ResetRunspaceState { call_id: 1 },
        Content::RunspacePoolHostCall(call.clone()),
        Content::RunspacePoolHostResponse(call.refusal()),
        Content::PipelineInput(Bytes::from_static(b"<I32>1</I32>")),
        Content::EndOfPipelineInput,
        Content::PipelineOutput(Bytes::from_static(b"<I32>1</I32>")),
        Content::ErrorRecord(Box::new(error())),
        Content::PipelineState(PipelineStateMessage {
            state: PipelineState::Failed,
            error: Some(error()),
        }),
        Content::DebugRecord(record()),
        Content::VerboseRecord(record()),
        Content::WarningRecord(record()),
        Content::ProgressRecord(ProgressRecord {
            completed: true,
            ..ProgressRecord::new("a", "b")
        }),
        Content::InformationRecord(information),
        Content::PipelineHostCall(call),
        Content::PipelineHostResponse(result),
        Content::Unknown {
            message_type: 0x0004_1099,
            data: Bytes::from_static(b"x"),
        },
    ]
}

/// The contents without the raw bytes that reading adds.
fn without_raw(content: Content) -> Content {
    let plain = |record: InformationalRecord| InformationalRecord::new(&record.message);
    match content {
        Content::ErrorRecord(record) => Content::ErrorRecord(Box::new(ErrorRecord {
            raw: Bytes::new(),
            ..*record
        })),
        Content::DebugRecord(record) => Content::DebugRecord(plain(record)),
        Content::VerboseRecord(record) => Content::VerboseRecord(plain(record)),
        Content::WarningRecord(record) => Content::WarningRecord(plain(record)),
        other => other,
    }
}

#[test]
fn every_type_of_message_is_read_as_it_was_written() {
    let contents = contents();
    for &known in MessageType::ALL {
        assert!(
            contents
                .iter()
                .any(|content| content.message_type() == known.number()),
            "{}",
            known.name()
        );
    }
    for content in contents {
        let message = Message {
            destination: Destination::Client,
            message_type: content.message_type(),
            pool_id: POOL,
            pipeline_id: PIPELINE,
            data: content.encode(ProtocolVersion::V2_3),
        };
        let message =
            Message::decode(Bytes::from(message.encode(ByteOrderMark::Written))).expect("a message");
        assert_eq!(without_raw(Content::decode(&message).expect("contents")), content);
    }
}
