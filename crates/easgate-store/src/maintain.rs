//! Looking after the store: is it whole, what is in it, and putting an earlier copy in its place.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::audit::Actor;
use crate::caution::{Caution, CautionKind};
use crate::convert::count;
use crate::lock::Lock;
use crate::migrate::{beside, make_empty, stamp};
use crate::open::{OpenError, Store};
use crate::organization::{Organization, StoreError, reading};
use crate::write::Database;

/// How much the store knows of an organisation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Devices of the last run.
    pub devices: u64,
    /// List entries that are ours.
    pub owned: u64,
    /// Intents in the journal.
    pub intents: u64,
    /// Those of them whose outcome is not known.
    pub open: u64,
    /// Runs.
    pub runs: u64,
    /// Records of the audit.
    pub audit: u64,
}

impl Organization {
    /// How much the store knows of it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn holdings(&self) -> Result<Holdings, StoreError> {
        let rows = async |statement: &'static str| {
            let found: Result<i64, sqlx::Error> = sqlx::query_scalar(statement)
                .bind(self.id())
                .fetch_one(self.pool())
                .await;
            found.map(count).map_err(reading("how much there is"))
        };
        Ok(Holdings {
            devices: rows("SELECT COUNT(*) FROM devices WHERE organization = $1 AND gone IS NULL").await?,
            owned: rows("SELECT COUNT(*) FROM owned WHERE organization = $1").await?,
            intents: rows("SELECT COUNT(*) FROM journal WHERE organization = $1").await?,
            open: rows(
                "SELECT COUNT(*) FROM journal WHERE organization = $1 AND outcome IN ('pending', 'unknown')",
            )
            .await?,
            runs: rows("SELECT COUNT(*) FROM runs WHERE organization = $1").await?,
            audit: rows("SELECT COUNT(*) FROM audit WHERE organization = $1").await?,
        })
    }
}

impl Store {
    /// What is broken in the store, in the words of the database; nothing when it is whole.
    ///
    /// A server looks after its files itself: of it only the rows are read, by [`Organization::holdings`].
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn damage(&self) -> Result<Vec<String>, StoreError> {
        if self.database() == Database::Postgres {
            return Ok(Vec::new());
        }
        let wrong = reading("whether it is whole");
        let mut found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
            .fetch_all(self.pool())
            .await
            .map_err(&wrong)?;
        found.retain(|line| line != "ok");
        let strays: Vec<String> = sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_check")
            .fetch_all(self.pool())
            .await
            .map_err(&wrong)?;
        found.extend(
            strays
                .into_iter()
                .map(|table| format!("a row of {table} belongs to nothing")),
        );
        Ok(found)
    }

    /// Marks every organisation as restored: nothing is written to Exchange until an administrator says so.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn mark_restored(&self, from: &str, by: &Actor, now: OffsetDateTime) -> Result<(), StoreError> {
        for organization in self.organizations().await? {
            let seen = organization.runs(1).await?;
            let newest = seen.first().map(|run| run.started.date().to_string());
            let caution = Caution {
                kind: CautionKind::Restored,
                since: now,
                detail: format!(
                    "the store was restored from {from}, whose newest run is of {}: what was added to the lists since \
                     looks like entries of somebody else",
                    newest.as_deref().unwrap_or("no day")
                ),
            };
            organization.raise_caution(&caution, by).await?;
        }
        Ok(())
    }

    /// Puts the copy `from` in the place of the store in the file `path`, marked as restored, and gives the place to
    /// which what was there before has gone. `from` stays as it is.
    ///
    /// # Errors
    /// A process writes to the store, or `from` is no store, is damaged, or is of a newer version; the store is then as
    /// it was.
    pub async fn restore(
        path: &Path,
        from: &Path,
        by: &Actor,
        now: OffsetDateTime,
    ) -> Result<Option<PathBuf>, RestoreError> {
        let _locks = lock_all(path)?;
        let draft = beside(path, ".restore");
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| RestoreError::File { path, source }
        };
        for suffix in ["-wal", "-shm"] {
            remove(&beside(&draft, suffix)).map_err(failed(&draft))?;
        }
        make_empty(&draft).map_err(failed(&draft))?;
        copy(from, &draft).map_err(failed(from))?;
        prove(&draft, from, by, now).await?;
        let aside = put_aside(path).map_err(failed(path))?;
        fs::rename(&draft, path).map_err(failed(path))?;
        sync_folder(path).map_err(failed(path))?;
        Ok(aside)
    }
}

/// Opens the copy, which brings it to the schema of this version, and marks it as restored.
async fn prove(draft: &Path, from: &Path, by: &Actor, now: OffsetDateTime) -> Result<(), RestoreError> {
    let url = format!("sqlite://{}", draft.display());
    let store = Store::open(&url, Path::new("/"))
        .await
        .map_err(|source| RestoreError::NoStore {
            path: from.to_owned(),
            source,
        })?;
    let marked = async {
        let damage = store.damage().await?;
        if let Some(first) = damage.into_iter().next() {
            return Err(RestoreError::Damaged {
                path: from.to_owned(),
                first,
            });
        }
        let name = from.file_name().unwrap_or_default().to_string_lossy();
        Ok(store.mark_restored(&name, by, now).await?)
    }
    .await;
    store.close().await;
    marked
}

/// The locks of every organisation that has ever been written, held against every other process.
fn lock_all(path: &Path) -> Result<Vec<File>, RestoreError> {
    let mut locks = Vec::new();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let prefix = beside(path, "-lock-");
    let prefix = prefix
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let failed = |source| RestoreError::File {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if name.to_string_lossy().starts_with(&prefix) {
            match Lock::hold(&folder.join(name)).map_err(failed)? {
                Some(lock) => locks.push(lock),
                None => return Err(RestoreError::Held),
            }
        }
    }
    Ok(locks)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut target = fs::OpenOptions::new().write(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}

/// Gives what is there another name, with the files that SQLite has beside it.
fn put_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    if !path.exists() {
        return Ok(None);
    }
    let aside = beside(path, &format!(".replaced.{}", stamp(path)));
    for suffix in ["-wal", "-shm", ""] {
        match fs::rename(beside(path, suffix), beside(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(Some(aside))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Why a copy was not put in the place of the store.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum RestoreError {
    #[error("an easgate is working on the store; stop it first")]
    Held,
    #[error("{path} is no store that could be used")]
    NoStore { path: PathBuf, source: OpenError },
    #[error("the copy {path} is damaged: {first}")]
    Damaged { path: PathBuf, first: String },
    #[error("could not use the file {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("the copy could not be marked as restored")]
    Store(#[from] StoreError),
}
