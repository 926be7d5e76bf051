//! Client-credential tokens of Entra ID, cached.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use crate::config::{Credential, GraphConfig, GraphConfigError};
use crate::http::{Answer, Http, SendError};
use crate::timing::Timing;
use crate::token::certificate::SigningCertificate;
use crate::token::{AccessToken, Refusal, TokenError, TokenSource};

/// How long before its end a token is renewed.
const RENEW_BEFORE: Duration = Duration::minutes(5);
/// How long an old token goes on being used before the next try, while renewal fails.
const RENEWAL_PAUSE: Duration = Duration::seconds(30);
/// The longest life of a token that is believed.
const LONGEST_LIFE: i64 = 24 * 60 * 60;

/// Tokens by client credentials: a secret or a certificate.
///
/// One token is kept in memory, and one request at most is under way. It is renewed 5 minutes before its end; while
/// that fails, the old one is used as long as it is good.
pub struct EntraTokens {
    http: Arc<Http>,
    endpoint: Url,
    scope: String,
    client_id: String,
    proof: Proof,
    cached: Mutex<Option<Cached>>,
}

enum Proof {
    Secret(SecretString),
    Certificate(SigningCertificate),
}

struct Cached {
    token: AccessToken,
    renew_at: OffsetDateTime,
    expires: OffsetDateTime,
}

impl EntraTokens {
    /// Tokens for the application of `config`.
    ///
    /// # Errors
    /// The settings cannot work: see [`GraphConfig::validate`]; or certificate and key do not belong together.
    pub fn new(config: &GraphConfig, timing: Timing) -> Result<Self, GraphConfigError> {
        let http = Arc::new(Http::new(config, timing)?);
        Self::over(config, http)
    }

    pub(crate) fn over(config: &GraphConfig, http: Arc<Http>) -> Result<Self, GraphConfigError> {
        config.validate()?;
        let mut endpoint = config.login_root()?;
        endpoint.set_path(&format!("/{}/oauth2/v2.0/token", config.tenant));
        let proof = match &config.credential {
            Credential::Secret(secret) => Proof::Secret(secret.clone()),
            Credential::Certificate {
                certificate,
                private_key,
            } => Proof::Certificate(
                SigningCertificate::new(certificate, private_key)
                    .map_err(|source| GraphConfigError::Certificate { source })?,
            ),
        };
        Ok(Self {
            http,
            endpoint,
            scope: config.scope()?,
            client_id: config.client_id.clone(),
            proof,
            cached: Mutex::new(None),
        })
    }

    /// When the certificate ends; `None` with a secret.
    #[must_use]
    pub const fn certificate_not_after(&self) -> Option<OffsetDateTime> {
        match &self.proof {
            Proof::Secret(_) => None,
            Proof::Certificate(certificate) => Some(certificate.not_after()),
        }
    }

    async fn fetch(&self) -> Result<Cached, TokenError> {
        let endpoint = self.endpoint.to_string();
        // Signing is tried before sending, so that the sender below has nothing that can fail.
        self.form(&endpoint)?;
        let make = |client: &Client| self.request(client, &endpoint);
        let answer = self.http.send(&make).await.map_err(|error| match error {
            SendError::Transport { tries, source } => TokenError::Unreachable {
                endpoint: endpoint.clone(),
                tries,
                source,
            },
            SendError::TooLarge { .. } => TokenError::NoToken {
                endpoint: endpoint.clone(),
                status: 200,
            },
            SendError::Proxy { wanted } => TokenError::Proxy {
                endpoint: endpoint.clone(),
                wanted,
            },
        })?;
        self.read(&endpoint, &answer)
    }

    /// One request; an assertion is made anew for each, since a repeated `jti` is refused.
    fn request(&self, client: &Client, endpoint: &str) -> RequestBuilder {
        let builder = client.post(self.endpoint.clone());
        match self.form(endpoint) {
            Ok(form) => builder.form(
                &form
                    .iter()
                    .map(|(name, value)| (*name, value.expose_secret()))
                    .collect::<Vec<_>>(),
            ),
            Err(_) => builder,
        }
    }

