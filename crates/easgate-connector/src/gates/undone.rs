//! What the guard holds of an undoing, and what people said to it.

use std::collections::BTreeSet;

use easgate_compliance::{Change, GuardVerdict, Released};
use easgate_store::{HeldPlan, RunId, StoreError, Writer};

use super::{Gates, held};

impl Gates {
    /// What people approved of, and what counts now, of the plans of `scope`.
    pub(crate) fn released_in(&self, scope: &str) -> BTreeSet<Released> {
        let counts = self.plans.iter().filter(|plan| self.is_approved(plan));
        counts.flat_map(|plan| held::released(scope, plan)).collect()
    }

    /// Keeps what the guard holds of the undoing called `scope`, which wants `changes`, and returns the plans as they
    /// stand then. A plan whose changes are not wanted any more has ended.
    pub(crate) async fn keep_undoing(
        &self,
        writer: &Writer,
        run: RunId,
        scope: &str,
        (changes, verdict): (&[Change], &GuardVerdict),
    ) -> Result<Vec<HeldPlan>, StoreError> {
        let after = held::after(
            &self.plans,
            held::Wanted { changes, verdict },
            &held::Occasion {
                organization: writer.organization().name(),
                scope,
                run,
                now: self.now,
                is_over: &|plan| self.is_over(plan.said.as_ref().and_then(|said| said.until)),
                is_decided: &|_, _| true,
            },
        );
        writer.keep_held(&after).await?;
        let stand = after.into_iter().filter(|plan| !plan.changes.is_empty());
        Ok(stand.collect())
    }
}
