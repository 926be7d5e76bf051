//! The wish that something ends.

use std::sync::Arc;

use tokio::sync::watch;

/// A wish that work ends soon and in order: what is under way is finished, nothing is begun. Clones share it, and it is
/// never taken back.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Nobody wants the end yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Asks for the end.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether the end was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the end is asked for.
    pub async fn requested(&self) {
        let mut asked = self.0.subscribe();
        // The sender lives as long as this does, so that the wait ends with the wish alone.
        let _ = asked.wait_for(|asked| *asked).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
