//! One command on a shell, from Command to its end.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use easgate_psrp::client::{Pipeline, PipelineEvent, PipelineState};
use easgate_psrp::wsman::SignalCode;
use tokio::time::Instant;

use super::answer::RequestError;
use super::shell::{Received, Shell};
use crate::{Command, ErrorRecord, InvokeError, Output, Record, RecordSender};

/// A command that the server has taken.
pub(super) struct Running {
    shell: Arc<Shell>,
    cmdlet: String,
    pipeline: Pipeline,
    /// The command's id as the server writes it.
    id: String,
    deadline: Instant,
}

/// Why we end a command before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The consumer has left.
    Unwanted,
    /// It has taken too long.
    TooLong,
    /// The transport closes.
    Closing,
}

/// How a command stands after one answer.
enum Progress {
    Goes,
    Ended(Result<(), InvokeError>),
}

impl Running {
    /// Sends `command`. The error says whether the server may have taken it.
    pub(super) async fn start(shell: &Arc<Shell>, command: &Command) -> Result<Self, InvokeError> {
        let mut pipeline = shell.pipeline(command);
        let id = match shell.command(&mut pipeline).await {
            Ok(id) => id,
            Err(error) => return Err(failed_to_start(shell, error, &command.name)),
        };
        let deadline = Instant::now() + shell.shells().config().command_timeout;
        let mut running = Self {
            shell: Arc::clone(shell),
            cmdlet: command.name.clone(),
            pipeline,
            id,
            deadline,
        };
        if let Err(error) = shell.send_input(&mut running.pipeline, &running.id).await {
            shell.give_up();
            return Err(running.error(error));
        }
        Ok(running)
    }

    /// Receives until the command has ended, and hands its records over.
    ///
    /// Never more than one Receive is under way, and none while `consumer` has no room.
    pub(super) async fn receive_all(&mut self, consumer: &RecordSender) -> Result<(), InvokeError> {
        let mut stop = None;
        loop {
            let answer = self.receive(consumer, &mut stop).await;
            let progress = match answer {
                Some(Ok(received)) => self.take(received, consumer, &mut stop).await,
                Some(Err(error)) if error.is_timed_out() => Progress::Goes,
                // After a stop the command may be gone before its last Receive is answered.
                Some(Err(error)) if error.is_not_found() && stop.is_some() => Progress::Ended(Ok(())),
                Some(Err(error)) => {
                    self.shell.give_up();
                    Progress::Ended(Err(self.error(error)))
                }
                None => {
                    tracing::warn!(
                        cmdlet = self.cmdlet,
                        "Command did not stop in time; giving its shell up"
                    );
                    self.shell.give_up();
                    Progress::Ended(Ok(()))
                }
            };
            let Progress::Ended(result) = progress else {
                continue;
            };
            return match stop {
                None => result,
                Some(stop) => Err(self.stopped(stop)),
            };
        }
    }

