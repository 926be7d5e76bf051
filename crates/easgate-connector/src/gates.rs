//! What people said and what is held: read before a run decides, and kept after it has decided.

mod held;
mod standing;
mod undone;
mod waiting;

pub use standing::{HeldSummary, Standing, standing};

use std::collections::BTreeSet;

use easgate_compliance::{
    ByDevice, ByHand, Exceptions, ExchangeFacts, Facts, Override, Plan, Released, is_mass_disappearance,
    vanished,
};
use easgate_model::{DeviceId, MailboxId};
use easgate_store::{
    HeldPlan, HeldState, Organization, Pause, RunId, StoreError, StoredOverride, Tombstone, Writer,
};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::cycle::Planned;
use waiting::Waiting;

/// What the policy wants, as opposed to what is undone.
const POLICY: &str = "";
/// For how long devices are held whose records vanished together.
const TOMBSTONE: Duration = Duration::hours(48);
/// How far clocks may be apart.
const SKEW: Duration = Duration::minutes(5);

/// What stands for an organisation at the moment of one run.
#[derive(Debug)]
pub struct Gates {
    /// That writing is paused.
    pub pause: Option<Pause>,
    /// Whether the clock can be believed: if not, nothing expires and no approval counts.
    pub clock_is_sane: bool,
    /// What people decided about devices.
    pub(crate) overrides: Vec<StoredOverride>,
    /// Devices whose record vanished with many others.
    pub(crate) tombstones: Vec<Tombstone>,
    /// Those of them that this run found.
    new_tombstones: Vec<Tombstone>,
    /// What the guard held in earlier runs.
    plans: Vec<HeldPlan>,
    waiting: Vec<Waiting>,
    now: OffsetDateTime,
}

/// What a run looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everything: what it does not hold is not wanted any more.
    Everything,
    /// Some devices: the others stay as earlier runs found them.
    Decided,
}

impl Gates {
    /// Reads what stands at `now`. Writes nothing.
    pub(crate) async fn read(
        organization: &Organization,
        exchange: &ExchangeFacts,
        now: OffsetDateTime,
    ) -> Result<Self, StoreError> {
        // The newest may be the run that asks.
        let runs = organization.runs(2).await?;
        let earlier = runs.iter().map(|run| run.finished.unwrap_or(run.started)).max();
        let waiting = organization.waiting_overrides().await?;
        Ok(Self {
            pause: organization.paused().await?,
            clock_is_sane: is_sane(exchange, earlier, now),
            overrides: organization.overrides().await?,
            tombstones: organization.tombstones().await?,
            new_tombstones: Vec::new(),
            plans: organization.held_plans().await?,
            waiting: waiting.into_iter().map(Waiting::of).collect(),
            now,
        })
    }

    /// Nothing expires and no approval counts in this run, because nobody can be asked what time it is.
    pub(crate) const fn distrust_clock(&mut self) {
        self.clock_is_sane = false;
    }

    /// Puts into `exceptions` what is decided otherwise than by the facts.
    pub(crate) fn except(&self, exceptions: &mut Exceptions) {
        let standing = self.overrides.iter().filter(|one| !self.is_over(one.what.until));
        exceptions.overrides = standing.filter_map(exception).collect();
        let held = self
            .tombstones
            .iter()
            .filter(|stone| !self.is_over(Some(stone.until)));
        exceptions.vanished = held
            .map(|stone| {
                let detail = format!(
                    "its record vanished with many others at {}, held until {}",
                    at(stone.since),
                    at(stone.until)
                );
                (stone.mailbox, stone.device.clone(), detail)
            })
            .collect();
    }

