//! What a [`Graph`](crate::Graph) needs to know.

use std::fmt;
use std::time::Duration;

use easgate_model::GroupId;
use secrecy::SecretString;
use url::Url;
use uuid::{Uuid, uuid};

use crate::cloud::{Cloud, is_loopback};
use crate::http::retry::USUAL_TRIES;
use crate::{CertificateError, Proxy};

/// The service plans that license a user for Intune.
///
/// Device licences and Basic Mobility (`882e1d05-acd1-4ccb-8708-6ee03664b117`) are not among them. See _Entra,
/// Product names and service plan identifiers for licensing_.
pub const INTUNE_PLANS: [Uuid; 7] = [
    uuid!("c1ec4a95-1f05-45b3-a911-aa3fa01094f5"), // INTUNE_A
    uuid!("d216f254-796f-4dab-bbfa-710686e646b9"), // INTUNE_A_GOV
    uuid!("3e170737-c728-4eae-bbb9-3f3360f7184c"), // INTUNE_A_VL
    uuid!("b4288abe-01be-47d9-ad20-311d6e83fc24"), // INTUNE_A_VL_USGOV_GCCHIGH
    uuid!("da24caf9-af8e-485c-b7c8-e73336da2693"), // INTUNE_EDU
    uuid!("e6025b08-2fa5-4313-bd0a-7e5ffca32958"), // INTUNE_SMB
    uuid!("8e9ff0ff-aa7a-4b20-83c1-2f636b600ac2"), // INTUNE_SMBIZ
];

/// How the application proves itself to Entra.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// A client secret.
    Secret(SecretString),
    /// A certificate whose private key signs each token request (PS256).
    Certificate {
        /// The certificate in PEM; of a chain, the first.
        certificate: String,
        /// Its RSA private key in PEM, PKCS#8 or PKCS#1, not encrypted.
        private_key: SecretString,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret(..)",
            Self::Certificate { .. } => "Certificate { .. }",
        })
    }
}

/// The settings of a [`Graph`](crate::Graph). [`GraphConfig::new`] gives the usual ones.
#[derive(Debug, Clone)]
pub struct GraphConfig {
    /// The national cloud.
    pub cloud: Cloud,
    /// The root of Graph in place of the cloud's; `http` for loopback alone.
    pub graph_root: Option<Url>,
    /// The root for tokens in place of the cloud's; `http` for loopback alone.
    pub login_root: Option<Url>,
    /// The directory: its GUID or one of its domains.
    pub tenant: String,
    /// The application's client id.
    pub client_id: String,
    /// How the application proves itself.
    pub credential: Credential,
    /// The groups whose members are read: those that the policy includes and excludes.
    pub groups: Vec<GroupId>,
    /// The service plans that license a user.
    pub license_plans: Vec<Uuid>,
    /// Whether a plan in `Warning`, the subscription's grace time, counts as licensed.
    pub count_warning_as_licensed: bool,
    /// A PEM file's content with certificates to trust besides the system's.
    pub extra_roots: Option<String>,
    /// The HTTP proxy; the environment is not consulted.
    pub proxy: Option<Proxy>,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long one answer may take, body included.
    pub request_timeout: Duration,
    /// The most bytes one answer may have, decompressed.
    pub max_body_bytes: usize,
    /// The most pages one list may have.
    pub max_pages: usize,
    /// How often one request is sent at most while Graph does not answer or asks to wait; a list goes on with the page that
    /// did not come, and is never begun anew for it.
    pub tries: u32,
}

impl GraphConfig {
    /// The usual settings: every Intune plan, `Warning` counts as licensed, 10 s to connect, 100 s an answer,
    /// 64 MiB a body, 5,000 pages a list, 6 tries of a page.
    #[must_use]
    pub fn new(cloud: Cloud, tenant: &str, client_id: &str, credential: Credential) -> Self {
        Self {
            cloud,
            graph_root: None,
            login_root: None,
            tenant: tenant.to_owned(),
            client_id: client_id.to_owned(),
            credential,
            groups: Vec::new(),
            license_plans: INTUNE_PLANS.to_vec(),
            count_warning_as_licensed: true,
            extra_roots: None,
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(100),
            max_body_bytes: 64 << 20,
            max_pages: 5_000,
            tries: USUAL_TRIES,
        }
    }

    /// The root of Graph that is used.
    ///
    /// # Errors
    /// The root is not https (or http to loopback), or has a path, a query or user information.
    pub fn graph_root(&self) -> Result<Url, GraphConfigError> {
        root("graph_root", self.graph_root.as_ref(), self.cloud.graph_root())
    }

    /// The root for tokens that is used.
    ///
    /// # Errors
    /// As [`GraphConfig::graph_root`].
    pub fn login_root(&self) -> Result<Url, GraphConfigError> {
        root("login_root", self.login_root.as_ref(), self.cloud.login_root())
    }

    /// The scope that tokens are asked for: the Graph root's; a root on loopback stands for the cloud's.
    ///
    /// # Errors
    /// As [`GraphConfig::graph_root`].
    pub fn scope(&self) -> Result<String, GraphConfigError> {
        let root = self.graph_root()?;
        Ok(if is_loopback(&root) {
            format!("{}/.default", self.cloud.graph_root())
        } else {
            format!("{}/.default", root.as_str().trim_end_matches('/'))
        })
    }

    /// Checks what can be checked without a connection.
    ///
    /// # Errors
    /// The first setting that cannot work.
    pub fn validate(&self) -> Result<(), GraphConfigError> {
        self.graph_root()?;
        self.login_root()?;
        let name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if self.tenant.is_empty() || !self.tenant.chars().all(name) || self.tenant.starts_with('.') {
            return Err(GraphConfigError::Tenant {
                tenant: self.tenant.clone(),
            });
        }
        if self.client_id.trim().is_empty() {
            return Err(GraphConfigError::ClientId);
        }
        if self.license_plans.is_empty() {
            return Err(GraphConfigError::NoPlans);
        }
        for group in &self.groups {
            if Uuid::try_parse(group.as_str()).is_err() {
                return Err(GraphConfigError::Group { group: group.clone() });
            }
        }
        Ok(())
    }
}

fn root(setting: &'static str, given: Option<&Url>, usual: &str) -> Result<Url, GraphConfigError> {
    let url = match given {
        Some(url) => url.clone(),
        None => Url::parse(usual).map_err(|_| GraphConfigError::Root { setting })?,
    };
    let scheme_fits = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && matches!(url.path(), "" | "/");
    if scheme_fits && bare && url.host_str().is_some() {
        Ok(url)
    } else {
        Err(GraphConfigError::Root { setting })
    }
}

/// Why the settings cannot work.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum GraphConfigError {
    #[error("{setting} is not of the form https://host[:port] (http is for loopback alone)")]
    Root { setting: &'static str },
    #[error("the tenant {tenant:?} is neither a GUID nor a domain name")]
    Tenant { tenant: String },
    #[error("the client id is empty")]
    ClientId,
    #[error("no service plan counts as a licence: nobody would be licensed")]
    NoPlans,
    #[error("the group {group} is not a GUID; Graph names groups by their object id")]
    Group { group: GroupId },
    #[error("the certificate of the application cannot be used")]
    Certificate {
        #[source]
        source: CertificateError,
    },
    #[error("the extra root certificates are not PEM")]
    ExtraRoots {
        #[source]
        source: reqwest::Error,
    },
    #[error("the proxy cannot be used")]
    Proxy {
        #[source]
        source: reqwest::Error,
    },
    #[error("the HTTP client cannot start")]
    Client {
        #[source]
        source: reqwest::Error,
    },
}
