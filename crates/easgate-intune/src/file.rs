//! Enrolment facts from a CSV file.

mod rows;

use std::path::{Path, PathBuf};
use std::time::Duration;

use easgate_model::{Inventory, escape};
use time::OffsetDateTime;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::InventoryError;

/// The most bytes a file may have.
const MAX_BYTES: u64 = 256 << 20;
/// How far in the future a file's time may lie, for clocks that differ.
const CLOCK_TOLERANCE: time::Duration = time::Duration::minutes(5);

/// Enrolments from a CSV file that another system writes.
///
/// The first line names the columns, in any order: `user_principal_name`, `eas_device_id` and `compliance_state`
/// must be there, `device_name`, `licensed` (`true` or `false`, `true` when empty) and `groups` (names separated
/// by `;`) may be. The states are Graph's names. A row without an EAS id names a user, or a device that told none.
/// Each line is read strictly: a mistake in one is an error with its number, and nothing is read.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use easgate_intune::FileSource;
/// use std::time::{Duration, SystemTime};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("enrolled.csv");
/// std::fs::write(
///     &path,
///     "user_principal_name,eas_device_id,compliance_state\nana@contoso.example,ApplC39GQ8NNDTDL,compliant\n",
/// )?;
/// let written = std::fs::metadata(&path)?.modified()?.into();
/// let source = FileSource { path, max_age: Duration::from_secs(24 * 60 * 60) };
/// let inventory = source.inventory(written).await?;
/// assert_eq!(inventory.enrollments.len(), 1);
/// assert_eq!(inventory.users.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSource {
    /// The file.
    pub path: PathBuf,
    /// How old it may be; an older one is not read. 24 hours is usual.
    pub max_age: Duration,
}

impl FileSource {
    /// Reads the whole file; its time of modification is compared with `now` and becomes `as_of`.
    ///
    /// # Errors
    /// The file cannot be read, is too old, has no rows, or a line is malformed.
    pub async fn inventory(&self, now: OffsetDateTime) -> Result<Inventory, InventoryError> {
        self.read(now).await.map_err(|source| InventoryError::File {
            path: self.path.clone(),
            source,
        })
    }

    async fn read(&self, now: OffsetDateTime) -> Result<Inventory, FileError> {
        let (bytes, modified) = read(&self.path).await?;
        if now - modified > self.max_age {
            return Err(FileError::TooOld {
                age: hours(now - modified),
                max_age: hours(self.max_age),
            });
        }
        if modified - now > CLOCK_TOLERANCE {
            return Err(FileError::FromTheFuture {
                by: hours(modified - now),
            });
        }
        let mut inventory = rows::parse(&bytes)?;
        inventory.as_of = Some(modified);
        Ok(inventory)
    }
}

/// The content of the file and when it was written.
async fn read(path: &Path) -> Result<(Vec<u8>, OffsetDateTime), FileError> {
    let open = |source| FileError::Open { source };
    // Opening a pipe would wait for its writer, so the kind is asked first.
    if !tokio::fs::metadata(path).await.map_err(open)?.is_file() {
        return Err(FileError::NotAFile);
    }
    let file = File::open(path).await.map_err(open)?;
    let modified = file
        .metadata()
        .await
        .and_then(|metadata| metadata.modified())
        .map_err(open)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(open)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(FileError::TooLarge { limit: MAX_BYTES });
    }
    Ok((bytes, modified.into()))
}

/// A duration for people.
fn hours(duration: impl TryInto<Duration>) -> String {
    let minutes = duration
        .try_into()
        .map_or(0, |duration: Duration| duration.as_secs() / 60);
    format!("{} h {} min", minutes / 60, minutes % 60)
}

/// Why a file gives no facts.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum FileError {
    #[error("the file cannot be opened")]
    Open {
        #[source]
        source: std::io::Error,
    },
    #[error("it is not a regular file")]
    NotAFile,
    #[error("the file has more than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the file is {age} old, and {max_age} is the most")]
    TooOld { age: String, max_age: String },
    #[error("the file is from {by} in the future: a clock is wrong")]
    FromTheFuture { by: String },
    #[error("line 1: the column {} is missing", escape(column))]
    MissingColumn { column: String },
    #[error("line 1: the column {} is not known", escape(column))]
    UnknownColumn { column: String },
    #[error("line 1: the column {} is there twice", escape(column))]
    RepeatedColumn { column: String },
    #[error("the file has no rows")]
    NoRows,
    #[error("line {line}: {cause}")]
    Line { line: u64, cause: String },
    #[error("lines {first} and {second} name one user and one device, and differ")]
    Contradiction { first: u64, second: u64 },
    #[error("lines {first} and {second} name one user, licensed in one and not in the other")]
    TwoLicences { first: u64, second: u64 },
}

impl FileError {
    /// What an administrator can do about it.
    #[must_use]
    pub const fn cure(&self) -> &'static str {
        match self {
            Self::Open { .. } | Self::NotAFile => "check the path, and that the service may read it",
            Self::TooLarge { .. } => "split the organisation, or leave out what is not needed",
            Self::TooOld { .. } => "look why the export no longer runs, or raise max_age",
            Self::FromTheFuture { .. } => {
                "set the clocks of this machine and of the one that writes the file"
            }
            Self::MissingColumn { .. } | Self::UnknownColumn { .. } | Self::RepeatedColumn { .. } => {
                "the first line names the columns: user_principal_name,eas_device_id,compliance_state\
                 [,device_name,licensed,groups]"
            }
            Self::NoRows => "look why the export is empty; nobody enrolled is never taken for a fact",
            Self::Line { .. } => "correct the line, or what writes it",
            Self::Contradiction { .. } | Self::TwoLicences { .. } => "keep one of the lines",
        }
    }
}

#[cfg(test)]
mod tests;
