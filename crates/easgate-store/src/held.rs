//! What the guard held, under an id that stays the same while the same class is held, and what people said to it.

use std::fmt;
use std::str::FromStr;

use easgate_model::{DeviceId, MailboxId};
use sqlx::AnyConnection;
use sqlx::Row;
use sqlx::any::AnyRow;
use time::OffsetDateTime;

use crate::audit::{Actor, AuditAction, AuditEvent, append};
use crate::convert::{key, parse, text, to_micros, to_optional_time, to_time, to_uid, to_uuid};
use crate::organization::{Organization, StoreError, Writer, reading, writing};
use crate::runs::RunId;

/// How a held plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldState {
    /// Nobody has said anything to it.
    Held,
    /// Its changes go, as far as fresh facts still want them, until the approval expires.
    Approved,
    /// Its changes stay held.
    Rejected,
    /// Nothing of it is wanted any more, or its approval expired.
    Ended,
}

impl HeldState {
    const ALL: [Self; 4] = [Self::Held, Self::Approved, Self::Rejected, Self::Ended];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for HeldState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HeldState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or(())
    }
}

/// Changes of one class that the guard held.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldPlan {
    /// Its id, by which people name it.
    pub id: String,
    /// Why it was held, by the guard's stable name of the cause.
    pub cause: String,
    /// How it stands.
    pub state: HeldState,
    /// The run that held it first.
    pub run: RunId,
    /// When that was.
    pub since: OffsetDateTime,
    /// When a run last saw it.
    pub seen: OffsetDateTime,
    /// The figures of the guard in that run.
    pub figures: serde_json::Value,
    /// What a person said to it last.
    pub said: Option<Said>,
    /// Its changes, by address and device.
    pub changes: Vec<HeldRow>,
}

/// What a person said to a held plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: OffsetDateTime,
    /// Until when it counts; `None` without an end.
    pub until: Option<OffsetDateTime>,
    /// What else they said. Escape it before showing.
    pub note: Option<String>,
}

/// One change of a held plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRow {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The device.
    pub device: DeviceId,
    /// The mailbox's address, for people.
    pub address: String,
    /// What the policy wants, by its stable name.
    pub access: String,
    /// Why, by its stable name.
    pub reason: String,
    /// What Exchange gives the device, by Exchange's name.
    pub before: String,
    /// What it would give it.
    pub after: String,
    /// When it was held first.
    pub since: OffsetDateTime,
}

impl Organization {
    /// The held plans that have not ended, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn held_plans(&self) -> Result<Vec<HeldPlan>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM held_plans WHERE organization = $1 AND state <> 'ended' ORDER BY since, plan",
        )
        .bind(self.id())
        .fetch_all(self.pool())
        .await
        .map_err(reading("the held plans"))?;
        let mut plans = rows.iter().map(plan).collect::<Result<Vec<_>, _>>()?;
        for plan in &mut plans {
            plan.changes = self.held_changes(&plan.id).await?;
        }
        Ok(plans)
    }

    /// The held plan called `id`, without regard to case, whether it has ended or not.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn held_plan(&self, id: &str) -> Result<Option<HeldPlan>, StoreError> {
        let row = sqlx::query("SELECT * FROM held_plans WHERE organization = $1 AND plan = $2")
            .bind(self.id())
            .bind(id.to_ascii_lowercase())
            .fetch_optional(self.pool())
            .await
            .map_err(reading("the held plans"))?;
        let Some(mut plan) = row.as_ref().map(plan).transpose()? else {
            return Ok(None);
        };
        plan.changes = self.held_changes(&plan.id).await?;
        Ok(Some(plan))
    }

    async fn held_changes(&self, id: &str) -> Result<Vec<HeldRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM held_changes WHERE organization = $1 AND plan = $2 ORDER BY address, device_key",
        )
        .bind(self.id())
        .bind(id)
        .fetch_all(self.pool())
        .await
        .map_err(reading("the held changes"))?;
        rows.iter().map(change).collect()
    }

    /// Keeps what a person says to a held plan: that its changes go until `said.until`, or that they stay held. The
    /// last word counts. `false` when there is no such plan, or it has ended.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn say_to_held(&self, id: &str, verdict: HeldVerdict, said: &Said) -> Result<bool, StoreError> {
        let wrong = writing("the held plan");
        let mut transaction = self.store().begin().await.map_err(&wrong)?;
        let done = sqlx::query(
            "UPDATE held_plans SET state = $1, name = $2, uid = $3, decided = $4, expires = $5, note = $6 \
             WHERE organization = $7 AND plan = $8 AND state <> 'ended'",
        )
        .bind(verdict.state().name())
        .bind(text(&said.by.name))
        .bind(said.by.uid.map(i64::from))
        .bind(to_micros(said.at))
        .bind(said.until.map(to_micros))
        .bind(said.note.as_deref().map(text))
        .bind(self.id())
        .bind(id.to_ascii_lowercase())
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let event = AuditEvent {
            after: Some(id.to_ascii_lowercase()),
            reason: said.note.clone(),
            ..AuditEvent::new(verdict.action(), said.by.clone(), said.at)
        };
        append(&mut transaction, self, &event).await.map_err(&wrong)?;
        transaction.commit().await.map_err(wrong)?;
        Ok(true)
    }
}

