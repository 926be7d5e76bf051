//! Which runs carried out a plan from a file, and how far they came.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{AuditAction, AuditEvent, append};
use crate::journal::{JournalEntry, entry};
use crate::organization::{Organization, StoreError, Writer, reading, writing};
use crate::runs::RunId;

impl Organization {
    /// What became of the changes of `plan` in every run that carried it out, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn plan_journal(&self, plan: Uuid) -> Result<Vec<JournalEntry>, StoreError> {
        let rows = sqlx::query(
            "SELECT journal.* FROM journal \
             JOIN plan_runs ON plan_runs.organization = journal.organization AND plan_runs.run = journal.run \
             WHERE plan_runs.organization = $1 AND plan_runs.plan = $2 ORDER BY journal.id",
        )
        .bind(self.id())
        .bind(plan.to_string())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the journal of a plan"))?;
        rows.iter().map(entry).collect()
    }
}

impl Writer {
    /// Notes that `run` carries out `plan`, whose file has the hash `hash`, or goes on with it.
    ///
    /// # Errors
    /// The store cannot be written: nothing of the plan may be carried out.
    pub async fn carry_out(
        &self,
        plan: Uuid,
        hash: &str,
        run: RunId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let wrong = writing("the plan");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        sqlx::query("INSERT INTO plan_runs (organization, plan, run, hash) VALUES ($1, $2, $3, $4)")
            .bind(self.id())
            .bind(plan.to_string())
            .bind(run.0)
            .bind(hash)
            .execute(&mut *transaction)
            .await
            .map_err(&wrong)?;
        let event = AuditEvent {
            run: Some(run),
            after: Some(hash.to_owned()),
            reason: Some(format!("plan {plan}")),
            ..AuditEvent::new(AuditAction::PlanApplied, self.actor().clone(), now)
        };
        append(&mut transaction, self.organization(), &event)
            .await
            .map_err(&wrong)?;
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the plan"))
    }
}
