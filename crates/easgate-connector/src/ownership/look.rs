//! Reading Exchange's side alone: what each device has follows from it.

use easgate_compliance::{ExchangeFacts, Ownership};
use easgate_store::{Organization, Writer};
use futures::future::try_join;

use crate::cycle::{Cycle, CycleError};
use crate::gather::FactsError;
use crate::ports::CallError;
use crate::progress::{Phase, Progress};
use crate::recovery::Mailboxes;
use crate::report::chain;
use crate::retry::retry;

use super::convert::planned_entry;

impl Cycle<'_> {
    /// Reads settings, rules and both lists from Exchange, completely or not at all.
    pub(super) async fn look(&self, organization: &Organization) -> Result<ExchangeFacts, CycleError> {
        self.progress.progress(Progress::Phase(Phase::Gather));
        let settings = self
            .ask("the organisation's settings", || self.exchange.settings())
            .await?;
        let rules = self
            .ask("the device access rules", || self.exchange.rules())
            .await?;
        organization
            .check_binding(settings.id, None)
            .await
            .map_err(FactsError::from)?;
        let (partnerships, mailboxes) = try_join(
            self.ask("the devices", || self.exchange.partnerships(self.progress)),
            self.ask("the mailboxes", || self.exchange.mailboxes(self.progress)),
        )
        .await?;
        Ok(ExchangeFacts {
            settings,
            rules,
            mailboxes,
            partnerships,
        })
    }

    async fn ask<T, F>(&self, input: &'static str, call: impl FnMut() -> F) -> Result<T, FactsError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
    {
        retry(self.clock, call)
            .await
            .map_err(|source| FactsError::Exchange { input, source })
    }
}

/// The registry as it stands, with entries that the lists do not hold.
pub(super) async fn registry(organization: &Organization) -> Result<Ownership, CycleError> {
    let rows = organization.owned().await?;
    Ok(rows.iter().map(|row| planned_entry(&row.entry)).collect())
}

/// Lets another process write at once.
pub(super) async fn give_back(writer: Writer) {
    if let Err(error) = writer.hand_over().await {
        tracing::warn!(error = %chain(&error), "Lease not given back; it ends when its time is over");
    }
}

pub(super) fn by_id(exchange: &ExchangeFacts) -> Mailboxes<'_> {
    exchange
        .mailboxes
        .iter()
        .map(|mailbox| (mailbox.id, mailbox))
        .collect()
}
