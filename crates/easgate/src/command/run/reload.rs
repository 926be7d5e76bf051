//! Reading the configuration again while the service runs.

use std::io;
use std::path::{Path, PathBuf};

use easgate_config::{Configuration, Difference, Environment, LoadError, SecretError, differences};
use sha2::{Digest as _, Sha256};

/// A configuration that is in use, or that may be.
pub(super) struct Loaded {
    /// The file.
    pub(super) path: PathBuf,
    /// What stands in it.
    pub(super) configuration: Configuration,
    /// As it was written.
    pub(super) text: String,
}

impl Loaded {
    /// Reads the file.
    ///
    /// # Errors
    /// No file, or a mistake in it.
    pub(super) fn read(path: &Path) -> Result<Self, LoadError> {
        let (configuration, text) = easgate_config::load_text(path)?;
        Ok(Self {
            path: path.to_owned(),
            configuration,
            text,
        })
    }

    /// Reads the file again, and says what is other.
    ///
    /// # Errors
    /// It cannot take the place of this one while the service runs.
    pub(super) fn again(&self) -> Result<(Self, Vec<Difference>), ReloadError> {
        let next = Self::read(&self.path)?;
        if next.configuration.store != self.configuration.store {
            return Err(ReloadError::Store);
        }
        let environment = Environment::of_this_process();
        for organization in &next.configuration.organizations {
            for secret in organization.secrets() {
                secret.read(&environment).map_err(|source| ReloadError::Secret {
                    organization: organization.name.clone(),
                    source,
                })?;
            }
        }
        let differences = differences(&self.text, &next.text);
        Ok((next, differences))
    }

    /// The SHA-256 of the file, for the audit.
    pub(super) fn digest(&self) -> String {
        let digest = Sha256::digest(self.text.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The path that other processes know the file by.
    ///
    /// # Errors
    /// The file is gone.
    pub(super) fn canonical(&self) -> io::Result<PathBuf> {
        self.path.canonicalize()
    }
}

/// Why the configuration stays as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReloadError {
    #[error("the new configuration cannot be used, and the one before stays")]
    Load(#[from] LoadError),
    #[error(
        "`store.url` takes effect at a start alone, so the whole configuration stays; restart the service"
    )]
    Store,
    #[error("a secret of {organization} cannot be read, so the configuration before stays")]
    Secret {
        organization: String,
        source: SecretError,
    },
}
