//! Forgetting what has been kept for long enough. The audit is never shortened.

use time::OffsetDateTime;

use crate::convert::to_micros;
use crate::organization::{StoreError, Writer, writing};

/// How many rows go in one transaction, so that nobody waits long for the store.
const BATCH: i64 = 2_000;

const WHAT: &str = "what was kept for long enough";

/// Until when things are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prune {
    /// Runs, changes, held plans that ended, drift that ended and overrides that ended: those before this time.
    pub history: OffsetDateTime,
    /// Devices that vanished before this time.
    pub gone: OffsetDateTime,
}

/// How much was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Changes in the journal.
    pub changes: u64,
    /// Runs.
    pub runs: u64,
    /// Held plans that had ended.
    pub held_plans: u64,
    /// Findings of drift that had ended.
    pub drift: u64,
    /// Overrides that had ended.
    pub overrides: u64,
    /// Devices that had vanished.
    pub devices: u64,
}

impl Pruned {
    /// Whether it is nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Changes that have an outcome, of devices of which no entry is ours any more: the rest is still asked for.
const CHANGES: &str = "DELETE FROM journal WHERE id IN (SELECT id FROM journal WHERE organization = $1 AND intended < $2 \
     AND outcome IN ('applied', 'failed', 'superseded') AND NOT EXISTS (SELECT 1 FROM owned WHERE owned.organization = $1 \
     AND owned.mailbox = journal.mailbox AND owned.device_key = LOWER(journal.device)) ORDER BY id LIMIT $3)";

const PLAN_RUNS: &str = "DELETE FROM plan_runs WHERE organization = $1 AND run IN (SELECT run FROM plan_runs \
     WHERE organization = $1 \
     AND EXISTS (SELECT 1 FROM runs WHERE runs.id = plan_runs.run AND started < $2 AND result IS NOT NULL) \
     AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.organization = $1 AND journal.run = plan_runs.run) \
     ORDER BY run LIMIT $3)";

const HELD_CHANGES: &str = "DELETE FROM held_changes WHERE organization = $1 AND plan IN (SELECT plan FROM held_plans \
     WHERE organization = $1 AND state = 'ended' AND seen < $2 AND EXISTS (SELECT 1 FROM held_changes \
     WHERE held_changes.organization = $1 AND held_changes.plan = held_plans.plan) ORDER BY plan LIMIT $3)";

const HELD_PLANS: &str = "DELETE FROM held_plans WHERE organization = $1 AND plan IN (SELECT plan FROM held_plans \
     WHERE organization = $1 AND state = 'ended' AND seen < $2 AND NOT EXISTS (SELECT 1 FROM held_changes \
     WHERE held_changes.organization = $1 AND held_changes.plan = held_plans.plan) ORDER BY plan LIMIT $3)";

const DRIFT: &str = "DELETE FROM drift WHERE id IN (SELECT id FROM drift WHERE organization = $1 AND ended IS NOT NULL \
     AND last_seen < $2 ORDER BY id LIMIT $3)";

const OVERRIDES: &str = "DELETE FROM overrides WHERE id IN (SELECT id FROM overrides WHERE organization = $1 \
     AND ended < $2 AND acted IS NOT NULL ORDER BY id LIMIT $3)";

/// Runs to which nothing else points, but for the latest of each kind and the latest good one of each kind.
const RUNS: &str = "DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE organization = $1 AND started < $2 \
     AND result IS NOT NULL \
     AND id NOT IN (SELECT MAX(id) FROM runs WHERE organization = $1 GROUP BY kind) \
     AND id NOT IN (SELECT MAX(id) FROM runs WHERE organization = $1 \
     AND result IN ('succeeded', 'held', 'failed') GROUP BY kind) \
     AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.organization = $1 AND journal.run = runs.id) \
     AND NOT EXISTS (SELECT 1 FROM owned WHERE owned.organization = $1 AND owned.run = runs.id) \
     AND NOT EXISTS (SELECT 1 FROM baselines WHERE baselines.run = runs.id) \
     AND NOT EXISTS (SELECT 1 FROM held_plans WHERE held_plans.organization = $1 AND held_plans.run = runs.id) \
     AND NOT EXISTS (SELECT 1 FROM plan_runs WHERE plan_runs.organization = $1 AND plan_runs.run = runs.id) \
     AND NOT EXISTS (SELECT 1 FROM last_known WHERE last_known.run = runs.id) \
     AND NOT EXISTS (SELECT 1 FROM drift WHERE drift.organization = $1 AND drift.run = runs.id) \
     AND NOT EXISTS (SELECT 1 FROM forced_modes WHERE forced_modes.run = runs.id) \
     ORDER BY id LIMIT $3)";

const DEVICES: &str = "DELETE FROM devices WHERE organization = $1 AND (mailbox, device_key) IN \
     (SELECT mailbox, device_key FROM devices WHERE organization = $1 AND gone IS NOT NULL AND gone < $2 \
     ORDER BY mailbox, device_key LIMIT $3)";

impl Writer {
    /// Forgets what is older than `limits` say, in small steps.
    ///
    /// Nothing goes that is still needed: what is open, what somebody has not answered, what our own entries come from, the
    /// latest runs, and the audit.
    ///
    /// # Errors
    /// The store cannot be written; what went before the error is gone.
    pub async fn prune(&self, limits: &Prune) -> Result<Pruned, StoreError> {
        let history = async |statement| self.prune_by(statement, limits.history).await;
        let changes = history(CHANGES).await?;
        history(PLAN_RUNS).await?;
        history(HELD_CHANGES).await?;
        let held_plans = history(HELD_PLANS).await?;
        let drift = history(DRIFT).await?;
        let overrides = history(OVERRIDES).await?;
        Ok(Pruned {
            changes,
            runs: history(RUNS).await?,
            held_plans,
            drift,
            overrides,
            devices: self.prune_by(DEVICES, limits.gone).await?,
        })
    }

    /// Runs `statement` as long as it finds something; how many rows went.
    async fn prune_by(&self, statement: &'static str, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let mut transaction = self.begin().await.map_err(writing(WHAT))?;
            let done = sqlx::query(statement)
                .bind(self.id())
                .bind(to_micros(before))
                .bind(BATCH)
                .execute(&mut *transaction)
                .await
                .map_err(writing(WHAT))?;
            transaction.commit().await.map_err(|error| error.writing(WHAT))?;
            if done.rows_affected() == 0 {
                return Ok(all);
            }
            all += done.rows_affected();
        }
    }
}
