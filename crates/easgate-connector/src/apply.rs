//! Carrying out what is left of a plan: intent, cmdlet, outcome; several mailboxes at once, and one change of a
//! mailbox after the other.

mod attempts;
mod settled;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use easgate_compliance::{Change, Reason};
use easgate_exchange::ListChange;
use easgate_model::{AccessLevel, Mailbox, escape};
use easgate_store::{
    Effect, IntendError, Intent, IntentId, JournalError, List, Outcome, Pause, RunId, StoreError, Writer,
};

use crate::clock::Clock;
use crate::cycle::CycleError;
use crate::gate::Gate;
use crate::gates::paused;
use crate::lanes::{Next, side_by_side};
use crate::lists::{edit, holds, list_change};
use crate::ports::{CallError, CallErrorKind, EnrollmentSource, Exchange, SourceError};
use crate::progress::{Phase, Progress, ProgressSink};
use crate::queue::{Begun, Key};
use crate::recovery::Mailboxes;
use crate::report::{ReportError, chain};

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
    /// How many were not made because somebody stopped all writing, and who.
    pub(crate) paused: u64,
    pub(crate) pause: Option<Pause>,
    /// Changes that were not made, and that would not be made later either without somebody's doing.
    pub(crate) closed: BTreeSet<Key>,
    /// How many a run with newer facts decided otherwise about, so that they were left to it.
    pub(crate) replaced: u64,
}

/// Where to write, and for which run.
pub(crate) struct Apply<'a> {
    pub(crate) exchange: &'a dyn Exchange,
    pub(crate) source: &'a dyn EnrollmentSource,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) progress: &'a dyn ProgressSink,
    pub(crate) writer: &'a Writer,
    pub(crate) mailboxes: &'a Mailboxes<'a>,
    pub(crate) begun: &'a Begun<'a>,
    pub(crate) run: RunId,
    /// Reads again what a change that waited for long rests on.
    pub(crate) recheck: &'a dyn Recheck,
    /// How many mailboxes this run may change at once.
    pub(crate) lanes: usize,
}

/// How old the facts of a change that restricts may be.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// Decides about a device anew, from facts of now.
#[async_trait]
pub(crate) trait Recheck: Send + Sync {
    /// What `change` is by facts of now, and the mailbox as it is; `None` when it is not wanted any more.
    async fn recheck(&self, change: &Change) -> Result<Option<(Change, Mailbox)>, Failure>;
}

/// A change with its place in the plan.
type Numbered<'c> = (usize, &'c Change);

/// What became of it.
type Made<'c> = (usize, &'c Change, Result<AppliedChange, Failure>);

impl Apply<'_> {
    /// Makes `changes`. No change that takes access is begun before every one that lets somebody in has ended.
    ///
    /// An error of one device is reported, and the others go on. A refused account, a lost session or a journal
    /// that cannot be written ends it: what is under way is finished, and what was not begun counts as failed.
    pub(crate) async fn run<'c>(
        &self,
        changes: &'c [Change],
        is_gain: impl Fn(&Change) -> bool + Send + Sync,
    ) -> Applied {
        self.progress.progress(Progress::Phase(Phase::Apply));
        let of = changes.len();
        let queue = self.begun.queue();
        let gate = Gate::new(queue, self.clock);
        let mut done = Vec::with_capacity(of);
        let numbered = changes.iter().enumerate();
        let (first, then): (Vec<_>, Vec<_>) = numbered.partition(|(_, change)| lets_in(change));
        let mut waiting = queue.lets_in(first.len());
        for phase in [first, then] {
            let made = |result: Made<'c>| {
                if lets_in(result.1) {
                    waiting.ended();
                }
                let ends = result.2.as_ref().is_err_and(Failure::ends_the_run);
                if !matches!(&result.2, Err(Failure::NotTried)) {
                    done.push(result);
                }
                self.told(done.len(), of);
                if ends {
                    gate.shut();
                    return Next::Stop;
                }
                Next::Go
            };
            side_by_side(
                self.lanes,
                by_mailbox(phase),
                |(place, change)| {
                    let made = self.one(&gate, change, &is_gain);
                    async move { (place, change, made.await) }
                },
                made,
            )
            .await;
            if gate.is_shut() {
                break;
            }
        }
        drop(waiting);
        done.sort_by_key(|(place, ..)| *place);
        collected(done, of)
    }

    fn told(&self, done: usize, of: usize) {
        let (done, of) = (count(done), count(of));
        self.progress.progress(Progress::Change { done, of });
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

    fn is_old(&self) -> bool {
        self.clock.elapsed().saturating_sub(self.begun.at) > FRESH
    }

    async fn one(
        &self,
        gate: &Gate<'_>,
        change: &Change,
        is_gain: &(impl Fn(&Change) -> bool + Sync),
    ) -> Result<AppliedChange, Failure> {
        let queue = self.begun.queue();
        let promised = self.begun.promised(change, is_gain(change));
        if !lets_in(change) {
            queue.all_are_in().await;
            self.settled(change).await?;
        }
        let _turn = queue.mailbox(change.mailbox).await;
        if self.begun.is_replaced(&(change.mailbox, change.device.clone())) {
            return Err(Failure::Replaced);
        }
        let fresh;
        let (change, mailbox) = if change.restricts() && self.is_old() {
            fresh = self.recheck.recheck(change).await?.ok_or(Failure::Replaced)?;
            (&fresh.0, Some(&fresh.1))
        } else {
            (change, self.mailboxes.get(&change.mailbox).copied())
        };
        self.check_vanished(change).await?;
        // Nothing is intended that is not then sent, however long the gate holds it.
        let pass = gate.enter().await.ok_or(Failure::NotTried)?;
        let existed = |list| mailbox.is_some_and(|mailbox| holds(mailbox, list, &change.device));
        let command = list_change(change, mailbox);
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
            effect: effect(change, is_gain),
            command: command.to_powershell(),
            server: Some(self.exchange.endpoint()),
            at: self.clock.now(),
        };
        let id = self.writer.intend_unless_paused(&intent).await?;
        drop(promised);
        let result = self.attempts(gate, pass, &command).await;
        let outcome = match &result {
            Ok(()) => Outcome::Applied,
            Err(error) if error.may_have_run => Outcome::Unknown(chain(error)),
            Err(error) => Outcome::Failed(chain(error)),
        };
        let request = result.as_ref().err().and_then(|error| error.request.as_deref());
        let now = self.clock.now();
        let settled = self
            .writer
            .settle_answered(id, &intent, &outcome, request, now)
            .await;
        result.map_err(Failure::Call)?;
        settled.map_err(Failure::Journal)?;
        Ok(AppliedChange { id, intent, command })
    }
}