    /// Holds the devices that `plan` takes access from because their records vanished, when too many vanished at
    /// once to be believed, and says whether it does. `of` is how many records there were in the last good run.
    pub(crate) async fn hold_vanished(
        &mut self,
        organization: &Organization,
        facts: &Facts,
        plan: &Plan,
        of: u64,
    ) -> Result<bool, StoreError> {
        let of = usize::try_from(of).unwrap_or(usize::MAX);
        if facts.exceptions.unreachable.is_some() || !is_mass_disappearance(plan.changes.len(), of) {
            return Ok(false);
        }
        let records: ByDevice<String> = organization.records().await?.into_iter().collect();
        let known: BTreeSet<(MailboxId, &DeviceId)> = self
            .tombstones
            .iter()
            .map(|stone| (stone.mailbox, &stone.device))
            .collect();
        let found: Vec<Tombstone> = vanished(facts, plan, &records)
            .into_iter()
            // Those whose time is over are acted on now.
            .filter(|change| !known.contains(&(change.mailbox, &change.device)))
            .map(|change| Tombstone {
                mailbox: change.mailbox,
                device: change.device.clone(),
                address: change.address.clone(),
                record: records
                    .get(change.mailbox, &change.device)
                    .cloned()
                    .unwrap_or_default(),
                since: self.now,
                until: self.now + TOMBSTONE,
            })
            .collect();
        if !is_mass_disappearance(found.len(), of) {
            return Ok(false);
        }
        self.new_tombstones.clone_from(&found);
        self.tombstones.extend(found);
        Ok(true)
    }

    /// What people approved of, and what counts now.
    pub(crate) fn released(&self) -> BTreeSet<Released> {
        self.released_in(POLICY)
    }

    /// Keeps what this run found, before anything is written to Exchange: new and ended tombstones, overrides that
    /// expired, and, when `holds`, what the guard holds. Gives the held plans as they stand then.
    pub(crate) async fn keep(
        &self,
        writer: &Writer,
        run: RunId,
        planned: &Planned,
        reach: Reach,
        holds: bool,
    ) -> Result<Vec<HeldPlan>, StoreError> {
        let decided = decided(planned);
        let is_decided = |mailbox: MailboxId, device: &DeviceId| {
            reach == Reach::Everything || decided.contains(&(mailbox, device))
        };
        let ended = self.ended_tombstones(planned, &is_decided);
        writer.keep_tombstones(&self.new_tombstones, &ended).await?;
        let over = self
            .overrides
            .iter()
            .filter(|one| self.is_over(one.what.until) && is_decided(one.what.mailbox, &one.what.device));
        let over: Vec<StoredOverride> = over.cloned().collect();
        writer.expire_overrides(&over, self.now).await?;
        if !holds {
            return Ok(Vec::new());
        }
        let after = held::after(
            &self.plans,
            held::Wanted {
                changes: &planned.plan.changes,
                verdict: &planned.verdict,
            },
            &held::Occasion {
                organization: writer.organization().name(),
                scope: POLICY,
                run,
                now: self.now,
                is_over: &|plan| self.is_over(plan.said.as_ref().and_then(|said| said.until)),
                is_decided: &is_decided,
            },
        );
        writer.keep_held(&after).await?;
        Ok(after
            .into_iter()
            .filter(|plan| !plan.changes.is_empty())
            .collect())
    }

