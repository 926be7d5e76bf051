//! HTTP requests on one TCP connection.

use std::time::Duration;

use futures::StreamExt as _;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, COOKIE, PROXY_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::Client;
use reqwest::tls::TlsInfo;
use url::Url;

use super::lane::{Answer, LaneError, Post};
use super::one_shot::ConnectionGone;
use super::{refusing_proxy, security};
use crate::error::mentions;
use crate::{AuthenticationError, TransportError};

/// The HTTP client of one connection.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) client: Client,
    pub(super) max_response_bytes: usize,
    /// The proxy on the way.
    pub(super) proxy: Option<Url>,
}

/// An answer, with the certificate of its connection.
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) certificate: Option<Vec<u8>>,
}

impl Wire {
    /// Sends an empty request.
    pub(super) async fn log_on(
        &self,
        post: &Post<'_>,
        header: Option<HeaderValue>,
    ) -> Result<Reply, LaneError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header);
        }
        self.send(post, headers, Vec::new()).await
    }

    /// Sends a request and reads the answer to its end; otherwise the connection would not come back.
    pub(super) async fn send(
        &self,
        post: &Post<'_>,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Reply, LaneError> {
        let mut request = self
            .client
            .post(post.url.clone())
            .timeout(post.timeout)
            .headers(headers)
            .header(ACCEPT_ENCODING, "identity")
            .body(body);
        if let Some(cookies) = &post.cookies {
            request = request.header(COOKIE, cookies);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                let error = classify(error, post.timeout);
                return Err(demanded(self.with_offer(error, post.url).await));
            }
        };
        let (status, headers) = (response.status(), response.headers().clone());
        note(status, &headers);
        let certificate = response.extensions().get::<TlsInfo>();
        let certificate = certificate
            .and_then(TlsInfo::peer_certificate)
            .map(<[u8]>::to_vec);
        let body = self.read(response, post.timeout).await?;
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            let offered = security::names(&security::challenges(&headers, PROXY_AUTHENTICATE));
            return Err(TransportError::Proxy {
                offered: Some(offered),
            }
            .into());
        }
        Ok(Reply {
            answer: Answer {
                status,
                headers,
                body,
            },
            certificate,
        })
    }

    /// Says of a proxy that refused a tunnel what it wants.
    async fn with_offer(&self, error: TransportError, target: &Url) -> TransportError {
        match (error, &self.proxy) {
            (TransportError::Proxy { offered: None }, Some(proxy)) => TransportError::Proxy {
                offered: refusing_proxy::offers(proxy, target).await,
            },
            (error, _) => error,
        }
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

/// Notes which computer answered, for whoever looks for a request in the logs of a server farm.
fn note(status: StatusCode, headers: &HeaderMap) {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("-")
    };
    tracing::debug!(
        status = status.as_u16(),
        front_end = text("x-feserver"),
        back_end = text("x-calculatedbetarget"),
        request_id = text("request-id"),
        "Server answered"
    );
}

/// A server that asks for a client certificate by renegotiation breaks off where it gets none, before it looks at the
/// request.
fn demanded(error: TransportError) -> LaneError {
    match error {
        TransportError::Broken { source } if mentions(source.as_ref(), "alert handshake failure") => {
            AuthenticationError::CertificateDemanded { source }.into()
        }
        error @ (TransportError::Connect { .. }
        | TransportError::Gone
        | TransportError::Proxy { .. }
        | TransportError::Timeout { .. }
        | TransportError::Broken { .. }
        | TransportError::Status { .. }
        | TransportError::TooLarge { .. }
        | TransportError::Setup { .. }) => error.into(),
    }
}

fn classify(error: reqwest::Error, after: Duration) -> TransportError {
    let error = error.without_url();
    if ConnectionGone::is_cause_of(&error) {
        TransportError::Gone
    } else if mentions(&error, "proxy authorization required") {
        // It was the answer to CONNECT, whose headers do not reach us.
        TransportError::Proxy { offered: None }
    } else if error.is_connect() {
        TransportError::Connect { source: error.into() }
    } else if error.is_timeout() {
        TransportError::Timeout { after }
    } else if error.is_builder() {
        TransportError::Setup { source: error.into() }
    } else {
        TransportError::Broken { source: error.into() }
    }
}