/// Why one change was not made, or not known to be.
#[derive(Debug)]
pub(crate) enum Failure {
    Call(CallError),
    Journal(JournalError),
    Store(StoreError),
    Source(SourceError),
    /// The run ended while it waited.
    NotTried,
    /// The list had lost a record that is still there.
    StillEnrolled,
    /// A run with newer facts decided about the device, or fresh facts do not want the change any more.
    Replaced,
    /// A leader that is gone has changed the lists since they were read.
    Moved,
    /// What it rests on could not be read again.
    Unread(Box<CycleError>),
    /// Somebody stopped all writing.
    Paused(Pause),
}

impl From<IntendError> for Failure {
    fn from(error: IntendError) -> Self {
        match error {
            IntendError::Paused(pause) => Self::Paused(pause),
            IntendError::Store(error) => Self::Store(error),
            IntendError::Journal(error) => Self::Journal(error),
        }
    }
}

impl Failure {
    const fn ends_the_run(&self) -> bool {
        match self {
            Self::Call(error) => error.ends_the_run(),
            Self::Journal(_) | Self::Store(_) | Self::Paused(_) => true,
            Self::Source(_)
            | Self::StillEnrolled
            | Self::NotTried
            | Self::Replaced
            | Self::Moved
            | Self::Unread(_) => false,
        }
    }

    /// Whether the same change may be made later without anybody's doing: a lost connection, a busy server.
    const fn may_pass(&self) -> bool {
        if let Self::Call(error) = self {
            return error.is_transient() || error.may_have_run;
        }
        !matches!(self, Self::StillEnrolled | Self::Replaced)
    }

    fn reported(&self, change: &Change) -> ReportError {
        let (kind, message) = match self {
            Self::Call(error) => (kind(error), with_cure(error)),
            Self::Journal(error) => ("journal", chain(error)),
            Self::Store(error) => ("store", chain(error)),
            Self::Source(error) => ("enrollment", chain(error)),
            Self::NotTried => ("stopped", "the run ended before it was tried".to_owned()),
            Self::StillEnrolled => (
                "stillEnrolled",
                "the list of devices had lost its record, which is still there".to_owned(),
            ),
            Self::Paused(pause) => ("paused", paused(pause)),
            Self::Moved => (
                "moved",
                "the lists have changed since they were read; the next run decides about it anew".to_owned(),
            ),
            Self::Replaced => (
                "replaced",
                "another run has decided about it by newer facts".to_owned(),
            ),
            Self::Unread(error) => ("facts", chain(&**error)),
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

/// Whether the device has mail once the change is made.
fn lets_in(change: &Change) -> bool {
    change.after == AccessLevel::Allow
}

/// The changes of each mailbox together, in the order of the plan.
fn by_mailbox(changes: Vec<Numbered<'_>>) -> Vec<VecDeque<Numbered<'_>>> {
    let mut groups: Vec<VecDeque<Numbered<'_>>> = Vec::new();
    let mut places = BTreeMap::new();
    for (place, change) in changes {
        let group = *places.entry(change.mailbox).or_insert_with(|| {
            groups.push(VecDeque::new());
            groups.len() - 1
        });
        groups[group].push_back((place, change));
    }
    groups
}

fn collected(done: Vec<Made<'_>>, of: usize) -> Applied {
    let mut applied = Applied::default();
    let left = of - done.len();
    for (_, change, result) in done {
        if result.as_ref().is_err_and(|failure| !failure.may_pass()) {
            applied.closed.insert((change.mailbox, change.device.clone()));
        }
        match result {
            Ok(made) => applied.changes.push(made),
            Err(Failure::Replaced) => applied.replaced += 1,
            Err(Failure::Paused(pause)) => {
                applied.paused += 1;
                applied.pause = Some(pause);
            }
            Err(failure) => {
                applied.failed += 1;
                applied.errors.push(failure.reported(change));
            }
        }
    }
    if applied.pause.is_some() {
        applied.paused += count(left);
    } else if left > 0 {
        applied.failed += count(left);
        applied.errors.push(ReportError {
            mailbox: None,
            device: None,
            kind: "stopped",
            message: format!("{left} changes were not tried; the next run decides about them anew"),
        });
    }
    applied
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
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
        CallErrorKind::Transient { .. } | CallErrorKind::Throttled { .. } | CallErrorKind::TooManyShells => {
            "throttled"
        }
        CallErrorKind::Connection => "connection",
        CallErrorKind::Unauthorized => "unauthorized",
        CallErrorKind::NotGranted => "notGranted",
        CallErrorKind::ListFull => "listFull",
        CallErrorKind::Refused => "refused",
        CallErrorKind::Incomplete => "incomplete",
        CallErrorKind::Stopped => "stopped",
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
