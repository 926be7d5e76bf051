//! Who may write an organisation: the lease is taken, kept, and looked at before every command.
//!
//! Exchange checks no token. So nothing is sent when less of the lease is left than a command may take on its way
//! ([`SENDING`]); and whoever took over from a node that did not hand over waits for as long as the longest command
//! may still be under way ([`SETTLING`]) before anybody loses access by its hand, and then reads the list again. What
//! a node that was suspended sends even later is found by the next run that reads the lists.
//!
//! **Expected flow.** [`take`], then [`while_kept`] around the work with the [`Writer`], then [`Writer::hand_over`].

use std::pin::pin;
use std::time::Duration;

use easgate_store::{Holder, LeaseError, Lost, Organization, StoreError, Writer};
use futures::future::{Either, select};

use crate::clock::Clock;
use crate::report::chain;
use crate::service::events;

/// How long a lease lasts that is not renewed: a node that is killed is replaced after as long.
pub const TERM: Duration = Duration::from_secs(10);

/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(3);

/// How soon it is tried again to renew it.
const AGAIN: Duration = Duration::from_secs(1);

/// How much lease has to be left for a command to be sent.
pub const SENDING: Duration = Duration::from_secs(5);

/// How long a command of a node that is gone may still be under way: to be let in, and to be carried out.
pub const SETTLING: Duration = Duration::from_secs(90);

/// Takes the right to write `organization` for this process.
///
/// # Errors
/// Another process or node has it, or the store cannot be used.
pub async fn take(organization: &Organization, clock: &dyn Clock) -> Result<Writer, LeaseError> {
    let now = clock.since_boot();
    organization.acquire(&Holder::of_this_process(), TERM, now).await
}

/// Takes it also from a node that has it, and that stops before its next command.
///
/// # Errors
/// The store is a file and its process lives, or the store cannot be used.
pub async fn replace(organization: &Organization, clock: &dyn Clock) -> Result<Writer, LeaseError> {
    let now = clock.since_boot();
    organization.replace(&Holder::of_this_process(), TERM, now).await
}

/// Does `work` while the lease of `writer` is kept.
///
/// When the lease is lost the work goes on to its end, and every write of it is refused.
pub async fn while_kept<T>(writer: &Writer, clock: &dyn Clock, work: impl Future<Output = T>) -> T {
    let work = pin!(work);
    let kept = pin!(keep(writer, clock));
    match select(work, kept).await {
        Either::Left((done, _)) => done,
        Either::Right((lost, work)) => {
            tracing::error!(event = events::LEASE_LOST, error = %lost, "The lease is lost");
            work.await
        }
    }
}

/// Renews the lease of `writer` again and again, until another has taken it over.
///
/// A lease that need not be renewed is kept for ever.
pub async fn keep(writer: &Writer, clock: &dyn Clock) -> Lost {
    if !writer.is_renewed() {
        return std::future::pending().await;
    }
    let mut wait = RENEWAL;
    loop {
        tokio::time::sleep(wait).await;
        let now = clock.since_boot();
        wait = match tokio::time::timeout(TERM, writer.renew(TERM, now)).await {
            Ok(Ok(())) => RENEWAL,
            Ok(Err(StoreError::Lost(lost))) => return lost,
            Ok(Err(error)) => {
                tracing::warn!(error = %chain(&error), "Lease not renewed");
                AGAIN
            }
            Err(_) => {
                tracing::warn!("Lease not renewed: the store does not answer");
                AGAIN
            }
        };
    }
}

/// Whether a command may be sent now.
///
/// # Errors
/// So little of the lease is left that another may write before the command arrives.
pub(crate) fn may_send(writer: &Writer, clock: &dyn Clock) -> Result<(), LeaseEnds> {
    let left = writer.remaining(clock.since_boot());
    if left < SENDING {
        return Err(LeaseEnds { left });
    }
    Ok(())
}

/// Nothing is sent, because another may write soon.
#[derive(Debug, thiserror::Error)]
#[error(
    "the right to write ends in {} ms unless the store renews it, so nothing more is sent",
    left.as_millis()
)]
pub(crate) struct LeaseEnds {
    left: Duration,
}
