//! Running other programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("could not start {program}: {source}")]
    Start { program: String, source: std::io::Error },
    #[error("{command} failed ({status})")]
    Status {
        command: String,
        status: std::process::ExitStatus,
    },
    #[error("could not read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cargo metadata gave what is not understood: {source}")]
    Metadata { source: serde_json::Error },
    #[error("could not write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("this needs {program}")]
    Missing { program: String },
    #[error("the package does not hold this: {what}")]
    Package { what: String },
    #[error("{count} findings, listed above")]
    Findings { count: usize },
}

impl Failure {
    /// A file or a folder that could not be written, or looked at.
    pub(crate) fn write(path: &Path, source: std::io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            source,
        }
    }
}

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask stands in the workspace")
}

/// A command that starts in the workspace's folder.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs cargo with `arguments`.
pub(crate) fn cargo(arguments: &[&str]) -> Result<(), Failure> {
    finish(command(env!("CARGO")).args(arguments))
}

/// Runs `command` to its end and takes any status but success for a failure.
pub(crate) fn finish(command: &mut Command) -> Result<(), Failure> {
    let shown = shown(command);
    // Not into the output, which may be read by a program.
    eprintln!("$ {shown}");
    let status = command.status().map_err(|source| Failure::Start {
        program: program(command),
        source,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Status {
            command: shown,
            status,
        })
    }
}

/// Runs `command` and returns what it printed; `None` when it cannot be started or does not succeed.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads a file as text.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::Read {
        path: path.to_owned(),
        source,
    })
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn shown(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or_else(|| command.get_program());
    std::iter::once(name)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