    /// What of this somebody should know who reads a plan or a report.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(pause) = &self.pause {
            warnings.push(paused(pause));
        }
        if !self.clock_is_sane && self.could_expire() {
            warnings.push(
                "the clock cannot be believed, so no override, approval or tombstone expires, and no approval counts"
                    .to_owned(),
            );
        }
        let held = self
            .tombstones
            .iter()
            .filter(|stone| !self.is_over(Some(stone.until)));
        if let Some(last) = held.clone().map(|stone| stone.until).max() {
            warnings.push(format!(
                "{} devices are held because their records vanished together with many others, the last of them until {}",
                held.count(),
                at(last)
            ));
        }
        warnings
    }

    fn could_expire(&self) -> bool {
        !(self.overrides.is_empty() && self.tombstones.is_empty() && self.plans.is_empty())
    }

    fn is_approved(&self, plan: &HeldPlan) -> bool {
        plan.state == HeldState::Approved
            && self.clock_is_sane
            && plan
                .said
                .as_ref()
                .is_some_and(|said| said.at <= self.now && !self.is_over(said.until))
    }

    fn is_over(&self, until: Option<OffsetDateTime>) -> bool {
        self.clock_is_sane && until.is_some_and(|until| until <= self.now)
    }

    fn ended_tombstones(
        &self,
        planned: &Planned,
        is_decided: &impl Fn(MailboxId, &DeviceId) -> bool,
    ) -> Vec<(MailboxId, DeviceId)> {
        let facts = &planned.facts;
        if facts.exceptions.unreachable.is_some() {
            return Vec::new();
        }
        let present: BTreeSet<&str> = facts
            .inventory
            .enrollments
            .iter()
            .map(|enrollment| enrollment.record.as_str())
            .collect();
        let wanted: BTreeSet<(MailboxId, &DeviceId)> = planned
            .plan
            .changes
            .iter()
            .map(|change| (change.mailbox, &change.device))
            .collect();
        let enrolled: BTreeSet<(MailboxId, &DeviceId)> = planned
            .decisions
            .iter()
            .filter(|decision| decision.enrollment.is_some())
            .filter_map(|decision| Some((decision.mailbox?, &decision.device)))
            .collect();
        let is_ended = |stone: &&Tombstone| {
            let key = (stone.mailbox, &stone.device);
            let is_back = present.contains(stone.record.as_str()) || enrolled.contains(&key);
            let is_done = self.is_over(Some(stone.until)) && !wanted.contains(&key);
            is_decided(stone.mailbox, &stone.device) && (is_back || is_done)
        };
        self.tombstones
            .iter()
            .filter(is_ended)
            .map(|stone| (stone.mailbox, stone.device.clone()))
            .collect()
    }
}

/// Whether `now` can be believed: nothing in Exchange changed later, and no run of ours ended later.
fn is_sane(exchange: &ExchangeFacts, earlier: Option<OffsetDateTime>, now: OffsetDateTime) -> bool {
    let of_mailboxes = exchange.mailboxes.iter().map(|mailbox| mailbox.when_changed);
    let of_partnerships = exchange
        .partnerships
        .iter()
        .map(|partnership| partnership.when_changed);
    let horizon = now + SKEW;
    !of_mailboxes
        .chain(of_partnerships)
        .chain(std::iter::once(earlier))
        .flatten()
        .any(|time| time > horizon)
}

fn decided(planned: &Planned) -> BTreeSet<(MailboxId, &DeviceId)> {
    planned
        .decisions
        .iter()
        .filter_map(|decision| Some((decision.mailbox?, &decision.device)))
        .collect()
}

fn exception(one: &StoredOverride) -> Option<(MailboxId, DeviceId, Override)> {
    let what = &one.what;
    let until = what.until.map_or_else(
        || "until it is cleared".to_owned(),
        |until| format!("until {}", at(until)),
    );
    let said = format!("{} by {} {until}", what.access, what.by.name);
    let detail = if what.note.is_empty() {
        said
    } else {
        format!("{said}: {}", what.note)
    };
    let access = ByHand::from_name(&what.access)?;
    Some((what.mailbox, what.device.clone(), Override { access, detail }))
}

/// That writing is paused, as a sentence.
pub(crate) fn paused(pause: &Pause) -> String {
    format!(
        "paused since {} by {} because of: {}; nothing is written to Exchange until `easgate resume`",
        at(pause.since),
        pause.by.name,
        pause.reason
    )
}

/// A time as people and programs read it.
pub(crate) fn at(time: OffsetDateTime) -> String {
    let seconds = time.replace_nanosecond(0).unwrap_or(time);
    seconds.format(&Rfc3339).unwrap_or_else(|_| seconds.to_string())
}
