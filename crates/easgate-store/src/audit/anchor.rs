//! What of the audit stands outside of the store: the key, and the file of checkpoints beside it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::seal::{AuditKey, Checkpoint};

/// The longest line of the file of checkpoints.
const MAX_LINE: u64 = 4096;

/// The place of the key, and of the file of checkpoints, which has the key's name and `.checkpoints`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    key: PathBuf,
    checkpoints: PathBuf,
}

impl Anchor {
    /// The anchor whose key is, or will be, in the file `key`.
    #[must_use]
    pub fn at(key: &Path) -> Self {
        let mut checkpoints = key.as_os_str().to_owned();
        checkpoints.push(".checkpoints");
        Self {
            key: key.to_owned(),
            checkpoints: PathBuf::from(checkpoints),
        }
    }

    /// The file of checkpoints.
    #[must_use]
    pub fn checkpoints_file(&self) -> &Path {
        &self.checkpoints
    }

    /// The key, if there is one.
    ///
    /// # Errors
    /// The file cannot be read, others may read it, or no key of ours is in it.
    pub fn key(&self) -> Result<Option<AuditKey>, AnchorError> {
        let wrong = |source| AnchorError::Key {
            path: self.key.clone(),
            source,
        };
        let mut file = match File::open(&self.key) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error)),
        };
        if file.metadata().map_err(wrong)?.permissions().mode() & 0o077 != 0 {
            return Err(AnchorError::Exposed {
                path: self.key.clone(),
            });
        }
        let mut text = String::new();
        Read::by_ref(&mut file)
            .take(128)
            .read_to_string(&mut text)
            .map_err(wrong)?;
        let key = AuditKey::parse(text.trim_end()).ok_or_else(|| AnchorError::NoKey {
            path: self.key.clone(),
        })?;
        Ok(Some(key))
    }

    /// The key, and whether it was made just now, from the system's randomness.
    ///
    /// # Errors
    /// As [`Anchor::key`], and when it cannot be made.
    pub fn key_or_new(&self) -> Result<(AuditKey, bool), AnchorError> {
        if let Some(key) = self.key()? {
            return Ok((key, false));
        }
        match self.make() {
            Ok(key) => Ok((key, true)),
            // Another process made it at the same moment.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.key()?.map(|key| (key, false)).ok_or(AnchorError::Key {
                    path: self.key.clone(),
                    source: error,
                })
            }
            Err(source) => Err(AnchorError::Key {
                path: self.key.clone(),
                source,
            }),
        }
    }

    fn make(&self) -> io::Result<AuditKey> {
        // Several organisations of one process may make it at the same moment.
        static DRAFTS: AtomicU64 = AtomicU64::new(0);
        if let Some(folder) = self.key.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        let mut bytes = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let key = AuditKey::new(bytes);
        // Whole or not there: a key that is written in part would be no key for ever.
        let mut draft = self.key.as_os_str().to_owned();
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        draft.push(format!(".{}.{number}", std::process::id()));
        let draft = PathBuf::from(draft);
        let written = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(key.to_line().as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| std::fs::hard_link(&draft, &self.key));
        // Only the draft is taken away; when even that fails, a file that nobody else may read is left.
        let _ = std::fs::remove_file(&draft);
        written.map(|()| key)
    }

    /// Whether checkpoints can be kept, so that a run which could not be sealed never begins; makes the key when
    /// there is none.
    pub(crate) fn ready(&self) -> Result<(AuditKey, bool), AnchorError> {
        let key = self.key_or_new()?;
        self.open().map_err(|source| self.file(source))?;
        Ok(key)
    }

    /// Adds `checkpoint` to the file, durably.
    pub(crate) fn keep(&self, checkpoint: &Checkpoint) -> Result<(), AnchorError> {
        self.open()
            .and_then(|mut file| {
                file.write_all(checkpoint.to_line().as_bytes())?;
                file.sync_all()
            })
            .map_err(|source| self.file(source))
    }

    /// Gives every line of the file of checkpoints to `each`: a checkpoint, or the number of a line that is none.
    ///
    /// `false` when there is no such file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&self, mut each: impl FnMut(Result<Checkpoint, u64>)) -> Result<bool, AnchorError> {
        let file = match File::open(&self.checkpoints) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(self.file(error)),
        };
        let mut reader = BufReader::new(file);
        let mut number = 0;
        loop {
            let mut line = Vec::new();
            let read = Read::by_ref(&mut reader)
                .take(MAX_LINE)
                .read_until(b'\n', &mut line)
                .map_err(|source| self.file(source))?;
            if read == 0 {
                return Ok(true);
            }
            number += 1;
            let text = std::str::from_utf8(&line).ok();
            each(text.and_then(Checkpoint::parse).ok_or(number));
        }
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.checkpoints)
    }

    fn file(&self, source: io::Error) -> AnchorError {
        AnchorError::Checkpoints {
            path: self.checkpoints.clone(),
            source,
        }
    }
}

/// Why the key or the checkpoints cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum AnchorError {
    #[error(
        "could not read or make the key of the audit, {path}: name a file that easgate may write as `key` in [audit]"
    )]
    Key { path: PathBuf, source: io::Error },
    #[error("others may read the key of the audit, {path}: take their rights away (chmod 600)")]
    Exposed { path: PathBuf },
    #[error(
        "the file {path} holds no key of the audit (64 hexadecimal digits): put the key back, or move the file away \
         to have a new one made"
    )]
    NoKey { path: PathBuf },
    #[error("could not use the file of checkpoints, {path}")]
    Checkpoints { path: PathBuf, source: io::Error },
}
