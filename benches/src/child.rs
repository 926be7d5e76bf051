//! A program that runs beside the benchmark: what it said, the CPU time it took and the memory it held.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::Failure;

/// How often the memory is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// The parts of a second in which Linux tells times to programs, on every architecture.
const TICKS: u64 = 100;

/// How a program ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// User and system time, all threads together.
    pub(crate) cpu: Duration,
    /// The most memory that was resident, in bytes.
    pub(crate) peak: u64,
}

/// Runs `command` to its end.
///
/// # Errors
/// It cannot be started, or the system does not tell of it.
pub(crate) fn run(command: &mut Command) -> Result<Ended, Failure> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let mut peak = 0;
    // An ended child keeps its times until it is waited for, and its memory is gone.
    let cpu = loop {
        peak = peak.max(memory(child.id()));
        let (ended, cpu) = times(child.id())?;
        if ended {
            break cpu;
        }
        thread::sleep(LOOK);
    };
    let text = |reader: thread::JoinHandle<String>| reader.join().map_err(|_| "a reader ended");
    Ok(Ended {
        code: child.wait()?.code(),
        stdout: text(stdout)?,
        stderr: text(stderr)?,
        cpu,
        peak,
    })
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What cannot be read is missing in what is shown.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Whether the process has ended, and its CPU time so far.
fn times(id: u32) -> Result<(bool, Duration), Failure> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name of the program stands in brackets and may hold anything.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .ok_or("the system tells no times")?
        .1
        .split_whitespace()
        .collect();
    let ticks = |at: usize| -> Result<u64, Failure> { Ok(fields.get(at).ok_or("no time")?.parse()?) };
    let cpu = Duration::from_millis((ticks(11)? + ticks(12)?) * 1_000 / TICKS);
    Ok((fields.first() == Some(&"Z"), cpu))
}

/// The most memory that was resident so far; 0 once the process has ended.
fn memory(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: Option<u64> = line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok());
    kilobytes.unwrap_or(0) * 1024
}
