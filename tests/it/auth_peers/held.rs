//! A server of others: its folder, its ports, its life.

use std::fs::{File, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::file;

/// No server outlives these seconds, whatever becomes of the tests.
const TIME_TO_LIVE: &str = "900";

/// A new folder that servers which give up their rights can read.
pub(super) fn folder(name: &str) -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix(&format!("easgate-{name}-"))
        .tempdir()
        .expect("a temporary folder")
        .keep();
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("our own folder");
    folder
}

/// A port of 127.0.0.1 that nobody has, below those that connections are given.
pub(super) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..12_000 {
        let offset = std::process::id().wrapping_mul(97) + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(20_000 + offset % 12_000).expect("at most 31,999");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

/// Writes `text` to `path`.
pub(super) fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Runs `command` to its end and gives its standard output; anything but success is a failure of the test.
pub(super) fn finish(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}: {said}{told}");
    said.into_owned()
}

/// The JSON document at `url`; a blocking client, since tests with and without a runtime ask.
pub(super) fn json(url: &str) -> serde_json::Value {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--insecure", "--noproxy", "*"]);
    let said = finish(curl.arg(url));
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{url}: {error}: {said}"))
}

/// A running server; it ends, and its folder goes, when this is dropped or these tests end in any way.
pub(super) struct Held {
    holder: Child,
    pub(super) folder: PathBuf,
}

impl Held {
    /// Starts `server`, which stays in the foreground; what it says goes to `folder/output`.
    pub(super) fn start(folder: PathBuf, server: &Command) -> Self {
        let output = File::create(folder.join("output")).expect("our own folder");
        let mut holder = Command::new("/usr/bin/python3");
        holder
            .arg(file("hold.py"))
            .arg(&folder)
            .arg(TIME_TO_LIVE)
            .arg(server.get_program())
            .args(server.get_args());
        for (name, value) in server.get_envs() {
            holder.env(name, value.unwrap_or_default());
        }
        let holder = holder
            .stdin(Stdio::piped())
            .stdout(output.try_clone().expect("an open file"))
            .stderr(output)
            .spawn()
            .expect("Python starts");
        Self { holder, folder }
    }

    /// Waits until `port` is served.
    pub(super) fn serves(&self, port: u16) {
        self.wait(|_| TcpStream::connect(("127.0.0.1", port)).ok().map(drop));
    }

    /// Waits until what the server has said holds what is looked for.
    pub(super) fn wait<T>(&self, mut found: impl FnMut(&str) -> Option<T>) -> T {
        for _ in 0..1_200 {
            if let Some(found) = found(&self.read("output")) {
                return found;
            }
            if self.read("output").contains("hold.py: ended") {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the server does not answer: {}", self.read("output"));
    }

    /// A file of the server's folder, as far as it is there.
    pub(super) fn read(&self, name: &str) -> String {
        let bytes = std::fs::read(self.folder.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        // It ends with its standard input; there is nothing else to do about it here.
        let _ = self.holder.wait();
    }
}
