//! What the store tells about an organisation, without asking anybody else.

use std::collections::BTreeMap;

use easgate_store::{Baseline, ForcedMode, LastRun, Outage, Refusal, Run, RunResult, Store, StoreError};

use crate::retries::RetryFigures;
use crate::watched::with_watch;

/// The state of the connection to an Exchange organisation, by the names of the original connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// No run has begun yet.
    None,
    /// The first run has not ended yet.
    ConnectionPending,
    /// The last run that ended read everything.
    Connected,
    /// The last run that ended could not.
    Disconnected,
}

impl ConnectionState {
    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ConnectionPending => "connectionPending",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        }
    }
}

/// How an organisation stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The state of the connection.
    pub state: ConnectionState,
    /// The last run that was attempted.
    pub last_attempt: Option<Run>,
    /// The last run that read everything.
    pub last_success: Option<Run>,
    /// When the latest runs of each kind began.
    pub kinds: Vec<LastRun>,
    /// The endpoint that answered last.
    pub server: Option<String>,
    /// That Exchange refused the account; nothing logs on while this stands.
    pub refusal: Option<Refusal>,
    /// The servers that could not be reached when they were last tried.
    pub outages: Vec<Outage>,
    /// What the last good run saw, the Exchange servers among it.
    pub baseline: Baseline,
    /// Devices by decided access and reason.
    pub decisions: BTreeMap<(String, String), u64>,
    /// Devices by Exchange's own state.
    pub states: BTreeMap<String, u64>,
    /// How many list entries are ours.
    pub owned: u64,
    /// The mode that stands above the configured one.
    pub forced: Option<ForcedMode>,
    /// How many changes by others nobody has acknowledged.
    pub open_drift: u64,
    /// How many intents have no certain outcome.
    pub unsettled: u64,
    /// Changes that failed and are tried again.
    pub retries: RetryFigures,
}

/// Reads how the organisation called `name` stands.
///
/// # Errors
/// The store cannot be read.
pub async fn status(store: &Store, name: &str) -> Result<Status, StoreError> {
    let organization = store.organization(name).await?;
    let mut runs = organization.runs(32).await?;
    // What an administrator does to our entries is no sync.
    runs.retain(|run| !["adopt", "release", "revert", "rollback"].contains(&run.kind.as_str()));
    let drift = organization.drift().await?;
    let last_success = organization.last_good_run().await?;
    let mut kinds = organization.last_runs().await?;
    with_watch(&mut kinds, &organization.marks().await?);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(Status {
        state: state(&runs),
        server: server(&runs, last_success.as_ref()),
        last_attempt: runs.into_iter().next(),
        last_success,
        kinds,
        refusal: organization.refusal().await?,
        outages: organization.outages().await?,
        baseline: organization.baseline().await?.unwrap_or_default(),
        decisions: organization.decision_counts().await?,
        states: organization.state_counts().await?,
        owned: organization.owned_count().await?,
        forced: organization.forced_mode().await?,
        open_drift: count(drift.iter().filter(|row| row.acknowledged.is_none()).count()),
        unsettled: count(organization.unsettled().await?.len()),
        retries: RetryFigures::of(&organization.retries().await?),
    })
}

fn state(runs: &[Run]) -> ConnectionState {
    let ended = runs.iter().find_map(|run| run.result);
    match ended {
        None if runs.is_empty() => ConnectionState::None,
        None => ConnectionState::ConnectionPending,
        Some(RunResult::Succeeded | RunResult::Held | RunResult::Failed) => ConnectionState::Connected,
        Some(RunResult::Unread | RunResult::Interrupted) => ConnectionState::Disconnected,
    }
}

fn server(runs: &[Run], last_success: Option<&Run>) -> Option<String> {
    runs.iter().chain(last_success).find_map(|run| run.server.clone())
}
