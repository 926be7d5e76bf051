//! One authenticated connection, which carries one request at a time.

use std::time::Duration;

use futures::StreamExt as _;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::redirect::Policy;
use reqwest::tls::Version;
use reqwest::{Certificate, Client};
use url::Url;

use super::security::Security;
use crate::config::ConfigError;
use crate::{Config, TransportError};

/// Makes lanes that are all alike.
#[derive(Debug)]
pub(super) struct Dialer {
    authorities: Vec<Certificate>,
    config: Config,
}

/// One HTTP request.
pub(super) struct Post<'a> {
    pub(super) url: &'a Url,
    pub(super) cookies: Option<HeaderValue>,
    pub(super) body: String,
    pub(super) timeout: Duration,
}

/// One HTTP answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// One connection with one security context.
///
/// Each lane has an HTTP client of its own with room for one connection: schemes that authenticate the
/// connection rather than the request allow nothing else. A lane whose request did not come to its end must be
/// dropped, since the connection is then in an unknown state.
#[derive(Debug)]
pub(super) struct Lane {
    client: Client,
    security: Security,
    max_response_bytes: usize,
}

impl Dialer {
    /// Reads the certificates and checks that a client can be made.
    pub(super) fn new(config: &Config) -> Result<Self, ConfigError> {
        let mut authorities = Vec::new();
        if let Some(path) = &config.ca_file {
            let failed = |source| ConfigError::CaFile {
                path: path.clone(),
                source,
            };
            let pem = std::fs::read(path).map_err(|error| failed(error.into()))?;
            authorities = Certificate::from_pem_bundle(&pem).map_err(|error| failed(error.into()))?;
        }
        let dialer = Self {
            authorities,
            config: config.clone(),
        };
        dialer
            .client()
            .map_err(|error| ConfigError::Client { source: error.into() })?;
        Ok(dialer)
    }

    /// Makes a lane; it connects with its first request.
    pub(super) fn dial(&self) -> Result<Lane, TransportError> {
        let client = self
            .client()
            .map_err(|error| TransportError::Setup { source: error.into() })?;
        let security = Security::new(&self.config.authentication)?;
        Ok(Lane {
            client,
            security,
            max_response_bytes: self.config.limits.max_response_bytes,
        })
    }

    fn client(&self) -> reqwest::Result<Client> {
        // IIS asks for a client certificate by renegotiation, which TLS 1.3 does not have.
        Client::builder()
            .tls_backend_native()
            .tls_version_max(Version::TLS_1_2)
            .tls_certs_merge(self.authorities.iter().cloned())
            .http1_only()
            .pool_max_idle_per_host(1)
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(self.config.connect_timeout)
            .build()
    }
}

impl Lane {
    /// Sends a request and reads the whole answer.
    pub(super) async fn post(&mut self, post: Post<'_>) -> Result<Answer, TransportError> {
        let sealed = self.security.seal(post.body);
        let mut request = self
            .client
            .post(post.url.clone())
            .timeout(post.timeout)
            .header(CONTENT_TYPE, sealed.content_type)
            .header(ACCEPT_ENCODING, "identity")
            .body(sealed.bytes);
        if let Some(header) = self.security.authorization() {
            request = request.header(AUTHORIZATION, header);
        }
        if let Some(cookies) = post.cookies {
            request = request.header(COOKIE, cookies);
        }
        let response = request
            .send()
            .await
            .map_err(|error| classify(error, post.timeout))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.read(response, post.timeout).await?;
        Ok(Answer {
            status,
            headers,
            body: self.security.unseal(body),
        })
    }

    /// Reads the body in pieces, so that a server cannot make it larger than we allow.
    async fn read(&self, response: reqwest::Response, timeout: Duration) -> Result<Vec<u8>, TransportError> {
        let limit = self.max_response_bytes;
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| classify(error, timeout))?;
            if body.len() + piece.len() > limit {
                return Err(TransportError::TooLarge { limit });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

fn classify(error: reqwest::Error, after: Duration) -> TransportError {
    let error = error.without_url();
    if error.is_connect() {
        TransportError::Connect { source: error.into() }
    } else if error.is_timeout() {
        TransportError::Timeout { after }
    } else if error.is_builder() {
        TransportError::Setup { source: error.into() }
    } else {
        TransportError::Broken { source: error.into() }
    }
}
