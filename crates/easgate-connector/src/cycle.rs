//! One cycle for one organisation: gather, decide, guard, apply, confirm, report.

use std::collections::{BTreeMap, BTreeSet};

use easgate_compliance::{
    Change, Decision, Facts, GuardVerdict, HeldBy, MatchRate, OwnedEntry, Ownership, Plan, ScopeFigures,
    Window, decide, guard, plan,
};
use easgate_model::{DeviceId, MailboxId};
use easgate_store::{Finish, LeaseError, List, Organization, OwnedRow, RunId, Store, StoreError, Writer};

use crate::apply::{Applied, Apply};
use crate::clock::Clock;
use crate::config::{Mode, OrganizationConfig};
use crate::confirm::Confirm;
use crate::gather::{FactsError, Gather, Gathered};
use crate::ports::{EnrollmentSource, Exchange, SourceKind};
use crate::progress::{Phase, Progress, ProgressSink};
use crate::record::device_rows;
use crate::recovery::{Mailboxes, Owned, RecoveryError, recover};
use crate::report::{DecisionCounts, ForeignCounts, Report, chain};

/// One organisation, ready for cycles.
///
/// # Guarantees
/// Nothing is written to Exchange before everything was read, nor in a mode other than enforce, nor before the
/// intent is durable. A cycle cannot wipe or forget a device.
pub struct Cycle<'a> {
    /// The Exchange organisation.
    pub exchange: &'a dyn Exchange,
    /// Where enrolments come from.
    pub source: &'a dyn EnrollmentSource,
    /// What is kept from run to run.
    pub store: &'a Store,
    /// How to decide, and what is allowed.
    pub config: &'a OrganizationConfig,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Who watches.
    pub progress: &'a dyn ProgressSink,
}

/// Everything that a full sync would act upon, as values.
#[derive(Debug)]
pub struct Planned {
    /// What was read.
    pub facts: Facts,
    /// What was decided, one for each mailbox and device.
    pub decisions: Vec<Decision>,
    /// Which list entries are ours.
    pub ownership: Ownership,
    /// What would change.
    pub plan: Plan,
    /// What the guard says to it.
    pub verdict: GuardVerdict,
    /// What somebody should know.
    pub warnings: Vec<String>,
}

