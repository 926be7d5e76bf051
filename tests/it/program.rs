//! The program as a person runs it: another process, its output, its exit code, its memory.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The binary that was built beside these tests.
pub(crate) fn binary() -> PathBuf {
    let tests = std::env::current_exe().expect("a running test has a path");
    let folder = tests
        .parent()
        .and_then(Path::parent)
        .expect("tests stand in target/PROFILE/deps");
    let binary = folder.join("easgate");
    assert!(
        binary.is_file(),
        "{} is missing: cargo build -p easgate",
        binary.display()
    );
    binary
}

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The most memory it held, in bytes, as far as it was looked at: every 20 ms.
    pub(crate) peak_memory: u64,
}

impl Ended {
    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}\n{}", self.stdout, self.stderr))
    }
}

/// Runs the program to its end in `folder`.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ended {
    run_with(folder, arguments, &[])
}

/// Runs the program to its end in `folder`, with more in its environment.
pub(crate) fn run_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .current_dir(folder)
        .env("EXCHANGE_PASSWORD", "P@ssw0rd!")
        .envs(environment.iter().copied())
        .stdin(Stdio::null());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let mut peak_memory = 0;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        peak_memory = peak_memory.max(memory(child.id()));
        std::thread::sleep(Duration::from_millis(20));
    };
    let text = |reader: std::thread::JoinHandle<String>| reader.join().expect("the reader does not panic");
    Ended {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
        peak_memory,
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    let mut pipe = pipe.expect("the pipe was asked for");
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What cannot be read is missing in the text, and the assertion that looks for it fails.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The peak resident memory of a process in bytes; 0 once it has ended.
fn memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: Option<u64> = line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// A server of ours or of others that runs beside the test, and ends with it.
pub(crate) struct Server {
    child: Child,
    /// The first address that it printed.
    pub(crate) url: String,
}

impl Server {
    /// Starts `command` and waits for a line that names its address.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            // Some servers end with their standard input: it stays open as long as the child is kept.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut lines = BufReader::new(child.stdout.take().expect("the pipe was asked for"));
        let mut seen = String::new();
        let url = loop {
            let mut line = String::new();
            let read = lines.read_line(&mut line).expect("the server's output is text");
            assert!(read > 0, "the server ended before it named its address: {seen}");
            if let Some(at) = line.find("http://") {
                break line[at..]
                    .split([' ', '\n', '"', ','])
                    .next()
                    .unwrap_or_default()
                    .to_owned();
            }
            seen.push_str(&line);
        };
        // What it goes on to print must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, url }
    }

    /// Starts the PSRP server on psrpcore; `None`, said plainly, where its Python is not installed.
    pub(crate) fn psrpcore(devices: usize) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the tests stand in the workspace");
        let python = std::env::var_os("EASGATE_PEER_PYTHON")
            .map_or_else(|| root.join(".peers/python/bin/python"), PathBuf::from);
        if !python.exists() {
            assert!(
                std::env::var_os("CI").is_none(),
                "no Python at {}",
                python.display()
            );
            println!(
                "LEFT OUT: the psrpcore peer, no Python at {} (cargo xtask peers)",
                python.display()
            );
            return None;
        }
        let mut command = Command::new(python);
        command
            .arg(root.join("tests/peers/psrp_server.py"))
            .args(["--devices", &devices.to_string()]);
        Some(Self::start(command))
    }

    /// What the server says of its clients.
    pub(crate) fn stats(&self) -> serde_json::Value {
        let url = self.url.replace("/powershell", "/stats");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime
            .block_on(async { reqwest::get(url).await?.json().await })
            .expect("the server tells its statistics")
    }

    /// Starts a simulated Exchange organisation of so many devices, in a process of its own.
    pub(crate) fn exchange(devices: usize) -> Self {
        let mut command = Command::new(binary());
        command.args([
            "simulate",
            "exchange",
            "--listen",
            "127.0.0.1:0",
            "--devices",
            &devices.to_string(),
        ]);
        Self::start(command)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
