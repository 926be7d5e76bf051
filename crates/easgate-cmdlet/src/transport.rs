//! The seam between those who want a cmdlet run and what runs it.

use async_trait::async_trait;

use crate::{Command, Invocation, InvokeError};

/// Runs cmdlets.
#[async_trait]
pub trait CmdletTransport: Send + Sync {
    /// Starts `command` and gives its records as they arrive.
    ///
    /// # Expected flow
    ///
    /// The records come in the server's order, and the stream ends when the command has ended. A command that
    /// fails ends with one [`InvokeError`], after everything it had put out before.
    ///
    /// # Guarantees
    ///
    /// No more is fetched from the server than the consumer has room for. Dropping the invocation, or this
    /// future, stops the command.
    ///
    /// # Errors
    ///
    /// When the command could not be started; [`InvokeError::sent`] tells whether it may have run.
    async fn invoke(&self, command: Command) -> Result<Invocation, InvokeError>;

    /// Returns which endpoint answers, for people and diagnostics.
    fn endpoint(&self) -> String;

    /// Ends every session on the server and waits until that is done; later calls do nothing.
    async fn close(&self);
}

#[async_trait]
impl<T: CmdletTransport + ?Sized> CmdletTransport for std::sync::Arc<T> {
    async fn invoke(&self, command: Command) -> Result<Invocation, InvokeError> {
        (**self).invoke(command).await
    }

    fn endpoint(&self) -> String {
        (**self).endpoint()
    }

    async fn close(&self) {
        (**self).close().await;
    }
}
