//! What a recording holds, and where.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, Read as _};
use std::path::PathBuf;

use super::line::{Event, Header, Line, RecordedParameter, VERSION};

/// The largest line, in bytes: an object of the largest size in JSON, which escapes some characters.
const MAX_LINE: u64 = 256 << 20;
/// How much of a parameter's value is shown.
const SHOWN: usize = 80;

/// The commands of a recording, in the order in which they were asked.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) commands: Vec<RecordedCommand>,
}

/// A command, and where its lines are.
#[derive(Debug)]
pub(super) struct RecordedCommand {
    pub(super) name: String,
    pub(super) parameters: Vec<RecordedParameter>,
    /// The lines after the command's own.
    pub(super) lines: Vec<Place>,
    ended: bool,
}

/// Where a line is in the file, in bytes, without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: usize,
}

impl Index {
    /// Reads a recording, a line at a time, and checks each.
    pub(super) fn read(mut reader: impl BufRead) -> Result<Self, ReadError> {
        let mut builder = Builder::default();
        let mut offset = 0;
        let mut number = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader
                .by_ref()
                .take(MAX_LINE)
                .read_until(b'\n', &mut line)
                .map_err(ReadError::File)?;
            if read == 0 {
                break;
            }
            number += 1;
            let length = line.strip_suffix(b"\n").unwrap_or(&line).len();
            builder
                .line(number, &line, Place { offset, length })
                .map_err(|reason| ReadError::Line { number, reason })?;
            offset += u64::try_from(read).unwrap_or(u64::MAX);
        }
        if number == 0 {
            let reason = "the file is empty".to_owned();
            return Err(ReadError::Line { number: 1, reason });
        }
        Ok(builder.index)
    }
}

impl RecordedCommand {
    /// Whether this is the recording of such a command. The order of parameters does not matter.
    pub(super) fn answers(&self, name: &str, parameters: &[RecordedParameter]) -> bool {
        self.name.eq_ignore_ascii_case(name)
            && self.parameters.len() == parameters.len()
            && parameters.iter().all(|asked| {
                let same = |own: &RecordedParameter| same_name(own, asked) && own.value == asked.value;
                let count = |all: &[RecordedParameter]| all.iter().filter(|own| same(own)).count();
                count(&self.parameters) == count(parameters)
            })
    }

    pub(super) fn describe(&self) -> String {
        describe(&self.name, &self.parameters)
    }
}

/// A command as one line for people.
pub(super) fn describe(name: &str, parameters: &[RecordedParameter]) -> String {
    let mut text = name.to_owned();
    for parameter in parameters {
        let value: String = parameter.value.chars().take(SHOWN).collect();
        let cut = if value.len() < parameter.value.len() {
            "..."
        } else {
            ""
        };
        let name = parameter.name.as_deref().unwrap_or_default();
        let _ = write!(text, " -{name} {value}{cut}");
    }
    text
}

fn same_name(one: &RecordedParameter, other: &RecordedParameter) -> bool {
    match (&one.name, &other.name) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        _ => false,
    }
}

#[derive(Debug, Default)]
struct Builder {
    index: Index,
    /// From the numbers of invocations to places in the index.
    places: BTreeMap<u64, usize>,
    last: u64,
}

impl Builder {
    fn line(&mut self, number: usize, text: &[u8], place: Place) -> Result<(), String> {
        let readable = |error: serde_json::Error| format!("not a line of a recording: {error}");
        if number == 1 {
            let header: Header = serde_json::from_slice(text)
                .map_err(|error| format!("not the first line of a recording: {error}"))?;
            return match header.version {
                VERSION => Ok(()),
                other => Err(format!(
                    "version {other} of the format; only {VERSION} can be read"
                )),
            };
        }
        let line: Line = serde_json::from_slice(text).map_err(readable)?;
        if line.n <= self.last {
            return Err(format!("number {} after number {}", line.n, self.last));
        }
        self.last = line.n;
        self.event(line, place)
    }

    fn event(&mut self, line: Line, place: Place) -> Result<(), String> {
        let id = line.invocation;
        if let Event::Invoke { command, parameters } = line.event {
            if self.places.insert(id, self.index.commands.len()).is_some() {
                return Err(format!("a second command with the number {id}"));
            }
            self.index.commands.push(RecordedCommand {
                name: command,
                parameters,
                lines: Vec::new(),
                ended: false,
            });
            return Ok(());
        }
        let known = self.places.get(&id);
        let Some(command) = known.and_then(|at| self.index.commands.get_mut(*at)) else {
            return Err(format!("a record of the command {id}, which was not asked"));
        };
        if command.ended {
            return Err(format!("a record of the command {id}, which has ended"));
        }
        command.ended = line.event.is_last();
        command.lines.push(place);
        Ok(())
    }
}

/// Why a recording cannot be read, without its path.
#[derive(Debug)]
pub(super) enum ReadError {
    File(io::Error),
    Line { number: usize, reason: String },
}

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ReplayError {
    #[error("could not read the recording {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("line {line} of the recording {path} is wrong: {reason}")]
    Line {
        path: PathBuf,
        line: usize,
        reason: String,
    },
}
