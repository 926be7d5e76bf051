//! The schema of the store, step by step, with a copy of a file before the first step.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::open::{OpenError, Store};
use crate::organization::{StoreError, reading, writing};
use crate::write::Database;

static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// Why the schema could not be brought to that of this version.
pub(crate) enum MigrationError {
    Newer { found: i64, known: i64 },
    Backup(StoreError),
    Migrate(MigrateError),
}

/// Brings the store to the schema of this version; each step is one transaction.
pub(crate) async fn run(store: &Store) -> Result<(), OpenError> {
    steps(store)
        .await
        .map_err(|error| OpenError::of_migration(store.place(), error))
}

async fn steps(store: &Store) -> Result<(), MigrationError> {
    let migrator = migrator(store.database());
    let known = newest(migrator);
    let found = applied(store).await.map_err(MigrationError::Migrate)?;
    if let Some(found) = found.filter(|found| *found > known) {
        return Err(MigrationError::Newer { found, known });
    }
    if let (Some(found), Some(path)) = (found, store.path())
        && found < known
    {
        keep_a_copy(store, path, found)
            .await
            .map_err(MigrationError::Backup)?;
    }
    match migrator.run(store.pool()).await {
        Ok(()) => Ok(()),
        // Another version brought it further while this one looked.
        Err(MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _)) => {
            Err(MigrationError::Newer { found, known })
        }
        Err(error) => Err(MigrationError::Migrate(error)),
    }
}

const fn migrator(database: Database) -> &'static Migrator {
    match database {
        Database::Sqlite => &SQLITE,
        Database::Postgres => &POSTGRES,
    }
}

fn newest(migrator: &Migrator) -> i64 {
    migrator
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0)
}

/// The schema that the store has; `None` for a new one.
async fn applied(store: &Store) -> Result<Option<i64>, MigrateError> {
    let mut connection = store.pool().acquire().await?;
    let table = &migrator(store.database()).table_name;
    connection.ensure_migrations_table(table).await?;
    let steps = connection.list_applied_migrations(table).await?;
    Ok(steps.iter().map(|step| step.version).max())
}

impl Store {
    /// The number of the schema that the store has.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn schema(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(self.pool())
            .await
            .map_err(reading("the schema"))
    }

    /// The number of the schema that this version makes.
    #[must_use]
    pub fn known_schema(&self) -> i64 {
        newest(migrator(self.database()))
    }

    /// Writes a complete and consistent copy of the file to `target`, which is not there yet, readable by its owner
    /// alone. Others may go on to read and write the store.
    ///
    /// # Errors
    /// The store is on a server, the copy cannot be written, or `target` is there.
    pub async fn copy_to(&self, target: &Path) -> Result<(), CopyError> {
        if self.database() == Database::Postgres {
            return Err(CopyError::Server);
        }
        if fs::symlink_metadata(target).is_ok() {
            return Err(CopyError::Exists {
                path: target.to_owned(),
            });
        }
        let part = beside(target, ".part");
        let failed = |source| CopyError::File {
            path: part.clone(),
            source,
        };
        // SQLite makes its copy under the umask of the process, so the file is there before, and empty.
        make_empty(&part).map_err(failed)?;
        sqlx::query("VACUUM INTO $1")
            .bind(part.to_str().ok_or_else(|| CopyError::Exists {
                path: target.to_owned(),
            })?)
            .execute(self.pool())
            .await
            .map_err(writing("the copy"))?;
        finish(&part, target).map_err(failed)
    }
}

/// Why the store could not be copied.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum CopyError {
    #[error("a store on a server is copied by the tools of the server")]
    Server,
    #[error("{path} is there already, or its name is not text; choose another")]
    Exists { path: PathBuf },
    #[error("could not make the file {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("the store could not be copied")]
    Store(#[from] StoreError),
}

/// The copy before a change of the schema. The same state is not copied twice.
async fn keep_a_copy(store: &Store, path: &Path, schema: i64) -> Result<(), StoreError> {
    let target = beside(path, &format!(".schema-{schema}.{}", stamp(path)));
    match store.copy_to(&target).await {
        Ok(()) | Err(CopyError::Exists { .. }) => Ok(()),
        Err(CopyError::Store(error)) => Err(error),
        Err(CopyError::File { source, .. }) => Err(writing("the copy")(sqlx::Error::Io(source))),
        // Asked for files alone.
        Err(CopyError::Server) => Ok(()),
    }
}

/// When the file was last written, as a part of a name.
pub(crate) fn stamp(path: &Path) -> String {
    let written = last_written(path).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let form = format_description!("[year][month][day]T[hour][minute][second]Z");
    written.format(form).unwrap_or_default()
}

/// When the file, or the log that is not folded into it yet, was last written.
fn last_written(path: &Path) -> Option<OffsetDateTime> {
    let modified = |path: PathBuf| fs::metadata(path).ok()?.modified().ok();
    let latest: Option<SystemTime> = modified(path.to_owned()).max(modified(beside(path, "-wal")));
    latest.map(OffsetDateTime::from)
}

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

pub(crate) fn make_empty(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if fs::symlink_metadata(path).is_ok() {
        fs::remove_file(path)?;
    }
    fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

/// Gives the copy its name when all of it is on the disk.
fn finish(part: &Path, target: &Path) -> io::Result<()> {
    let file = fs::File::open(part)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.sync_all()?;
    fs::rename(part, target)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
