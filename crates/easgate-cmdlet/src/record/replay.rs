//! The transport that answers from a recording.

use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::JoinSet;

use super::index::{Index, Place, ReadError, RecordedCommand, ReplayError, describe};
use super::line::{Event, Line, RecordedParameter, RecordedProgress};
use super::redact::clixml_text;
use crate::{
    CmdletTransport, Command, ErrorRecord, Invocation, InvokeError, Output, ProgressRecord, Record,
    RecordSender,
};

/// How many records wait for the consumer.
const WAITING: usize = 16;

/// Answers commands as a recording tells.
///
/// A command is answered by the first recorded one that has the same name and parameters and has not been used, so
/// commands may be asked in another order than they were, as it happens when several run at once. Of a recording
/// with pseudonyms whoever asks must use these: what comes out of one command fits into the next.
///
/// # Guarantees
///
/// The file is checked as a whole when it is opened, and read again a record at a time: memory holds the commands
/// and the places of the records only. A command that was stopped when it was recorded gives what there is and then
/// [`InvokeError::Stopped`]; one whose end is not in the file gives [`InvokeError::Protocol`].
#[derive(Debug)]
pub struct Replay {
    name: String,
    file: Arc<File>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Those that nobody has asked for yet are there.
    commands: Vec<Option<RecordedCommand>>,
    tasks: JoinSet<()>,
    closed: bool,
}

impl Replay {
    /// Opens a recording and checks every line.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is of another version, or has a line that is wrong.
    pub fn open(path: &Path) -> Result<Self, ReplayError> {
        let file = |source| ReplayError::File {
            path: path.to_owned(),
            source,
        };
        let opened = File::open(path).map_err(file)?;
        let index = Index::read(BufReader::new(&opened)).map_err(|error| match error {
            ReadError::File(source) => file(source),
            ReadError::Line { number, reason } => ReplayError::Line {
                path: path.to_owned(),
                line: number,
                reason,
            },
        })?;
        let state = State {
            commands: index.commands.into_iter().map(Some).collect(),
            tasks: JoinSet::new(),
            closed: false,
        };
        Ok(Self {
            name: format!("recording {}", path.display()),
            file: Arc::new(opened),
            state: Mutex::new(state),
        })
    }

    /// The commands that nobody has asked for yet, in the order of the recording.
    pub fn unused(&self) -> Vec<String> {
        let state = self.state();
        state
            .commands
            .iter()
            .flatten()
            .map(RecordedCommand::describe)
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the recording of `command`.
    fn take(&self, command: &Command) -> Result<RecordedCommand, InvokeError> {
        let parameters = parameters(command);
        let mut state = self.state();
        if state.closed {
            return Err(InvokeError::Closed {
                endpoint: self.name.clone(),
            });
        }
        let answer = state.commands.iter_mut().find(|slot| {
            slot.as_ref()
                .is_some_and(|recorded| recorded.answers(&command.name, &parameters))
        });
        if let Some(recorded) = answer.and_then(Option::take) {
            return Ok(recorded);
        }
        let next = state.commands.iter().flatten().next();
        Err(InvokeError::NotRecorded {
            cmdlet: command.name.clone(),
            asked: describe(&command.name, &parameters),
            next: next.map_or_else(|| "nothing".to_owned(), RecordedCommand::describe),
        })
    }
}

#[async_trait]
impl CmdletTransport for Replay {
    async fn invoke(&self, command: Command) -> Result<Invocation, InvokeError> {
        let recorded = self.take(&command)?;
        let tape = Tape {
            name: self.name.clone(),
            file: Arc::clone(&self.file),
            cmdlet: command.name,
        };
        if let [only] = recorded.lines.as_slice()
            && let Event::Refused(failure) = tape.event(*only)?
        {
            return Err(failure.into_error());
        }
        let (sender, invocation) = Invocation::channel(WAITING);
        let mut state = self.state();
        while state.tasks.try_join_next().is_some() {}
        state.tasks.spawn(tape.play(recorded.lines, sender));
        Ok(invocation)
    }

    fn endpoint(&self) -> String {
        self.name.clone()
    }

    async fn close(&self) {
        self.state().closed = true;
    }
}

impl Drop for Replay {
    /// Lets those who still read come to their end.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.tasks.detach_all();
    }
}

/// The records of one command.
struct Tape {
    name: String,
    file: Arc<File>,
    cmdlet: String,
}

impl Tape {
    async fn play(self, lines: Vec<Place>, sender: RecordSender) {
        for place in lines {
            let item = match self.event(place) {
                Ok(Event::Ended) => return,
                Ok(event) => self.item(event),
                Err(error) => Err(error),
            };
            let last = item.is_err();
            if !sender.send(item).await || last {
                return;
            }
        }
        sender
            .send(Err(self.broken("the recording ends before the command")))
            .await;
    }

    /// Reads a line again; it was fine when the file was opened.
    fn event(&self, place: Place) -> Result<Event, InvokeError> {
        let mut text = vec![0; place.length];
        self.file
            .read_exact_at(&mut text, place.offset)
            .map_err(|error| self.broken(&format!("the recording cannot be read: {error}")))?;
        let line: Line = serde_json::from_slice(&text)
            .map_err(|error| self.broken(&format!("the recording was changed: {error}")))?;
        Ok(line.event)
    }

    fn item(&self, event: Event) -> Result<Record, InvokeError> {
        Ok(match event {
            Event::Output(clixml) => Record::Output(Output::new(Bytes::from(clixml))),
            Event::Error(clixml) => match ErrorRecord::decode(&Bytes::from(clixml)) {
                Ok(error) => Record::Error(Box::new(error)),
                Err(error) => Record::Undecodable {
                    reason: error.to_string(),
                },
            },
            Event::Warning(text) => Record::Warning(text),
            Event::Verbose(text) => Record::Verbose(text),
            Event::Debug(text) => Record::Debug(text),
            Event::Information(text) => Record::Information(text),
            Event::Progress(progress) => Record::Progress(progress.into_record()),
            Event::Undecodable(reason) => Record::Undecodable { reason },
            Event::Refused(failure) | Event::Failed(failure) => return Err(failure.into_error()),
            Event::Stopped | Event::Ended => {
                return Err(InvokeError::Stopped {
                    cmdlet: self.cmdlet.clone(),
                });
            }
            Event::Invoke { .. } => return Err(self.broken("the recording was changed")),
        })
    }

    fn broken(&self, reason: &str) -> InvokeError {
        InvokeError::Protocol {
            endpoint: self.name.clone(),
            cmdlet: self.cmdlet.clone(),
            sent: true,
            reason: reason.to_owned(),
        }
    }
}

impl RecordedProgress {
    fn into_record(self) -> ProgressRecord {
        ProgressRecord {
            activity: self.activity,
            activity_id: self.activity_id,
            status_description: self.status_description,
            current_operation: self.current_operation,
            parent_activity_id: self.parent_activity_id,
            percent_complete: self.percent_complete,
            completed: self.completed,
            seconds_remaining: self.seconds_remaining,
        }
    }
}

/// The parameters in the form of a recording.
fn parameters(command: &Command) -> Vec<RecordedParameter> {
    let parameters = command.parameters.iter().map(|parameter| RecordedParameter {
        name: parameter.name.clone(),
        value: clixml_text(&parameter.value),
    });
    parameters.collect()
}
