//! Runs that look at a part: what changed (quick), what waits and what has just failed (watch), one person (user).
//!
//! `noticed` finds out what changed and keeps it as open work, `targets` says which devices that is about, `gather`
//! reads everything that a decision about them rests on. Deciding, planning, guarding and writing are those of every
//! run.

mod by_hand;
mod exchange;
mod gather;
mod marks;
mod noticed;
mod recheck;
mod targets;
mod unreachable;

use std::collections::BTreeSet;

use easgate_compliance::{Facts, Ownership, ScopeFigures, guard};
use easgate_model::{DeviceAccessRule, EmailAddress, OrganizationSettings};
use easgate_store::{Baseline, Marks, Organization, Work, Writer};
use time::OffsetDateTime;

use super::planned::{held_because, oddities};
use super::{Cycle, CycleError, Planned, by_id, owned_entry, rows};
use crate::full_needed::FullNeeded;
use crate::gather::FactsError;
use crate::kind::Kind;
use crate::latency::{Latency, took};
use crate::progress::{Phase, Progress};
use crate::queue::{Begun, Key};
use crate::record::{device_rows, unless_newer};
use crate::recovery::{Owned, Scope, recover};
use crate::report::Report;

use noticed::Noticed;
use targets::Targets;

pub(super) use marks::{known_of, marks_after_full, records_after_full};
pub(super) use recheck::Rechecks;

/// What a run that looks at a part begins with.
pub(super) struct Head {
    pub(super) settings: OrganizationSettings,
    pub(super) rules: Vec<DeviceAccessRule>,
    pub(super) before: Baseline,
    pub(super) marks: Marks,
    /// When it began, by the clock of the day.
    pub(super) started: OffsetDateTime,
}

/// What a run is asked to look at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    /// What changed since the last run that looked.
    Quick,
    /// What waits, and what device management says has changed.
    Watch,
    /// The mailbox with this address.
    User(&'a EmailAddress),
}

impl Part<'_> {
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Quick => Kind::Quick,
            Self::Watch => Kind::Watch,
            Self::User(_) => Kind::User,
        }
    }
}