/// What a person can say to a held plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldVerdict {
    /// Its changes go.
    Approve,
    /// Its changes stay held.
    Reject,
}

impl HeldVerdict {
    /// How the plan stands then.
    #[must_use]
    pub const fn state(self) -> HeldState {
        match self {
            Self::Approve => HeldState::Approved,
            Self::Reject => HeldState::Rejected,
        }
    }

    const fn action(self) -> AuditAction {
        match self {
            Self::Approve => AuditAction::Approved,
            Self::Reject => AuditAction::Rejected,
        }
    }
}

impl Writer {
    /// Keeps how held plans stand after a run: new ones, and those of [`Organization::held_plans`] with the changes
    /// that they still have. One without changes has ended.
    ///
    /// A plan that somebody has said something to in the meantime stays as they saw it.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of it is.
    pub async fn keep_held(&self, plans: &[HeldPlan]) -> Result<(), StoreError> {
        if plans.is_empty() {
            return Ok(());
        }
        let wrong = writing("the held plans");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        for plan in plans {
            keep(&mut transaction, self.id(), plan).await.map_err(&wrong)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the held plans"))
    }
}

async fn keep(connection: &mut AnyConnection, organization: i64, plan: &HeldPlan) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO held_plans (organization, plan, cause, state, run, since, seen, figures) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organization, plan) DO NOTHING",
    )
    .bind(organization)
    .bind(&plan.id)
    .bind(&plan.cause)
    .bind(plan.state.name())
    .bind(plan.run.0)
    .bind(to_micros(plan.since))
    .bind(to_micros(plan.seen))
    .bind(plan.figures.to_string())
    .execute(&mut *connection)
    .await?;
    let state = if plan.changes.is_empty() {
        HeldState::Ended
    } else {
        plan.state
    };
    let as_it_was = sqlx::query(
        "UPDATE held_plans SET state = $1, seen = $2, figures = $3 \
         WHERE organization = $4 AND plan = $5 AND state = $6",
    )
    .bind(state.name())
    .bind(to_micros(plan.seen))
    .bind(plan.figures.to_string())
    .bind(organization)
    .bind(&plan.id)
    .bind(plan.state.name())
    .execute(&mut *connection)
    .await?;
    if as_it_was.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query("DELETE FROM held_changes WHERE organization = $1 AND plan = $2")
        .bind(organization)
        .bind(&plan.id)
        .execute(&mut *connection)
        .await?;
    for row in &plan.changes {
        insert(connection, organization, &plan.id, row).await?;
    }
    Ok(())
}

async fn insert(
    connection: &mut AnyConnection,
    organization: i64,
    plan: &str,
    row: &HeldRow,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO held_changes (organization, plan, mailbox, device_key, device, address, access, reason, \
         level_before, level_after, since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(organization)
    .bind(plan)
    .bind(row.mailbox.0.to_string())
    .bind(key(&row.device))
    .bind(text(row.device.as_str()))
    .bind(text(&row.address))
    .bind(&row.access)
    .bind(&row.reason)
    .bind(&row.before)
    .bind(&row.after)
    .bind(to_micros(row.since))
    .execute(connection)
    .await
    .map(drop)
}

fn plan(row: &AnyRow) -> Result<HeldPlan, StoreError> {
    let name: Option<String> = row.get("name");
    let at = to_optional_time(row.get("decided"), "held_plans.decided")?;
    let said = match (name, at) {
        (Some(name), Some(at)) => Some(Said {
            by: Actor {
                name,
                uid: to_uid(row.get("uid"), "held_plans.uid")?,
            },
            at,
            until: to_optional_time(row.get("expires"), "held_plans.expires")?,
            note: row.get("note"),
        }),
        (None, _) | (Some(_), None) => None,
    };
    Ok(HeldPlan {
        id: row.get("plan"),
        cause: row.get("cause"),
        state: parse(row.get("state"), "held_plans.state")?,
        run: RunId(row.get("run")),
        since: to_time(row.get("since"), "held_plans.since")?,
        seen: to_time(row.get("seen"), "held_plans.seen")?,
        figures: parse(row.get("figures"), "held_plans.figures")?,
        said,
        changes: Vec::new(),
    })
}

fn change(row: &AnyRow) -> Result<HeldRow, StoreError> {
    Ok(HeldRow {
        mailbox: MailboxId(to_uuid(row.get("mailbox"), "held_changes.mailbox")?),
        device: parse(row.get("device"), "held_changes.device")?,
        address: row.get("address"),
        access: row.get("access"),
        reason: row.get("reason"),
        before: row.get("level_before"),
        after: row.get("level_after"),
        since: to_time(row.get("since"), "held_changes.since")?,
    })
}
