//! Where time, chance and waiting come from.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The clock, the jitter and the way to wait of a [`Graph`](crate::Graph).
///
/// The program gives its clock and takes the rest as it is; a test gives all three, so that a run is the same
/// each time and takes no time.
#[derive(Clone)]
pub struct Timing {
    now: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
    jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    sleep: Arc<dyn Fn(Duration) -> Sleep + Send + Sync>,
}

impl Timing {
    /// Takes the time from `now`, waits by tokio's timer, and draws jitter from random identifiers.
    pub fn from_clock(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self {
            now: Arc::new(now),
            jitter: Arc::new(random_share),
            sleep: Arc::new(|wait| Box::pin(tokio::time::sleep(wait))),
        }
    }

    /// Draws jitter, a share from 0 to 1, from `jitter`.
    #[must_use]
    pub fn with_jitter(mut self, jitter: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.jitter = Arc::new(jitter);
        self
    }

    /// Calls `sleep` in place of waiting; it returns at once.
    #[must_use]
    pub fn with_sleep(mut self, sleep: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        self.sleep = Arc::new(move |wait| {
            sleep(wait);
            Box::pin(std::future::ready(()))
        });
        self
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        (self.now)()
    }

    /// A share from 0 to 1, whatever the source says.
    pub(crate) fn jitter(&self) -> f64 {
        let share = (self.jitter)();
        if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            1.0
        }
    }

    pub(crate) async fn sleep(&self, wait: Duration) {
        (self.sleep)(wait).await;
    }
}

impl fmt::Debug for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timing")
    }
}

/// A share from 0 to 1 out of the random bits of a version 4 UUID.
fn random_share() -> f64 {
    let [a, b, ..] = Uuid::new_v4().into_bytes();
    f64::from(u16::from_be_bytes([a, b])) / f64::from(u16::MAX)
}