impl Cycle<'_> {
    /// Looks at a part, plans for it, and writes what may go.
    pub(super) async fn part(
        &self,
        writer: &Writer,
        begun: &Begun<'_>,
        part: Part<'_>,
    ) -> Result<Report, CycleError> {
        self.progress.progress(Progress::Phase(Phase::Gather));
        let head = self.head(writer.organization()).await?;
        let by_hand = self.by_hand(writer, begun, &head, part).await?;
        let rest = match self.rest_of_part(writer, begun, part, &head).await {
            Err(error) => self.ended_with(writer, begun, part.kind(), error).await,
            done => done,
        };
        let Some(by_hand) = by_hand else {
            return rest;
        };
        // What people decided was acted upon, whatever became of the rest.
        let mut report = rest.unwrap_or_else(|error| Report::that_ended(self.config, part.kind(), &error));
        report.takes(by_hand);
        Ok(report)
    }

    /// What a run that looks at a part does by the facts.
    async fn rest_of_part(
        &self,
        writer: &Writer,
        begun: &Begun<'_>,
        part: Part<'_>,
        head: &Head,
    ) -> Result<Report, CycleError> {
        let mut report = Report::begin(self.config, part.kind());
        report.server = Some(self.exchange.endpoint());
        if let Some(needed) = self.full_needed(writer.organization(), head).await? {
            report.full_needed = Some(needed);
            return Ok(report);
        }
        let noticed = self.notice(writer, head, part).await?;
        let beside_older = begun.has_older();
        if beside_older {
            // Older runs leave to this one, or to whichever treats the open work, what has another fact now.
            begun.knows(noticed.changed.keys().cloned());
        }
        report.warnings.extend(noticed.warnings.iter().cloned());
        let open = match part {
            Part::User(_) => noticed
                .work
                .iter()
                .cloned()
                .map(|work| (work, head.started))
                .collect(),
            Part::Quick | Part::Watch => writer.organization().open_work().await?,
        };
        let mut targets = Targets::of(writer.organization(), &open).await?;
        // What an older run leaves to others stays open, since this one may not know all mailboxes that have the device.
        let done: Vec<_> = open
            .into_iter()
            .filter(|(work, _)| !(beside_older && is_about(work, &noticed)))
            .collect();
        if !matches!(part, Part::User(_)) {
            let live = begun.queue().live();
            targets.add_doubtful(writer.organization(), &live).await?;
        }
        if let Some(needed) = targets.too_many(&head.before) {
            report.full_needed = Some(needed);
            return Ok(report);
        }
        report.facts_read = true;
        if targets.is_empty() {
            writer.close_work(&done).await?;
            report.durations.gather = self.clock.elapsed().saturating_sub(begun.at);
            return Ok(report);
        }
        self.has_row(writer, begun, part.kind()).await?;
        self.treat(writer, begun, head, &noticed, &targets, &mut report)
            .await?;
        if !report.errors.iter().any(|error| ends_early(error.kind)) {
            writer.close_work(&done).await?;
        }
        Ok(report)
    }

    /// Settings and rules, before anything else.
    async fn head(&self, organization: &Organization) -> Result<Head, CycleError> {
        let started = self.clock.now();
        let before = organization.baseline().await?.unwrap_or_default();
        let marks = organization.marks().await?;
        let (settings, rules) = self.gathering().settings_and_rules().await?;
        organization
            .check_binding(settings.id, None)
            .await
            .map_err(FactsError::from)?;
        Ok(Head {
            settings,
            rules,
            before,
            marks,
            started,
        })
    }

    /// Decides about the devices in question, and writes what may go.
    async fn treat(
        &self,
        writer: &Writer,
        begun: &Begun<'_>,
        head: &Head,
        noticed: &Noticed,
        targets: &Targets,
        report: &mut Report,
    ) -> Result<(), CycleError> {
        let gathered = self.gather_part(writer, head, noticed, targets).await?;
        report.warnings.extend(gathered.warnings);
        let read = self.clock.elapsed();
        report.durations.gather = read.saturating_sub(begun.at);

        self.progress.progress(Progress::Phase(Phase::Decide));
        let now = self.clock.now();
        let in_question = |key: &Key| targets.hold(key) && !gathered.left.contains(&key.1);
        let (planned, refused) = self
            .plan_for(writer, (begun, now), head, gathered.facts, in_question)
            .await?;
        begun.decided(planned.keys());
        let rows = device_rows(&planned.facts, &planned.decisions);
        writer
            .record_some_devices(rows.map(|row| unless_newer(begun, row)), now)
            .await?;
        let seen = known_of(&planned.facts).collect();
        writer.know_partnerships(seen, &gathered.mailboxes).await?;
        self.describe(report, &planned);
        let decided = self.clock.elapsed();
        report.durations.decide = decided.saturating_sub(read);
        let made = self.act(writer, begun, &planned, &refused, report).await;
        let ended = planned.gates.ended_overrides();
        let effects = self.effects(&planned, &ended, &made, report);
        report.overrides = effects.into_iter().map(|(_, effect)| effect).collect();
        let changed: Vec<_> = made.into_iter().map(|(_, device)| device).collect();
        report.took = took(&changed, &noticed.changed, self.clock.now());
        report.latency = Latency::over(report.took.clone());
        report.durations.apply = self.clock.elapsed().saturating_sub(decided);
        Ok(())
    }

    /// Settles at the time `now` what is open, and plans for the devices that are `in_question`. Gives the devices, too, that
    /// an earlier run refused.
    async fn plan_for(
        &self,
        writer: &Writer,
        (begun, now): (&Begun<'_>, OffsetDateTime),
        head: &Head,
        facts: Facts,
        in_question: impl Fn(&Key) -> bool + Send + Sync,
    ) -> Result<(Planned, BTreeSet<Key>), CycleError> {
        let organization = writer.organization();
        let live = begun.queue().live();
        let mailboxes = by_id(&facts.exchange);
        let owned = recover(writer, &mailboxes, Scope::Part, &live, (head.started, now)).await?;
        drop(mailboxes);
        let refused = organization.refused().await?;
        let planning = self.plan_part(organization, head, facts, &owned, &refused, in_question);
        let planned = begun
            .promising(&refused, planning, |planned| &planned.verdict.go)
            .await?;
        Ok((planned, refused))
    }

    /// Decides, plans and guards for the devices that are `in_question` alone.
    ///
    /// The guard measures them against the whole organisation and over the changes of all runs. The match rate says
    /// nothing here: a few devices are no sample.
    async fn plan_part(
        &self,
        organization: &Organization,
        head: &Head,
        mut facts: Facts,
        owned: &Owned,
        refused: &BTreeSet<Key>,
        in_question: impl Fn(&Key) -> bool + Send + Sync,
    ) -> Result<Planned, CycleError> {
        let ownership: Ownership = owned.present.iter().map(owned_entry).collect();
        let (gates, decisions, plan) = self
            .decided(organization, &mut facts, &head.before, &ownership, |decision| {
                decision
                    .mailbox
                    .is_some_and(|mailbox| in_question(&(mailbox, decision.device.clone())))
            })
            .await?;
        let window = self.window(organization).await?;
        let scope = ScopeFigures {
            devices: head.before.sizes.get("exchange.devices").copied().unwrap_or(0),
            refused_by_earlier_run: refused.clone(),
            match_rate_before: None,
            match_gate: false,
            released: gates.released(),
        };
        let verdict = guard(&plan, &self.config.limits, &window, &scope);
        let mut warnings = oddities(&plan, rows(&owned.taken_out));
        warnings.extend(held_because(&verdict));
        warnings.extend(gates.warnings());
        Ok(Planned {
            facts,
            decisions,
            ownership,
            plan,
            verdict,
            warnings,
            gates,
        })
    }

    /// Whether nothing but a full sync can tell what is so.
    async fn full_needed(
        &self,
        organization: &Organization,
        head: &Head,
    ) -> Result<Option<FullNeeded>, CycleError> {
        let level = head.settings.default_access_level.name();
        let Some(before) = head.before.default_level.clone() else {
            return Ok(Some(FullNeeded::NoFullSync));
        };
        if organization.known_records().await? == 0 {
            return Ok(Some(FullNeeded::NoFullSync));
        }
        if before != level {
            return Ok(Some(FullNeeded::DefaultLevel {
                before,
                now: level.to_owned(),
            }));
        }
        let changed = |name: &str, now: &str| head.marks.get(name).is_none_or(|before| before != now);
        if changed(marks::RULES, &marks::of_rules(&head.rules)) {
            return Ok(Some(FullNeeded::Rules));
        }
        if changed(marks::MEANING, &marks::of_meaning(self)) {
            return Ok(Some(FullNeeded::Source));
        }
        Ok(None)
    }
}

/// Whether an error left changes untried, so that their work stays open.
fn ends_early(kind: &str) -> bool {
    matches!(
        kind,
        "stopped" | "connection" | "throttled" | "unauthorized" | "journal" | "store" | "enrollment"
    )
}

/// The work of one mailbox.
fn mailbox_work(mailbox: easgate_model::MailboxId) -> Work {
    Work::Mailbox(mailbox)
}

/// Whether `work` is about a device of which device management has told something new in this run.
fn is_about(work: &Work, noticed: &Noticed) -> bool {
    matches!(work, Work::Device(device) if noticed.changed.contains_key(device))
}
