//! Taking back and rolling back: planned, guarded, carried out.

use std::collections::{BTreeMap, BTreeSet};

use easgate_compliance::{
    Change, ExchangeFacts, GuardVerdict, PastChange, ScopeFigures, UndoPlan, guard, revert, rollback,
};
use easgate_model::{DeviceId, MailboxId};
use easgate_store::{Actor, ForcedMode, IntentId, JournalEntry, Organization, RunId, StoreError, Writer};
use time::OffsetDateTime;

use crate::config::Mode;
use crate::cycle::{Cycle, CycleError, by_id, give_back, key, rows};
use crate::gates::{Gates, HeldSummary};
use crate::leadership::while_kept;
use crate::progress::{Phase, Progress};
use crate::queue::Begun;
use crate::recovery::{Scope, recover};
use crate::report::rfc3339;

use super::convert::{past_change, stored_entry};
use super::look::registry;
use super::recheck::AsPlanned;
use super::{UndoError, UndoReport};

/// What is to be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undoing {
    /// All entries of ours are taken back, and nothing else.
    Revert,
    /// What our own changes did is undone.
    Rollback(RollBack),
}

/// Which of our changes are rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollBack {
    /// Those of one run.
    Run(RunId),
    /// Those that were intended at this time or later.
    Since(OffsetDateTime),
}

impl Undoing {
    /// The stable name of the kind: that of the run, too.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Revert => "revert",
            Self::Rollback(_) => "rollback",
        }
    }

    /// What it is called where the guard holds it: an approval of one undoing releases no other.
    fn scope(&self) -> String {
        match self {
            Self::Revert => "revert".to_owned(),
            Self::Rollback(RollBack::Run(run)) => format!("rollback {run}"),
            Self::Rollback(RollBack::Since(since)) => format!("rollback since {}", rfc3339(*since)),
        }
    }

    /// Why the organisation is in mode plan afterwards.
    fn reason(self) -> String {
        match self {
            Self::Revert => "all entries of easgate were taken back".to_owned(),
            Self::Rollback(RollBack::Run(run)) => format!("run {run} was rolled back"),
            Self::Rollback(RollBack::Since(since)) => {
                format!("what was changed since {} was rolled back", rfc3339(since))
            }
        }
    }
}

/// What an undoing would change, and what the guard says to it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedUndo {
    /// What is undone.
    pub undoing: Undoing,
    /// What Exchange holds now.
    pub exchange: ExchangeFacts,
    /// What would change.
    pub undo: UndoPlan,
    /// What the guard says to it: when it holds anything, nothing is changed.
    pub verdict: GuardVerdict,
}

