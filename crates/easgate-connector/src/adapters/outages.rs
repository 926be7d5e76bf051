//! Which servers may be tried, by what is kept of those that could not be reached.

use easgate_store::{Organization, StoreError};
use time::OffsetDateTime;

use crate::hold_off::{self, RetryAt};

/// Keeps of each server of one organisation that it could not be reached, so that runs that nobody waits for leave it alone for
/// longer each time, over restarts. That the account was refused is another matter: [`Breaker`](super::Breaker).
#[derive(Debug, Clone)]
pub struct Outages {
    organization: Organization,
}

/// What a run that nobody waits for does about its servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// It tries its servers, but for these, in order.
    Try {
        /// The endpoints that are left alone.
        without: Vec<String>,
    },
    /// There is none to try before this.
    Wait(RetryAt),
}

impl Outages {
    /// What is known of the servers of `organization`.
    #[must_use]
    pub const fn new(organization: Organization) -> Self {
        Self { organization }
    }

    /// Whether `server` may be tried at `now` by a run that nobody waits for; the inner error says when it may.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn may_try(
        &self,
        server: &str,
        now: OffsetDateTime,
    ) -> Result<Result<(), RetryAt>, StoreError> {
        let outages = self.organization.outages().await?;
        let outage = outages.iter().find(|outage| outage.server == server);
        Ok(outage.map_or(Ok(()), |outage| hold_off::may_try(outage, now)))
    }

    /// Which of `servers`, in the order in which they are tried, such a run may try at `now`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn choose(&self, servers: &[String], now: OffsetDateTime) -> Result<Choice, StoreError> {
        let outages = self.organization.outages().await?;
        let held: Vec<RetryAt> = servers
            .iter()
            .filter_map(|server| outages.iter().find(|outage| outage.server == *server))
            .filter_map(|outage| hold_off::may_try(outage, now).err())
            .collect();
        let all = held.len() == servers.len();
        let soonest = held.iter().min_by_key(|retry| retry.at).filter(|_| all);
        Ok(match soonest {
            Some(retry) => Choice::Wait(retry.clone()),
            None => Choice::Try {
                without: held.into_iter().map(|retry| retry.server).collect(),
            },
        })
    }

    /// Notes that `server` could not be reached at `now`, for `cause`.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn note_unreachable(
        &self,
        server: &str,
        cause: String,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let outages = self.organization.outages().await?;
        let before = outages.iter().find(|outage| outage.server == server);
        let outage = hold_off::after_failure(before, server, cause, now);
        self.organization.record_outage(&outage).await
    }

    /// Notes that `server` answered.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn note_reached(&self, server: &str) -> Result<(), StoreError> {
        self.organization.forget_outage(server).await
    }
}

#[cfg(test)]
mod tests {
    use easgate_store::Store;
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-01 08:00 UTC);

    async fn outages(folder: &tempfile::TempDir) -> Outages {
        let store = Store::open("sqlite://easgate.db", folder.path()).await.unwrap();
        Outages::new(store.organization("contoso").await.unwrap())
    }

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|name| (*name).to_owned()).collect()
    }

    async fn fails(outages: &Outages, server: &str, minutes: i64) {
        let at = NOW + Duration::minutes(minutes);
        outages
            .note_unreachable(server, "refused".to_owned(), at)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn the_waits_of_a_server_outlive_the_process_and_end_when_it_answers() {
        let folder = tempfile::tempdir().unwrap();
        for minutes in [0, 1, 6] {
            fails(&outages(&folder).await, "ex1", minutes).await;
        }
        let again = outages(&folder).await;
        let at = |minutes| NOW + Duration::minutes(minutes);
        let held = again.may_try("ex1", at(20)).await.unwrap().unwrap_err();
        assert_eq!((held.at, held.since), (at(21), NOW));
        assert_eq!(again.may_try("ex1", at(21)).await.unwrap(), Ok(()));
        assert_eq!(again.may_try("ex2", at(7)).await.unwrap(), Ok(()));
        again.note_reached("ex1").await.unwrap();
        assert_eq!(
            outages(&folder).await.may_try("ex1", at(7)).await.unwrap(),
            Ok(())
        );
        fails(&again, "ex1", 30).await;
        assert_eq!(
            again.may_try("ex1", at(31)).await.unwrap(),
            Ok(()),
            "from the beginning"
        );
    }

    #[tokio::test]
    async fn a_run_tries_the_servers_whose_time_it_is_and_waits_only_when_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let outages = outages(&folder).await;
        let both = names(&["ex1", "ex2"]);
        let choose = |minutes| outages.choose(&both, NOW + Duration::minutes(minutes));
        let try_without = |of: &[&str]| Choice::Try { without: names(of) };
        assert_eq!(choose(0).await.unwrap(), try_without(&[]));
        fails(&outages, "ex1", 0).await;
        fails(&outages, "ex1", 1).await;
        assert_eq!(choose(2).await.unwrap(), try_without(&["ex1"]));
        fails(&outages, "ex2", 2).await;
        let Choice::Wait(retry) = choose(2).await.unwrap() else {
            panic!("none may be tried")
        };
        assert_eq!(
            (retry.server.as_str(), retry.at),
            ("ex2", NOW + Duration::minutes(3))
        );
        assert_eq!(choose(3).await.unwrap(), try_without(&["ex1"]));
        assert_eq!(choose(6).await.unwrap(), try_without(&[]));
    }
}
