//! Whether what the store says of an organisation may be acted upon.

use easgate_store::{Organization, StoreError};

use super::{Cycle, Planned};
use crate::report::{Report, ReportError, chain};

impl Cycle<'_> {
    /// Whether nothing stands in the way of writing; `report` says what does.
    pub(super) async fn may_be_trusted(
        &self,
        organization: &Organization,
        planned: &Planned,
        report: &mut Report,
    ) -> bool {
        match doubt(organization, planned).await {
            Ok(None) => true,
            Ok(Some(doubt)) => {
                tracing::error!(event_id = "caution", organization = organization.name(), %doubt, "Nothing is written");
                report.warnings.push(doubt);
                false
            }
            Err(error) => {
                report.errors.push(ReportError {
                    mailbox: None,
                    device: None,
                    kind: "store",
                    message: chain(&error),
                });
                false
            }
        }
    }
}

/// Why nothing is written, in a sentence.
async fn doubt(organization: &Organization, planned: &Planned) -> Result<Option<String>, StoreError> {
    if let Some(caution) = organization.caution().await? {
        return Ok(Some(caution.to_string()));
    }
    let mailboxes = &planned.facts.exchange.mailboxes;
    let entries: usize = mailboxes
        .iter()
        .map(|mailbox| mailbox.allowed.len() + mailbox.blocked.len())
        .sum();
    if entries == 0 || organization.last_good_run().await?.is_some() {
        return Ok(None);
    }
    Ok(Some(format!(
        "this store knows nothing of the organisation, whose lists hold {entries} entries: none of them counts as ours, \
         and this first run only observes. If there was a store before, restore it; the next run writes"
    )))
}