    /// Releases the command on the server.
    pub(super) async fn release(self) {
        if self.shell.is_lost() {
            return;
        }
        match self.shell.signal(&self.id, &SignalCode::Terminate).await {
            Ok(()) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                tracing::debug!(?error, cmdlet = self.cmdlet, "Command not released");
                self.shell.give_up();
            }
        }
    }

    /// Sees one Receive to its end, through a stop if one is due; `None` when a stop takes too long.
    async fn receive(
        &self,
        consumer: &RecordSender,
        stop: &mut Option<Stop>,
    ) -> Option<Result<Received, RequestError>> {
        let mut receive = pin!(self.shell.receive(Some(&self.id)));
        if stop.is_none() {
            tokio::select! {
                answer = &mut receive => return Some(answer),
                cause = self.stop_wanted(consumer) => *stop = Some(cause),
            }
            // The Receive stays under way: what the server has handed to it would be lost otherwise.
            let answer = self.stop_while(receive.as_mut()).await;
            if answer.is_some() {
                return answer;
            }
        }
        tokio::time::timeout(self.shell.shells().config().close_timeout, receive)
            .await
            .ok()
    }

    /// Sends the stop signal; the answer of `receive` if that comes first.
    async fn stop_while<F>(&self, mut receive: std::pin::Pin<&mut F>) -> Option<F::Output>
    where
        F: Future,
    {
        let mut signal = pin!(self.shell.signal(&self.id, &SignalCode::Stop));
        tokio::select! {
            outcome = &mut signal => {
                self.note_signal(outcome);
                None
            }
            answer = &mut receive => {
                let outcome = signal.await;
                self.note_signal(outcome);
                Some(answer)
            }
        }
    }

    /// A command that is gone needs no stop; any other failure shows in the Receive.
    fn note_signal(&self, outcome: Result<(), RequestError>) {
        if let Err(error) = outcome {
            tracing::debug!(?error, cmdlet = self.cmdlet, "Stop signal not taken");
        }
    }

    /// Waits until there is a reason to stop.
    async fn stop_wanted(&self, consumer: &RecordSender) -> Stop {
        tokio::select! {
            () = consumer.closed() => Stop::Unwanted,
            () = tokio::time::sleep_until(self.deadline) => Stop::TooLong,
            () = self.shell.closing().cancelled() => Stop::Closing,
        }
    }

    /// Takes one answer apart and hands its records over.
    async fn take(
        &mut self,
        received: Received,
        consumer: &RecordSender,
        stop: &mut Option<Stop>,
    ) -> Progress {
        for stream in received.streams {
            if let Err(error) = self.pipeline.handle_bytes(Bytes::from(stream.data)) {
                self.shell.give_up();
                return Progress::Ended(Err(self.error(RequestError::Protocol {
                    reason: error.to_string(),
                })));
            }
        }
        if received.done {
            self.pipeline.handle_command_done();
        }
        while let Some(event) = self.pipeline.poll_event() {
            if let PipelineEvent::State { state, error } = event {
                if state.is_final() {
                    return Progress::Ended(self.end(state, error));
                }
                continue;
            }
            let record = record(event);
            if let (Some(record), None) = (record, &stop) {
                *stop = self.hand_over(record, consumer).await;
                if stop.is_some() {
                    self.note_signal(self.shell.signal(&self.id, &SignalCode::Stop).await);
                }
            }
        }
        if let Err(error) = self.shell.send_answers(&mut self.pipeline, &self.id).await {
            self.shell.give_up();
            return Progress::Ended(Err(self.error(error)));
        }
        Progress::Goes
    }

    /// Waits until the consumer has room; the reason to stop if one comes first.
    async fn hand_over(&self, record: Record, consumer: &RecordSender) -> Option<Stop> {
        tokio::select! {
            biased;
            taken = consumer.send(Ok(record)) => (!taken).then_some(Stop::Unwanted),
            cause = self.stop_wanted(consumer) => Some(cause),
        }
    }

    fn end(&self, state: PipelineState, error: Option<Box<ErrorRecord>>) -> Result<(), InvokeError> {
        let cmdlet = self.cmdlet.clone();
        if state == PipelineState::Completed {
            Ok(())
        } else if state == PipelineState::Stopped {
            Err(InvokeError::Stopped { cmdlet })
        } else {
            Err(InvokeError::Failed {
                cmdlet,
                error: error.unwrap_or_default(),
            })
        }
    }

    fn stopped(&self, stop: Stop) -> InvokeError {
        let cmdlet = self.cmdlet.clone();
        match stop {
            Stop::Unwanted => InvokeError::Stopped { cmdlet },
            Stop::Closing => InvokeError::Closed {
                endpoint: self.shell.endpoint(),
            },
            Stop::TooLong => {
                let after = self.shell.shells().config().command_timeout;
                InvokeError::Timeout {
                    cmdlet,
                    after,
                    sent: true,
                }
            }
        }
    }

    fn error(&self, error: RequestError) -> InvokeError {
        self.shell.invoke_error(error, &self.cmdlet, true)
    }
}

/// A command that was refused has not run; otherwise the shell is in an unknown state.
fn failed_to_start(shell: &Shell, error: RequestError, cmdlet: &str) -> InvokeError {
    let sent = error.may_have_acted();
    if sent || error.is_not_found() {
        shell.give_up();
    }
    shell.invoke_error(error, cmdlet, sent)
}

fn record(event: PipelineEvent) -> Option<Record> {
    Some(match event {
        PipelineEvent::Output(clixml) => Record::Output(Output::new(clixml)),
        PipelineEvent::Error(error) => Record::Error(error),
        PipelineEvent::Warning(warning) => Record::Warning(warning.message),
        PipelineEvent::Verbose(verbose) => Record::Verbose(verbose.message),
        PipelineEvent::Debug(debug) => Record::Debug(debug.message),
        PipelineEvent::Information(information) => Record::Information(information.message().to_owned()),
        PipelineEvent::Progress(progress) => Record::Progress(progress),
        PipelineEvent::Undecodable { message_type, reason } => Record::Undecodable {
            reason: format!("message of type {message_type:#010x}: {reason}"),
        },
        PipelineEvent::HostCall(call) => {
            tracing::debug!(?call, "The server called the host");
            return None;
        }
        PipelineEvent::Unknown { message_type } => {
            tracing::debug!(message_type, "Message passed over");
            return None;
        }
        PipelineEvent::State { .. } => return None,
    })
}
