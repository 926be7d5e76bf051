//! What cmdlets say, as it arrives.

use std::borrow::Cow;

use easgate_cmdlet::{Command, InvokeError, PsValue, Record};
use expect_test::expect;
use serde::Deserialize;

use super::{Peer, Said, run};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Device<'a> {
    #[serde(borrow)]
    device_id: Cow<'a, str>,
    friendly_name: String,
    device_access_state: String,
    identity: String,
    device_access_control_rule: Option<String>,
}

#[tokio::test]
async fn typed_cmdlets_give_every_object() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|_| ());
    let said = run(
        &transport,
        Command::new("Get-MobileDevice").with("ResultSize", "Unlimited"),
    )
    .await;
    assert!(said.failure.is_none() && said.others.is_empty());
    assert_eq!(said.outputs.len(), 50);
    let device: Device<'_> = said.outputs[7].deserialize().unwrap();
    assert_eq!(device.device_id, "PEER00000007");
    assert_eq!(device.friendly_name, "user00007's <phone> & more");
    assert_eq!(device.device_access_state, "Allowed");
    assert!(
        device.identity.ends_with("iPhone\u{a7}PEER00000007"),
        "{}",
        device.identity
    );
    assert_eq!(device.device_access_control_rule, None);
    peer.finish(transport).await;
}

#[tokio::test]
async fn a_list_is_changed_by_its_entries() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|_| ());
    let change = |action: &str| {
        let entries = PsValue::from(vec![PsValue::from("peer00000003")]);
        Command::new("Set-CASMailbox")
            .with("Identity", "user00003@contoso.example")
            .with(
                "ActiveSyncBlockedDeviceIDs",
                PsValue::hashtable([(PsValue::from(action), entries)]),
            )
            .with("Confirm", false)
    };
    let state = async || {
        let get = Command::new("Get-MobileDevice").with("Mailbox", "user00003@contoso.example");
        let said = run(&transport, get).await;
        said.outputs[0]
            .deserialize::<Device<'_>>()
            .unwrap()
            .device_access_state
    };
    assert_eq!(state().await, "Allowed");
    assert!(run(&transport, change("Add")).await.failure.is_none());
    assert_eq!(state().await, "Blocked");
    let again = run(&transport, change("Add")).await;
    assert!(matches!(&again.others[..], [Record::Warning(text)] if text.contains("no settings of")));
    assert!(run(&transport, change("Remove")).await.failure.is_none());
    assert_eq!(state().await, "Allowed");
    assert_eq!(peer.finish(transport).await.create, 1);
}

#[tokio::test]
async fn every_stream_is_told_apart() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|_| ());
    let said = run(&transport, Command::new("Test-Streams")).await;
    let told: String = said
        .others
        .iter()
        .map(|record| format!("{}\n", describe(record)))
        .collect();
    expect![[r#"
        verbose verbose text
        debug debug text
        progress Working: 50%
        information information text
        warning warning text
        error PeerError,Test-Streams: one object failed (InvalidOperationException, target Some("the target"))
    "#]]
    .assert_eq(&told);
    assert_eq!(said.outputs.len(), 1);
    assert!(said.failure.is_none());
    peer.finish(transport).await;
}

fn describe(record: &Record) -> String {
    match record {
        Record::Error(error) => {
            format!(
                "error {}: {} ({}, target {:?})",
                error.fully_qualified_error_id,
                error.message,
                error.reason,
                error.target.as_str()
            )
        }
        Record::Progress(progress) => {
            format!("progress {}: {}%", progress.activity, progress.percent_complete)
        }
        Record::Warning(text) => format!("warning {text}"),
        Record::Verbose(text) => format!("verbose {text}"),
        Record::Debug(text) => format!("debug {text}"),
        Record::Information(text) => format!("information {text}"),
        Record::Output(_) | Record::Undecodable { .. } | _ => format!("{record:?}"),
    }
}

#[tokio::test]
async fn a_failure_comes_after_the_output_before_it() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|_| ());
    let Said { outputs, failure, .. } = run(&transport, Command::new("Test-Failure")).await;
    assert_eq!(outputs.len(), 1);
    let Some(InvokeError::Failed { cmdlet, error }) = &failure else {
        panic!("{failure:?}")
    };
    assert_eq!(
        (cmdlet.as_str(), error.fully_qualified_error_id.as_str()),
        ("Test-Failure", "PeerFailure,Test-Failure")
    );
    assert_eq!(error.message, "it cannot go on");

    let unknown = run(&transport, Command::new("Get-Nothing")).await.failure;
    assert!(
        matches!(&unknown, Some(InvokeError::Failed { error, .. }) if error.reason == "CommandNotFoundException")
    );
    peer.finish(transport).await;
}

#[tokio::test]
async fn a_command_larger_than_an_envelope_goes_on_in_sends() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|_| ());
    let long: String = (0..300_000u32)
        .map(|n| char::from_u32(0x61 + n % 26).unwrap())
        .collect();
    let text = format!("{long}\u{e4}\u{1f600}_x0041_");
    let said = run(
        &transport,
        Command::new("Test-Parameters")
            .with("Long", text.as_str())
            .with("Nil", PsValue::NIL),
    )
    .await;
    let value = said.outputs[0].value().unwrap();
    assert!(
        value.property("Long").unwrap().as_str() == Some(text.as_str()),
        "the text came back changed"
    );
    assert!(value.property("Nil").unwrap().is_nil());
    let stats = peer.finish(transport).await;
    assert!(stats.send >= 2, "{stats:?}");
}
