//! Opening the store: the file or the server, permissions, and what every connection is told.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::MigrateError;
use sqlx::{AnyPool, ConnectOptions, Executor};
use url::Url;

use crate::audit::Anchor;
use crate::lease::Dropped;
use crate::location::{Location, LocationError, Place};
use crate::migrate::{self, MigrationError};
use crate::organization::{Organization, StoreError};
use crate::write::Database;

/// What each connection to SQLite is told.
///
/// In WAL mode only FULL makes a commit outlive a loss of power, and an intent has to.
const SQLITE: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                      PRAGMA foreign_keys = ON";

/// What each connection to PostgreSQL is told: an intent outlives a crash of the server, and nothing waits for ever.
const POSTGRES: &str = "SET synchronous_commit = on; SET lock_timeout = '10s'; \
                        SET idle_in_transaction_session_timeout = '60s'; \
                        SET default_transaction_isolation = 'read committed'";

/// The durable state of all organisations of one configuration. Clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    place: Place,
    anchor: Option<Anchor>,
    pub(crate) dropped: Dropped,
}

impl Store {
    /// Opens the store that `url` names and that needs no password; see [`Store::connect`].
    ///
    /// # Errors
    /// As [`Store::connect`].
    pub async fn open(url: &str, base: &Path) -> Result<Self, OpenError> {
        Self::connect(&Location::new(url, base)).await
    }

    /// Opens the store, and makes it when it is not there.
    ///
    /// A path in the URL stands relative to the base unless it begins with `/`; nothing in it is decoded. The file
    /// is readable by its owner alone (0600), as are the files that SQLite puts beside it; folders that are missing
    /// are made with 0700, and a folder that is there is left as it is. A database of PostgreSQL has to be there.
    ///
    /// A store of an older version is brought to the schema of this one. A copy of a file is made before that,
    /// beside it, named by the schema and by when it was last written.
    ///
    /// # Errors
    /// The URL is of another kind, the files cannot be made or opened, the server does not answer or refuses, or a
    /// newer version wrote the store.
    pub async fn connect(location: &Location) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let place = location.place()?;
        let url = match &place {
            Place::File(path) => {
                prepare(path)
                    .and_then(|()| file_url(path))
                    .map_err(|source| OpenError::File {
                        path: path.clone(),
                        source,
                    })?
            }
            Place::Server(server) => location.with_password(server),
        };
        let failed = |source| OpenError::Database {
            store: place.to_string(),
            source,
        };
        let options = AnyConnectOptions::from_url(&url).map_err(failed)?;
        let greeting = match &place {
            Place::File(_) => SQLITE,
            Place::Server(_) => POSTGRES,
        };
        let pool = AnyPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(15))
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(greeting).await.map(drop) })
            })
            .connect_with(options)
            .await
            .map_err(failed)?;
        let store = Self {
            pool,
            place,
            anchor: None,
            dropped: Dropped::default(),
        };
        migrate::run(&store).await?;
        Ok(store)
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

    /// Where the file is; `None` for a store on a server.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Server(_) => None,
        }
    }

    /// Where the store is, for people: a path, or a URL without a password.
    #[must_use]
    pub fn describe(&self) -> String {
        self.place.to_string()
    }

    /// The URL of a store on a server, without a password, as the tools of PostgreSQL take it.
    #[must_use]
    pub fn server_url(&self) -> Option<String> {
        match &self.place {
            Place::File(_) => None,
            Place::Server(server) => Some(server.url.to_string()),
        }
    }

    /// Closes every connection, so that SQLite folds its log into the file.
    ///
    /// Leases that were dropped without a hand-over are given up first.
    pub async fn close(&self) {
        self.release_dropped().await;
        self.pool.close().await;
    }

    pub(crate) const fn pool(&self) -> &AnyPool {
        &self.pool
    }

    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) const fn database(&self) -> Database {
        match self.place {
            Place::File(_) => Database::Sqlite,
            Place::Server(_) => Database::Postgres,
        }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum OpenError {
    #[error("the place of the store is not one that can be used")]
    Location(#[from] LocationError),
    #[error("could not make the file of the store, {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("could not open the store {store}")]
    Database { store: String, source: sqlx::Error },
    #[error(
        "a newer version of easgate wrote the store {store} (schema {found}, and this version knows {known})"
    )]
    Newer { store: String, found: i64, known: i64 },
    #[error("could not copy the store {store} before its schema is changed, so it is left as it is")]
    Backup { store: String, source: StoreError },
    #[error("could not bring the store {store} to the schema of this version; {advice}")]
    Migrate {
        store: String,
        advice: String,
        source: MigrateError,
    },
}

impl OpenError {
    pub(crate) fn of_migration(place: &Place, error: MigrationError) -> Self {
        let store = place.to_string();
        match error {
            MigrationError::Newer { found, known } => Self::Newer { store, found, known },
            MigrationError::Backup(source) => Self::Backup { store, source },
            MigrationError::Migrate(source) => Self::Migrate {
                advice: match place {
                    Place::File(_) => "the copy of before stands beside it".to_owned(),
                    Place::Server(_) => format!(
                        "the transaction was taken back, and nothing has changed; back it up by pg_dump \
                         --format=custom --file=easgate.dump {store}"
                    ),
                },
                store,
                source,
            },
        }
    }
}

/// The URL by which the driver opens a file: the driver decodes it, and nothing in the configuration is decoded.
fn file_url(path: &Path) -> io::Result<Url> {
    // `..` in a URL would be folded without a look at symbolic links.
    let path = fs::canonicalize(path)?;
    let mut text = "sqlite://".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'_' => text.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(*byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    Url::parse(&text).map_err(io::Error::other)
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
