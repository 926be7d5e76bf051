//! Where secrets come from.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

/// The largest secret, in bytes: a key with its certificate chain fits.
const MAX_BYTES: u64 = 64 * 1024;

/// Where a secret is found. It is read when it is needed, so that a changed one is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file that others cannot read.
    File(PathBuf),
    /// A credential that systemd passes to the service.
    Credential(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Credential(name) => write!(f, "the credential {name}"),
        }
    }
}

impl SecretRef {
    /// Reads the secret. One line break at the end of a file does not belong to it.
    ///
    /// # Errors
    /// It is not there, empty, too long, not text, or in a file that others can read.
    pub fn read(&self, environment: &Environment) -> Result<SecretString, SecretError> {
        let fail = |source| SecretError {
            secret: self.clone(),
            source,
        };
        let text = match self {
            Self::Env(name) => environment
                .get(name)
                .map(Zeroizing::new)
                .ok_or_else(|| fail(SecretProblem::NotSet))?,
            Self::File(path) => read(path, Readers::OwnerAndGroup).map_err(fail)?,
            Self::Credential(name) => {
                let folder = environment.get("CREDENTIALS_DIRECTORY");
                let folder = folder.ok_or_else(|| fail(SecretProblem::NoCredentials))?;
                read(&Path::new(&folder).join(name), Readers::Anyone).map_err(fail)?
            }
        };
        let text = text
            .strip_suffix('\n')
            .map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if text.is_empty() {
            return Err(fail(SecretProblem::Empty));
        }
        Ok(SecretString::from(text))
    }
}

/// Whom the permissions of a secret file may let read it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    OwnerAndGroup,
    /// The service manager guards the folder.
    Anyone,
}

fn read(path: &Path, readers: Readers) -> Result<Zeroizing<String>, SecretProblem> {
    let meta = std::fs::metadata(path).map_err(|source| SecretProblem::Unreadable { source })?;
    if !meta.is_file() {
        return Err(SecretProblem::NoFile);
    }
    let file = std::fs::File::open(path).map_err(|source| SecretProblem::Unreadable { source })?;
    let meta = file
        .metadata()
        .map_err(|source| SecretProblem::Unreadable { source })?;
    if readers == Readers::OwnerAndGroup && is_open_to_others(&meta) {
        return Err(SecretProblem::OpenToOthers {
            path: path.to_owned(),
        });
    }
    let mut text = Zeroizing::new(String::new());
    let read = file.take(MAX_BYTES + 1).read_to_string(&mut text);
    read.map_err(|source| SecretProblem::Unreadable { source })?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > MAX_BYTES) {
        return Err(SecretProblem::TooLong);
    }
    Ok(text)
}

/// Whether others may read or change the file, or its group may change it.
fn is_open_to_others(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o026 != 0
}

/// The environment variables, as far as secrets are found there.
#[derive(Clone)]
pub struct Environment(LookUp);

type LookUp = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Environment {
    /// Those of this process.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this crate is the one place that reads the environment"
    )]
    pub fn of_this_process() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// Those that `look_up` gives.
    #[must_use]
    pub fn from_fn(look_up: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look_up))
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// A secret could not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not read {secret}")]
pub struct SecretError {
    /// Which one.
    pub secret: SecretRef,
    source: SecretProblem,
}

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
enum SecretProblem {
    #[error("the variable is not set, or is not text")]
    NotSet,
    #[error("systemd passed no credentials to this process; use LoadCredential= in its unit")]
    NoCredentials,
    #[error("the file cannot be read")]
    Unreadable { source: io::Error },
    #[error("it is not a regular file")]
    NoFile,
    #[error("others can read the file, or its group can change it; chmod 600 {path} closes it", path = path.display())]
    OpenToOthers { path: PathBuf },
    #[error("it is longer than 64 KiB")]
    TooLong,
    #[error("it is empty")]
    Empty,
}
