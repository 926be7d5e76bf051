//! What people decided about devices: done first, and by what Exchange says alone.
//!
//! It has to work while device management cannot be asked, beside a full sync, and before the first one. The end of an
//! override is another matter: then the policy decides, by the facts of both sides.

use std::collections::{BTreeMap, BTreeSet};

use easgate_compliance::{ByHand, Exceptions, Facts, HeldChange, explain};
use easgate_model::Inventory;
use easgate_store::{StoredOverride, Work, Writer};

use super::gather::Place;
use super::targets::Targets;
use super::{Head, Part, mailbox_work};
use crate::config::Mode;
use crate::cycle::{Cycle, CycleError, Planned, by_id};
use crate::kind::Kind;
use crate::override_effect::OverrideEffect;
use crate::progress::{Phase, Progress};
use crate::queue::{Begun, Key};
use crate::record::device_rows;
use crate::report::{Report, ReportError, chain};

/// The devices that wait, each with its override.
type Waiting = BTreeMap<Key, StoredOverride>;

impl Cycle<'_> {
    /// Makes Exchange agree with overrides that no run has acted on yet, and opens the work of those that ended. `None`
    /// when nothing waits, or nothing may be written.
    pub(super) async fn by_hand(
        &self,
        writer: &Writer,
        begun: &Begun<'_>,
        head: &Head,
        part: Part<'_>,
    ) -> Result<Option<Report>, CycleError> {
        let unacted = writer.organization().waiting_overrides().await?;
        self.open_ended(writer, &unacted).await?;
        let waiting = self.waiting(unacted);
        if waiting.is_empty() || !self.could_write(writer).await? {
            return Ok(None);
        }
        let mut report = Report::begin(self.config, part.kind());
        let place = self.place_of(&waiting, &mut report).await;
        let facts = Facts {
            exchange: head.with(place),
            inventory: Inventory::default(),
            exceptions: Exceptions::default(),
        };
        self.act_by_hand(writer, (begun, part.kind()), head, facts, &waiting, &mut report)
            .await?;
        Ok(Some(report))
    }

    /// Decides, plans, guards and writes for the devices that wait.
    async fn act_by_hand(
        &self,
        writer: &Writer,
        (begun, kind): (&Begun<'_>, Kind),
        head: &Head,
        facts: Facts,
        waiting: &Waiting,
        report: &mut Report,
    ) -> Result<(), CycleError> {
        let (decides, now) = (self.clock.elapsed(), self.clock.now());
        self.progress.progress(Progress::Phase(Phase::Decide));
        let in_question = |key: &Key| waiting.contains_key(key);
        let (planned, refused) = self
            .plan_for(writer, (begun, now), head, facts, in_question)
            .await?;
        let mut made = Vec::new();
        if !planned.decisions.is_empty() {
            self.has_row(writer, begun, kind).await?;
            begun.decided(waiting.keys().cloned());
            let rows = device_rows(&planned.facts, &planned.decisions);
            writer.record_some_devices(rows, now).await?;
            self.describe(report, &planned);
            let writes = self.clock.elapsed();
            report.durations.decide = writes.saturating_sub(decides);
            made = self.act(writer, begun, &planned, &refused, report).await;
            report.durations.apply = self.clock.elapsed().saturating_sub(writes);
        }
        let read = waiting.keys().filter(|key| !is_told(report, key));
        let keys: BTreeSet<Key> = read.cloned().collect();
        let effects: BTreeMap<Key, _> = self.effects(&planned, &keys, &made, report).into_iter().collect();
        let standing = keys.iter().filter_map(|key| Some((key, waiting.get(key)?)));
        let told = standing.map(|(key, one)| match effects.get(key) {
            Some(effect) => by_person(one, effect.clone()),
            None => unseen(one),
        });
        report.overrides.extend(told.collect::<Vec<_>>());
        Ok(())
    }

    /// What `keys` have in the end, as far as Exchange has them.
    pub(super) fn effects(
        &self,
        planned: &Planned,
        keys: &BTreeSet<Key>,
        made: &[Key],
        report: &Report,
    ) -> Vec<(Key, OverrideEffect)> {
        let mailboxes = by_id(&planned.facts.exchange);
        let decided: BTreeSet<Key> = planned.keys().filter(|key| keys.contains(key)).collect();
        let effect = |key: Key| {
            let (policy, ownership) = (&self.config.policy, &planned.ownership);
            let explanation = explain(&planned.facts, policy, ownership, key.0, &key.1)?;
            let address = mailboxes.get(&key.0)?.title();
            let is_made = made.contains(&key);
            let unmade = || unmade(planned, &key, &address, report);
            let effect = OverrideEffect::of(&explanation, (key.0, &address), is_made, unmade);
            let held = held(planned, &key).is_some();
            Some((key, OverrideEffect { held, ..effect }))
        };
        decided.into_iter().filter_map(effect).collect()
    }

    /// Leaves the devices whose override ended to the policy; on `unacted` no run has acted yet.
    async fn open_ended(&self, writer: &Writer, unacted: &[StoredOverride]) -> Result<(), CycleError> {
        let now = self.clock.now();
        let ended = unacted.iter().filter(|one| one.ended.is_some());
        let standing = writer.organization().overrides().await?;
        let over = standing.iter();
        let over = over.filter(|one| one.what.until.is_some_and(|until| until <= now));
        let work: BTreeSet<_> = ended.chain(over).map(|one| one.what.mailbox).collect();
        if !work.is_empty() {
            let work: Vec<Work> = work.into_iter().map(mailbox_work).collect();
            writer.open_work(work, now).await?;
        }
        Ok(())
    }

    /// Those of `unacted` that stand.
    fn waiting(&self, unacted: Vec<StoredOverride>) -> Waiting {
        let now = self.clock.now();
        let stands =
            |one: &StoredOverride| one.ended.is_none() && one.what.until.is_none_or(|until| until > now);
        let keyed = |one: StoredOverride| ((one.what.mailbox, one.what.device.clone()), one);
        unacted.into_iter().filter(stands).map(keyed).collect()
    }

    /// Whether anything may be written at all: else each watch pass would look at the same devices for nothing.
    pub(super) async fn could_write(&self, writer: &Writer) -> Result<bool, CycleError> {
        let organization = writer.organization();
        Ok(self.config.mode == Mode::Enforce
            && organization.paused().await?.is_none()
            && organization.caution().await?.is_none())
    }

    /// What Exchange has of the mailboxes of `waiting`. One that cannot be read does not keep the others waiting.
    async fn place_of(&self, waiting: &Waiting, report: &mut Report) -> Place {
        let mut by_mailbox: BTreeMap<_, Vec<&StoredOverride>> = BTreeMap::new();
        for one in waiting.values() {
            by_mailbox.entry(one.what.mailbox).or_default().push(one);
        }
        let mut place = Place::default();
        for (mailbox, overrides) in by_mailbox {
            let mut targets = Targets::default();
            for one in &overrides {
                targets.add(mailbox, one.what.device.clone());
            }
            match self.one_by_one(&targets).await {
                Ok(read) if read.mailboxes.is_empty() => {
                    let gone = "Exchange has no such mailbox any more";
                    let gone = overrides.iter().map(|one| nothing(one, gone.to_owned()));
                    report.overrides.extend(gone);
                }
                Ok(read) => {
                    place.mailboxes.extend(read.mailboxes);
                    place.partnerships.extend(read.partnerships);
                    place.warnings.extend(read.warnings);
                }
                Err(error) => {
                    let message = chain(&error);
                    report
                        .errors
                        .push(ReportError::of_run("overrides", message.clone()));
                    let unread = overrides.iter().map(|one| nothing(one, message.clone()));
                    report.overrides.extend(unread);
                }
            }
        }
        report.warnings.append(&mut place.warnings);
        place
    }
}

