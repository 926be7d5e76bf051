//! Who asks, and how that is proved.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use super::{ConfigError, Secret};

/// Who asks, and how that is proved.
///
/// What is chosen here is what is used: a server that does not offer it is an error, never a reason to take
/// something weaker.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Authentication {
    /// A user name and a password with every request; over https, or to this computer.
    Basic {
        /// `DOMAIN\user` or `user@domain`.
        username: String,
        /// The password.
        password: Secret,
    },
    /// Kerberos, by the HTTP scheme `Kerberos` where the server offers that and by `Negotiate` where it does not.
    /// Over http every message is sealed.
    Kerberos(KerberosLogon),
    /// Kerberos by the HTTP scheme `Negotiate` alone. Over http every message is sealed. Never NTLM.
    Negotiate(KerberosLogon),
    /// NTLM, over https and bound to the server's certificate; anything less needs
    /// [`danger_allow_ntlm_without_channel_binding`](crate::Config::danger_allow_ntlm_without_channel_binding).
    Ntlm {
        /// `DOMAIN\user` or `user@domain`.
        username: String,
        /// The password.
        password: Secret,
    },
    /// The client certificate of the connection alone; the server maps it to an account.
    Certificate,
}

/// What Kerberos needs.
#[derive(Debug, Clone)]
pub struct KerberosLogon {
    /// `user@domain` or `DOMAIN\user`.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The service's name, such as `HTTP/ex1.contoso.example`; made from the address when not given.
    pub spn: Option<String>,
    /// The domain controllers that are asked for tickets, in this order; found by `/etc/krb5.conf` when empty.
    pub kdc: Vec<KdcAddress>,
}

impl KerberosLogon {
    /// A log-on with the service's name made from the address, and domain controllers found by `/etc/krb5.conf`.
    #[must_use]
    pub const fn new(username: String, password: Secret) -> Self {
        Self {
            username,
            password,
            spn: None,
            kdc: Vec::new(),
        }
    }

    pub(super) fn check(&self, host: &Host<&str>) -> Result<(), ConfigError> {
        if !has_domain(&self.username) {
            return Err(ConfigError::NoDomain {
                username: self.username.clone(),
            });
        }
        let host = match &self.spn {
            Some(spn) => match spn.split_once('/') {
                Some((class, host)) if !class.is_empty() && !host.is_empty() => host.to_owned(),
                _ => return Err(ConfigError::Spn { spn: spn.clone() }),
            },
            None => host.to_string(),
        };
        if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err(ConfigError::KerberosToAddress { host });
        }
        Ok(())
    }
}

fn has_domain(username: &str) -> bool {
    let parts = username.split_once('\\').or_else(|| username.rsplit_once('@'));
    parts.is_some_and(|(one, other)| !one.is_empty() && !other.is_empty())
}

/// Where a domain controller answers Kerberos, over TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KdcAddress {
    /// INVARIANT: `tcp`, with a host.
    url: Url,
}

impl KdcAddress {
    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }
}

impl FromStr for KdcAddress {
    type Err = ConfigError;

    /// Reads `host` or `host:port`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ConfigError::Kdc {
            given: text.to_owned(),
        };
        if text.contains(['/', '@', '?', '#']) {
            return Err(wrong());
        }
        let mut url = Url::parse(&format!("tcp://{text}")).map_err(|_| wrong())?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        if url.port().is_none() {
            url.set_port(Some(88)).map_err(|()| wrong())?;
        }
        Ok(Self { url })
    }
}

impl fmt::Display for KdcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{host}:{}", self.url.port().unwrap_or(88))
    }
}
