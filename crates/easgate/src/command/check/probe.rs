//! One request without credentials, to see what stands at the other end.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, WWW_AUTHENTICATE};
use reqwest::redirect::Policy;
use reqwest::tls::{Certificate, TlsInfo, Version};
use reqwest::{Client, NoProxy, Proxy};
use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;
use url::Url;

/// Where to ask, and through what.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    pub(super) url: &'a Url,
    /// Where the host of `url` leads when its name is not looked up.
    pub(super) address: Option<IpAddr>,
    pub(super) connect_timeout: Duration,
    /// PEM, to trust besides the system's.
    pub(super) roots: Option<&'a [u8]>,
    pub(super) proxy: Option<Through<'a>>,
}

/// A proxy on the way.
#[derive(Debug)]
pub(super) struct Through<'a> {
    pub(super) url: &'a Url,
    pub(super) login: Option<(&'a str, SecretString)>,
    pub(super) no_proxy: &'a [String],
}

impl Through<'_> {
    fn to_reqwest(&self) -> reqwest::Result<Proxy> {
        let mut proxy =
            Proxy::all(self.url.clone())?.no_proxy(NoProxy::from_string(&self.no_proxy.join(",")));
        if let Some((username, password)) = &self.login {
            proxy = proxy.basic_auth(username, password.expose_secret());
        }
        Ok(proxy)
    }
}

/// What of TLS is insisted upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    /// As a log-on does it: a trusted certificate, at most TLS 1.2.
    Strict,
    /// A trusted certificate, any version.
    AnyVersion,
    /// Any certificate, so that it can be shown. Nothing secret is sent.
    Unverified,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) status: u16,
    /// The schemes of `WWW-Authenticate`.
    pub(super) offered: Vec<String>,
    pub(super) date: Option<OffsetDateTime>,
    pub(super) location: Option<String>,
    /// The server behind a load balancer.
    pub(super) front_end: Option<String>,
    /// The server's certificate, DER.
    pub(super) certificate: Option<Vec<u8>>,
}

impl Probe<'_> {
    /// Sends an empty POST without credentials.
    pub(super) async fn ask(&self, tls: Tls) -> Result<Seen, reqwest::Error> {
        let mut builder = Client::builder()
            .tls_backend_native()
            .tls_info(true)
            .http1_only()
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(self.connect_timeout)
            .timeout(self.connect_timeout.saturating_mul(2));
        builder = match tls {
            Tls::Strict => builder.tls_version_max(Version::TLS_1_2),
            Tls::AnyVersion => builder,
            Tls::Unverified => builder
                .tls_danger_accept_invalid_certs(true)
                .tls_danger_accept_invalid_hostnames(true),
        };
        if let Some(pem) = self.roots {
            builder = builder.tls_certs_merge(Certificate::from_pem_bundle(pem)?);
        }
        if let (Some(host), Some(address)) = (self.url.host_str(), self.address) {
            builder = builder.resolve(host, SocketAddr::new(address, 0));
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.to_reqwest()?);
        }
        let answer = builder
            .build()?
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/soap+xml;charset=UTF-8")
            .body("")
            .send()
            .await?;
        let headers = answer.headers();
        Ok(Seen {
            status: answer.status().as_u16(),
            offered: schemes(headers),
            date: text(headers, DATE.as_str())
                .and_then(|date| httpdate::parse_http_date(date).ok())
                .map(OffsetDateTime::from),
            location: text(headers, LOCATION.as_str()).map(str::to_owned),
            front_end: text(headers, "x-feserver").map(str::to_owned),
            certificate: answer
                .extensions()
                .get::<TlsInfo>()
                .and_then(TlsInfo::peer_certificate)
                .map(<[u8]>::to_vec),
        })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The first word of each challenge; one header may hold several, and their parameters have commas too.
fn schemes(headers: &HeaderMap) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let mut quoted = false;
        let parts = value.to_str().unwrap_or_default().split(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        for part in parts {
            let word = part.split_whitespace().next().unwrap_or_default();
            let token = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if token && !found.iter().any(|known| known.eq_ignore_ascii_case(word)) {
                found.push(word.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn schemes_are_told_from_their_parameters() {
        let mut headers = HeaderMap::new();
        for value in [
            "Kerberos",
            "Negotiate, NTLM",
            "Basic realm=\"ex1, the first\", charset=\"UTF-8\"",
            "negotiate oYG2",
        ] {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        assert_eq!(schemes(&headers), ["Kerberos", "Negotiate", "NTLM", "Basic"]);
    }
}
