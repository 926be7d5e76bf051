//! Cmdlets over WS-Management and HTTP.
//!
//! One [`WsmanTransport`] keeps up to [`Config::runspaces`] runspaces on one endpoint. Where setup commands prepare
//! the session, each runspace is a shell of its own, since a session belongs to a runspace; else one shell has
//! them all. Shells open when they are first needed and end when they lie idle, are lost, or the transport closes.

mod answer;
mod connection;
mod dialer;
mod jar;
mod lane;
#[cfg(test)]
mod lane_tests;
mod one_shot;
mod outside;
mod pipeline;
mod redirect;
mod refusing_proxy;
mod security;
mod shell;
mod shells;
mod task;
#[cfg(test)]
mod tests;
mod turns;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{CmdletTransport, Command, Config, ConfigError, Invocation, InvokeError};
use shells::Shells;

/// Runs cmdlets on a PowerShell endpoint such as an Exchange server's.
///
/// # Guarantees
///
/// Every shell that was opened is deleted: when it lies idle, when it is lost, by [`close`](CmdletTransport::close),
/// and, as long as the runtime lives, when the transport is dropped. Call `close` before the runtime ends.
///
/// A command is sent once. It is sent again only where the server provably did not take it.
#[derive(Debug)]
pub struct WsmanTransport {
    shells: Arc<Shells>,
    /// Every task there is: one for each running command, and the one that ends idle shells.
    tasks: Mutex<Option<JoinSet<()>>>,
}

impl WsmanTransport {
    /// Checks the settings; the first command opens the connection.
    ///
    /// # Errors
    ///
    /// When the settings contradict themselves or are unsafe, or the certificates cannot be read.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let shells = Shells::new(config, Uuid::new_v4())?;
        Ok(Self {
            shells: Arc::new(shells),
            tasks: Mutex::new(Some(JoinSet::new())),
        })
    }

    /// Starts a task for `command`; `false` when the transport is closed.
    fn start(
        &self,
        command: Command,
        sender: crate::RecordSender,
        started: oneshot::Sender<Result<(), InvokeError>>,
    ) -> bool {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tasks) = tasks.as_mut() else { return false };
        while tasks.try_join_next().is_some() {}
        if tasks.is_empty() {
            tasks.spawn(shells::end_idle_shells(Arc::clone(&self.shells)));
        }
        tasks.spawn(task::run_command(
            Arc::clone(&self.shells),
            command,
            sender,
            started,
        ));
        true
    }
}

#[async_trait]
impl CmdletTransport for WsmanTransport {
    async fn invoke(&self, command: Command) -> Result<Invocation, InvokeError> {
        let closed = || InvokeError::Closed {
            endpoint: self.shells.endpoint(),
        };
        let (sender, invocation) = Invocation::channel(self.shells.config().limits.max_waiting_records);
        let (started, outcome) = oneshot::channel();
        if !self.start(command, sender, started) {
            return Err(closed());
        }
        // The task lives on when this future is dropped, sees that nobody listens, and tidies up.
        outcome.await.unwrap_or_else(|_| Err(closed()))?;
        Ok(invocation)
    }

    fn endpoint(&self) -> String {
        self.shells.endpoint()
    }

    async fn close(&self) {
        self.shells.begin_closing();
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut tasks) = tasks else { return };
        // Stopping, releasing and deleting have this long each; what hangs longer is given up.
        let limit = self.shells.config().close_timeout * 3;
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, all).await.is_err() {
            tracing::warn!(
                endpoint = self.shells.endpoint(),
                "Shells may be left on the server"
            );
        }
    }
}

impl Drop for WsmanTransport {
    /// Lets the tasks end their shells by themselves.
    fn drop(&mut self) {
        self.shells.begin_closing();
        if let Some(tasks) = self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner) {
            tasks.detach_all();
        }
    }
}