impl Cycle<'_> {
    /// Plans an undoing from fresh lists. Writes nothing, neither to Exchange nor to the store.
    ///
    /// # Errors
    /// No such run, or the store or Exchange cannot be read.
    pub async fn plan_undo(&self, undoing: Undoing) -> Result<PlannedUndo, UndoError> {
        let organization = self.store.organization(&self.config.name).await?;
        check_run(&organization, undoing).await?;
        let exchange = self.look(&organization).await?;
        let refused = organization.refused().await?;
        let (planned, _) = self
            .planned_undo(&organization, undoing, exchange, &refused)
            .await?;
        Ok(planned)
    }

    /// Carries an undoing out on behalf of `by`, and returns the plan with what became of it.
    ///
    /// When the guard holds anything that nobody has approved of, nothing at all is changed. Otherwise the organisation is in mode plan before
    /// the first change, until somebody resumes it: the next sync would undo the undoing.
    ///
    /// # Errors
    /// As [`Cycle::plan_undo`]; mode observe; another process works on the organisation.
    pub async fn undo(&self, undoing: Undoing, by: Actor) -> Result<(PlannedUndo, UndoReport), UndoError> {
        let writer = self.writer().await?.acting_as(by);
        let done = while_kept(&writer, self.clock, self.undo_with(&writer, undoing)).await;
        give_back(writer).await;
        done
    }

    /// The same for a caller that holds the organisation's `writer`, on behalf of its actor.
    ///
    /// # Errors
    /// As [`Cycle::undo`].
    pub async fn undo_with(
        &self,
        writer: &Writer,
        undoing: Undoing,
    ) -> Result<(PlannedUndo, UndoReport), UndoError> {
        if self.config.mode == Mode::Observe {
            return Err(UndoError::Observe);
        }
        check_run(writer.organization(), undoing).await?;
        if let Some(caution) = writer.organization().caution().await? {
            return Err(UndoError::Doubt {
                doubt: caution.to_string(),
            });
        }
        let started = self.clock.elapsed();
        let begun = self.queue.begin(started);
        let live = begun.queue().live();
        let run = writer
            .start_run_beside(&live, undoing.name(), self.config.mode.name(), self.clock.now())
            .await?;
        begun.has_row(run);
        let mut report = UndoReport::begin(&self.config.name, undoing.name(), run);
        let done = self.undo_steps(writer, (&begun, run), undoing, &mut report).await;
        report.took = self.clock.elapsed().saturating_sub(started);
        if let Err(error) = &done {
            report.failed_with(error);
        }
        report.finish(writer, self.clock.now()).await;
        Ok((done?, report))
    }

    async fn undo_steps(
        &self,
        writer: &Writer,
        (begun, run): (&Begun<'_>, RunId),
        undoing: Undoing,
        report: &mut UndoReport,
    ) -> Result<PlannedUndo, CycleError> {
        let organization = writer.organization();
        let read_at = self.clock.now();
        let exchange = self.look(organization).await?;
        report.server = Some(self.exchange.endpoint());
        let now = self.clock.now();
        recover(
            writer,
            &by_id(&exchange),
            Scope::Whole,
            &begun.queue().live(),
            (read_at, now),
        )
        .await?;
        let refused = organization.refused().await?;
        let planning = self.planned_undo(organization, undoing, exchange, &refused);
        let (planned, gates) = begun
            .promising(&refused, planning, |(planned, _)| &planned.verdict.go)
            .await?;
        report.describe(&planned);
        let changes = &planned.undo.plan.changes;
        let nothing = changes.is_empty() && planned.undo.missing.is_empty();
        if nothing || !planned.verdict.held.is_empty() {
            self.keep_held(writer, run, &planned, &gates, report).await?;
            return Ok(planned);
        }
        report.forced = Some(force_plan(writer, run, undoing, now).await?);
        let missing: Vec<_> = planned.undo.missing.iter().map(stored_entry).collect();
        if !missing.is_empty() {
            writer.forget(&missing, now).await?;
        }
        report.entries = rows(&missing);
        begun.decided(changes.iter().map(key));
        let is_gain = |change: &Change| refused.contains(&key(change));
        let mailboxes = by_id(&planned.exchange);
        let recheck = AsPlanned {
            exchange: self.exchange,
            clock: self.clock,
        };
        let applied = self
            .carry_out(
                writer,
                (begun, run),
                (&mailboxes, &recheck),
                &planned.verdict.go,
                is_gain,
            )
            .await;
        report.applied(applied);
        if report.changes.failed == 0 && report.changes.paused == 0 {
            let scope = undoing.scope();
            let nothing = (&[][..], &planned.verdict);
            gates.keep_undoing(writer, run, &scope, nothing).await?;
        }
        Ok(planned)
    }

    /// Gives what the guard holds a name by which people release it.
    async fn keep_held(
        &self,
        writer: &Writer,
        run: RunId,
        planned: &PlannedUndo,
        gates: &Gates,
        report: &mut UndoReport,
    ) -> Result<(), CycleError> {
        let scope = planned.undoing.scope();
        let wanted = (planned.undo.plan.changes.as_slice(), &planned.verdict);
        let plans = gates.keep_undoing(writer, run, &scope, wanted).await?;
        report.held_plans = plans.iter().map(HeldSummary::of).collect();
        Ok(())
    }

    async fn planned_undo(
        &self,
        organization: &Organization,
        undoing: Undoing,
        exchange: ExchangeFacts,
        refused: &BTreeSet<(MailboxId, DeviceId)>,
    ) -> Result<(PlannedUndo, Gates), CycleError> {
        self.progress.progress(Progress::Phase(Phase::Decide));
        let ownership = registry(organization).await?;
        let undo = match undoing {
            Undoing::Revert => revert(&exchange, &ownership),
            Undoing::Rollback(which) => {
                let (undone, later) = journal(organization, which).await?;
                rollback(&exchange, &ownership, &undone, &later)
            }
        };
        let gates = Gates::read(organization, &exchange, self.clock.now()).await?;
        let window = self.window(organization).await?;
        let scope = ScopeFigures {
            devices: rows(&exchange.partnerships),
            refused_by_earlier_run: refused.clone(),
            released: gates.released_in(&undoing.scope()),
            ..ScopeFigures::default()
        };
        let verdict = guard(&undo.plan, &self.config.limits, &window, &scope);
        let planned = PlannedUndo {
            undoing,
            exchange,
            undo,
            verdict,
        };
        Ok((planned, gates))
    }
}

/// Keeps the organisation in mode plan, so that the next sync does not undo the undoing.
async fn force_plan(
    writer: &Writer,
    run: RunId,
    undoing: Undoing,
    now: OffsetDateTime,
) -> Result<ForcedMode, StoreError> {
    let forced = ForcedMode {
        mode: Mode::Plan.name().to_owned(),
        reason: undoing.reason(),
        by: writer.actor().clone(),
        since: now,
        run: Some(run),
    };
    writer.force_mode(&forced).await?;
    Ok(forced)
}

async fn check_run(organization: &Organization, undoing: Undoing) -> Result<(), UndoError> {
    if let Undoing::Rollback(RollBack::Run(run)) = undoing
        && organization.run(run).await?.is_none()
    {
        return Err(UndoError::NoRun { run });
    }
    Ok(())
}

/// The changes that are meant, and those of other runs that came after them.
async fn journal(
    organization: &Organization,
    which: RollBack,
) -> Result<(Vec<PastChange>, Vec<PastChange>), CycleError> {
    match which {
        RollBack::Since(since) => {
            let undone = organization.journal_since(since).await?;
            Ok((undone.iter().filter_map(past_change).collect(), Vec::new()))
        }
        RollBack::Run(run) => {
            let of_run = organization.journal(run).await?;
            let Some(first) = of_run.first().map(|entry| entry.id) else {
                return Ok((Vec::new(), Vec::new()));
            };
            let later = organization.journal_from(first).await?;
            Ok((
                of_run.iter().filter_map(past_change).collect(),
                later_changes(run, &of_run, &later),
            ))
        }
    }
}

/// The changes of other runs that came after the first change of the same device by `run`.
fn later_changes(run: RunId, of_run: &[JournalEntry], from: &[JournalEntry]) -> Vec<PastChange> {
    let mut first: BTreeMap<(MailboxId, &DeviceId), IntentId> = BTreeMap::new();
    for entry in of_run {
        first
            .entry((entry.intent.mailbox, &entry.intent.device))
            .or_insert(entry.id);
    }
    from.iter()
        .filter(|entry| entry.intent.run != run)
        .filter(|entry| {
            first
                .get(&(entry.intent.mailbox, &entry.intent.device))
                .is_some_and(|first| entry.id > *first)
        })
        .filter_map(past_change)
        .collect()
}
