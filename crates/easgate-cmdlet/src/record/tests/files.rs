use std::os::unix::fs::PermissionsExt;

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::record::index::Index;
use crate::record::{RecordingError, ReplayError};

fn warning(text: &str) -> Result<Record, InvokeError> {
    Ok(Record::Warning(text.to_owned()))
}

#[tokio::test]
async fn a_recording_is_lines_in_the_order_of_what_happened() {
    let folder = Folder::new();
    let script = Script::new(vec![
        Ok(vec![warning("one"), warning("two")]),
        Ok(vec![output("<S N=\"DeviceType\">iPhone</S>")]),
        Ok(vec![warning("never taken")]),
        Err(InvokeError::Stopped {
            cmdlet: "Get-Four".to_owned(),
        }),
    ]);
    let recorder = recorder(script, &folder.path(), &Identities::Keep);
    let mut first = recorder
        .invoke(Command::new("Get-One").with("Top", 5))
        .await
        .unwrap();
    let mut second = recorder.invoke(Command::new("Get-Two")).await.unwrap();
    first.next().await.unwrap().unwrap();
    second.next().await.unwrap().unwrap();
    first.next().await.unwrap().unwrap();
    assert!(first.next().await.is_none());
    assert!(first.next().await.is_none());
    second.stop().await;
    drop(recorder.invoke(Command::new("Get-Three")).await);
    recorder.invoke(Command::new("Get-Four")).await.unwrap_err();
    expect![[r#"
        {"easgate-recording":1,"identities":"kept"}
        {"n":1,"invocation":1,"event":{"invoke":{"command":"Get-One","parameters":[{"name":"Top","value":"<I32>5</I32>"}]}}}
        {"n":2,"invocation":2,"event":{"invoke":{"command":"Get-Two","parameters":[]}}}
        {"n":3,"invocation":1,"event":{"warning":"one"}}
        {"n":4,"invocation":2,"event":{"output":"<Obj RefId=\"0\"><Props><S N=\"DeviceType\">iPhone</S></Props></Obj>"}}
        {"n":5,"invocation":1,"event":{"warning":"two"}}
        {"n":6,"invocation":1,"event":"ended"}
        {"n":7,"invocation":2,"event":"stopped"}
        {"n":8,"invocation":3,"event":{"invoke":{"command":"Get-Three","parameters":[]}}}
        {"n":9,"invocation":3,"event":"stopped"}
        {"n":10,"invocation":4,"event":{"invoke":{"command":"Get-Four","parameters":[]}}}
        {"n":11,"invocation":4,"event":{"refused":{"stopped":{"cmdlet":"Get-Four"}}}}
    "#]].assert_eq(&folder.text());

    let replay = folder.replay();
    let stopped = ask(&replay, Command::new("Get-Two")).await;
    assert!(matches!(&stopped[1], Err(InvokeError::Stopped { cmdlet }) if cmdlet == "Get-Two"));
    assert_eq!(
        ask(&replay, Command::new("Get-One").with("Top", 5)).await.len(),
        2
    );
}

#[test]
fn a_recording_is_for_its_owner_alone_and_never_overwrites() {
    let folder = Folder::new();
    let _recorder = recorder(Script::new(vec![]), &folder.path(), &KEY);
    let mode = std::fs::metadata(folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = Recorder::create(Script::new(vec![]), &folder.path(), &KEY);
    assert!(matches!(again, Err(RecordingError::Create { .. })));
}

#[tokio::test]
async fn a_full_disk_ends_the_recording_and_not_the_command() {
    let full = Path::new("/dev/full");
    let opened = std::fs::OpenOptions::new().write(true).open(full).unwrap();
    let folder = Folder::new();
    let script = Script::new(vec![Ok(vec![warning("one"), warning("two")])]);
    let recorder = recorder(script, &folder.path(), &KEY);
    recorder.redirect(opened);
    let items = ask(&recorder, Command::new("Get-One")).await;
    assert_eq!(items.len(), 2);
    let error = recorder.check().unwrap_err();
    assert!(matches!(error, RecordingError::Write { .. }), "{error}");
}

#[test]
fn a_line_that_is_wrong_is_named() {
    let header = r#"{"easgate-recording":1,"identities":"kept"}"#;
    let invoke = r#"{"n":1,"invocation":1,"event":{"invoke":{"command":"Get-One","parameters":[]}}}"#;
    let ended = r#"{"n":2,"invocation":1,"event":"ended"}"#;
    let texts = [
        String::new(),
        "PK\u{3}\u{4}".to_owned(),
        r#"{"easgate-recording":2,"identities":"kept"}"#.to_owned(),
        format!("{header}\n{invoke}\n{{\"n\":2"),
        format!("{header}\n{invoke}\n{invoke}"),
        format!("{header}\n{ended}"),
        format!("{header}\n{invoke}\n{ended}\n{}", ended.replace('2', "3")),
        format!("{header}\n{invoke}\n{}", invoke.replace("\"n\":1", "\"n\":2")),
        format!("{header}\n{invoke}\n{}", ended.replace("ended", "exploded")),
    ];
    let mut told = String::new();
    for text in texts {
        let folder = Folder::with(&text);
        match Replay::open(&folder.path()) {
            Ok(_) => told.push_str("fine\n"),
            Err(ReplayError::Line { line, reason, .. }) => told.push_str(&format!("{line}: {reason}\n")),
            Err(ReplayError::File { source, .. }) => told.push_str(&format!("{source}\n")),
        }
    }
    expect![[r#"
        1: the file is empty
        1: not the first line of a recording: expected value at line 1 column 1
        1: version 2 of the format; only 1 can be read
        3: not a line of a recording: EOF while parsing an object at line 1 column 6
        3: number 1 after number 1
        2: a record of the command 1, which was not asked
        4: a record of the command 1, which has ended
        3: a second command with the number 1
        3: not a line of a recording: unknown variant `exploded`, expected one of `invoke`, `refused`, `output`, `error`, `warning`, `verbose`, `debug`, `information`, `progress`, `undecodable`, `failed`, `ended`, `stopped` at line 1 column 40
    "#]].assert_eq(&told);
    assert!(matches!(
        Replay::open(Path::new("/nonexistent")),
        Err(ReplayError::File { .. })
    ));
}

#[tokio::test]
async fn a_recording_that_breaks_off_says_so() {
    let folder = Folder::with(concat!(
        "{\"easgate-recording\":1,\"identities\":\"kept\"}\n",
        "{\"n\":1,\"invocation\":1,\"event\":{\"invoke\":{\"command\":\"Get-One\",\"parameters\":[]}}}\n",
        "{\"n\":2,\"invocation\":1,\"event\":{\"error\":\"<broken\"}}\n",
    ));
    let items = ask(&folder.replay(), Command::new("Get-One")).await;
    assert!(matches!(&items[0], Ok(Record::Undecodable { .. })), "{items:?}");
    assert!(matches!(&items[1], Err(InvokeError::Protocol { reason, .. }) if reason.contains("ends before")));
}

fn any_event() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(r#"{"invoke":{"command":"Get-One","parameters":[]}}"#.to_owned()),
        "(<Obj>|<S>|</S>|</Obj>|a){0,6}".prop_map(|text| format!("{{\"output\":\"{text}\"}}")),
        "(<Obj>|<S>|</S>|</Obj>|a){0,6}".prop_map(|text| format!("{{\"error\":\"{text}\"}}")),
        "(<Obj>|<S>|</S>|</Obj>|a){0,6}".prop_map(|text| {
            format!("{{\"failed\":{{\"failed\":{{\"cmdlet\":\"c\",\"error\":\"{text}\"}}}}}}")
        }),
        Just("\"ended\"".to_owned()),
        Just("\"stopped\"".to_owned()),
        "[a-z\"{}\\[\\]:,0-9]{0,30}",
    ]
}

proptest! {
    #[test]
    fn replay_never_panics(
        events in proptest::collection::vec((any_event(), 1_u64..4), 0..12),
        garbage in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _index = Index::read(garbage.as_slice());
        let mut text = "{\"easgate-recording\":1,\"identities\":\"kept\"}\n".to_owned();
        for (n, (event, invocation)) in events.iter().enumerate() {
            text.push_str(&format!("{{\"n\":{},\"invocation\":{invocation},\"event\":{event}}}\n", n + 1));
        }
        let folder = Folder::with(&text);
        let Ok(replay) = Replay::open(&folder.path()) else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..events.len() {
                for item in ask(&replay, Command::new("Get-One")).await {
                    if let Ok(Record::Output(output)) = item {
                        drop(output.value());
                    }
                }
            }
        });
    }
}
