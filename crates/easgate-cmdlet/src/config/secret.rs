//! Secrets, read when they are needed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

/// A secret that is read anew each time it is needed, so that a changed one is seen without a restart.
///
/// It never prints.
#[derive(Clone)]
pub struct Secret(Arc<Read>);

type Read = dyn Fn() -> Result<SecretString, Box<dyn Error + Send + Sync>> + Send + Sync;

impl Secret {
    /// A secret that does not change.
    #[must_use]
    pub fn fixed(secret: SecretString) -> Self {
        Self::from_fn(move || Ok(secret.clone()))
    }

    /// A secret that `read` gives as it is now; it is called at each log-on and must not block for long.
    #[must_use]
    pub fn from_fn(
        read: impl Fn() -> Result<SecretString, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(read))
    }

    /// Reads the secret as it is now.
    ///
    /// # Errors
    ///
    /// Whatever its source says.
    pub fn read(&self) -> Result<SecretString, Box<dyn Error + Send + Sync>> {
        (self.0)()
    }
}

impl From<SecretString> for Secret {
    fn from(secret: SecretString) -> Self {
        Self::fixed(secret)
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::fixed(secret.into())
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::fixed(secret.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
