//! The task of one command: a place, a shell, the command, its records, and tidying up.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::pipeline::Running;
use super::shell::Shell;
use super::shells::{Place, Shells};
use crate::{Command, ErrorRecord, Invocation, InvokeError, Record, RecordSender, SetupCommand};

/// Runs `command` to its end; `started` hears whether the server took it.
pub(super) async fn run_command(
    shells: Arc<Shells>,
    command: Command,
    consumer: RecordSender,
    started: oneshot::Sender<Result<(), InvokeError>>,
) {
    let place = tokio::select! {
        place = shells.place() => place,
        () = consumer.closed() => return,
    };
    let outcome = match &place {
        Some(place) => start(place, &command, &consumer).await,
        None => Err(InvokeError::Closed {
            endpoint: shells.endpoint(),
        }),
    };
    let (mut running, shell) = match outcome {
        Ok(running) => running,
        Err(error) => {
            // Nobody may be listening any more.
            let _unheard = started.send(Err(error));
            return;
        }
    };
    // The consumer that has left is seen by the first Receive.
    let _unheard = started.send(Ok(()));
    if let Err(error) = running.receive_all(&consumer).await {
        tokio::select! {
            _taken = consumer.send(Err(error)) => {}
            () = shells.closing().cancelled() => {}
        }
    }
    let consumer = consumer.end_records();
    running.release().await;
    if let Some(place) = place {
        place.leave(shell).await;
    }
    drop(consumer);
}

/// Starts `command` in the place's shell; in a new one when the old one turns out to be gone.
async fn start(
    place: &Place,
    command: &Command,
    consumer: &RecordSender,
) -> Result<(Running, Arc<Shell>), InvokeError> {
    loop {
        let entered = place.enter(&command.name).await?;
        if consumer.is_closed() {
            place.leave(entered.shell).await;
            return Err(InvokeError::Stopped {
                cmdlet: command.name.clone(),
            });
        }
        let error = match Running::start(&entered.shell, command).await {
            Ok(running) => return Ok((running, entered.shell)),
            Err(error) => error,
        };
        place.leave(entered.shell).await;
        let gone = matches!(error, InvokeError::SessionLost { sent: false, .. });
        if entered.fresh || !gone {
            return Err(error);
        }
        tracing::info!(cmdlet = command.name, "Shell was gone; opening another");
    }
}

/// Runs the setup commands in a shell that was just opened.
pub(super) async fn prepare(shell: &Arc<Shell>, shells: &Shells) -> Result<(), InvokeError> {
    for setup in &shells.config().setup {
        let outcome = run_to_end(shell, &setup.command).await;
        let failed = |source| InvokeError::Setup {
            endpoint: shell.endpoint(),
            cmdlet: setup.command.name.clone(),
            source: Box::new(source),
        };
        tolerate(setup, outcome).map_err(failed)?;
    }
    Ok(())
}

/// Runs a command whose output nobody wants; an error record is a failure.
async fn run_to_end(shell: &Arc<Shell>, command: &Command) -> Result<(), InvokeError> {
    let mut running = Running::start(shell, command).await?;
    let (sender, mut records) = Invocation::channel(16);
    let receive = async {
        let outcome = running.receive_all(&sender).await;
        drop(sender);
        outcome
    };
    let look = async {
        let mut failure = None;
        while let Some(record) = records.next().await {
            if let Ok(Record::Error(error)) = record {
                failure = Some(error);
            }
        }
        failure
    };
    let (outcome, failure) = tokio::join!(receive, look);
    running.release().await;
    outcome?;
    let cmdlet = command.name.clone();
    failure.map_or(Ok(()), |error| Err(InvokeError::Failed { cmdlet, error }))
}

/// An optional command may be unknown to the server.
fn tolerate(setup: &SetupCommand, outcome: Result<(), InvokeError>) -> Result<(), InvokeError> {
    match outcome {
        Err(InvokeError::Failed { error, .. }) if setup.optional && is_command_not_found(&error) => {
            tracing::info!(cmdlet = setup.command.name, "Setup command does not exist here");
            Ok(())
        }
        outcome => outcome,
    }
}

fn is_command_not_found(error: &ErrorRecord) -> bool {
    let id = &error.fully_qualified_error_id;
    id.split(',').any(|part| part == "CommandNotFoundException") || error.reason == "CommandNotFoundException"
}
