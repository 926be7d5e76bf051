//! What a cycle holds of the world outside, made so that a stop reaches it.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use easgate_exchange::ListChange;
use easgate_model::{
    DeviceAccessRule, DirectoryUser, Enrollment, Inventory, Mailbox, MailboxId, OrganizationSettings,
    Partnership, RecipientType,
};
use easgate_store::{Marks, ServerSeen};
use time::OffsetDateTime;

use crate::clock::Clock;
use crate::ports::{
    CallError, CallErrorKind, Changed, Depth, EnrollmentSource, Exchange, KnownObject, Load, Look,
    MailboxName, Reach, SourceError, SourceKind,
};
use crate::progress::ProgressSink;
use crate::service::Stop;

/// The ports of a cycle. Once a stop is asked for, every list that is being read is given up, every wait ends, and no
/// change begins; a change that is under way is finished, and its mailbox may be read again.
pub struct Stoppable<'a> {
    /// The Exchange organisation.
    pub exchange: &'a dyn Exchange,
    /// Where enrolments come from.
    pub source: &'a dyn EnrollmentSource,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// The wish.
    pub stop: &'a Stop,
}

/// The process, or the run, is to end.
#[derive(Debug, thiserror::Error)]
#[error("easgate was told to stop; the next run decides anew")]
struct Stopped;

impl Stoppable<'_> {
    async fn read<T>(&self, call: impl Future<Output = Result<T, CallError>> + Send) -> Result<T, CallError> {
        tokio::select! {
            biased;
            () = self.stop.requested() => Err(CallError::new(CallErrorKind::Stopped, Stopped)),
            read = call => read,
        }
    }

    async fn ask<T>(
        &self,
        call: impl Future<Output = Result<T, SourceError>> + Send,
    ) -> Result<T, SourceError> {
        tokio::select! {
            biased;
            () = self.stop.requested() => Err(SourceError::new(Stopped, None)),
            read = call => read,
        }
    }
}

#[async_trait]
impl Exchange for Stoppable<'_> {
    async fn settings(&self) -> Result<OrganizationSettings, CallError> {
        self.read(self.exchange.settings()).await
    }

    async fn rules(&self) -> Result<Vec<DeviceAccessRule>, CallError> {
        self.read(self.exchange.rules()).await
    }

    async fn partnerships(&self, progress: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        self.read(self.exchange.partnerships(progress)).await
    }

    async fn mailboxes(&self, progress: &dyn ProgressSink) -> Result<Vec<Mailbox>, CallError> {
        self.read(self.exchange.mailboxes(progress)).await
    }

    async fn recipient_types(
        &self,
        progress: &dyn ProgressSink,
    ) -> Result<HashMap<MailboxId, RecipientType>, CallError> {
        self.read(self.exchange.recipient_types(progress)).await
    }

    async fn servers(&self) -> Result<Vec<ServerSeen>, CallError> {
        self.read(self.exchange.servers()).await
    }

    async fn mailbox(&self, id: MailboxId, domain_controller: Option<&str>) -> Result<Mailbox, CallError> {
        self.exchange.mailbox(id, domain_controller).await
    }

    async fn pending(&self, progress: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        self.read(self.exchange.pending(progress)).await
    }

    async fn let_in_by_default(&self, progress: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        self.read(self.exchange.let_in_by_default(progress)).await
    }

    async fn probe(&self, changed: Changed, known: &KnownObject) -> Result<Reach, CallError> {
        self.read(self.exchange.probe(changed, known)).await
    }

    async fn partnerships_since(
        &self,
        changed: Changed,
        since: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Vec<Partnership>, CallError> {
        self.read(self.exchange.partnerships_since(changed, since, progress))
            .await
    }

    async fn mailboxes_since(
        &self,
        since: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Vec<Mailbox>, CallError> {
        self.read(self.exchange.mailboxes_since(since, progress)).await
    }

    async fn partnerships_of(&self, mailbox: &Mailbox) -> Result<Vec<Partnership>, CallError> {
        self.read(self.exchange.partnerships_of(mailbox)).await
    }

    async fn find_mailbox(&self, name: &MailboxName) -> Result<Option<Mailbox>, CallError> {
        self.read(self.exchange.find_mailbox(name)).await
    }

    async fn recipient_type(&self, id: MailboxId) -> Result<RecipientType, CallError> {
        self.read(self.exchange.recipient_type(id)).await
    }

    async fn apply(&self, change: &ListChange) -> Result<Load, CallError> {
        if self.stop.is_requested() {
            return Err(CallError::new(CallErrorKind::Stopped, Stopped));
        }
        self.exchange.apply(change).await
    }

    fn endpoint(&self) -> String {
        self.exchange.endpoint()
    }
}

#[async_trait]
impl EnrollmentSource for Stoppable<'_> {
    async fn inventory(
        &self,
        now: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Inventory, SourceError> {
        self.ask(self.source.inventory(now, progress)).await
    }

    async fn is_enrolled(&self, record: &str) -> Result<bool, SourceError> {
        self.ask(self.source.is_enrolled(record)).await
    }

    fn kind(&self) -> SourceKind {
        self.source.kind()
    }

    fn meaning(&self) -> String {
        self.source.meaning()
    }

    async fn begin_looks(&self) -> Result<Marks, SourceError> {
        self.ask(self.source.begin_looks()).await
    }

    async fn look(
        &self,
        depth: Depth,
        marks: &Marks,
        now: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Look, SourceError> {
        self.ask(self.source.look(depth, marks, now, progress)).await
    }

    async fn records(&self, records: &[String]) -> Result<Option<Vec<Option<Enrollment>>>, SourceError> {
        self.ask(self.source.records(records)).await
    }

    async fn records_of(&self, user: &DirectoryUser) -> Result<Option<Vec<Enrollment>>, SourceError> {
        self.ask(self.source.records_of(user)).await
    }
}

#[async_trait]
impl Clock for Stoppable<'_> {
    fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn since_boot(&self) -> Duration {
        self.clock.since_boot()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::select! {
            () = self.stop.requested() => {}
            () = self.clock.sleep(duration) => {}
        }
    }
}
