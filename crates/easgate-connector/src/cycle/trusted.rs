//! Whether what the store says of an organisation may be acted upon.

use easgate_store::Organization;

use super::Cycle;
use crate::report::{Report, ReportError};
use crate::service::events;

impl Cycle<'_> {
    /// Whether nothing stands in the way of writing; `report` says what does.
    pub(super) async fn may_be_trusted(&self, organization: &Organization, report: &mut Report) -> bool {
        match organization.caution().await {
            Ok(None) => true,
            Ok(Some(caution)) => {
                tracing::error!(event = events::CAUTION, organization = organization.name(), %caution, "Nothing is written");
                report.warnings.push(caution.to_string());
                false
            }
            Err(error) => {
                report.errors.push(ReportError::of_store(&error));
                false
            }
        }
    }
}
