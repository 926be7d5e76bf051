//! Pipelines from their commands to their ends.

use std::fmt::Write as _;

use bytes::Bytes;
use easgate_psrp::client;
use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;
use easgate_psrp::message::{Content, ProtocolVersion};
use easgate_psrp::records::{ErrorRecord, HostCall, InformationRecord, ProgressRecord};
use easgate_psrp::server;
use expect_test::expect;
use uuid::Uuid;

use crate::{PIPELINE, POOL, check, opened, started, told, transcript};

#[test]
#[expect(clippy::too_many_lines, reason = "the transcript is long")]
fn a_pipeline_is_a_command_with_constants() {
    let (mut client, _, _) = opened(ProtocolVersion::V2_1);
    let command = Command::new("Set-CASMailbox")
        .with("Identity", "8f9c2b52")
        .switch("Force")
        .with("Confirm", false);
    let mut pipeline = client.pipeline(PIPELINE, &[command]);
    let bytes = pipeline.data_to_send(100_000).expect("a request");
    check(
        &transcript(&bytes),
        &expect![[r#"
        CREATE_PIPELINE Server 39321
        <Obj RefId="0">
        <MS>
        <B N="NoInput">true</B>
        <Obj N="ApartmentState" RefId="1">
        <TN RefId="0">
        <T>SMA.Runspaces.ApartmentState</T>
        <T>System.Enum</T>
        <T>System.ValueType</T>
        <T>System.Object</T>
        </TN>
        <ToString>UNKNOWN</ToString>
        <I32>2</I32>
        </Obj>
        <Obj N="RemoteStreamOptions" RefId="2">
        <TN RefId="1">
        <T>SMA.RemoteStreamOptions</T>
        <T>System.Enum</T>
        <T>System.ValueType</T>
        <T>System.Object</T>
        </TN>
        <ToString>0</ToString>
        <I32>0</I32>
        </Obj>
        <B N="AddToHistory">false</B>
        <Obj N="HostInfo" RefId="3">
        <MS>
        <B N="_isHostNull">true</B>
        <B N="_isHostUINull">true</B>
        <B N="_isHostRawUINull">true</B>
        <B N="_useRunspaceHost">true</B>
        </MS>
        </Obj>
        <Obj N="PowerShell" RefId="4">
        <MS>
        <B N="IsNested">false</B>
        <Nil N="ExtraCmds"/>
        <Obj N="Cmds" RefId="5">
        <TN RefId="2">
        <T>System.Collections.Generic.List`1[[SMA.PSObject, System.Management.Automation, Version=1.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35]]</T>
        <T>System.Object</T>
        </TN>
        <LST>
        <Obj RefId="6">
        <MS>
        <S N="Cmd">Set-CASMailbox</S>
        <B N="IsScript">false</B>
        <Nil N="UseLocalScope"/>
        <Obj N="MergeMyResult" RefId="7">
        <TN RefId="3">
        <T>SMA.Runspaces.PipelineResultTypes</T>
        <T>System.Enum</T>
        <T>System.ValueType</T>
        <T>System.Object</T>
        </TN>
        <ToString>None</ToString>
        <I32>0</I32>
        </Obj>
        <Obj N="MergeToResult" RefId="8">
        <TNRef RefId="3"/>
        <ToString>None</ToString>
        <I32>0</I32>
        </Obj>
        <Obj N="MergePreviousResults" RefId="9">
        <TNRef RefId="3"/>
        <ToString>None</ToString>
        <I32>0</I32>
        </Obj>
        <Obj N="Args" RefId="10">
        <TNRef RefId="2"/>
        <LST>
        <Obj RefId="11">
        <MS>
        <S N="N">Identity</S>
        <S N="V">8f9c2b52</S>
        </MS>
        </Obj>
        <Obj RefId="12">
        <MS>
        <S N="N">Force</S>
        <B N="V">true</B>
        </MS>
        </Obj>
        <Obj RefId="13">
        <MS>
        <S N="N">Confirm</S>
        <B N="V">false</B>
        </MS>
        </Obj>
        </LST>
        </Obj>
        </MS>
        </Obj>
        </LST>
        </Obj>
        <Nil N="History"/>
        <B N="RedirectShellErrorOutputPipe">false</B>
        </MS>
        </Obj>
        <B N="IsNested">false</B>
        </MS>
        </Obj>
    "#]],
    );
}

#[test]
fn members_are_not_newer_than_the_server() {
    for (version, members) in [
        (ProtocolVersion::V2_1, 3),
        (ProtocolVersion::V2_2, 7),
        (ProtocolVersion::V2_3, 8),
    ] {
        let (mut client, _, _) = opened(version);
        let mut pipeline = client.pipeline(PIPELINE, &[Command::new("Get-User")]);
        let text = transcript(&pipeline.data_to_send(100_000).expect("a request"));
        assert_eq!(text.matches("N=\"Merge").count(), members, "{version}");
    }
}

#[test]
fn the_first_fragment_goes_alone_and_the_rest_is_packed() {
    let (mut client, server, _) = opened(ProtocolVersion::V2_3);
    let mut pipeline = client.pipeline_with_input(
        PIPELINE,
        &[Command::new("Get-User").with("Filter", "x".repeat(70_000))],
    );
    pipeline.input(&PsValue::from("one"));
    pipeline.end_input();
    let lengths: Vec<usize> = std::iter::from_fn(|| pipeline.data_to_send(60_000))
        .map(|bytes| bytes.len())
        .collect();
    assert_eq!(lengths.len(), 2, "{lengths:?}");
    assert_eq!(lengths[0], 32 * 1024);

    let mut pipeline = client.pipeline_with_input(PIPELINE, &[Command::new("Get-User")]);
    pipeline.input(&PsValue::from("one"));
    pipeline.end_input();
    let mut seen = started(&server, &mut pipeline);
    assert!(
        matches!(seen.poll_event(), Some(server::PipelineEvent::Create(powershell)) if !powershell.no_input)
    );
    assert_eq!(
        seen.poll_event(),
        Some(server::PipelineEvent::Input(Bytes::from_static(b"<S>one</S>")))
    );
    assert_eq!(seen.poll_event(), Some(server::PipelineEvent::InputEnded));
}

#[test]
fn every_stream_comes_back_in_its_order() {
    let (mut client, server, _) = opened(ProtocolVersion::V2_3);
    let hash = PsValue::hashtable([("Add".into(), PsValue::from(vec!["ApplC39GQ8NNDTDL".into()]))]);
    let commands = [
        Command::new("Set-CASMailbox")
            .with("ActiveSyncAllowedDeviceIDs", hash)
            .argument("µ"),
        Command::new("Select-Object"),
    ];
    let mut ours = client.pipeline(PIPELINE, &commands);
    let mut theirs = started(&server, &mut ours);
    let Some(server::PipelineEvent::Create(powershell)) = theirs.poll_event() else {
        panic!("no pipeline")
    };
    assert_eq!(powershell.commands, commands);
    assert!(powershell.no_input && !powershell.commands[0].is_script());

    theirs.output(&PsValue::from("ünïcode"));
    theirs.output_clixml(&b"<I32>5</I32>"[..]);
    theirs.error(&ErrorRecord {
        message: "couldn't be found".to_owned(),
        details_message: Some("nothing there".to_owned()),
        reason: "ManagementObjectNotFoundException".to_owned(),
        ..ErrorRecord::default()
    });
    theirs.warning("w");
    theirs.verbose("v");
    theirs.debug("d");
    theirs.information(&InformationRecord::new("i", "Write-Information"));
    theirs.progress(&ProgressRecord {
        percent_complete: 50,
        ..ProgressRecord::new("working", "half")
    });
    theirs.complete();
    check(
        &told(&mut theirs, &mut ours),
        &expect![[r#"
        output <S>ünïcode</S>
        output <I32>5</I32>
        error nothing there | ManagementObjectNotFoundException
        warning w
        verbose v
        debug d
        information i from Write-Information
        Progress(ProgressRecord { activity: "working", activity_id: 0, status_description: Some("half"), current_operation: None, parent_activity_id: -1, percent_complete: 50, completed: false, seconds_remaining: -1 })
        Completed
    "#]],
    );
}

#[test]
fn several_pipelines_run_in_one_pool_without_sharing_an_object_id() {
    let (mut client, server, _) = opened(ProtocolVersion::V2_3);
    let mut ours: Vec<client::Pipeline> = (1..4)
        .map(|id| client.pipeline(Uuid::from_u128(id), &[Command::new(&format!("Get-{id}"))]))
        .collect();
    let mut theirs: Vec<server::Pipeline> = ours
        .iter_mut()
        .map(|pipeline| started(&server, pipeline))
        .collect();
    theirs[1].fail(&ErrorRecord {
        fully_qualified_error_id: "CommandNotFoundException".to_owned(),
        ..ErrorRecord::default()
    });
    theirs[2].output(&"c".into());
    theirs[0].output(&"a".into());
    theirs[2].stop();
    theirs[0].complete();
    let mut text = String::new();
    for (ours, theirs) in ours.iter_mut().zip(&mut theirs) {
        let id = Bytes::from(theirs.next_fragment(10_000).expect("records"));
        write!(text, "[{}] ", id[7]).expect("a String takes it");
        ours.handle_bytes(id).expect("a good stream");
        text.push_str(&told(theirs, ours));
    }
    check(
        &text,
        &expect![[r#"
        [6] output <S>a</S>
        Completed
        [4] Failed CommandNotFoundException
        [5] output <S>c</S>
        Stopped PipelineStopped
    "#]],
    );
}

#[test]
fn a_command_that_ends_without_a_state_has_failed() {
    let (mut client, server, _) = opened(ProtocolVersion::V2_3);
    let mut ours = client.pipeline(PIPELINE, &[Command::new("Get-User")]);
    let mut theirs = started(&server, &mut ours);
    theirs.output(&"whole".into());
    let mut text = told(&mut theirs, &mut ours);
    theirs.output(&"cut".into());
    let bytes = theirs.next_fragment(1000).expect("a record");
    ours.handle(&bytes[..bytes.len() - 1]).expect("a good stream");
    ours.handle_command_done();
    ours.handle_command_done();
    text.push_str(&told(&mut theirs, &mut ours));
    check(
        &text,
        &expect![[r#"
        output <S>whole</S>
        Undecodable { message_type: 0, reason: "message 5 was cut off after 52 bytes" }
        Failed PipelineStateMissing
    "#]],
    );
}

#[test]
fn what_the_end_leaves_incomplete_is_told_before_it() {
    let (mut client, server, _) = opened(ProtocolVersion::V2_3);
    let mut ours = client.pipeline(PIPELINE, &[Command::new("Get-User")]);
    let mut theirs = started(&server, &mut ours);
    theirs.output(&"first".into());
    theirs.output(&"never ended".repeat(20).into());
    let mut chunk = theirs.next_fragment(1000).expect("an object");
    chunk.extend(theirs.next_fragment(100).expect("a part of an object"));
    while theirs.next_fragment(100).is_some() {}
    theirs.complete();
    theirs.output(&"behind".into());
    chunk.extend(theirs.data_to_send(1000).expect("the end and an object"));
    ours.handle(&chunk).expect("a good stream");
    // Whatever comes now is not listened to.
    ours.handle(&chunk).expect("a good stream");
    ours.handle_command_done();
    check(
        &told(&mut theirs, &mut ours),
        &expect![[r#"
        output <S>first</S>
        Undecodable { message_type: 0, reason: "a message came after the end of its pipeline" }
        Undecodable { message_type: 0, reason: "message 5 was cut off after 79 bytes" }
        Completed
    "#]],
    );
}

#[test]
fn a_host_that_is_not_there_refuses_at_once() {
    let (mut client, server, _) = opened(ProtocolVersion::V2_3);
    let mut ours = client.pipeline(PIPELINE, &[Command::new("Clear-MobileDevice")]);
    let mut theirs = started(&server, &mut ours);
    let prompt = HostCall {
        call_id: 1,
        method: 26,
        method_name: "PromptForChoice".to_owned(),
        parameters: vec!["Confirm".into()],
    };
    theirs.host_call(&prompt);
    theirs.host_call(&HostCall {
        call_id: -100,
        method: 16,
        method_name: "WriteLine2".to_owned(),
        parameters: vec!["hello".into()],
    });
    check(
        &told(&mut theirs, &mut ours),
        &expect![[r#"
        HostCall(HostCall { call_id: 1, method: 26, method_name: "PromptForChoice", parameters: [Primitive(String("Confirm"))] })
        HostCall(HostCall { call_id: -100, method: 16, method_name: "WriteLine2", parameters: [Primitive(String("hello"))] })
    "#]],
    );
    assert_eq!(ours.data_to_send(10_000), None, "answers do not go to stdin");
    let answers = ours.answers_to_send(10_000).expect("one answer");
    theirs.poll_event();
    theirs.handle(&answers).expect("a good stream");
    let Some(server::PipelineEvent::HostResponse(response)) = theirs.poll_event() else {
        panic!("no answer")
    };
    assert_eq!(
        (response.call_id, response.method_name.as_str()),
        (1, "PromptForChoice")
    );
    assert_eq!(
        response.error.expect("a refusal").fully_qualified_error_id,
        "HostMethodNotImplemented"
    );
    assert_eq!(theirs.poll_event(), None, "a call that wants no answer gets none");
}

#[test]
fn what_cannot_be_read_is_told_and_the_session_lives() {
    let (mut client, server, _) = opened(ProtocolVersion::V2_3);
    let mut ours = client.pipeline(PIPELINE, &[Command::new("Get-User")]);
    let mut theirs = started(&server, &mut ours);
    let raw = |message_type, data: &'static [u8]| Content::Unknown {
        message_type,
        data: Bytes::from_static(data),
    };
    theirs.send(&raw(0x0004_1005, b"<Obj><MS>"));
    theirs.send(&raw(
        0x0004_1006,
        b"<Obj><MS><S N=\"PipelineState\">x</S></MS></Obj>",
    ));
    theirs.send(&raw(0x0004_1099, b"<S>of the future</S>"));
    theirs.send(&raw(
        0x0002_1005,
        b"<Obj><MS><I32 N=\"runspacestate\">2</I32></MS></Obj>",
    ));
    theirs.output(&"well".into());
    theirs.complete();
    check(
        &told(&mut theirs, &mut ours),
        &expect![[r#"
        Undecodable { message_type: 266245, reason: "the data is not CLIXML: the document ends inside an element at byte 9, in Obj/MS" }
        Undecodable { message_type: 266246, reason: "member PipelineState is not a number" }
        Unknown { message_type: 266393 }
        Unknown { message_type: 135173 }
        output <S>well</S>
        Completed
    "#]],
    );
}

#[test]
fn parameter_names_come_in_three_forms() {
    let (mut client, server, _) = opened(ProtocolVersion::V2_3);
    let command = Command::new("Get-X")
        .with("Identity", 1)
        .with("-Identity", 2)
        .with("-Identity:", 3)
        .argument(4);
    let mut theirs = started(&server, &mut client.pipeline(PIPELINE, &[command]));
    let Some(server::PipelineEvent::Create(powershell)) = theirs.poll_event() else {
        panic!("no pipeline")
    };
    let names: Vec<_> = powershell.commands[0]
        .parameters
        .iter()
        .map(|parameter| parameter.name.as_deref())
        .collect();
    assert_eq!(
        names,
        [Some("Identity"), Some("Identity"), Some("Identity"), None]
    );
    assert_eq!(
        powershell.commands[0]
            .parameter("IDENTITY")
            .and_then(PsValue::as_i64),
        Some(1)
    );
}

#[test]
fn ids_in_headers_are_given_back_as_they_came() {
    let (mut client, server, _) = opened(ProtocolVersion::V2_3);
    let mut ours = client.pipeline(PIPELINE, &[Command::new("Get-User")]);
    let mut theirs = server.pipeline(Uuid::from_u128(7));
    theirs
        .handle(&ours.data_to_send(10_000).expect("a request"))
        .expect("a good stream");
    theirs.complete();
    let bytes = theirs.next_fragment(1000).expect("a state");
    assert_eq!(bytes[21 + 8..21 + 24], POOL.to_bytes_le());
    assert_eq!(bytes[21 + 24..21 + 40], PIPELINE.to_bytes_le());
}
