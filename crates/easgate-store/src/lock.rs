//! One writer for each organisation, over all processes of a machine.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A lock on a file beside the store. The kernel ends it with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock(
    /// INVARIANT: holds the exclusive lock for as long as it is open.
    #[expect(dead_code, reason = "it is held, never read")]
    File,
);

impl Lock {
    pub(crate) fn take(store: &Path, organization: i64, name: &str) -> Result<Self, LockError> {
        let mut path = store.as_os_str().to_owned();
        path.push(format!("-lock-{organization}"));
        let path = PathBuf::from(path);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| LockError::File {
                path: path.clone(),
                source,
            })?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(LockError::Held {
                organization: name.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(LockError::File { path, source }),
        }
    }
}

/// Why the right to write an organisation was not given.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum LockError {
    #[error("another easgate is working on the organisation {organization:?} now")]
    Held { organization: String },
    #[error("could not lock the file {path}")]
    File { path: PathBuf, source: io::Error },
}
