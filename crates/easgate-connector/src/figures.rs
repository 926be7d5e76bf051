//! Figures for whoever watches over days: how long changes take, what was counted, and who leads.

use easgate_store::{Lease, Store, StoreError, Tallies, Window};
use time::{Duration, OffsetDateTime};

use crate::latency::Latency;
use crate::overdue::{Expected, Overdue, overdue};
use crate::watched::with_watch;

/// The figures of an organisation.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// How long the changes of the last 24 hours took.
    pub day: Option<Latency>,
    /// How long those of the last seven days took, of which the latest ten thousand are known.
    pub week: Option<Latency>,
    /// What was counted since the store was made.
    pub tallies: Tallies,
    /// Devices that lost and gained access in the last 24 hours, as the guard counts them.
    pub window: Window,
    /// Who may write, or could last.
    pub lease: Option<Lease>,
    /// Kinds of runs that should have come by now.
    pub overdue: Vec<Overdue>,
}

/// Reads the figures of the organisation called `name`, of which runs are `expected`.
///
/// # Errors
/// The store cannot be read.
pub async fn figures(
    store: &Store,
    name: &str,
    expected: Expected,
    now: OffsetDateTime,
) -> Result<Figures, StoreError> {
    let organization = store.organization(name).await?;
    let since =
        async |span: Duration| Ok::<_, StoreError>(Latency::over(organization.latencies(now - span).await?));
    let mut kinds = organization.last_runs().await?;
    with_watch(&mut kinds, &organization.marks().await?);
    Ok(Figures {
        day: since(Duration::days(1)).await?,
        week: since(Duration::days(7)).await?,
        tallies: organization.tallies().await?,
        window: organization.window(now).await?,
        lease: organization.lease().await?,
        overdue: overdue(expected, &kinds, organization.first_run().await?, now),
    })
}
