//! Carrying out a plan from a file.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use easgate_compliance::Change;
use easgate_model::{DeviceId, MailboxId, OrganizationId};
use easgate_store::{Actor, Outcome, RunId, Writer};

use super::write::key;
use super::{Cycle, CycleError, Planned, by_id, give_back};
use crate::config::{Mode, OrganizationConfig};
use crate::forced::in_force;
use crate::gather::FactsError;
use crate::kind::Kind;
use crate::leadership::while_kept;
use crate::plan_file::{FileChange, PlanFile, Standing, standing};
use crate::plan_report::{PlanReport, PlanResult, PlanState};
use crate::queue::{Begun, Key};
use crate::recovery::{Scope, recover};
use crate::report::Report;

/// The kind of run that carries out a plan.
const KIND: &str = "plan";

impl Cycle<'_> {
    /// Carries out `file`, or goes on with it, for `actor`.
    ///
    /// Everything is read anew. A change is made when the lists of its mailbox are as they were when the plan was
    /// made, when fresh facts want the very same change, and when the guard lets it go. Nothing is made that is not
    /// in the file. A plan that was interrupted can be carried out again, and a plan that was carried out does
    /// nothing more.
    ///
    /// # Errors
    /// The plan is another organisation's, the mode is observe, another process works on the organisation, the
    /// store cannot be used, or the facts cannot be relied on. Nothing was changed then.
    pub async fn apply_plan(&self, file: &PlanFile, actor: Actor) -> Result<PlanReport, ApplyPlanError> {
        if file.organization() != self.config.name {
            return Err(ApplyPlanError::OtherName {
                plan: file.organization().to_owned(),
                name: self.config.name.clone(),
            });
        }
        let writer = self.writer().await?.acting_as(actor);
        let report = while_kept(&writer, self.clock, self.apply_plan_with(&writer, file)).await;
        give_back(writer).await;
        report
    }

    /// The same for a caller that holds the organisation's `writer`, on whose behalf it is done.
    ///
    /// # Errors
    /// As [`Cycle::apply_plan`].
    pub async fn apply_plan_with(
        &self,
        writer: &Writer,
        file: &PlanFile,
    ) -> Result<PlanReport, ApplyPlanError> {
        let in_force = in_force(writer.organization(), self.config)
            .await
            .map_err(CycleError::from)?;
        let mode = in_force.config.mode;
        if mode == Mode::Observe {
            return Err(ApplyPlanError::Observe);
        }
        let started = self.clock.elapsed();
        let begun = self.queue.begin(started);
        let live = begun.queue().live();
        let run = writer
            .start_run_beside(&live, KIND, mode.name(), self.clock.now())
            .await
            .map_err(CycleError::from)?;
        begun.has_row(run);
        // A person carries this plan out, and the mode lets a person: what it may not is checked above.
        let config = OrganizationConfig {
            mode: Mode::Enforce,
            ..in_force.config.clone().into_owned()
        };
        let cycle = Cycle {
            config: &config,
            ..*self
        };
        let mut report = Report::begin(&config, Kind::Full);
        let result = cycle
            .carry_plan_out(writer, (&begun, run), file, &mut report)
            .await;
        if let Err(ApplyPlanError::Cycle(error)) = &result {
            report = Report::of_error(&config, Kind::Full, error);
        }
        report.durations.total = self.clock.elapsed().saturating_sub(started);
        cycle.finish(writer, run, &mut report, None).await;
        report.warnings.extend(in_force.warning());
        result.map(|results| PlanReport::new(file, mode, results, report))
    }

    async fn carry_plan_out(
        &self,
        writer: &Writer,
        (begun, run): (&Begun<'_>, RunId),
        file: &PlanFile,
        report: &mut Report,
    ) -> Result<Vec<PlanResult>, ApplyPlanError> {
        let store = |error| ApplyPlanError::from(CycleError::from(error));
        let organization = writer.organization();
        let started = self.clock.now();
        let gathered = self.gather(organization).await.map_err(CycleError::from)?;
        let answered = gathered.facts.exchange.settings.id;
        if answered != file.exchange() {
            return Err(ApplyPlanError::OtherOrganization {
                plan: file.exchange(),
                answered,
            });
        }
        writer
            .bind(answered, gathered.facts.inventory.tenant)
            .await
            .map_err(FactsError::from)
            .map_err(CycleError::from)?;
        let now = self.clock.now();
        let owned = recover(
            writer,
            &by_id(&gathered.facts.exchange),
            Scope::Whole,
            &begun.queue().live(),
            (started, now),
        )
        .await
        .map_err(CycleError::from)?;
        let made = self.made(writer, file).await?;
        writer
            .carry_out(file.id(), file.hash(), run, now)
            .await
            .map_err(store)?;
        let refused = organization.refused().await.map_err(store)?;
        let planning = self.planned(organization, gathered, &owned, &refused);
        let (mut planned, _) = begun
            .promising(&refused, planning, |(planned, _)| &planned.verdict.go)
            .await?;
        self.describe(report, &planned);
        begun.decided(planned.plan.changes.iter().map(key));
        let mut results = stand(file, &planned, &made);
        keep_wanted(&mut planned, &mut results);
        report.changes.planned = u64::try_from(planned.verdict.go.len()).unwrap_or(u64::MAX);
        report.changes.held = count(&results, PlanState::Held);
        self.act(writer, begun, &planned, &refused, report).await;
        self.settle_results(writer, run, &mut results).await?;
        Ok(results)
    }

    /// The changes that earlier runs of this plan made.
    async fn made(&self, writer: &Writer, file: &PlanFile) -> Result<BTreeSet<Key>, CycleError> {
        let journal = writer.organization().plan_journal(file.id()).await?;
        let made = journal
            .into_iter()
            .filter(|entry| entry.outcome == Some(Outcome::Applied))
            .map(|entry| (entry.intent.mailbox, entry.intent.device));
        Ok(made.collect())
    }

    /// Says of the changes that could be made what the journal says of them.
    async fn settle_results(
        &self,
        writer: &Writer,
        run: RunId,
        results: &mut [PlanResult],
    ) -> Result<(), CycleError> {
        let journal = writer.organization().journal(run).await?;
        let mut outcomes: BTreeMap<Key, Option<Outcome>> = journal
            .into_iter()
            .map(|entry| ((entry.intent.mailbox, entry.intent.device), entry.outcome))
            .collect();
        for result in results
            .iter_mut()
            .filter(|result| result.state == PlanState::NotTried)
        {
            let outcome = outcomes.remove(&(result.mailbox, result.device.clone()));
            (result.state, result.detail) = match outcome {
                None => continue,
                Some(None) => (PlanState::Unknown, String::new()),
                Some(Some(Outcome::Applied)) => (PlanState::Applied, String::new()),
                Some(Some(Outcome::Failed(detail))) => (PlanState::Failed, detail),
                Some(Some(Outcome::Unknown(detail))) => (PlanState::Unknown, detail),
            };
        }
        Ok(())
    }
}

