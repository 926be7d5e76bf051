//! One HTTP exchange, repeated as long as that is right.

pub(crate) mod error;
pub(crate) mod proxy;
pub(crate) mod retry;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use reqwest::{Client, RequestBuilder, redirect};
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::config::{GraphConfig, GraphConfigError};
use crate::http::proxy::{Proxy, ProxySchemes};
use crate::http::retry::Outcome;
use crate::timing::Timing;

/// The most requests at once: what is throttled counts against the tenant.
const AT_ONCE: usize = 4;

/// The HTTP client of one tenant.
pub(crate) struct Http {
    client: Client,
    timing: Timing,
    permits: Semaphore,
    max_body_bytes: usize,
    tries: u32,
    proxy: Option<Proxy>,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) client_request_id: Uuid,
    pub(crate) tries: u32,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The server's own clock.
    pub(crate) fn date(&self) -> Option<OffsetDateTime> {
        retry::http_date(self.header("date")?)
    }

    /// Whether the content is JSON; the parameters of the media type do not matter.
    pub(crate) fn is_json(&self) -> bool {
        let essence = |value: &str| {
            value
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        };
        self.header("content-type")
            .is_some_and(|value| essence(value) == "application/json")
    }
}

impl Http {
    pub(crate) fn new(config: &GraphConfig, timing: Timing) -> Result<Self, GraphConfigError> {
        let mut builder = Client::builder()
            .tls_backend_native()
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .retry(reqwest::retry::never())
            .gzip(true)
            .connect_timeout(config.connect_timeout)
            .timeout(config.request_timeout)
            .user_agent(concat!("easgate/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = &config.extra_roots {
            let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|source| GraphConfigError::ExtraRoots { source })?;
            builder = builder.tls_certs_merge(roots);
        }
        if let Some(proxy) = &config.proxy {
            let proxy = proxy.to_reqwest();
            builder = builder.proxy(proxy.map_err(|source| GraphConfigError::Proxy { source })?);
        }
        let client = builder
            .build()
            .map_err(|source| GraphConfigError::Client { source })?;
        Ok(Self {
            client,
            timing,
            permits: Semaphore::new(AT_ONCE),
            max_body_bytes: config.max_body_bytes,
            tries: config.tries,
            proxy: config.proxy.clone(),
        })
    }

    /// How often one request is sent at most.
    pub(crate) const fn tries(&self) -> u32 {
        self.tries
    }

    pub(crate) const fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Sends what `make` makes, anew for each try, until an answer is final or the tries are used up.
    ///
    /// The permit is held while waiting, so that a throttled tenant is asked less, not more.
    pub(crate) async fn send(
        &self,
        make: &(dyn Fn(&Client) -> RequestBuilder + Send + Sync),
    ) -> Result<Answer, SendError> {
        let _permit = self
            .permits
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let mut tries = 0;
        loop {
            tries += 1;
            let client_request_id = Uuid::new_v4();
            let builder = make(&self.client)
                .header("client-request-id", client_request_id.to_string())
                .header(header::ACCEPT, "application/json");
            let result = self.once(builder).await;
            let (outcome, told) = match &result {
                Ok((status, headers, body)) => (
                    Outcome::Status(*status),
                    retry::told_wait(headers, body, self.timing.now()),
                ),
                Err(OnceError::TooLarge) => {
                    return Err(SendError::TooLarge {
                        limit: self.max_body_bytes,
                    });
                }
                Err(OnceError::Transport(error)) if proxy::is_refusal(error) => {
                    return Err(self.refused_by_proxy(error).await);
                }
                Err(OnceError::Transport(_)) => (Outcome::NoAnswer, None),
            };
            if retry::may_repeat(outcome, tries, self.tries) {
                let wait = retry::wait(tries, told, self.timing.jitter());
                tracing::debug!(tries, ?outcome, ?wait, %client_request_id, "Request is repeated");
                self.timing.sleep(wait).await;
                continue;
            }
            return match result {
                Ok((status, headers, body)) => Ok(Answer {
                    status,
                    headers,
                    body,
                    client_request_id,
                    tries,
                }),
                Err(OnceError::Transport(source)) => Err(SendError::Transport {
                    tries,
                    source: source.without_url(),
                }),
                Err(OnceError::TooLarge) => Err(SendError::TooLarge {
                    limit: self.max_body_bytes,
                }),
            };
        }
    }

    /// Asks the proxy what it wants; asked again with the same credentials it might lock the account.
    async fn refused_by_proxy(&self, error: &reqwest::Error) -> SendError {
        let wanted = match (&self.proxy, error.url()) {
            (Some(proxy), Some(target)) => proxy.schemes(target).await,
            _ => ProxySchemes::default(),
        };
        SendError::Proxy { wanted }
    }

    async fn once(&self, request: RequestBuilder) -> Result<(StatusCode, HeaderMap, Bytes), OnceError> {
        let mut response = request.send().await?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await? {
            if chunk.len() > self.max_body_bytes.saturating_sub(body.len()) {
                return Err(OnceError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok((
            response.status(),
            std::mem::take(response.headers_mut()),
            body.freeze(),
        ))
    }
}

enum OnceError {
    Transport(reqwest::Error),
    TooLarge,
}

impl From<reqwest::Error> for OnceError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error)
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum SendError {
    Transport { tries: u32, source: reqwest::Error },
    TooLarge { limit: usize },
    Proxy { wanted: ProxySchemes },
}
