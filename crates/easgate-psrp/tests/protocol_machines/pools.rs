//! Opening, refusing, and questions about runspaces.

use std::fmt::Write as _;

use easgate_psrp::client::{self, PoolConfig};
use easgate_psrp::message::{ProtocolVersion, RunspaceAnswer};
use easgate_psrp::records::ErrorRecord;
use easgate_psrp::server;
use expect_test::expect;

use crate::{POOL, check, opened, talk, transcript};

#[test]
fn a_pool_is_opened_with_what_it_speaks_and_what_it_wants() {
    let mut pool = client::RunspacePool::new(PoolConfig {
        max_runspaces: 3,
        ..PoolConfig::new(POOL)
    });
    check(
        &transcript(&pool.opening()),
        &expect![[r#"
        SESSION_CAPABILITY Server 0
        <Obj RefId="0">
        <MS>
        <Version N="protocolversion">2.3</Version>
        <Version N="PSVersion">2.0</Version>
        <Version N="SerializationVersion">1.1.0.1</Version>
        </MS>
        </Obj>
        INIT_RUNSPACEPOOL Server 0
        <Obj RefId="0">
        <MS>
        <I32 N="MinRunspaces">1</I32>
        <I32 N="MaxRunspaces">3</I32>
        <Obj N="PSThreadOptions" RefId="1">
        <TN RefId="0">
        <T>SMA.Runspaces.PSThreadOptions</T>
        <T>System.Enum</T>
        <T>System.ValueType</T>
        <T>System.Object</T>
        </TN>
        <ToString>Default</ToString>
        <I32>0</I32>
        </Obj>
        <Obj N="ApartmentState" RefId="2">
        <TN RefId="1">
        <T>SMA.Runspaces.ApartmentState</T>
        <T>System.Enum</T>
        <T>System.ValueType</T>
        <T>System.Object</T>
        </TN>
        <ToString>UNKNOWN</ToString>
        <I32>2</I32>
        </Obj>
        <Obj N="HostInfo" RefId="3">
        <MS>
        <B N="_isHostNull">true</B>
        <B N="_isHostUINull">true</B>
        <B N="_isHostRawUINull">true</B>
        <B N="_useRunspaceHost">true</B>
        </MS>
        </Obj>
        <Nil N="ApplicationArguments"/>
        </MS>
        </Obj>
    "#]],
    );
}

#[test]
fn a_server_answers_as_windows_does() {
    let mut client = client::RunspacePool::new(PoolConfig::new(POOL));
    let mut server = server::RunspacePool::new(server::PoolConfig::default());
    server.handle(&client.opening()).expect("a good stream");
    server.open(None);
    let bytes = server.data_to_send(10_000).expect("answers");
    check(
        &transcript(&bytes),
        &expect![[r#"
        SESSION_CAPABILITY Client 0
        <Obj RefId="0">
        <MS>
        <Version N="protocolversion">2.3</Version>
        <Version N="PSVersion">2.0</Version>
        <Version N="SerializationVersion">1.1.0.1</Version>
        </MS>
        </Obj>
        APPLICATION_PRIVATE_DATA Client 0
        <Obj RefId="0">
        <MS>
        <Nil N="ApplicationPrivateData"/>
        </MS>
        </Obj>
        RUNSPACEPOOL_STATE Client 0
        <Obj RefId="0">
        <MS>
        <I32 N="RunspaceState">2</I32>
        </MS>
        </Obj>
    "#]],
    );
    // The first message names no pool; its data begins with a byte order mark.
    assert_eq!(bytes[21 + 8..21 + 40], [0; 32]);
    assert_eq!(bytes[21 + 40..21 + 43], [0xEF, 0xBB, 0xBF]);
}

#[test]
fn both_sides_agree_on_the_older_version() {
    let (client, server, text) = opened(ProtocolVersion::V2_1);
    assert_eq!(
        (client.negotiated(), server.version()),
        (Some(ProtocolVersion::V2_1), ProtocolVersion::V2_1)
    );
    check(
        &text,
        &expect![[r#"
        server: Negotiated { version: ProtocolVersion { major: 2, minor: 1 } }
        server: Init(InitRunspacePool { min_runspaces: 1, max_runspaces: 3, thread_options: 0, apartment_state: 2, host: HostInfo { host_null: true, ui_null: true, raw_ui_null: true, use_runspace_host: true }, application_arguments: Primitive(Nil) })
        client: Negotiated { version: ProtocolVersion { major: 2, minor: 1 } }
        client: ApplicationPrivateData(Primitive(Nil))
        client: Opened
    "#]],
    );
}

#[test]
fn a_pool_may_be_refused() {
    let mut client = client::RunspacePool::new(PoolConfig::new(POOL));
    let mut server = server::RunspacePool::new(server::PoolConfig::default());
    server.handle(&client.opening()).expect("a good stream");
    let error = ErrorRecord {
        message: "no roles".to_owned(),
        reason: "CmdletAccessDeniedException".to_owned(),
        ..ErrorRecord::default()
    };
    server.refuse(error);
    let mut text = String::new();
    talk(&mut client, &mut server, &mut text);
    check(
        &text,
        &expect![[r#"
        client: Negotiated { version: ProtocolVersion { major: 2, minor: 3 } }
        client: Broken { error: Some(ErrorRecord { message: "no roles", fully_qualified_error_id: "", category_message: "", reason: "CmdletAccessDeniedException", target: Primitive(Nil), .. }) }
    "#]],
    );
}

#[test]
fn questions_about_runspaces_are_answered_by_their_number() {
    let (mut client, mut server, _) = opened(ProtocolVersion::V2_3);
    assert_eq!(
        (
            client.set_max_runspaces(5),
            client.set_min_runspaces(9),
            client.get_available_runspaces()
        ),
        (0, 1, 2)
    );
    assert_eq!(client.reset_runspace_state(), Some(3));
    server
        .handle(&client.data_to_send(10_000).expect("questions"))
        .expect("a good stream");
    let mut text = String::new();
    while let Some(event) = server.poll_event() {
        writeln!(text, "server: {event:?}").expect("a String takes it");
        match event {
            server::PoolEvent::GetAvailableRunspaces { call_id } => {
                server.answer(call_id, RunspaceAnswer::Free(4));
            }
            server::PoolEvent::ResetRunspaceState { call_id } => {
                server.answer(call_id, RunspaceAnswer::Done(false));
            }
            _ => {}
        }
    }
    talk(&mut client, &mut server, &mut text);
    check(
        &text,
        &expect![[r#"
        server: RunspacesSet { min_runspaces: 1, max_runspaces: 5, done: true }
        server: RunspacesSet { min_runspaces: 1, max_runspaces: 5, done: false }
        server: GetAvailableRunspaces { call_id: 2 }
        server: ResetRunspaceState { call_id: 3 }
        client: Availability(Availability { call_id: 0, answer: Done(true) })
        client: Availability(Availability { call_id: 1, answer: Done(false) })
        client: Availability(Availability { call_id: 2, answer: Free(4) })
        client: Availability(Availability { call_id: 3, answer: Done(false) })
    "#]],
    );
}

#[test]
fn an_old_server_is_not_asked_for_what_it_does_not_know() {
    let (mut client, _, _) = opened(ProtocolVersion::V2_2);
    assert_eq!(client.reset_runspace_state(), None);
    assert_eq!(client.data_to_send(10_000), None);
}