/// Where every change of the file stands; those that are wanted are not tried yet.
fn stand(file: &PlanFile, planned: &Planned, made: &BTreeSet<Key>) -> Vec<PlanResult> {
    let mailboxes = by_id(&planned.facts.exchange);
    let fresh: HashMap<Key, &Change> = planned
        .plan
        .changes
        .iter()
        .map(|change| (key(change), change))
        .collect();
    let mut devices: HashMap<MailboxId, BTreeSet<DeviceId>> = HashMap::new();
    for change in file.changes() {
        devices
            .entry(change.mailbox_id())
            .or_default()
            .insert(change.device_id.clone());
    }
    let none = BTreeSet::new();
    let result = |change: &FileChange| {
        let mailbox = change.mailbox_id();
        let key = (mailbox, change.device_id.clone());
        let standing = standing(
            change,
            devices.get(&mailbox).unwrap_or(&none),
            mailboxes.get(&mailbox).copied(),
            made.contains(&key),
            fresh.get(&key).copied(),
        );
        let (state, detail) = match standing {
            Standing::Wanted(_) => (PlanState::NotTried, ""),
            Standing::Already => (PlanState::Already, ""),
            Standing::Moved(why) => (PlanState::Moved, why),
            Standing::Unwanted(why) => (PlanState::Unwanted, why),
        };
        PlanResult {
            mailbox,
            address: change.address.clone(),
            device: change.device_id.clone(),
            state,
            detail: detail.to_owned(),
        }
    };
    file.changes().iter().map(result).collect()
}

/// Leaves of what may go only what the file has, and says of the rest of the file what the guard holds.
fn keep_wanted(planned: &mut Planned, results: &mut [PlanResult]) {
    let wanted: BTreeSet<Key> = results
        .iter()
        .filter(|result| result.state == PlanState::NotTried)
        .map(|result| (result.mailbox, result.device.clone()))
        .collect();
    planned.verdict.go.retain(|change| wanted.contains(&key(change)));
    let held: HashMap<Key, &'static str> = planned
        .verdict
        .held
        .iter()
        .map(|held| (key(&held.change), held.by.name()))
        .collect();
    for result in results
        .iter_mut()
        .filter(|result| result.state == PlanState::NotTried)
    {
        if let Some(by) = held.get(&(result.mailbox, result.device.clone())) {
            result.state = PlanState::Held;
            (*by).clone_into(&mut result.detail);
        }
    }
}

fn count(results: &[PlanResult], state: PlanState) -> u64 {
    let matching = results.iter().filter(|result| result.state == state);
    u64::try_from(matching.count()).unwrap_or(u64::MAX)
}

/// Why a plan was not carried out at all.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ApplyPlanError {
    #[error(
        "the organisation is in mode observe, in which nothing is written to Exchange: set `mode` to \"plan\" or \
         \"enforce\""
    )]
    Observe,
    #[error("the plan is of the organisation {plan:?}, and this is {name:?}")]
    OtherName { plan: String, name: String },
    #[error("the plan was made for the Exchange organisation {plan}, and {answered} answered: make it anew")]
    OtherOrganization {
        plan: OrganizationId,
        answered: OrganizationId,
    },
    #[error(transparent)]
    Cycle(#[from] CycleError),
}
