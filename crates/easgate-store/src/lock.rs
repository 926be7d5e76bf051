//! One writer for each organisation, over all processes of a machine.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::lease::LeaseError;
use crate::migrate::beside;

/// A lock on a file beside the store. The kernel ends it with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock(
    /// INVARIANT: holds the exclusive lock for as long as it is open.
    #[expect(dead_code, reason = "it is held, never read")]
    File,
);

impl Lock {
    pub(crate) fn take(store: &Path, organization: i64, name: &str) -> Result<Self, LeaseError> {
        let path = beside(store, &format!("-lock-{organization}"));
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| LeaseError::File {
                path: path.clone(),
                source,
            })?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(LeaseError::Held {
                organization: name.to_owned(),
                by: "a process on this machine".to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(LeaseError::File { path, source }),
        }
    }

    /// Whether somebody has it now.
    pub(crate) fn is_taken(store: &Path, organization: i64) -> bool {
        Self::hold(&beside(store, &format!("-lock-{organization}"))).is_ok_and(|lock| lock.is_none())
    }

    /// Takes the lock of the file `path`, which is there, as long as the file that comes back is open; `None` when
    /// somebody has it.
    pub(crate) fn hold(path: &Path) -> std::io::Result<Option<File>> {
        let file = File::open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
