//! Whether what the store says of an organisation may be acted upon.

use easgate_store::{Actor, Caution, CautionKind, Organization, StoreError};

use super::{Cycle, Planned};
use crate::config::Mode;
use crate::precautions::UnknownEntries;
use crate::recovery::Owned;
use crate::report::{Report, ReportError};
use crate::service::events;

impl Cycle<'_> {
    /// Lets nothing be written when the store is new and the lists are not: their entries may be those of a store that was
    /// lost. Whoever has had a full sync in another mode has seen what they are.
    pub(super) async fn look_at_unknown_entries(
        &self,
        organization: &Organization,
        planned: &Planned,
        owned: &Owned,
    ) -> Result<(), StoreError> {
        let is_asked = self.config.mode == Mode::Enforce
            && self.config.precautions.unknown_entries == UnknownEntries::Observe;
        let mailboxes = planned.facts.exchange.mailboxes.iter();
        let entries: usize = mailboxes.map(|one| one.allowed.len() + one.blocked.len()).sum();
        if !is_asked || entries == 0 || !owned.present.is_empty() || organization.baseline().await?.is_some()
        {
            return Ok(());
        }
        let caution = Caution {
            kind: CautionKind::Unknown,
            since: self.clock.now(),
            detail: format!(
                "the store is new, and the lists of the organisation hold {entries} entries already. If an easgate made \
                 them whose store was lost, `easgate store rebuild-registry` finds them in an export of its audit, and \
                 `easgate adopt` takes over those that agree with the policy. If they are other people's, look at \
                 `easgate plan`. Then `easgate resume`"
            ),
        };
        organization.raise_caution(&caution, &Actor::program()).await
    }

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
