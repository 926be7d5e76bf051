//! Where a store is: its URL, checked and taken apart.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

/// Where a store is, as the configuration says it.
#[derive(Debug, Clone)]
pub struct Location {
    /// `sqlite://` and a path, or `postgres://user@host/database`.
    pub url: String,
    /// The folder from which relative paths in the URL go.
    pub base: PathBuf,
    /// The password of the PostgreSQL account. It never stands in the URL.
    pub password: Option<SecretString>,
}

impl Location {
    /// A place that needs no password.
    #[must_use]
    pub fn new(url: &str, base: &Path) -> Self {
        Self {
            url: url.to_owned(),
            base: base.to_owned(),
            password: None,
        }
    }

    /// Whether the URL names a store that could be opened, without opening it.
    ///
    /// # Errors
    /// The URL is of another kind, or names a server beyond this machine without a proof of who answers.
    pub fn check(&self) -> Result<(), LocationError> {
        self.place().map(drop)
    }

    /// The path of a store in a file; `None` for one on a server.
    ///
    /// # Errors
    /// As [`Location::check`].
    pub fn file(&self) -> Result<Option<PathBuf>, LocationError> {
        Ok(match self.place()? {
            Place::File(path) => Some(path),
            Place::Server(_) => None,
        })
    }

    pub(crate) fn place(&self) -> Result<Place, LocationError> {
        match self.url.split_once("://") {
            Some(("sqlite", path)) => sqlite(path, &self.base),
            Some(("postgres" | "postgresql", _)) => postgres(&self.url, &self.base),
            _ => Err(LocationError::Kind),
        }
    }

    /// The URL of `server` with the password, as the driver takes it.
    pub(crate) fn with_password(&self, server: &Server) -> Url {
        let mut url = server.url.clone();
        if let Some(password) = &self.password {
            // A URL with a host takes a password, and that this one has a host is checked.
            let _ = url.set_password(Some(password.expose_secret()));
        }
        url
    }
}

/// What kind of store it is, and where. Shown without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Server(Server),
}

/// A database of a PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// INVARIANT: without a password, with a host, a user and a database, and with `sslmode` written.
    pub(crate) url: Url,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(server) => {
                let mut url = server.url.clone();
                url.set_query(None);
                url.fmt(f)
            }
        }
    }
}

fn sqlite(path: &str, base: &Path) -> Result<Place, LocationError> {
    if path.is_empty() || path.ends_with('/') || path.contains('?') {
        return Err(LocationError::Path);
    }
    Ok(Place::File(base.join(path)))
}

/// Everything that the driver would take from the URL is checked; what it would take from elsewhere is written.
fn postgres(text: &str, base: &Path) -> Result<Place, LocationError> {
    let given = Url::parse(text).map_err(|_| LocationError::Unreadable)?;
    if given.password().is_some() {
        return Err(LocationError::Password);
    }
    let database = given.path().trim_start_matches('/');
    if given.username().is_empty() || database.is_empty() || given.host().is_none() {
        return Err(LocationError::Parts);
    }
    let (mut mode, mut certificate) = (None, None);
    for (key, value) in given.query_pairs() {
        match &*key {
            "sslmode" => mode = Some(value.into_owned()),
            "sslrootcert" => certificate = Some(base.join(&*value)),
            _ => {
                return Err(LocationError::Option {
                    name: key.into_owned(),
                });
            }
        }
    }
    let mode = match (reach(&given), mode.as_deref()) {
        (_, Some("verify-full")) | (Reach::Beyond, None) => "verify-full",
        (Reach::Beyond, Some(_)) => return Err(LocationError::Unproven),
        (Reach::Loopback, Some("disable")) | (Reach::Socket, None | Some("disable")) => "disable",
        (Reach::Loopback, None | Some("prefer")) => "prefer",
        (Reach::Loopback, Some("require")) => "require",
        (Reach::Loopback, Some("verify-ca")) => "verify-ca",
        (Reach::Loopback | Reach::Socket, Some(_)) => return Err(LocationError::Mode),
    };
    let mut url = given.clone();
    url.set_query(None);
    url.query_pairs_mut().append_pair("sslmode", mode);
    if let Some(certificate) = certificate {
        let path = certificate.to_str().ok_or(LocationError::Unreadable)?;
        url.query_pairs_mut().append_pair("sslrootcert", path);
    }
    Ok(Place::Server(Server { url }))
}

/// How far away a server is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Socket,
    Loopback,
    Beyond,
}

/// A host of a scheme that the URL standard does not know is a text: addresses are read from it here.
fn reach(url: &Url) -> Reach {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) if name.to_ascii_lowercase().starts_with("%2f") => return Reach::Socket,
        Some(Host::Domain(name)) => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    };
    if is_loopback {
        Reach::Loopback
    } else {
        Reach::Beyond
    }
}

/// Why a text is not the place of a store. None of the messages holds the text: a password may stand in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum LocationError {
    #[error(
        "the store is `sqlite://` and a path, such as \"sqlite:///var/lib/easgate/easgate.db\", or \
         \"postgres://USER@HOST/DATABASE\""
    )]
    Kind,
    #[error("`sqlite://` is followed by the path of a file, without a question mark")]
    Path,
    #[error("the URL of the store cannot be read as one")]
    Unreadable,
    #[error("a PostgreSQL store names an account, a host and a database: \"postgres://USER@HOST/DATABASE\"")]
    Parts,
    #[error(
        "the password does not stand in the URL of the store: say with `password` in [store] where it is found"
    )]
    Password,
    #[error("the URL of the store may say `sslmode` and `sslrootcert`, and it says {name:?}")]
    Option { name: String },
    #[error(
        "a PostgreSQL server beyond this machine has to prove who it is: leave `sslmode` out, or say \
         sslmode=verify-full, with sslrootcert=PATH for a certificate authority of your own"
    )]
    Unproven,
    #[error("`sslmode` is disable, prefer, require, verify-ca or verify-full; a socket takes disable alone")]
    Mode,
}

#[cfg(test)]
mod tests;