impl Cycle<'_> {
    /// Does a full sync, whose report says what was seen, decided, changed and held.
    ///
    /// # Errors
    /// Another process works on the organisation, the store cannot be used, or the facts cannot be relied on.
    /// Nothing was changed then. Errors after the first change are in the report.
    pub async fn full_sync(&self) -> Result<Report, CycleError> {
        let started = self.clock.elapsed();
        let organization = self.store.organization(&self.config.name).await?;
        let writer = organization.lock().await?;
        let run = writer
            .start_run("full", self.config.mode.name(), self.clock.now())
            .await?;
        let result = match self.sync(&writer, run).await {
            Ok((mut report, gathered)) => {
                report.durations.total = self.clock.elapsed().saturating_sub(started);
                self.finish(&writer, run, &mut report, gathered).await;
                Ok(report)
            }
            Err(error) => {
                let mut report = Report::of_error(self.config, &error);
                report.durations.total = self.clock.elapsed().saturating_sub(started);
                self.finish(&writer, run, &mut report, None).await;
                Err(error)
            }
        };
        if let Err(error) = writer.hand_over().await {
            tracing::warn!(error = %chain(&error), "Lease not given back; it ends when its time is over");
        }
        result
    }

    /// Reads everything and plans, as a full sync would. Writes nothing, neither to Exchange nor to the store.
    ///
    /// # Errors
    /// The store cannot be read, or the facts cannot be relied on.
    pub async fn plan(&self) -> Result<Planned, CycleError> {
        let organization = self.store.organization(&self.config.name).await?;
        let gathered = self.gather(&organization).await?;
        let owned = Owned::read(&organization, &by_id(&gathered.facts), self.clock.now()).await?;
        self.progress.progress(Progress::Phase(Phase::Decide));
        let refused = organization.refused().await?;
        self.planned(&organization, gathered, &owned, &refused)
            .await
            .map(|(planned, _)| planned)
    }

    async fn gather(&self, organization: &Organization) -> Result<Gathered, FactsError> {
        let gather = Gather {
            exchange: self.exchange,
            source: self.source,
            config: self.config,
            clock: self.clock,
            progress: self.progress,
        };
        gather.run(organization).await
    }

    async fn sync(&self, writer: &Writer, run: RunId) -> Result<(Report, Option<Seen>), CycleError> {
        let organization = writer.organization();
        let mut report = Report::begin(self.config);
        let began = self.clock.elapsed();
        let gathered = self.gather(organization).await?;
        let exchange = &gathered.facts.exchange;
        writer
            .bind(exchange.settings.id, gathered.facts.inventory.tenant)
            .await
            .map_err(FactsError::from)?;
        let read = self.clock.elapsed();
        report.durations.gather = read.saturating_sub(began);

        self.progress.progress(Progress::Phase(Phase::Decide));
        let now = self.clock.now();
        let owned = recover(writer, &by_id(&gathered.facts), now).await?;
        let refused = organization.refused().await?;
        let (planned, baseline) = self.planned(organization, gathered, &owned, &refused).await?;
        writer
            .record_devices(device_rows(&planned.facts, &planned.decisions), now)
            .await?;
        self.describe(&mut report, &planned);
        let decided = self.clock.elapsed();
        report.durations.decide = decided.saturating_sub(read);

        if self.config.mode == Mode::Enforce {
            let is_gain = |change: &Change| refused.contains(&(change.mailbox, change.device.clone()));
            let applied = self.apply(writer, run, &planned, is_gain).await;
            report.changes.applied = u64::try_from(applied.changes.len()).unwrap_or(u64::MAX);
            report.changes.failed = applied.failed;
            report.errors.extend(applied.errors);
        }
        report.durations.apply = self.clock.elapsed().saturating_sub(decided);
        Ok((report, Some(baseline)))
    }

    async fn planned(
        &self,
        organization: &Organization,
        gathered: Gathered,
        owned: &Owned,
        refused: &BTreeSet<(MailboxId, DeviceId)>,
    ) -> Result<(Planned, Seen), CycleError> {
        let Gathered {
            facts,
            mut baseline,
            before,
            mut warnings,
        } = gathered;
        let policy = &self.config.policy;
        let ownership: Ownership = owned.present.iter().map(owned_entry).collect();
        let decisions = decide(&facts, policy, &ownership);
        let plan = plan(&facts, &decisions, &ownership, policy);
        let window = organization.window(self.clock.now()).await?;
        let scope = ScopeFigures {
            devices: rows(&facts.exchange.partnerships),
            refused_by_earlier_run: refused.clone(),
            match_rate_before: before
                .matched
                .map(|(matched, of)| MatchRate { matched, of }.percent()),
            match_gate: self.source.kind() == SourceKind::Graph && !self.accepts_match_rate(),
        };
        let window = Window {
            lost: window.lost,
            gained: window.gained,
        };
        let verdict = guard(&plan, &self.config.limits, &window, &scope);
        baseline.matched = before.matched;
        if scope.match_gate && has_fallen(scope.match_rate_before, plan.match_rate) {
            // Such a rate is no yardstick: the next run would find nothing wrong with it.
            warnings.push(format!(
                "only {} of {} devices can be tied to a user, so nothing that restricts is done; if that is right, \
                 run once with --accept-shrunken {MATCH_RATE}",
                plan.match_rate.matched, plan.match_rate.of
            ));
        } else {
            baseline.matched = Some((plan.match_rate.matched, plan.match_rate.of));
        }
        warnings.extend(oddities(&plan, owned.undone));
        warnings.extend(held_because(&verdict));
        Ok((
            Planned {
                facts,
                decisions,
                ownership,
                plan,
                verdict,
                warnings,
            },
            baseline,
        ))
    }

    /// Whether an administrator said that fewer phones are matched for good.
    fn accepts_match_rate(&self) -> bool {
        self.config.accept_shrunken.contains(MATCH_RATE)
    }

    async fn apply(
        &self,
        writer: &Writer,
        run: RunId,
        planned: &Planned,
        is_gain: impl Fn(&Change) -> bool + Send + Sync,
    ) -> Applied {
        let mailboxes = by_id(&planned.facts);
        let apply = Apply {
            exchange: self.exchange,
            source: self.source,
            clock: self.clock,
            progress: self.progress,
            writer,
            mailboxes: &mailboxes,
            run,
            lanes: self.config.lanes,
        };
        let mut applied = apply.run(&planned.verdict.go, is_gain).await;
        let confirm = Confirm {
            exchange: self.exchange,
            clock: self.clock,
            progress: self.progress,
            writer,
        };
        confirm.run(&mut applied).await;
        applied
    }

    fn describe(&self, report: &mut Report, planned: &Planned) {
        let plan = &planned.plan;
        let reasons = plan.counts.reasons.iter();
        report.facts_read = true;
        report.devices = rows(&planned.facts.exchange.partnerships);
        report.decisions = DecisionCounts::of(&plan.counts);
        report.reasons = reasons
            .map(|(reason, devices)| (reason.name().to_owned(), *devices))
            .collect();
        report.changes.planned = rows(&plan.changes);
        report.changes.held = rows(&planned.verdict.held);
        for held in &planned.verdict.held {
            *report.held_by.entry(held.by.name()).or_default() += 1;
        }
        let contradicting: Vec<_> = plan.foreign.iter().filter(|entry| entry.contradicts).collect();
        report.foreign = ForeignCounts {
            entries: rows(&plan.foreign),
            contradicting: rows(&contradicting),
        };
        report.matched = (plan.match_rate.matched, plan.match_rate.of);
        report.warnings.clone_from(&planned.warnings);
        report.server = Some(self.exchange.endpoint());
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
        if let Err(error) = writer.finish_run(run, &finish).await {
            report.errors.push(crate::report::ReportError {
                mailbox: None,
                device: None,
                kind: "store",
                message: chain(&error),
            });
        }
    }
}

