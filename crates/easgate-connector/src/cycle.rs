//! One run for one organisation: gather, decide, guard, apply, confirm, report.
//!
//! `full` is what a full sync reads, `part` what the other kinds do; `planned` and `write` are the same for every kind of run.

mod counted;
mod from_file;
mod full;
mod gated;
mod part;
mod planned;
mod rebuild;
mod retry;
#[cfg(test)]
mod tests;
mod trusted;
mod write;

use easgate_compliance::{ExchangeFacts, OwnedEntry};
use easgate_model::EmailAddress;
use easgate_store::{AuditHead, Finish, LeaseError, List, OwnedRow, RunId, Store, StoreError, Writer};

use crate::clock::Clock;
use crate::config::OrganizationConfig;
use crate::forced::in_force;
use crate::gather::FactsError;
use crate::kind::Kind;
use crate::leadership::{self, while_kept};
use crate::ports::{EnrollmentSource, Exchange};
use crate::progress::ProgressSink;
use crate::queue::{Begun, WriteQueue};
use crate::recovery::{Mailboxes, RecoveryError};
use crate::report::{Report, ReportError, chain};
use crate::service::events;
use crate::watched::watched;
use part::Part;

pub use from_file::ApplyPlanError;
pub use planned::Planned;
pub use rebuild::Rebuilt;
pub(crate) use write::key;

/// One organisation, ready for runs.
///
/// Each kind of run can be called alone, and then takes the right to write for as long as it runs, or with a
/// [`Writer`] that the caller holds: then several kinds may run side by side in one process, on one queue.
///
/// # Guarantees
/// Nothing is written to Exchange before everything was read, nor in a mode other than enforce, nor before the
/// intent is durable. A run cannot wipe or forget a device.
pub struct Cycle<'a> {
    /// The Exchange organisation.
    pub exchange: &'a dyn Exchange,
    /// Where enrolments come from.
    pub source: &'a dyn EnrollmentSource,
    /// What is kept from run to run.
    pub store: &'a Store,
    /// How to decide, and what is allowed.
    pub config: &'a OrganizationConfig,
    /// The way to Exchange's lists, one for each organisation and process, whatever runs.
    pub queue: &'a WriteQueue,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Who watches.
    pub progress: &'a dyn ProgressSink,
}

impl Cycle<'_> {
    /// Does a full sync, whose report says what was seen, decided, changed and held.
    ///
    /// # Errors
    /// Another process works on the organisation, the store cannot be used, or the facts cannot be relied on.
    /// Nothing was changed then. Errors after the first change are in the report.
    pub async fn full_sync(&self) -> Result<Report, CycleError> {
        let writer = self.writer().await?;
        let report = while_kept(&writer, self.clock, self.full_sync_with(&writer)).await;
        give_back(writer).await;
        report
    }

    /// The same for a caller that holds the organisation's `writer`.
    ///
    /// # Errors
    /// As [`Cycle::full_sync`].
    pub async fn full_sync_with(&self, writer: &Writer) -> Result<Report, CycleError> {
        self.run(writer, Work::Full).await
    }

    /// Does a quick sync: what changed in Exchange and in device management since the last run that looked.
    ///
    /// A change that only a full sync can answer is told by [`Report::full_needed`].
    ///
    /// # Errors
    /// As [`Cycle::full_sync`].
    pub async fn quick_sync(&self) -> Result<Report, CycleError> {
        let writer = self.writer().await?;
        let report = while_kept(&writer, self.clock, self.quick_sync_with(&writer)).await;
        give_back(writer).await;
        report
    }

    /// The same for a caller that holds the organisation's `writer`.
    ///
    /// # Errors
    /// As [`Cycle::full_sync`].
    pub async fn quick_sync_with(&self, writer: &Writer) -> Result<Report, CycleError> {
        self.run(writer, Work::Part(Part::Quick)).await
    }

    /// Does one watch pass: devices that wait, and what device management says has changed. It costs as much as
    /// changed, leaves no row in the store where nothing did, and may run beside any other run of this process.
    ///
    /// # Errors
    /// As [`Cycle::full_sync`].
    pub async fn watch(&self) -> Result<Report, CycleError> {
        let writer = self.writer().await?;
        let report = while_kept(&writer, self.clock, self.watch_with(&writer)).await;
        give_back(writer).await;
        report
    }

    /// The same for a caller that holds the organisation's `writer`.
    ///
    /// # Errors
    /// As [`Cycle::full_sync`].
    pub async fn watch_with(&self, writer: &Writer) -> Result<Report, CycleError> {
        self.run(writer, Work::Part(Part::Watch)).await
    }

    /// Looks at every device of the mailbox with this `address`, as device management has them now.
    ///
    /// # Errors
    /// As [`Cycle::full_sync`], and when no mailbox here has the address.
    pub async fn sync_user(&self, address: &EmailAddress) -> Result<Report, CycleError> {
        let writer = self.writer().await?;
        let report = while_kept(&writer, self.clock, self.sync_user_with(&writer, address)).await;
        give_back(writer).await;
        report
    }

    /// The same for a caller that holds the organisation's `writer`.
    ///
    /// # Errors
    /// As [`Cycle::sync_user`].
    pub async fn sync_user_with(
        &self,
        writer: &Writer,
        address: &EmailAddress,
    ) -> Result<Report, CycleError> {
        self.run(writer, Work::Part(Part::User(address))).await
    }

    pub(crate) async fn writer(&self) -> Result<Writer, CycleError> {
        let organization = self.store.organization(&self.config.name).await?;
        Ok(leadership::take(&organization, self.clock).await?)
    }

    /// Does one run, from its first row in the store to its last, in the mode that is in force.
    async fn run(&self, writer: &Writer, work: Work<'_>) -> Result<Report, CycleError> {
        let in_force = in_force(writer.organization(), self.config).await?;
        let cycle = Cycle {
            config: &in_force.config,
            ..*self
        };
        let mut report = cycle.run_in_force(writer, work).await?;
        report.warnings.extend(in_force.warning());
        Ok(report)
    }

    async fn run_in_force(&self, writer: &Writer, work: Work<'_>) -> Result<Report, CycleError> {
        let started = self.clock.elapsed();
        let kind = work.kind();
        let begun = self.queue.begin(started);
        if kind != Kind::Watch {
            self.has_row(writer, &begun, kind).await?;
        }
        let result = match work {
            Work::Full => match self.full(writer, &begun).await {
                Err(error) => self
                    .ended_with(writer, &begun, kind, error)
                    .await
                    .map(|report| (report, None)),
                done => done,
            },
            Work::Part(part) => self.part(writer, &begun, part).await.map(|report| (report, None)),
        };
        let (mut report, seen, error) = match result {
            Ok((report, seen)) => (report, seen, None),
            Err(error) => (Report::of_error(self.config, kind, &error), None, Some(error)),
        };
        report.durations.total = self.clock.elapsed().saturating_sub(started);
        if let Some(run) = begun.run() {
            self.finish(writer, run, &mut report, seen).await;
        }
        self.count(writer, begun.run(), &report).await;
        if kind == Kind::Watch {
            watched(writer, &report, self.clock.now()).await;
        }
        error.map_or(Ok(report), Err)
    }

    /// Gives the run its row in the store, where it has none yet.
    async fn has_row(&self, writer: &Writer, begun: &Begun<'_>, kind: Kind) -> Result<(), CycleError> {
        if begun.run().is_some() {
            return Ok(());
        }
        let (live, mode) = (begun.queue().live(), self.config.mode.name());
        let run = writer
            .start_run_beside(&live, kind.name(), mode, self.clock.now())
            .await?;
        begun.has_row(run);
        Ok(())
    }

    /// Writes the end of the run. When even that fails, the report says so.
    async fn finish(&self, writer: &Writer, run: RunId, report: &mut Report, baseline: Option<Seen>) {
        let finish = Finish {
            at: self.clock.now(),
            result: report.result(),
            server: report.server.clone(),
            figures: report.to_json(),
            baseline,
        };
        report.errors.extend(end_run(writer, run, &finish).await);
    }
}

