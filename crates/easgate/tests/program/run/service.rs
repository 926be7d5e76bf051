//! A running service, with all that it logs.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::Child;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::place::Place;

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Service {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinSet<()>,
}

impl Service {
    pub(crate) async fn start(place: &Place) -> Self {
        Self::start_with(place, &[]).await
    }

    /// Starts it, and waits until it takes signals.
    pub(crate) async fn start_with(place: &Place, environment: &[(&str, &str)]) -> Self {
        let program = tokio::process::Command::new(env!("CARGO_BIN_EXE_easgate"));
        Self::start_by(program, place, &[], environment).await
    }

    /// Starts it by a command that becomes the program.
    pub(super) async fn start_by(
        mut program: tokio::process::Command,
        place: &Place,
        more: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut child = program
            .args(["run", "--log-json"])
            .args(more)
            .current_dir(place.folder.path())
            .env("EXCHANGE_PASSWORD", "P@ssw0rd!")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let mut reader = JoinSet::new();
        let kept = Arc::clone(&lines);
        reader.spawn(async move {
            while let Ok(Some(line)) = stderr.next_line().await {
                kept.lock().unwrap().push(line);
            }
        });
        let service = Self { child, lines, reader };
        service.sees("service.started", 1).await;
        service
    }

    /// Everything that was logged.
    pub(crate) fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// The events called `event` whose fields are as wanted.
    pub(crate) fn all(&self, event: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        let events = lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events
            .filter(|one| one["fields"]["event"] == event && wanted(&one["fields"]))
            .collect()
    }

    pub(crate) fn event(&self, event: &str, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        self.all(event, wanted).into_iter().next()
    }

    pub(crate) fn count(&self, event: &str) -> usize {
        self.all(event, |_| true).len()
    }

    /// Waits until the event was logged `count` times; the last of them.
    pub(crate) async fn sees(&self, event: &str, count: usize) -> Value {
        let began = Instant::now();
        loop {
            let mut all = self.all(event, |_| true);
            if all.len() >= count {
                return all.swap_remove(count - 1);
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{event} was not seen {count} times:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends the signal called `name`.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().unwrap();
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {process}")])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub(crate) async fn asks(&self, place: &Place, request: &Value) -> Vec<Value> {
        self.says(place, &request.to_string()).await
    }

    /// Says a line to the control socket; all that comes back.
    pub(crate) async fn says(&self, place: &Place, line: &str) -> Vec<Value> {
        let stream = UnixStream::connect(place.folder.path().join("control.sock"))
            .await
            .unwrap();
        let (mut read, mut write) = stream.into_split();
        // A service that has heard enough need not take the rest.
        let _ = write.write_all(format!("{line}\n").as_bytes()).await;
        let mut text = String::new();
        let read = tokio::time::timeout(PATIENCE, read.read_to_string(&mut text))
            .await
            .unwrap();
        read.unwrap_or_else(|error| panic!("{error}: {text}"));
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Tells it to stop, and sees that it does in time and leaves no shell.
    pub(crate) async fn stops(self, place: &Place) {
        let log = self.ends().await;
        assert_eq!(place.exchange.open_shells(), 0, "{log}");
    }

    /// Waits until it ends by itself; its code, and all that it logged.
    pub(super) async fn exited(mut self) -> (Option<i32>, String) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let log = self.log();
        let status = status
            .unwrap_or_else(|_| panic!("it did not end:\n{log}"))
            .unwrap();
        while self.reader.join_next().await.is_some() {}
        (status.code(), self.log())
    }

    /// Tells it to stop, and sees that it does in time; all that it logged.
    pub(crate) async fn ends(mut self) -> String {
        self.signal("TERM");
        let began = Instant::now();
        let status = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
        let log = self.log();
        let status = status
            .unwrap_or_else(|_| panic!("it did not stop within ten seconds:\n{log}"))
            .unwrap();
        while self.reader.join_next().await.is_some() {}
        assert_eq!(status.code(), Some(0), "{:?}\n{}", began.elapsed(), self.log());
        assert_eq!(self.count("service.stopped"), 1, "{}", self.log());
        self.log()
    }
}
