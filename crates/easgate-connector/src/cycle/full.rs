//! A full sync: the whole organisation.

use easgate_compliance::Facts;
use easgate_store::{Marks, Organization, StoreError, Writer};
use time::OffsetDateTime;

use super::part::{known_of, marks_after_full, records_after_full};
use super::{Cycle, CycleError, Planned, Seen, by_id};
use crate::drift::look;
use crate::gather::{FactsError, Gather, Gathered};
use crate::kind::Kind;
use crate::progress::{Phase, Progress};
use crate::queue::Begun;
use crate::record::{device_rows, unless_newer};
use crate::recovery::{Owned, Scope, recover};
use crate::report::{Report, chain};

impl Cycle<'_> {
    /// Reads everything and plans, as a full sync would. Writes nothing, neither to Exchange nor to the store.
    ///
    /// # Errors
    /// The store cannot be read, or the facts cannot be relied on.
    pub async fn plan(&self) -> Result<Planned, CycleError> {
        let organization = self.store.organization(&self.config.name).await?;
        let started = self.clock.now();
        let gathered = self.gather(&organization).await?;
        let owned = Owned::read(
            &organization,
            &by_id(&gathered.facts.exchange),
            Scope::Whole,
            started,
            self.clock.now(),
        )
        .await?;
        self.progress.progress(Progress::Phase(Phase::Decide));
        let refused = organization.refused().await?;
        self.planned(&organization, gathered, &owned, &refused)
            .await
            .map(|(planned, _)| planned)
    }

    pub(super) async fn gather(&self, organization: &Organization) -> Result<Gathered, FactsError> {
        self.gathering().run(organization).await
    }

    /// How facts are read.
    pub(crate) const fn gathering(&self) -> Gather<'_> {
        Gather {
            exchange: self.exchange,
            source: self.source,
            config: self.config,
            clock: self.clock,
            progress: self.progress,
        }
    }

    /// Where the looks go on that follow this full sync. Without it they read more, and nothing else suffers.
    async fn links(&self) -> (Marks, Option<String>) {
        match self.source.begin_looks().await {
            Ok(links) => (links, None),
            Err(error) => {
                let warning = format!("changes of users cannot be followed: {}", chain(&error));
                (Marks::new(), Some(warning))
            }
        }
    }

    /// Reads everything, plans, and writes what may go.
    pub(super) async fn full(
        &self,
        writer: &Writer,
        begun: &Begun<'_>,
    ) -> Result<(Report, Option<Seen>), CycleError> {
        let organization = writer.organization();
        let mut report = Report::begin(self.config, Kind::Full);
        let started = self.clock.now();
        let (links, warning) = self.links().await;
        report.warnings.extend(warning);
        let gathered = self.gather(organization).await?;
        let exchange = &gathered.facts.exchange;
        writer
            .bind(exchange.settings.id, gathered.facts.inventory.tenant)
            .await
            .map_err(FactsError::from)?;
        let read = self.clock.elapsed();
        report.durations.gather = read.saturating_sub(begun.at);

        self.progress.progress(Progress::Phase(Phase::Decide));
        let now = self.clock.now();
        let owned = recover(
            writer,
            &by_id(&gathered.facts.exchange),
            Scope::Whole,
            &begun.queue().live(),
            (started, now),
        )
        .await?;
        let refused = organization.refused().await?;
        let planning = self.planned(organization, gathered, &owned, &refused);
        let (planned, baseline) = begun
            .promising(&refused, planning, |(planned, _)| &planned.verdict.go)
            .await?;
        let rows = device_rows(&planned.facts, &planned.decisions);
        writer
            .record_devices(rows.map(|row| unless_newer(begun, row)), now)
            .await?;
        self.remember(writer, &planned.facts, (links, started)).await?;
        self.describe(&mut report, &planned);
        if let Some(run) = begun.run() {
            report.drift = look(writer, run, &planned, &owned.taken_out, now).await?;
        }
        report.warnings.extend(report.drift.warnings());
        let decided = self.clock.elapsed();
        report.durations.decide = decided.saturating_sub(read);

        self.look_at_unknown_entries(organization, &planned, &owned)
            .await?;
        // Also what is to stay as it is: an older run may be about to change it.
        begun.decided(planned.keys());
        let open = writer.organization().open_work().await?;
        self.act(writer, begun, &planned, &refused, &mut report).await;
        // What was found to have changed before all was read is done with.
        let done: Vec<_> = open.into_iter().filter(|(_, since)| *since <= started).collect();
        writer.close_work(&done).await?;
        report.durations.apply = self.clock.elapsed().saturating_sub(decided);
        Ok((report, Some(baseline)))
    }

    /// Keeps for the runs between full syncs what this one saw, without a copy of it.
    async fn remember(
        &self,
        writer: &Writer,
        facts: &Facts,
        (links, started): (Marks, OffsetDateTime),
    ) -> Result<(), StoreError> {
        let marks = marks_after_full(self, facts, links, started);
        let records = records_after_full(self, facts);
        writer
            .learn_all(records, facts.inventory.users.iter(), &marks)
            .await?;
        writer.know_all_partnerships(known_of(facts)).await
    }
}
