//! The transport that writes down what another one does.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::Serialize;

use super::Identities;
use super::failure::Failure;
use super::line::{Event, Header, IdentityForm, Line, VERSION};
use super::redact::Redactor;
use crate::invocation::Witness;
use crate::{CmdletTransport, Command, Invocation, InvokeError, Record};

/// Writes what another transport is asked, and what the consumer gets of its answers.
///
/// # Guarantees
///
/// Nothing is held back: a record is written when the consumer takes it, in one write, and passed on as it was. An
/// invocation that is dropped or stopped before its end is recorded as stopped. Commands that run at once have
/// their lines between each other, told apart by a number.
///
/// A command never suffers from its recording. When the file cannot be written, the recording ends with the last
/// whole line, a warning is logged once, and [`check`](Self::check) tells why.
#[derive(Debug)]
pub struct Recorder<T> {
    transport: T,
    journal: Arc<Journal>,
    invocations: AtomicU64,
}

impl<T: CmdletTransport> Recorder<T> {
    /// Creates the file at `path`, readable by its owner alone.
    ///
    /// # Errors
    ///
    /// When the file exists, or cannot be created or written.
    pub fn create(transport: T, path: &Path, identities: &Identities) -> Result<Self, RecordingError> {
        let failed = |source| RecordingError::Create {
            path: path.to_owned(),
            source,
        };
        // A file of before may be open to others, or be a link to somewhere else.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        let mut sheet = Sheet::new(file);
        let header = Header {
            version: VERSION,
            identities: match identities {
                Identities::Pseudonyms { .. } => IdentityForm::Pseudonyms,
                Identities::Keep => IdentityForm::Kept,
            },
        };
        sheet.append(&header).map_err(failed)?;
        let journal = Journal {
            path: path.to_owned(),
            redactor: Redactor::new(identities),
            sheet: Mutex::new(sheet),
        };
        Ok(Self {
            transport,
            journal: Arc::new(journal),
            invocations: AtomicU64::new(0),
        })
    }

    /// Tells whether everything so far was written.
    ///
    /// # Errors
    ///
    /// When the recording ended early.
    pub fn check(&self) -> Result<(), RecordingError> {
        self.journal.sheet().failure.as_ref().map_or(Ok(()), |failure| {
            Err(RecordingError::Write {
                path: self.journal.path.clone(),
                source: io::Error::new(failure.kind(), failure.to_string()),
            })
        })
    }
}

#[async_trait]
impl<T: CmdletTransport> CmdletTransport for Recorder<T> {
    async fn invoke(&self, command: Command) -> Result<Invocation, InvokeError> {
        let mut entry = Entry {
            journal: Arc::clone(&self.journal),
            invocation: self.invocations.fetch_add(1, Ordering::Relaxed) + 1,
            cmdlet: command.name.clone(),
            ended: false,
        };
        entry.note(&self.journal.redactor.command(&command));
        match self.transport.invoke(command).await {
            Ok(invocation) => Ok(invocation.witnessed(Box::new(entry))),
            Err(error) => {
                entry.note(&Event::Refused(Failure::of(&self.journal.redactor, &error)));
                Err(error)
            }
        }
    }

    fn endpoint(&self) -> String {
        self.transport.endpoint()
    }

    async fn close(&self) {
        self.transport.close().await;
    }
}

/// One command that runs. Dropped before its end, it was stopped.
#[derive(Debug)]
struct Entry {
    journal: Arc<Journal>,
    invocation: u64,
    cmdlet: String,
    ended: bool,
}

impl Entry {
    fn note(&mut self, event: &Event) {
        if !self.ended {
            self.ended = event.is_last();
            self.journal.write(self.invocation, event);
        }
    }

    fn event(&self, item: Option<&Result<Record, InvokeError>>) -> Event {
        let redactor = &self.journal.redactor;
        match item {
            Some(Ok(record)) => redactor.record(&self.cmdlet, record),
            Some(Err(error)) => Event::Failed(Failure::of(redactor, error)),
            None => Event::Ended,
        }
    }
}

impl Witness for Entry {
    fn see(&mut self, item: Option<&Result<Record, InvokeError>>) {
        if !self.ended && self.journal.is_open() {
            self.note(&self.event(item));
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.note(&Event::Stopped);
    }
}

/// The file, and what may be written to it.
#[derive(Debug)]
struct Journal {
    path: PathBuf,
    redactor: Redactor,
    sheet: Mutex<Sheet>,
}

impl Journal {
    fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.sheet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self) -> bool {
        self.sheet().failure.is_none()
    }

    fn write(&self, invocation: u64, event: &Event) {
        let mut sheet = self.sheet();
        if sheet.failure.is_some() {
            return;
        }
        let n = sheet.lines + 1;
        if let Err(error) = sheet.append(&Line { n, invocation, event }) {
            tracing::warn!(path = %self.path.display(), %error, "Recording ended early");
            sheet.give_up(error);
        }
    }
}

/// What was written so far.
#[derive(Debug)]
struct Sheet {
    file: File,
    /// Lines after the first.
    lines: u64,
    /// The length of all whole lines, in bytes.
    length: u64,
    failure: Option<io::Error>,
}

impl Sheet {
    const fn new(file: File) -> Self {
        Self {
            file,
            lines: 0,
            length: 0,
            failure: None,
        }
    }

    fn append(&mut self, line: &impl Serialize) -> io::Result<()> {
        let first = self.length == 0;
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.length += u64::try_from(text.len()).map_err(io::Error::other)?;
        self.lines += u64::from(!first);
        Ok(())
    }

    /// Takes back a line that was written in part, so that the file stays readable, and writes no more.
    fn give_up(&mut self, error: io::Error) {
        if let Err(error) = self.file.set_len(self.length) {
            tracing::debug!(%error, "A broken line is left");
        }
        self.failure = Some(error);
    }
}

/// Why there is no recording, or not all of it.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum RecordingError {
    #[error("could not create the recording {path}")]
    Create { path: PathBuf, source: io::Error },
    #[error("the recording {path} ended early")]
    Write { path: PathBuf, source: io::Error },
}

#[cfg(test)]
impl<T> Recorder<T> {
    /// Writes to another file from now on.
    pub(super) fn redirect(&self, file: File) {
        self.journal.sheet().file = file;
    }
}
