//! Which servers a run tries, and what is kept of those that it could not reach.

use easgate_cmdlet::Reached;
use easgate_connector::adapters::Choice;
use easgate_connector::{Clock, RetryAt};
use easgate_store::StoreError;

use super::Site;
use crate::output::chain;

impl Site {
    /// Lets the next cycle leave the servers alone whose time it is not; when to come again, where it is no server's.
    ///
    /// This is for runs that nobody waits for: any other run tries every server.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn hold_off(&self) -> Result<Option<RetryAt>, StoreError> {
        let servers = self.servers.endpoints();
        match self.outages.choose(&servers, self.clock.now()).await? {
            Choice::Try { without } => {
                self.servers.leave_alone(without);
                Ok(None)
            }
            Choice::Wait(until) => Ok(Some(until)),
        }
    }

    /// Lets the next cycle try every server, as a person expects it.
    pub(crate) fn try_every_server(&self) {
        self.servers.leave_alone(Vec::new());
    }

    /// Keeps which servers answered and which could not be reached since the last call of this.
    pub(crate) async fn note_reached(&self) {
        let now = self.clock.now();
        for (server, reached) in self.servers.take_reached() {
            let noted = match reached {
                Reached::Answered => self.outages.note_reached(&server).await,
                Reached::Unreachable { cause } => self.outages.note_unreachable(&server, cause, now).await,
            };
            if let Err(error) = noted {
                tracing::error!(
                    error = chain(&error),
                    "Whether servers can be reached could not be kept"
                );
            }
        }
    }
}
