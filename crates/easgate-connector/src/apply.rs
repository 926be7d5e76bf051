//! Carrying out what is left of a plan: intent, cmdlet, outcome, one change after the other.

use easgate_compliance::{Change, Reason};
use easgate_exchange::ListChange;
use easgate_model::{AccessLevel, escape};
use easgate_store::{Effect, Intent, IntentId, JournalError, List, Outcome, RunId, StoreError, Writer};

use crate::clock::Clock;
use crate::lists::{edit, holds, list_change};
use crate::ports::{CallError, CallErrorKind, EnrollmentSource, Exchange, SourceError};
use crate::progress::{Phase, Progress, ProgressSink};
use crate::recovery::Mailboxes;
use crate::report::{ReportError, chain};
use crate::retry::retry;

/// A change whose cmdlet succeeded.
#[derive(Debug)]
pub(crate) struct AppliedChange {
    pub(crate) id: IntentId,
    pub(crate) intent: Intent,
    pub(crate) command: ListChange,
}

/// What became of the changes.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) changes: Vec<AppliedChange>,
    /// How many failed or were not tried.
    pub(crate) failed: u64,
    pub(crate) errors: Vec<ReportError>,
}

/// Where to write, and for which run.
pub(crate) struct Apply<'a> {
    pub(crate) exchange: &'a dyn Exchange,
    pub(crate) source: &'a dyn EnrollmentSource,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) progress: &'a dyn ProgressSink,
    pub(crate) writer: &'a Writer,
    pub(crate) mailboxes: &'a Mailboxes<'a>,
    pub(crate) run: RunId,
}

impl Apply<'_> {
    /// Makes `changes`, those that let somebody in first.
    ///
    /// An error of one device is reported, and the others go on. A refused account, a lost session or a journal
    /// that cannot be written ends it, and what was not tried counts as failed.
    pub(crate) async fn run(&self, changes: Vec<Change>, is_gain: impl Fn(&Change) -> bool) -> Applied {
        self.progress.progress(Progress::Phase(Phase::Apply));
        let mut changes = changes;
        changes.sort_by_key(|change| change.after != AccessLevel::Allow);
        let of = u64::try_from(changes.len()).unwrap_or(u64::MAX);
        let mut applied = Applied::default();
        let mut tried = 0;
        for change in &changes {
            let effect = effect(change, &is_gain);
            tried += 1;
            match self.one(change, effect).await {
                Ok(done) => applied.changes.push(done),
                Err(failure) => {
                    applied.failed += 1;
                    applied.errors.push(failure.reported(change));
                    if failure.ends_the_run() {
                        break;
                    }
                }
            }
            self.progress.progress(Progress::Change { done: tried, of });
        }
        let left = of - tried;
        if left > 0 {
            applied.failed += left;
            applied.errors.push(ReportError {
                mailbox: None,
                device: None,
                kind: "stopped",
                message: format!("{left} changes were not tried; the next run decides about them anew"),
            });
        }
        applied
    }

    /// A device that loses its mail because its enrolment is gone: the source is asked for that record itself.
    async fn check_vanished(&self, change: &Change) -> Result<(), Failure> {
        if change.reason != Reason::NotEnrolled || !change.loses_access() {
            return Ok(());
        }
        let organization = self.writer.organization();
        let record = organization
            .record_of(change.mailbox, &change.device)
            .await
            .map_err(Failure::Store)?;
        let Some(record) = record else { return Ok(()) };
        match self.source.is_enrolled(&record).await {
            Ok(false) => Ok(()),
            Ok(true) => Err(Failure::StillEnrolled),
            Err(error) => Err(Failure::Source(error)),
        }
    }

    async fn one(&self, change: &Change, effect: Effect) -> Result<AppliedChange, Failure> {
        self.check_vanished(change).await?;
        let mailbox = self.mailboxes.get(&change.mailbox).copied();
        let existed = |list| mailbox.is_some_and(|mailbox| holds(mailbox, list, &change.device));
        let intent = Intent {
            run: self.run,
            mailbox: change.mailbox,
            address: change.address.clone(),
            device: change.device.clone(),
            allow: edit(change.allow),
            allow_existed: existed(List::Allow),
            block: edit(change.block),
            block_existed: existed(List::Block),
            access: change.access.name().to_owned(),
            reason: change.reason.name().to_owned(),
            decision: change.decision_id,
            effect,
            at: self.clock.now(),
        };
        let command = list_change(change, mailbox);
        let id = self.writer.intend(&intent).await.map_err(Failure::Journal)?;
        let result = retry(self.clock, || self.exchange.apply(&command)).await;
        let outcome = match &result {
            Ok(()) => Outcome::Applied,
            Err(error) if error.may_have_run => Outcome::Unknown(chain(error)),
            Err(error) => Outcome::Failed(chain(error)),
        };
        let settled = self.writer.settle(id, &intent, &outcome, self.clock.now()).await;
        result.map_err(Failure::Call)?;
        settled.map_err(Failure::Journal)?;
        Ok(AppliedChange { id, intent, command })
    }
}

/// Why one change was not made, or not known to be.
#[derive(Debug)]
enum Failure {
    Call(CallError),
    Journal(JournalError),
    Store(StoreError),
    Source(SourceError),
    /// The list had lost a record that is still there.
    StillEnrolled,
}

impl Failure {
    const fn ends_the_run(&self) -> bool {
        match self {
            Self::Call(error) => error.ends_the_run(),
            Self::Journal(_) | Self::Store(_) => true,
            Self::Source(_) | Self::StillEnrolled => false,
        }
    }

    fn reported(&self, change: &Change) -> ReportError {
        let (kind, message) = match self {
            Self::Call(error) => (kind(error), with_cure(error)),
            Self::Journal(error) => ("journal", chain(error)),
            Self::Store(error) => ("store", chain(error)),
            Self::Source(error) => ("enrollment", chain(error)),
            Self::StillEnrolled => (
                "stillEnrolled",
                "the list of devices had lost its record, which is still there".to_owned(),
            ),
        };
        tracing::debug!(mailbox = %change.mailbox, device = %escape(change.device.as_str()), kind, "Change not made");
        ReportError {
            mailbox: Some(change.address.clone()),
            device: Some(change.device.to_string()),
            kind,
            message,
        }
    }
}

fn with_cure(error: &CallError) -> String {
    let message = chain(error);
    error
        .cure
        .as_ref()
        .map_or_else(|| message.clone(), |cure| format!("{message} ({cure})"))
}

const fn kind(error: &CallError) -> &'static str {
    match error.kind {
        CallErrorKind::Transient { .. } => "throttled",
        CallErrorKind::Connection => "connection",
        CallErrorKind::Unauthorized => "unauthorized",
        CallErrorKind::NotGranted => "notGranted",
        CallErrorKind::ListFull => "listFull",
        CallErrorKind::Refused => "refused",
        CallErrorKind::Incomplete => "incomplete",
    }
}

fn effect(change: &Change, is_gain: &impl Fn(&Change) -> bool) -> Effect {
    if change.loses_access() {
        Effect::Lost
    } else if change.gains_access() && is_gain(change) {
        Effect::Gained
    } else {
        Effect::None
    }
}