/// The name under which a lower match rate is accepted for one run.
const MATCH_RATE: &str = "match-rate";

/// Whether the match rate is more than five points under that of the last good run, in percent, or so low that it
/// holds changes by itself.
fn has_fallen(before: Option<f64>, now: MatchRate) -> bool {
    now.percent() < 80.0 || before.is_some_and(|before| before - now.percent() > 5.0)
}

/// Why the guard holds changes, with the figures.
fn held_because(verdict: &GuardVerdict) -> Vec<String> {
    let figures = &verdict.figures;
    let mut counts: BTreeMap<HeldBy, u64> = BTreeMap::new();
    for held in &verdict.held {
        *counts.entry(held.by).or_default() += 1;
    }
    let because = |(by, changes): (&HeldBy, &u64)| match by {
        HeldBy::LosesAccess => format!(
            "{changes} changes are held: {} of {} devices would lose access, and {} did in the last 24 hours",
            figures.loses, figures.devices, figures.window.lost
        ),
        HeldBy::GainsAccess => format!(
            "{changes} changes are held: {} of {} devices that were refused would gain access, and {} did in the \
             last 24 hours",
            figures.gains, figures.devices, figures.window.gained
        ),
        HeldBy::MatchRate => {
            format!("{changes} changes are held because too few devices can be tied to a user")
        }
    };
    counts.iter().map(because).collect()
}

/// What of a plan somebody should know.
fn oddities(plan: &Plan, undone: u64) -> Vec<String> {
    let counts = &plan.counts;
    [
        (undone, "list entries of ours were taken out by somebody else"),
        (
            counts.compliant_held,
            "compliant devices are held, because the policy leaves them to the default rule",
        ),
        (
            counts.refused_by_mailbox_policy,
            "devices are refused by their mailbox policy, which no list lifts",
        ),
    ]
    .into_iter()
    .filter(|(devices, _)| *devices > 0)
    .map(|(devices, what)| format!("{devices} {what}"))
    .collect()
}

/// What a run saw, for the next.
type Seen = easgate_store::Baseline;

pub(crate) fn by_id(facts: &Facts) -> Mailboxes<'_> {
    facts
        .exchange
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

fn rows<T>(list: &[T]) -> u64 {
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
            Self::Busy(_) => Some("wait until the other easgate has ended, or stop it".to_owned()),
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

#[cfg(test)]
mod tests;
