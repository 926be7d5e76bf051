//! How to reach an endpoint.

mod addresses;
mod authentication;
mod secret;
#[cfg(test)]
mod tests;
mod tls;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use url::{Host, Url};

use crate::Command;

pub use addresses::HostAddresses;
pub use authentication::{Authentication, KdcAddress, KerberosLogon, SystemLogon};
pub use secret::Secret;
pub use tls::{CertificatePin, ClientCertificate, Proxy};

/// The settings of a [`crate::WsmanTransport`].
#[derive(Debug, Clone)]
pub struct Config {
    /// The address, such as `https://ex1.contoso.example/powershell`; a query is kept.
    pub url: Url,
    /// The session configuration, as a resource URI.
    pub configuration_uri: String,
    /// Who asks.
    pub authentication: Authentication,
    /// How long the server may hold one request back; at most 15 minutes.
    pub operation_timeout: Duration,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long opening a runspace may take, without its setup commands.
    pub open_timeout: Duration,
    /// How long one command may run, from its start to its end.
    pub command_timeout: Duration,
    /// How long stopping a command, or ending a shell, may take.
    pub close_timeout: Duration,
    /// How long a shell may lie idle before it is ended; a server would end it after 15 minutes.
    pub idle_timeout: Duration,
    /// The largest envelope in bytes, from 32 KiB to 500 KiB.
    pub max_envelope_size: u32,
    /// Whether to add `PSVersion=` to the address, as PowerShell does.
    pub ps_version_query: bool,
    /// The language of the server's messages.
    pub locale: String,
    /// Commands that run first in every runspace, reopened ones too.
    pub setup: Vec<SetupCommand>,
    /// How many commands may run at once; each takes a runspace.
    pub runspaces: usize,
    /// The hosts besides the address's own to which a redirect may carry the credentials.
    pub redirect_hosts: Vec<String>,
    /// Lets Basic go over unencrypted http to a host that is not this computer.
    pub danger_allow_unencrypted: bool,
    /// Lets NTLM log on where it cannot be bound to the server's certificate, over http or through a proxy; a log-on
    /// that is not bound can be relayed to another server by whoever is on the way.
    pub danger_allow_ntlm_without_channel_binding: bool,
    /// The certificate that we show when the server asks for one.
    pub client_certificate: Option<ClientCertificate>,
    /// When there are any, the server's certificate must be one of these; it is checked besides everything else.
    pub pins: Vec<CertificatePin>,
    /// The proxy on the way.
    pub proxy: Option<Proxy>,
    /// A file with PEM certificates of authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Where hosts lead whose names are not looked up; a proxy looks names up by itself.
    pub addresses: HostAddresses,
    /// Whether a server told the name in `url`. Such a name leads neither to this computer nor to one that is known to its
    /// link alone, unless `addresses` says so.
    pub discovered: bool,
    /// Tells the time of day. When a server refuses a ticket of the system, its clock is compared with this one; a ticket
    /// that was taken with a password is compared with the clock of the domain controller.
    pub now: Option<fn() -> SystemTime>,
    /// What a server may make us hold in memory.
    pub limits: Limits,
}

impl Config {
    /// The settings for an Exchange server, with every value at its default.
    #[must_use]
    pub fn new(url: Url, authentication: Authentication) -> Self {
        Self {
            url,
            configuration_uri: "http://schemas.microsoft.com/powershell/Microsoft.Exchange".to_owned(),
            authentication,
            operation_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(15),
            open_timeout: Duration::from_secs(180),
            command_timeout: Duration::from_secs(30 * 60),
            close_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(5 * 60),
            max_envelope_size: 153_600,
            ps_version_query: false,
            locale: "en-US".to_owned(),
            setup: Vec::new(),
            runspaces: 2,
            redirect_hosts: Vec::new(),
            danger_allow_unencrypted: false,
            danger_allow_ntlm_without_channel_binding: false,
            client_certificate: None,
            pins: Vec::new(),
            proxy: None,
            ca_file: None,
            addresses: HostAddresses::default(),
            discovered: false,
            now: None,
            limits: Limits::default(),
        }
    }

