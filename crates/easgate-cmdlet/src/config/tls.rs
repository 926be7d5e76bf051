//! What TLS and the way to the server need.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use super::{ConfigError, Secret};

/// The certificate that we show to a server; it is read anew for each connection.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ClientCertificate {
    /// Two PEM texts.
    Pem {
        /// A file with the certificate, followed by those of its authorities.
        certificate: PathBuf,
        /// Its private key as PKCS #8, which begins with `-----BEGIN PRIVATE KEY-----`.
        private_key: Secret,
    },
    /// A PKCS #12 file.
    Pfx {
        /// The file.
        file: PathBuf,
        /// Its password.
        password: Secret,
    },
}

/// The SHA-256 of a server certificate (of the whole certificate in DER).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CertificatePin([u8; 32]);

impl CertificatePin {
    /// A pin from the digest.
    #[must_use]
    pub const fn new(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }
}

impl FromStr for CertificatePin {
    type Err = ConfigError;

    /// Reads 64 hexadecimal digits, with or without colons between the bytes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ConfigError::Pin {
            given: text.to_owned(),
        };
        let digits: String = text.chars().filter(|char| *char != ':').collect();
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut sha256 = [0; 32];
        for (at, byte) in sha256.iter_mut().enumerate() {
            let pair = digits.get(2 * at..2 * at + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(sha256))
    }
}

impl fmt::Display for CertificatePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CertificatePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The HTTP proxy on the way to the server. The environment is never consulted.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its address, such as `http://proxy.contoso.example:3128`.
    pub url: Url,
    /// The user name and the password that it wants, by Basic.
    pub credentials: Option<(String, Secret)>,
    /// The hosts that are reached without it: names, `.domain` with everything below, addresses, networks.
    pub no_proxy: Vec<String>,
}

impl Proxy {
    /// A proxy without credentials for every host.
    #[must_use]
    pub const fn new(url: Url) -> Self {
        Self {
            url,
            credentials: None,
            no_proxy: Vec::new(),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let known = matches!(self.url.scheme(), "http" | "https") && self.url.has_host();
        if !known || !self.url.username().is_empty() || self.url.password().is_some() {
            return Err(ConfigError::Proxy);
        }
        Ok(())
    }
}