    fn form(&self, endpoint: &str) -> Result<Vec<(&'static str, SecretString)>, TokenError> {
        let mut form = vec![
            ("client_id", self.client_id.as_str().into()),
            ("scope", self.scope.as_str().into()),
            ("grant_type", "client_credentials".into()),
        ];
        match &self.proof {
            Proof::Secret(secret) => form.push(("client_secret", secret.clone())),
            Proof::Certificate(certificate) => {
                let now = self.http.timing().now();
                let assertion = certificate
                    .assertion(endpoint, &self.client_id, now, Uuid::new_v4())
                    .map_err(|source| TokenError::Signing { source })?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                form.push(("client_assertion_type", kind.into()));
                form.push(("client_assertion", assertion));
            }
        }
        Ok(form)
    }

    fn read(&self, endpoint: &str, answer: &Answer) -> Result<Cached, TokenError> {
        let status = answer.status.as_u16();
        let endpoint = endpoint.to_owned();
        if answer.status == StatusCode::TOO_MANY_REQUESTS || answer.status.is_server_error() {
            return Err(TokenError::Unavailable {
                endpoint,
                status,
                tries: answer.tries,
            });
        }
        if !answer.is_json() {
            return Err(TokenError::NoToken { endpoint, status });
        }
        if answer.status != StatusCode::OK {
            return Err(match serde_json::from_slice::<WireRefusal>(&answer.body) {
                Ok(refusal) => TokenError::Refused {
                    endpoint,
                    refusal: Box::new(refusal.into()),
                },
                Err(_) => TokenError::NoToken { endpoint, status },
            });
        }
        let Ok(token) = serde_json::from_slice::<WireToken>(&answer.body) else {
            return Err(TokenError::NoToken { endpoint, status });
        };
        if token.access_token.expose_secret().is_empty() {
            return Err(TokenError::NoToken { endpoint, status });
        }
        let life = Duration::seconds(token.expires_in.clamp(0, LONGEST_LIFE));
        let now = self.http.timing().now();
        let expires = now + life;
        Ok(Cached {
            token: AccessToken::new(token.access_token, Some(expires)),
            renew_at: now + (life - RENEW_BEFORE).max(life / 2),
            expires,
        })
    }
}

#[async_trait]
impl TokenSource for EntraTokens {
    async fn token(&self) -> Result<AccessToken, TokenError> {
        let mut cached = self.cached.lock().await;
        let now = self.http.timing().now();
        if let Some(cached) = cached.as_ref().filter(|cached| now < cached.renew_at) {
            return Ok(cached.token.clone());
        }
        match (self.fetch().await, cached.as_mut()) {
            (Ok(fresh), _) => {
                let token = fresh.token.clone();
                *cached = Some(fresh);
                Ok(token)
            }
            (Err(error), Some(old)) if now < old.expires => {
                tracing::warn!(%error, "Token could not be renewed; the old one is still good");
                old.renew_at = (now + RENEWAL_PAUSE).min(old.expires);
                Ok(old.token.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn invalidate(&self, refused: &AccessToken) {
        let mut cached = self.cached.lock().await;
        if cached
            .as_ref()
            .is_some_and(|cached| cached.token.expose() == refused.expose())
        {
            *cached = None;
        }
    }
}

impl fmt::Debug for EntraTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraTokens")
            .field("endpoint", &self.endpoint.as_str())
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct WireToken {
    #[serde(deserialize_with = "secret")]
    access_token: SecretString,
    #[serde(default = "usual_life")]
    expires_in: i64,
}

const fn usual_life() -> i64 {
    3599
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

#[derive(Deserialize)]
struct WireRefusal {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u64>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
}

impl From<WireRefusal> for Refusal {
    fn from(wire: WireRefusal) -> Self {
        Self {
            code: wire.error_codes.first().copied(),
            error: wire.error,
            description: wire
                .error_description
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
            trace_id: wire.trace_id,
            correlation_id: wire.correlation_id,
        }
    }
}
