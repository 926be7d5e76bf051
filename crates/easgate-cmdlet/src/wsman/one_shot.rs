//! Holds an HTTP client to one TCP connection.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tower_layer::Layer;
use tower_service::Service;

/// How long a second connect waits before it fails: the first connection may be on its way back to the pool.
const WAIT: Duration = Duration::from_millis(500);

/// A layer that lets one connect succeed, and none after it.
#[derive(Debug, Clone)]
pub(super) struct OneShot {
    used: Arc<AtomicBool>,
    wait: Duration,
}

impl OneShot {
    /// A layer under a client that gives up connecting after `connect_timeout`.
    pub(super) fn new(connect_timeout: Duration) -> Self {
        Self {
            used: Arc::default(),
            // It must fail by its own error, not by the client's time-out.
            wait: WAIT.min(connect_timeout / 2),
        }
    }
}

/// The connection is gone, and of the request that asked for another nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("the connection of this client is gone")]
pub(super) struct ConnectionGone;

impl ConnectionGone {
    /// Whether `error` comes from this.
    pub(super) fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(error) = next {
            if error.is::<Self>() {
                return true;
            }
            next = error.source();
        }
        false
    }
}

impl<S> Layer<S> for OneShot {
    type Service = OneShotService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        OneShotService {
            inner,
            one_shot: self.clone(),
        }
    }
}

/// The connector under a [`OneShot`].
#[derive(Debug, Clone)]
pub(super) struct OneShotService<S> {
    inner: S,
    one_shot: OneShot,
}

type BoxError = Box<dyn Error + Send + Sync>;

impl<S, Q> Service<Q> for OneShotService<S>
where
    S: Service<Q, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Q) -> Self::Future {
        let OneShot { used, wait } = self.one_shot.clone();
        if used.load(Ordering::SeqCst) {
            return Box::pin(async move {
                tokio::time::sleep(wait).await;
                Err(ConnectionGone.into())
            });
        }
        let connect = self.inner.call(request);
        Box::pin(async move {
            let outcome = connect.await;
            if outcome.is_ok() {
                used.store(true, Ordering::SeqCst);
            }
            outcome
        })
    }
}