    /// Checks what can be checked without a connection.
    ///
    /// # Errors
    ///
    /// When the settings contradict themselves or are unsafe.
    pub fn check(&self) -> Result<(), ConfigError> {
        let encrypted = match self.url.scheme() {
            "https" => true,
            "http" => false,
            scheme => {
                return Err(ConfigError::Scheme {
                    scheme: scheme.to_owned(),
                });
            }
        };
        let Some(host) = self.url.host() else {
            return Err(ConfigError::NoHost);
        };
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return Err(ConfigError::CredentialsInUrl);
        }
        self.check_authentication(encrypted, &host)?;
        if !(1..=MAX_RUNSPACES).contains(&self.runspaces) {
            return Err(ConfigError::Runspaces {
                given: self.runspaces,
            });
        }
        if !(32_768..=512_000).contains(&self.max_envelope_size) {
            return Err(ConfigError::EnvelopeSize {
                given: self.max_envelope_size,
            });
        }
        if self.operation_timeout.is_zero() || self.operation_timeout > MAX_OPERATION_TIMEOUT {
            return Err(ConfigError::OperationTimeout {
                given: self.operation_timeout,
            });
        }
        Ok(())
    }

    fn check_authentication(&self, encrypted: bool, host: &Host<&str>) -> Result<(), ConfigError> {
        match &self.authentication {
            Authentication::Basic { .. } => {
                if !encrypted && !self.danger_allow_unencrypted && !self.stays_here(host) {
                    return Err(ConfigError::Unencrypted {
                        host: host.to_string(),
                    });
                }
            }
            Authentication::Kerberos(logon) | Authentication::Negotiate(logon) => logon.check(host)?,
            Authentication::SystemKerberos(logon) => logon.check(host)?,
            Authentication::Ntlm { .. } => {
                if !encrypted && !self.danger_allow_ntlm_without_channel_binding {
                    return Err(ConfigError::NtlmOverHttp);
                }
            }
            Authentication::Certificate => {
                if self.client_certificate.is_none() {
                    return Err(ConfigError::NoClientCertificate);
                }
            }
        }
        if !encrypted && (self.client_certificate.is_some() || !self.pins.is_empty()) {
            return Err(ConfigError::CertificateOverHttp);
        }
        self.proxy.as_ref().map_or(Ok(()), Proxy::check)
    }

    /// Whether what is sent to `host` does not leave this computer.
    fn stays_here(&self, host: &Host<&str>) -> bool {
        let named = self.addresses.get(&host.to_string());
        is_loopback(host) || self.proxy.is_none() && named.is_some_and(|address| address.is_loopback())
    }
}

/// The server's own maximum of shells a user is 18 by default; more is never useful.
const MAX_RUNSPACES: usize = 18;
const MAX_OPERATION_TIMEOUT: Duration = Duration::from_secs(900);

/// A command that prepares a runspace.
#[derive(Debug, Clone)]
pub struct SetupCommand {
    /// The command; its output is thrown away.
    pub command: Command,
    /// Whether the runspace is usable where the command does not exist.
    pub optional: bool,
}

/// What a server may make us hold in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The largest answer to one request, in bytes.
    pub max_response_bytes: usize,
    /// How many records may wait for the consumer.
    pub max_waiting_records: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_response_bytes: 8 * 1024 * 1024,
            max_waiting_records: 64,
        }
    }
}

/// Whether `host` is this computer.
pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message says it")]
pub enum ConfigError {
    #[error("the address begins with {scheme}, not with http or https")]
    Scheme { scheme: String },
    #[error("the address names no host")]
    NoHost,
    #[error("the address contains credentials; give them apart from it")]
    CredentialsInUrl,
    #[error("basic authentication would send the password unencrypted to {host}; use https")]
    Unencrypted { host: String },
    #[error("Kerberos needs a host name, not the address {host}")]
    KerberosToAddress { host: String },
    #[error("Kerberos needs the account's domain, as user@domain or DOMAIN\\user; {username} has none")]
    NoDomain { username: String },
    #[error(
        "this build has no Kerberos by the system's library; build it with the feature `gssapi`, or give a password"
    )]
    NoSystemKerberos,
    #[error("{spn} is no name of a service such as HTTP/ex1.contoso.example")]
    Spn { spn: String },
    #[error("{given} is no domain controller such as dc1.contoso.example:88")]
    Kdc { given: String },
    #[error("NTLM over http can be relayed to other servers; use https, or Kerberos")]
    NtlmOverHttp,
    #[error("authentication by certificate needs a client certificate")]
    NoClientCertificate,
    #[error("client certificates and pins need https")]
    CertificateOverHttp,
    #[error("{given} is no SHA-256 of a certificate in 64 hexadecimal digits")]
    Pin { given: String },
    #[error(
        "the proxy's address is no address such as http://proxy.contoso.example:3128, without credentials"
    )]
    Proxy,
    #[error("{given} runspaces; between 1 and 18 are possible")]
    Runspaces { given: usize },
    #[error("an envelope of {given} bytes; between 32768 and 512000 are possible")]
    EnvelopeSize { given: u32 },
    #[error("an operation time-out of {given:?}; it must be above zero and at most 15 minutes")]
    OperationTimeout { given: Duration },
    #[error("could not read the certificates in {path}")]
    CaFile {
        path: PathBuf,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error(
        "the client certificate cannot be used; give PEM with a PKCS #8 key (-----BEGIN PRIVATE KEY-----), or a PFX file \
         with its password"
    )]
    ClientCertificate {
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("could not make an HTTP client")]
    Client {
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
