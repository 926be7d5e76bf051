//! Reading Exchange's side alone: what each device has follows from it.

use easgate_compliance::{ExchangeFacts, Ownership};
use easgate_store::Organization;
use futures::future::try_join;

use crate::cycle::{Cycle, CycleError};
use crate::gather::FactsError;
use crate::progress::{Phase, Progress};

use super::convert::planned_entry;

impl Cycle<'_> {
    /// Reads settings, rules and both lists from Exchange, completely or not at all.
    pub(super) async fn look(&self, organization: &Organization) -> Result<ExchangeFacts, CycleError> {
        self.progress.progress(Progress::Phase(Phase::Gather));
        let gather = self.gathering();
        let (settings, rules) = gather.settings_and_rules().await?;
        organization
            .check_binding(settings.id, None)
            .await
            .map_err(FactsError::from)?;
        let (partnerships, mailboxes) = try_join(
            gather.read("the devices", || self.exchange.partnerships(self.progress)),
            gather.read("the mailboxes", || self.exchange.mailboxes(self.progress)),
        )
        .await?;
        Ok(ExchangeFacts {
            settings,
            rules,
            mailboxes,
            partnerships,
        })
    }
}

/// The registry as it stands, with entries that the lists do not hold.
pub(super) async fn registry(organization: &Organization) -> Result<Ownership, CycleError> {
    let rows = organization.owned().await?;
    Ok(rows.iter().map(|row| planned_entry(&row.entry)).collect())
}
