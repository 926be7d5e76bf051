//! Tokens for Graph.

pub(crate) mod certificate;
pub(crate) mod entra;

use std::fmt;

use async_trait::async_trait;
use easgate_model::escape;
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use crate::{CertificateError, ProxySchemes};

/// Where tokens come from: a secret, a certificate, a managed identity, a test.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token that is good now, from the cache or fresh.
    ///
    /// # Errors
    /// The identity provider refused, or could not be reached.
    async fn token(&self) -> Result<AccessToken, TokenError>;

    /// Drops `refused` from the cache, because Graph refused it; another token in the cache stays.
    async fn invalidate(&self, refused: &AccessToken);
}

/// A token, opaque to us.
#[derive(Clone)]
pub struct AccessToken {
    secret: SecretString,
    expires: Option<OffsetDateTime>,
}

impl AccessToken {
    /// A token that is good until `expires`; `None` when that is not known.
    #[must_use]
    pub const fn new(secret: SecretString, expires: Option<OffsetDateTime>) -> Self {
        Self { secret, expires }
    }

    /// When the token ends.
    #[must_use]
    pub const fn expires(&self) -> Option<OffsetDateTime> {
        self.expires
    }

    pub(crate) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// One token, given from outside, for tests and for a trial by hand.
#[derive(Debug, Clone)]
pub struct StaticToken {
    token: AccessToken,
}

impl StaticToken {
    /// Gives `secret` to whoever asks.
    #[must_use]
    pub const fn new(secret: SecretString) -> Self {
        Self {
            token: AccessToken::new(secret, None),
        }
    }
}

#[async_trait]
impl TokenSource for StaticToken {
    async fn token(&self) -> Result<AccessToken, TokenError> {
        Ok(self.token.clone())
    }

    async fn invalidate(&self, _refused: &AccessToken) {}
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum TokenError {
    #[error("no answer from {endpoint} after {tries} tries")]
    Unreachable {
        endpoint: String,
        tries: u32,
        #[source]
        source: reqwest::Error,
    },
    #[error("{endpoint} refuses the application: {refusal}")]
    Refused { endpoint: String, refusal: Box<Refusal> },
    #[error("{endpoint} is unavailable after {tries} tries: HTTP {status}")]
    Unavailable {
        endpoint: String,
        status: u16,
        tries: u32,
    },
    #[error("the proxy lets no request through to {endpoint}: it wants {wanted}")]
    Proxy { endpoint: String, wanted: ProxySchemes },
    #[error("{endpoint} does not answer with a token: HTTP {status}")]
    NoToken { endpoint: String, status: u16 },
    #[error("the token request cannot be signed")]
    Signing {
        #[source]
        source: CertificateError,
    },
}

/// What the token endpoint says when it refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The OAuth error, such as `invalid_client`.
    pub error: String,
    /// The number after `AADSTS`.
    pub code: Option<u64>,
    /// Entra's text, in one line.
    pub description: String,
    /// Entra's trace id, for its support.
    pub trace_id: Option<String>,
    /// Entra's correlation id, for its support.
    pub correlation_id: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.error))?;
        if let Some(code) = self.code {
            write!(f, " AADSTS{code}")?;
        }
        if !self.description.is_empty() {
            write!(f, ": {}", escape(&self.description))?;
        }
        match &self.trace_id {
            Some(id) => write!(f, " (trace_id {})", escape(id)),
            None => Ok(()),
        }
    }
}

impl TokenError {
    /// Whether the same request may succeed later without anybody acting.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unavailable { .. } => true,
            Self::Refused { .. } | Self::NoToken { .. } | Self::Signing { .. } | Self::Proxy { .. } => false,
        }
    }

    /// What an administrator can do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "check name resolution, the firewall and the proxy towards the login root, port 443"
            }
            Self::Unavailable { .. } => "wait for the next run",
            Self::Proxy { wanted, .. } => wanted.cure(),
            Self::NoToken { .. } => "check the tenant id and login_root",
            Self::Signing { .. } => "check the private key of the application's certificate",
            Self::Refused { refusal, .. } => match (refusal.code, refusal.error.as_str()) {
                (Some(700_016), _) => "check the client id, and that the application is in this tenant",
                (Some(90_002 | 900_023), _) => "check the tenant id and the cloud",
                (Some(7_000_222), _) => "the client secret has expired: make a new one",
                (Some(7_000_215), _) => "check the client secret: its value is wanted, not its id",
                (Some(700_027), _) => "upload the certificate to the app registration, or renew it",
                (Some(700_024), _) => "set the clock of this machine",
                (Some(70_011 | 1_002_012), _) | (_, "invalid_scope") => {
                    "check that the cloud and the Graph root belong together"
                }
                (_, "invalid_client") => "check the client secret or the certificate",
                _ => "look up the AADSTS number, if there is one; check tenant, client id and credential",
            },
        }
    }
}