/// What a run does.
#[derive(Clone, Copy)]
enum Work<'a> {
    Full,
    Part(Part<'a>),
}

impl Work<'_> {
    const fn kind(self) -> Kind {
        match self {
            Self::Full => Kind::Full,
            Self::Part(part) => part.kind(),
        }
    }
}

/// Gives the right to write back.
pub(crate) async fn give_back(writer: Writer) {
    if let Err(error) = writer.hand_over().await {
        tracing::warn!(error = %chain(&error), "Lease not given back; it ends when its time is over");
    }
}

/// Tells the system log the head of the audit, so that an audit whose end is cut or written anew can be found out.
pub(crate) fn tell_head(organization: &str, head: AuditHead) {
    tracing::info!(event = events::AUDIT_HEAD, organization, %head, "The audit stands here");
}

/// Writes the end of a run, and tells the head of the audit then. Gives the error when the end could not be written.
pub(crate) async fn end_run(writer: &Writer, run: RunId, finish: &Finish) -> Option<ReportError> {
    match writer.finish_run(run, finish).await {
        Ok(Some(head)) => {
            tell_head(writer.organization().name(), head);
            None
        }
        Ok(None) => None,
        Err(error) => Some(ReportError::of_store(&error)),
    }
}

/// What a run saw, for the next.
type Seen = easgate_store::Baseline;

pub(crate) fn by_id(exchange: &ExchangeFacts) -> Mailboxes<'_> {
    exchange
        .mailboxes
        .iter()
        .map(|mailbox| (mailbox.id, mailbox))
        .collect()
}

fn owned_entry(row: &OwnedRow) -> OwnedEntry {
    OwnedEntry {
        mailbox: row.entry.mailbox,
        list: match row.entry.list {
            List::Allow => easgate_compliance::List::Allow,
            List::Block => easgate_compliance::List::Block,
        },
        device: row.entry.device.clone(),
    }
}

pub(crate) fn rows<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// Why a cycle ended before its first change.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum CycleError {
    #[error("the facts cannot be relied on, so nothing was changed")]
    Facts(#[from] FactsError),
    #[error("the organisation cannot be worked on now")]
    Busy(#[from] LeaseError),
    #[error("the store cannot be used, so nothing was changed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl CycleError {
    /// The exit code: 4 when the facts could not be read, 2 for what is wrong on this machine.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Facts(_) => 4,
            Self::Busy(_) | Self::Store(_) => 2,
        }
    }

    /// What an administrator can do about it.
    #[must_use]
    pub fn cure(&self) -> Option<String> {
        match self {
            Self::Facts(error) => error.cure(),
            Self::Busy(_) => Some(
                "if it is a service, run the command there, with its configuration: it does it; else wait until it has \
                 ended"
                    .to_owned(),
            ),
            Self::Store(_) => Some("look at the disk and at the rights of the store's folder".to_owned()),
        }
    }
}

impl From<StoreError> for CycleError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<RecoveryError> for CycleError {
    fn from(error: RecoveryError) -> Self {
        Self::Store(Box::new(error))
    }
}
