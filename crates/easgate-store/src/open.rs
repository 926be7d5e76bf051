//! Opening the store: the file, its permissions and its schema.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::audit::Anchor;
use crate::organization::{Organization, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The durable state of all organisations of one configuration. Clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    path: PathBuf,
    anchor: Option<Anchor>,
}

impl Store {
    /// Opens the store that `url` names, and makes it when it is not there.
    ///
    /// `url` is `sqlite://` and a path, which stands relative to `base` unless it begins with `/`; nothing in it
    /// is decoded. The file is readable by its owner alone (0600), as are the files that SQLite puts beside it;
    /// folders that are missing are made with 0700, and a folder that is there is left as it is.
    ///
    /// # Errors
    /// The URL is of another kind, the files cannot be made or opened, or a newer version wrote the store.
    pub async fn open(url: &str, base: &Path) -> Result<Self, OpenError> {
        let path = path_of(url, base)?;
        prepare(&path).map_err(|source| OpenError::File {
            path: path.clone(),
            source,
        })?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            // In WAL mode only FULL makes a commit outlive a loss of power, and an intent has to.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(15))
            .connect_with(options)
            .await
            .map_err(|source| OpenError::Database {
                path: path.clone(),
                source,
            })?;
        migrate(&pool, &path).await?;
        Ok(Self {
            pool,
            path,
            anchor: None,
        })
    }

    /// Seals the audit of every organisation at the end of each run, with the key of `anchor`.
    #[must_use]
    pub fn anchored(self, anchor: Anchor) -> Self {
        Self {
            anchor: Some(anchor),
            ..self
        }
    }

    /// Where heads of the audit are sealed.
    #[must_use]
    pub const fn anchor(&self) -> Option<&Anchor> {
        self.anchor.as_ref()
    }

    /// The view of the organisation that the configuration calls `name`.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn organization(&self, name: &str) -> Result<Organization, StoreError> {
        Organization::find_or_add(self.clone(), name).await
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes every connection, so that SQLite folds its log into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) const fn pool(&self) -> &SqlitePool {
        &self.pool
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum OpenError {
    #[error("the store must be sqlite:// and a path, and it is {url:?}")]
    UnsupportedUrl { url: String },
    #[error("could not make the file of the store, {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("could not open the store {path}")]
    Database { path: PathBuf, source: sqlx::Error },
    #[error(
        "a newer version of easgate wrote the store {path} (schema {found}, and this version knows {known})"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("could not bring the store {path} to the schema of this version")]
    Migrate { path: PathBuf, source: MigrateError },
}

fn path_of(url: &str, base: &Path) -> Result<PathBuf, OpenError> {
    match url.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() && !path.ends_with('/') && !path.contains('?') => Ok(base.join(path)),
        _ => Err(OpenError::UnsupportedUrl {
            url: without_secret(url),
        }),
    }
}

/// Keeps the user and password of a database URL out of messages.
fn without_secret(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}***{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}

/// Makes the folder and the file, and takes the rights of others away from a file that is there already.
///
/// SQLite gives its own files beside it (`-wal`, `-shm`) the rights of the main file.
fn prepare(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::metadata(&name) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
                fs::set_permissions(&name, fs::Permissions::from_mode(0o600))?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn migrate(pool: &SqlitePool, path: &Path) -> Result<(), OpenError> {
    let known = MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0);
    let Err(source) = MIGRATIONS.run(pool).await else {
        return Ok(());
    };
    let path = path.to_owned();
    if let MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _) = source {
        return Err(OpenError::Newer { path, found, known });
    }
    Err(OpenError::Migrate { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_path_below_the_base_or_absolute() {
        let base = Path::new("/etc/easgate");
        for (url, path) in [
            ("sqlite://easgate.db", Some("/etc/easgate/easgate.db")),
            ("sqlite:///var/lib/easgate/a.db", Some("/var/lib/easgate/a.db")),
            ("sqlite://", None),
            ("sqlite://folder/", None),
            ("sqlite://a.db?mode=ro", None),
            ("sqlite::memory:", None),
            ("postgres://host/db", None),
        ] {
            assert_eq!(path_of(url, base).ok().as_deref(), path.map(Path::new), "{url}");
        }
    }

    #[test]
    fn a_refused_url_does_not_show_its_password() {
        let error = path_of("postgres://easgate:secret@db/easgate", Path::new("/")).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
