//! What stands for an organisation, from the store alone.

use easgate_compliance::HeldBy;
use easgate_model::escape;
use easgate_store::{Caution, HeldPlan, HeldState, Pause, Run, Store, StoreError, StoredOverride, Tombstone};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::at;
use crate::precautions::Precautions;

/// What stops, holds or overrides the policy now.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// That writing is paused.
    pub pause: Option<Pause>,
    /// That the store is not to be trusted, or somebody else works on the organisation: nothing is written either.
    pub caution: Option<Caution>,
    /// What the guard holds, and what was said to it.
    pub held: Vec<HeldPlan>,
    /// What people decided about devices.
    pub overrides: Vec<StoredOverride>,
    /// Devices whose record vanished together with many others.
    pub tombstones: Vec<Tombstone>,
    /// For how long nothing could be read, where that is longer than it may be: then somebody has to look.
    pub unread_for: Option<Duration>,
}

impl Standing {
    /// What somebody should know who asks how the organisation stands.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let unread = self.unread_for.map(|time| {
            format!(
                "the facts could not be read for {} hours; nothing has changed by that, and nothing will by itself",
                time.whole_hours()
            )
        });
        unread.into_iter().collect()
    }
}

/// Reads what stands for the organisation called `name`.
///
/// # Errors
/// The store cannot be read.
pub async fn standing(
    store: &Store,
    name: &str,
    precautions: &Precautions,
    now: OffsetDateTime,
) -> Result<Standing, StoreError> {
    let organization = store.organization(name).await?;
    let last_good = organization.last_good_run().await?;
    let first = organization.runs(1).await?.into_iter().next();
    Ok(Standing {
        pause: organization.paused().await?,
        caution: organization.caution().await?,
        held: organization.held_plans().await?,
        overrides: organization.overrides().await?,
        tombstones: organization.tombstones().await?,
        unread_for: unread_for(last_good.as_ref(), first.as_ref(), precautions, now),
    })
}

/// For how long nothing could be read, when the last attempt failed and that is longer than it may be.
fn unread_for(
    last_good: Option<&Run>,
    last: Option<&Run>,
    precautions: &Precautions,
    now: OffsetDateTime,
) -> Option<Duration> {
    let good = last_good?;
    last.filter(|last| last.id > good.id)?;
    let time = now - good.finished.unwrap_or(good.started);
    (time > precautions.max_hold).then_some(time)
}

/// A held plan, as a report tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSummary {
    /// Its id.
    pub id: String,
    /// Why it is held, by the guard's stable name.
    pub cause: String,
    /// How it stands.
    pub state: HeldState,
    /// How many changes it has.
    pub changes: usize,
    /// Since when.
    pub since: OffsetDateTime,
    /// Who said something to it last.
    pub by: Option<String>,
}

impl HeldSummary {
    /// The summary of `plan`.
    #[must_use]
    pub fn of(plan: &HeldPlan) -> Self {
        Self {
            id: plan.id.clone(),
            cause: plan.cause.clone(),
            state: plan.state,
            changes: plan.changes.len(),
            since: plan.since,
            by: plan.said.as_ref().map(|said| said.by.name.clone()),
        }
    }

    /// What has to be typed to let the changes go, where nobody has said anything yet.
    #[must_use]
    pub fn command(&self, organization: &str) -> Option<String> {
        (self.state == HeldState::Held).then(|| {
            format!(
                "easgate approve {} --organization {organization} --by NAME",
                self.id
            )
        })
    }

    /// Whether it is an undoing, which somebody has to ask for again.
    #[must_use]
    pub fn is_undoing(&self) -> bool {
        HeldBy::from_name(&self.cause).is_none()
    }

    /// The summary as one JSON object with stable names.
    pub(crate) fn to_json(&self, organization: &str) -> Value {
        json!({
            "plan": self.id,
            "cause": self.cause,
            "state": self.state.name(),
            "changes": self.changes,
            "since": at(self.since),
            "by": self.by.as_deref().map(escape),
            "release": self.command(organization),
        })
    }

    /// The summary as a sentence.
    #[must_use]
    pub fn sentence(&self, organization: &str) -> String {
        let by = self
            .by
            .as_deref()
            .map_or_else(String::new, |by| format!(" by {by}"));
        let what = match self.state {
            HeldState::Held => format!("held since {}", at(self.since)),
            HeldState::Approved | HeldState::Rejected | HeldState::Ended => format!("{}{by}", self.state),
        };
        let command = self
            .command(organization)
            .map_or_else(String::new, |command| format!("; to release: {command}"));
        let again = match self.state {
            HeldState::Held if self.is_undoing() => ", and then ask for it again",
            HeldState::Approved if self.is_undoing() => "; it goes when it is asked for again",
            HeldState::Held | HeldState::Approved | HeldState::Rejected | HeldState::Ended => "",
        };
        format!(
            "plan {} ({}): {} changes {what}{command}{again}",
            self.id, self.cause, self.changes
        )
    }
}
