//! Which installation this is: a file beside the store, and a row in it.
//!
//! Both are made when a store is first worked with. A copy of the file of a store comes without the file beside it, and so is
//! noticed; nodes that share a database join its installation when they know of none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use easgate_config::Configuration;
use easgate_connector::{Clock, SystemClock};
use easgate_store::{Actor, Holder, Installation, Store, StoreError};
use uuid::Uuid;

use crate::render::time;
use crate::whole_file;

/// Who this is.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    id: Uuid,
    node: String,
}

impl Own {
    /// Finds out who this is, and that the store is its own.
    ///
    /// # Errors
    /// The store is another installation's, or the store or the file beside it cannot be used.
    pub(crate) async fn check(
        configuration: &Configuration,
        store: &Store,
    ) -> Result<Self, InstallationError> {
        let file = file(configuration, store);
        let node = node();
        let known = read(&file)?;
        let of_store = store.installation().await?;
        let id = match (known, &of_store) {
            (Some(id), _) => id,
            // Another node of one database: its leases see to it that one of them leads.
            (None, Some(installation)) if store.path().is_none() => installation.id,
            (None, Some(installation)) => return Err(other(None, installation, &file, store)),
            (None, None) => Uuid::new_v4(),
        };
        let now = SystemClock::new().now();
        let installation = store.work_as(id, &node, now).await?;
        if installation.id != id {
            return Err(other(Some(id), &installation, &file, store));
        }
        if known.is_none() {
            write(&file, id)?;
        }
        Ok(Self { id, node })
    }

    /// Takes the store over, whosever it was; the same where it is its own already.
    ///
    /// # Errors
    /// The store or the file beside it cannot be used.
    pub(crate) async fn replace(
        configuration: &Configuration,
        store: &Store,
        by: &Actor,
    ) -> Result<Self, InstallationError> {
        let file = file(configuration, store);
        let before = store.installation().await?.map(|one| one.id);
        let known = read(&file)?;
        if before.is_none() || (known.is_some() && known == before) {
            return Self::check(configuration, store).await;
        }
        let own = Self {
            id: known.unwrap_or_else(Uuid::new_v4),
            node: node(),
        };
        // First the file: when the store cannot be written, the next try is of the same installation.
        write(&file, own.id)?;
        let now = SystemClock::new().now();
        store.replace_installation(own.id, &own.node, by, now).await?;
        Ok(own)
    }

    /// Notes that this installation works with the store; gives the other one when it has been replaced.
    ///
    /// # Errors
    /// The store cannot be used.
    pub(crate) async fn replaced_by(&self, store: &Store) -> Result<Option<Installation>, StoreError> {
        let now = SystemClock::new().now();
        let installation = store.work_as(self.id, &self.node, now).await?;
        Ok((installation.id != self.id).then_some(installation))
    }
}

fn node() -> String {
    Holder::of_this_process().node
}

/// Beside a store that is a file; else where the service may write, beside the key of the audit.
fn file(configuration: &Configuration, store: &Store) -> PathBuf {
    match store.path() {
        Some(path) => {
            let mut name = path.as_os_str().to_owned();
            name.push("-installation");
            PathBuf::from(name)
        }
        None => configuration.audit_key.with_extension("installation"),
    }
}

fn read(path: &Path) -> Result<Option<Uuid>, InstallationError> {
    match fs::read_to_string(path) {
        Ok(text) => match text.trim().parse() {
            Ok(id) => Ok(Some(id)),
            Err(_) => Err(InstallationError::NoId {
                path: path.to_owned(),
            }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(InstallationError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Writes the whole of it or nothing.
fn write(path: &Path, id: Uuid) -> Result<(), InstallationError> {
    let suffix = format!(".{}", std::process::id());
    whole_file::write(path, &suffix, &format!("{id}\n"), 0o600).map_err(|source| InstallationError::File {
        path: path.to_owned(),
        source,
    })
}

fn other(own: Option<Uuid>, of: &Installation, file: &Path, store: &Store) -> InstallationError {
    let this = match own {
        Some(id) => format!("this installation is {id} (by {})", file.display()),
        None => format!("{} is not there, so this is a copy of its store", file.display()),
    };
    let join = match store.path() {
        Some(_) => "",
        None => "; to make this a further node of it, remove that file",
    };
    InstallationError::Other(Box::new(OtherInstallation {
        store: store.describe(),
        id: of.id,
        node: easgate_model::escape(&of.node),
        since: time(of.since),
        seen: time(of.seen),
        this,
        join,
    }))
}

/// The store belongs to somebody else.
#[derive(Debug, thiserror::Error)]
#[error(
    "the store {store} belongs to another installation, {id} on {node}, since {since}, last seen {seen}; {this}. Two \
     that write one organisation undo each other: stop the other one, and take its place by \
     `easgate run --replace --by NAME`{join}"
)]
pub(crate) struct OtherInstallation {
    store: String,
    id: Uuid,
    node: String,
    since: String,
    seen: String,
    this: String,
    join: &'static str,
}

/// Why the store cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstallationError {
    #[error(transparent)]
    Other(Box<OtherInstallation>),
    #[error("the file {path} holds no installation id; remove it where no other easgate has this store", path = path.display())]
    NoId { path: PathBuf },
    #[error("could not read or write the file of the installation, {path}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("it could not be found out whose store this is")]
    Store(#[from] StoreError),
}
