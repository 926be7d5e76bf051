//! The settings of each part, as the file gives them.

mod exchange;

use std::collections::BTreeSet;
use std::path::PathBuf;

use easgate_compliance::{Limits, Policy};
use easgate_connector::schedule::Schedule;
use easgate_connector::{Expected, Mode, OrganizationConfig, Precautions};
use easgate_intune::{Credential, FileSource, GraphConfig, ProxyLogin};
use secrecy::SecretString;

use crate::{Environment, OverrideTimes, Retention, SecretError, SecretRef, ServiceSettings, Warning};

pub(crate) use exchange::Secrets;
pub use exchange::{Exchange, ExchangeError};

/// A file whose every check has passed.
#[derive(Debug)]
pub struct Configuration {
    /// At least one, in the order of the file; no two have one name or one server.
    pub organizations: Vec<Organization>,
    /// Where durable state is kept.
    pub store: StoreLocation,
    /// What the service needs.
    pub service: ServiceSettings,
    /// For how long the store remembers.
    pub retention: Retention,
    /// The file of the key under which the audit is sealed.
    pub audit_key: PathBuf,
    /// What works and should be looked at.
    pub warnings: Vec<Warning>,
}

impl Configuration {
    /// The organisation called `name`, without regard to case.
    #[must_use]
    pub fn organization(&self, name: &str) -> Option<&Organization> {
        self.organizations
            .iter()
            .find(|organization| organization.name.eq_ignore_ascii_case(name))
    }
}

/// What an [`easgate_store::Location`] is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreLocation {
    /// `sqlite://` and a path, or `postgres://USER@HOST/DATABASE`.
    pub url: String,
    /// The folder from which a relative path goes: the one of the file.
    pub base: PathBuf,
    /// Where the password is found.
    pub password: Option<SecretRef>,
}

impl StoreLocation {
    /// Reads the password.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn location(&self, environment: &Environment) -> Result<easgate_store::Location, SecretError> {
        let password = self.password.as_ref();
        Ok(easgate_store::Location {
            url: self.url.clone(),
            base: self.base.clone(),
            password: password.map(|secret| secret.read(environment)).transpose()?,
        })
    }
}

/// One organisation.
#[derive(Debug)]
pub struct Organization {
    /// Its name.
    pub name: String,
    /// What a sync may do.
    pub mode: Mode,
    /// How Exchange is reached.
    pub exchange: Exchange,
    /// Where enrolments come from.
    pub enrollment: Enrollment,
    /// Who gets what.
    pub policy: Policy,
    /// How much may change.
    pub limits: Limits,
    /// What is done where the policy has nothing to say.
    pub precautions: Precautions,
    /// For how long a device may be let in by hand.
    pub overrides: OverrideTimes,
    /// What the service does by itself, and when.
    pub schedule: Schedule,
    /// How old the last runs may be.
    pub expected: Expected,
}

impl Organization {
    /// What a cycle of the connector needs.
    #[must_use]
    pub fn connector(&self) -> OrganizationConfig {
        OrganizationConfig {
            name: self.name.clone(),
            mode: self.mode,
            policy: self.policy.clone(),
            limits: self.limits,
            lanes: 1,
            tries: self.exchange.tries,
            accept_shrunken: BTreeSet::new(),
            precautions: self.precautions,
        }
    }

    /// Every secret that the organisation needs.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretRef> {
        let of_graph = match &self.enrollment {
            Enrollment::File(_) => [None, None],
            Enrollment::Graph(graph) => [
                Some(match &graph.credential {
                    GraphCredential::Secret(secret) => secret,
                    GraphCredential::Certificate { private_key, .. } => private_key,
                }),
                graph.proxy_login.as_ref().map(|(_, password)| password),
            ],
        };
        self.exchange.secrets().chain(of_graph.into_iter().flatten())
    }
}

/// Where enrolments come from.
#[derive(Debug, Clone)]
pub enum Enrollment {
    /// A CSV file.
    File(FileSource),
    /// Microsoft Graph.
    Graph(Box<Graph>),
}

impl Enrollment {
    /// The stable name, `file` or `graph`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Graph(_) => "graph",
        }
    }
}

/// How Graph is reached.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Without the credential.
    config: GraphConfig,
    /// Where the credential is found.
    pub credential: GraphCredential,
    /// Certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The account at the proxy, and where its password is found.
    pub proxy_login: Option<(String, SecretRef)>,
}

/// Where the application's credential is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphCredential {
    /// A client secret.
    Secret(SecretRef),
    /// A certificate.
    Certificate {
        /// The PEM file with the certificate.
        certificate: PathBuf,
        /// Its private key.
        private_key: SecretRef,
    },
}

impl Graph {
    pub(crate) const fn new(
        config: GraphConfig,
        credential: GraphCredential,
        ca_file: Option<PathBuf>,
        proxy_login: Option<(String, SecretRef)>,
    ) -> Self {
        Self {
            config,
            credential,
            ca_file,
            proxy_login,
        }
    }

    /// The settings without the credential, to show.
    #[must_use]
    pub const fn settings(&self) -> &GraphConfig {
        &self.config
    }

    /// The settings with the credential as it is now.
    ///
    /// # Errors
    /// A secret, the certificate or the extra certificates cannot be read.
    pub fn config(&self, environment: &Environment) -> Result<GraphConfig, GraphError> {
        let credential = match &self.credential {
            GraphCredential::Secret(secret) => Credential::Secret(secret.read(environment)?),
            GraphCredential::Certificate {
                certificate,
                private_key,
            } => Credential::Certificate {
                certificate: read_pem(certificate)?,
                private_key: private_key.read(environment)?,
            },
        };
        let extra_roots = self.ca_file.as_deref().map(read_pem).transpose()?;
        let mut proxy = self.config.proxy.clone();
        if let (Some(proxy), Some((username, password))) = (&mut proxy, &self.proxy_login) {
            proxy.login = Some(ProxyLogin {
                username: username.clone(),
                password: password.read(environment)?,
            });
        }
        Ok(GraphConfig {
            credential,
            extra_roots,
            proxy,
            ..self.config.clone()
        })
    }
}

/// What stands in for a credential until it is read.
pub(crate) fn no_secret() -> SecretString {
    SecretString::from("")
}

fn read_pem(path: &std::path::Path) -> Result<String, GraphError> {
    std::fs::read_to_string(path).map_err(|source| GraphError::File {
        path: path.to_owned(),
        source,
    })
}

/// The Graph settings could not be completed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum GraphError {
    #[error("a secret for Microsoft Graph is missing")]
    Secret {
        #[from]
        source: SecretError,
    },
    #[error("could not read the certificate in {path}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
}
