//! The HTTP proxy towards the cloud, and what it wants when it refuses.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// An HTTP proxy. Connections to this computer never go through it.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its address, `http://host:port`, without credentials.
    pub url: Url,
    /// Who asks; Basic, the one scheme that is possible here.
    pub login: Option<ProxyLogin>,
    /// Hosts that are reached without it: names with their subdomains, addresses, networks such as `10.0.0.0/8`.
    pub no_proxy: Vec<String>,
}

/// An account at a proxy.
#[derive(Debug, Clone)]
pub struct ProxyLogin {
    /// The name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// What a proxy asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxySchemes(
    /// In the order of its answer; empty when it did not say.
    pub Vec<String>,
);

impl ProxySchemes {
    /// Whether a name and a password sent by Basic could satisfy the proxy.
    #[must_use]
    pub fn takes_basic(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(|scheme| scheme.eq_ignore_ascii_case("Basic"))
    }

    /// What an administrator can do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        if self.takes_basic() {
            "check the name and the password for the proxy"
        } else {
            "the proxy wants NTLM or Negotiate, which easgate does not speak to proxies: let it take Basic, or let this \
             computer pass without credentials"
        }
    }
}

impl fmt::Display for ProxySchemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("credentials");
        }
        f.write_str(&self.0.join(", "))
    }
}

impl Proxy {
    /// Makes reqwest's form of it.
    ///
    /// # Errors
    /// The address is none that reqwest can use.
    pub(super) fn to_reqwest(&self) -> reqwest::Result<reqwest::Proxy> {
        let mut direct = vec!["localhost", "127.0.0.0/8", "::1"];
        direct.extend(self.no_proxy.iter().map(String::as_str));
        let mut proxy =
            reqwest::Proxy::all(self.url.clone())?.no_proxy(reqwest::NoProxy::from_string(&direct.join(",")));
        if let Some(login) = &self.login {
            proxy = proxy.basic_auth(&login.username, login.password.expose_secret());
        }
        Ok(proxy)
    }

    /// Asks the proxy without credentials what it wants for a connection to `target`.
    ///
    /// The HTTP client tells that it was refused, not why.
    pub(super) async fn schemes(&self, target: &Url) -> ProxySchemes {
        let answer = tokio::time::timeout(PATIENCE, self.refusal(target)).await;
        answer.ok().flatten().unwrap_or_default()
    }

    async fn refusal(&self, target: &Url) -> Option<ProxySchemes> {
        if self.url.scheme() != "http" {
            return None;
        }
        let (host, port) = (self.url.host_str()?, self.url.port_or_known_default()?);
        let authority = format!("{}:{}", target.host_str()?, target.port_or_known_default()?);
        let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
            .await
            .ok()?;
        let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut head = Vec::new();
        let mut limited = stream.take(MAX_HEAD);
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            if limited.read_buf(&mut head).await.ok()? == 0 {
                break;
            }
        }
        Some(schemes_of(&String::from_utf8_lossy(&head)))
    }
}

/// How long a proxy may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of its answer that are looked at.
const MAX_HEAD: u64 = 16 * 1024;
/// The longest name of a scheme that is shown.
const MAX_SCHEME: usize = 32;

/// The schemes of the `Proxy-Authenticate` headers in the head of an answer.
fn schemes_of(head: &str) -> ProxySchemes {
    let mut schemes = Vec::new();
    for line in head.lines().skip(1).take_while(|line| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if !name.trim().eq_ignore_ascii_case("Proxy-Authenticate") {
            continue;
        }
        for challenge in value.split(',') {
            let scheme = challenge.trim().split(' ').next().unwrap_or_default();
            let is_scheme = !scheme.is_empty()
                && scheme.len() <= MAX_SCHEME
                && scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if is_scheme && !schemes.iter().any(|known| known == scheme) {
                schemes.push(scheme.to_owned());
            }
        }
    }
    ProxySchemes(schemes)
}

/// Whether the HTTP client was refused by the proxy: it says so in words alone.
pub(super) fn is_refusal(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = next {
        if error.to_string().contains("proxy authorization required") {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests;
