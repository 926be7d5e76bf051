//! The WS-Management transport against a PSRP server that stands on psrpcore (`tests/peers/psrp_server.py`).

mod failures;
mod flow;
mod records;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use easgate_cmdlet::{
    Authentication, CmdletTransport, Command, Config, Invocation, InvokeError, Output, Record, WsmanTransport,
};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

/// A running peer; it ends with its standard input, and at the latest when this is dropped.
struct Peer {
    _process: Child,
    port: u16,
}

/// What the peer saw.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Stats {
    create: u32,
    delete: u32,
    send: u32,
    #[serde(rename = "stops")]
    stops: u32,
    #[serde(rename = "terminates")]
    terminates: u32,
    #[serde(rename = "written")]
    written: u32,
    #[serde(rename = "unauthorized")]
    unauthorized: u32,
    #[serde(rename = "open")]
    open: u32,
    #[serde(rename = "violations")]
    violations: Vec<String>,
}

impl Peer {
    /// Starts a peer; `None`, said plainly, where its Python is not installed.
    async fn start() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let python = std::env::var_os("EASGATE_PEER_PYTHON")
            .map_or_else(|| root.join(".peers/python/bin/python"), PathBuf::from);
        if !python.exists() {
            assert!(
                std::env::var_os("CI").is_none(),
                "no Python at {}",
                python.display()
            );
            println!(
                "LEFT OUT: the psrpcore peer, no Python at {} (cargo xtask peers installs it)",
                python.display()
            );
            return None;
        }
        let mut process = tokio::process::Command::new(python)
            .arg(root.join("tests/peers/psrp_server.py"))
            .args(["--devices", "50", "--suffix", "/v2"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .await
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on http://127.0.0.1:")
            .unwrap();
        let port = address.strip_suffix("/powershell").unwrap().parse().unwrap();
        Some(Self {
            _process: process,
            port,
        })
    }

    fn config(&self) -> Config {
        let credentials = Authentication::Basic {
            username: r"CONTOSO\connector".to_owned(),
            password: "P@ssw0rd!".to_owned().into(),
        };
        Config::new(
            format!("http://127.0.0.1:{}/powershell", self.port)
                .parse()
                .unwrap(),
            credentials,
        )
    }

    fn connect(&self, change: impl FnOnce(&mut Config)) -> WsmanTransport {
        let mut config = self.config();
        change(&mut config);
        WsmanTransport::new(config).unwrap()
    }

    async fn stats(&self) -> Stats {
        let url = format!("http://127.0.0.1:{}/stats", self.port);
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str) {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        reqwest::Client::new().post(url).send().await.unwrap();
    }

    /// Closes `transport` and checks that nothing was left behind and no rule was broken.
    async fn finish(&self, transport: WsmanTransport) -> Stats {
        transport.close().await;
        let stats = self.stats().await;
        assert_eq!(stats.open, 0, "{stats:?}");
        assert!(stats.violations.is_empty(), "{stats:?}");
        stats
    }

    /// Waits until `done` holds of what the peer saw.
    async fn wait_for(&self, done: impl Fn(&Stats) -> bool) -> Stats {
        for _ in 0..600 {
            let stats = self.stats().await;
            if done(&stats) {
                return stats;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the peer did not get there: {:?}", self.stats().await);
    }
}

/// Everything a command said, and how it ended.
#[derive(Default)]
struct Said {
    outputs: Vec<Output>,
    others: Vec<Record>,
    failure: Option<InvokeError>,
}

async fn run(transport: &WsmanTransport, command: Command) -> Said {
    match transport.invoke(command).await {
        Ok(invocation) => listen(invocation).await,
        Err(error) => Said {
            failure: Some(error),
            ..Said::default()
        },
    }
}

async fn listen(mut invocation: Invocation) -> Said {
    let mut said = Said::default();
    while let Some(record) = invocation.next().await {
        match record {
            Ok(Record::Output(output)) => said.outputs.push(output),
            Ok(other) => said.others.push(other),
            Err(error) => said.failure = Some(error),
        }
    }
    said
}

/// The `Number` of each object.
fn numbers(said: &Said) -> Vec<i64> {
    said.outputs
        .iter()
        .map(|output| {
            output
                .value()
                .unwrap()
                .property("Number")
                .unwrap()
                .as_i64()
                .unwrap()
        })
        .collect()
}

fn count(number: i32, milliseconds: i32) -> Command {
    Command::new("Test-Count")
        .with("Count", number)
        .with("Milliseconds", milliseconds)
}
