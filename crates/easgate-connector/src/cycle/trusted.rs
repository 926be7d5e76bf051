//! Whether what the store says of an organisation may be acted upon.

use easgate_store::{Actor, Caution, CautionKind, Organization, StoreError};
use time::OffsetDateTime;

use super::Cycle;
use crate::report::{Report, ReportError};
use crate::service::events;

impl Cycle<'_> {
    /// Whether nothing stands in the way of writing; `report` says what does.
    pub(super) async fn may_be_trusted(&self, organization: &Organization, report: &mut Report) -> bool {
        match doubt(organization, self.clock.now()).await {
            Ok(None) => true,
            Ok(Some(doubt)) => {
                tracing::error!(event = events::CAUTION, organization = organization.name(), %doubt, "Nothing is written");
                report.warnings.push(doubt);
                false
            }
            Err(error) => {
                report.errors.push(ReportError::of_store(&error));
                false
            }
        }
    }
}

/// Why nothing is written, in a sentence.
async fn doubt(organization: &Organization, now: OffsetDateTime) -> Result<Option<String>, StoreError> {
    if organization.caution().await?.is_none() && organization.is_older_than_its_seal().await? {
        let caution = Caution {
            kind: CautionKind::Restored,
            since: now,
            detail: "the store is older than the last seal of its audit: it was emptied, or an earlier copy was put in its \
                     place, and entries of ours in the lists look like those of somebody else"
                .to_owned(),
        };
        organization.raise_caution(&caution, &Actor::program()).await?;
    }
    let caution = organization.caution().await?;
    Ok(caution.map(|caution| caution.to_string()))
}
