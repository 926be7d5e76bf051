//! A full sync: the whole organisation.

use easgate_store::{Organization, Writer};

use super::write::key;
use super::{Cycle, CycleError, Planned, Seen, by_id};
use crate::gather::{FactsError, Gather, Gathered};
use crate::kind::Kind;
use crate::progress::{Phase, Progress};
use crate::queue::Begun;
use crate::record::device_rows;
use crate::recovery::{Owned, recover};
use crate::report::Report;

impl Cycle<'_> {
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

    /// Reads everything, plans, and writes what may go.
    pub(super) async fn full(
        &self,
        writer: &Writer,
        begun: &Begun<'_>,
    ) -> Result<(Report, Option<Seen>), CycleError> {
        let organization = writer.organization();
        let mut report = Report::begin(self.config, Kind::Full);
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
        let owned = recover(writer, &by_id(&gathered.facts), &begun.queue().live(), now).await?;
        let refused = organization.refused().await?;
        let (planned, baseline) = self.planned(organization, gathered, &owned, &refused).await?;
        writer
            .record_devices(device_rows(&planned.facts, &planned.decisions), now)
            .await?;
        self.describe(&mut report, &planned);
        let decided = self.clock.elapsed();
        report.durations.decide = decided.saturating_sub(read);

        begun.decided(planned.plan.changes.iter().map(key));
        self.act(writer, begun, &planned, &refused, &mut report).await;
        report.durations.apply = self.clock.elapsed().saturating_sub(decided);
        Ok((report, Some(baseline)))
    }
}
