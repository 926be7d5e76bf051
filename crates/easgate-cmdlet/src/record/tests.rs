mod canary;
mod files;
mod round_trip;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use tempfile::TempDir;

use super::{Identities, Recorder, Replay};
use crate::{CmdletTransport, Command, Invocation, InvokeError, Output, Record};

const KEY: Identities = Identities::Pseudonyms { key: [7; 32] };

/// A transport that gives prepared answers, in order.
struct Script(Mutex<VecDeque<Result<Invocation, InvokeError>>>);

impl Script {
    fn new(answers: Vec<Result<Vec<Result<Record, InvokeError>>, InvokeError>>) -> Self {
        let answers = answers
            .into_iter()
            .map(|answer| answer.map(Invocation::from_records));
        Self(Mutex::new(answers.collect()))
    }
}

#[async_trait]
impl CmdletTransport for Script {
    async fn invoke(&self, _: Command) -> Result<Invocation, InvokeError> {
        let mut answers = self.0.lock().unwrap();
        answers.pop_front().expect("the script has an answer")
    }

    fn endpoint(&self) -> String {
        "https://ex1.contoso.example/powershell".to_owned()
    }

    async fn close(&self) {}
}

/// A folder for one recording.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("recording.jsonl")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    fn with(text: &str) -> Self {
        let folder = Self::new();
        std::fs::write(folder.path(), text).unwrap();
        folder
    }

    fn replay(&self) -> Replay {
        Replay::open(&self.path()).unwrap()
    }
}

fn recorder(script: Script, path: &Path, identities: &Identities) -> Recorder<Script> {
    Recorder::create(script, path, identities).unwrap()
}

fn output(members: &str) -> Result<Record, InvokeError> {
    let clixml = format!(r#"<Obj RefId="0"><Props>{members}</Props></Obj>"#);
    Ok(Record::Output(Output::new(clixml.into())))
}

/// Asks and takes every item.
async fn ask(transport: &impl CmdletTransport, command: Command) -> Vec<Result<Record, InvokeError>> {
    match transport.invoke(command).await {
        Ok(mut invocation) => {
            let mut items = Vec::new();
            while let Some(item) = invocation.next().await {
                items.push(item);
            }
            items
        }
        Err(error) => vec![Err(error)],
    }
}

fn property(item: &Result<Record, InvokeError>, name: &str) -> String {
    let Ok(Record::Output(output)) = item else {
        panic!("no output: {item:?}");
    };
    let value = output.value().unwrap();
    value
        .property(name)
        .and_then(|value| value.as_str())
        .unwrap_or_default()
        .to_owned()
}