/// The change of the device that the guard holds.
fn held<'p>(planned: &'p Planned, key: &Key) -> Option<&'p HeldChange> {
    let held = planned.verdict.held.iter();
    let mut held = held.filter(|held| (held.change.mailbox, &held.change.device) == (key.0, &key.1));
    held.next()
}

/// Why a planned change was not made.
fn unmade(planned: &Planned, key: &Key, address: &str, report: &Report) -> String {
    if let Some(held) = held(planned, key) {
        let by = held.by.name();
        let plan = report.held_plans.iter().find(|plan| plan.cause == by);
        return plan.map_or_else(
            || format!("the guard holds it ({by})"),
            |plan| format!("the guard holds it: {}", plan.sentence(&report.organization)),
        );
    }
    let error = report.errors.iter().find(|error| {
        error.mailbox.as_deref() == Some(address)
            && error
                .device
                .as_deref()
                .is_some_and(|device| device.eq_ignore_ascii_case(key.1.as_str()))
    });
    let of_run = || report.errors.iter().find(|error| error.mailbox.is_none());
    match (error.or_else(of_run), &report.paused) {
        (Some(error), _) => error.message.clone(),
        (None, Some(pause)) => crate::gates::paused(pause),
        (None, None) if report.mode != Mode::Enforce => {
            format!(
                "the organisation is in mode {}, in which nothing is written",
                report.mode
            )
        }
        (None, None) => {
            let last = report.warnings.last();
            last.cloned()
                .unwrap_or_else(|| "another run decides about it".to_owned())
        }
    }
}

fn is_told(report: &Report, (mailbox, device): &Key) -> bool {
    let mut told = report.overrides.iter();
    told.any(|one| one.mailbox == *mailbox && one.device == *device)
}

/// The effect of an override: of some mailboxes nobody decides, not even by hand.
fn by_person(one: &StoredOverride, effect: OverrideEffect) -> OverrideEffect {
    let wanted = ByHand::from_name(&one.what.access);
    let undecided = effect.reason.filter(|reason| !reason.is_by_hand());
    OverrideEffect {
        wanted,
        why_not: undecided.map_or(effect.why_not, |reason| Some(reason.explain().to_owned())),
        ..effect
    }
}

fn unseen(one: &StoredOverride) -> OverrideEffect {
    nothing(
        one,
        "Exchange has not seen this device of the mailbox: the override takes effect when the phone first asks for mail"
            .to_owned(),
    )
}

fn nothing(one: &StoredOverride, why_not: String) -> OverrideEffect {
    let what = &one.what;
    let key = (what.mailbox, what.device.clone());
    OverrideEffect::nothing(key, &what.address, ByHand::from_name(&what.access), why_not)
}
