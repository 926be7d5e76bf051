//! Makes connections that are all alike.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::redirect::Policy;
use reqwest::tls::Version;
use reqwest::{Certificate, Client, Identity, NoProxy};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::lane::{Lane, LaneError};
use super::one_shot::OneShot;
use super::outside::Outside;
use super::security::{Account, Logon};
use super::turns::Turns;
use crate::config::{CertificatePin, ClientCertificate, ConfigError, Proxy};
use crate::{Authentication, AuthenticationError, Config, TransportError};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What all lanes of one transport have in common.
#[derive(Debug)]
pub(super) struct Dialer {
    authorities: Vec<Certificate>,
    config: Config,
    logon: Logon,
    turns: Turns,
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
            logon: Logon::new(config),
            config: config.clone(),
            turns: Turns::new(),
        };
        let failed = |source| ConfigError::Client { source };
        let identity = dialer
            .identity()
            .map_err(|source| ConfigError::ClientCertificate { source })?;
        let proxy = dialer.proxy().map_err(failed)?;
        dialer
            .build(identity, proxy)
            .map_err(|error| failed(error.into()))?;
        Ok(dialer)
    }

    /// Makes a lane; it connects with its first request.
    pub(super) fn dial(self: &Arc<Self>) -> Lane {
        Lane::new(Arc::clone(self))
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    pub(super) const fn logon(&self) -> &Logon {
        &self.logon
    }

    pub(super) const fn turns(&self) -> &Turns {
        &self.turns
    }

    /// The account, with its password as it is now.
    pub(super) fn account(&self) -> Result<Account<'_>, AuthenticationError> {
        let (username, password) = match &self.config.authentication {
            Authentication::Basic { username, password } | Authentication::Ntlm { username, password } => {
                (username, password)
            }
            Authentication::Kerberos(logon) | Authentication::Negotiate(logon) => {
                (&logon.username, &logon.password)
            }
            Authentication::SystemKerberos(logon) => {
                return Ok(Account::System {
                    principal: logon.principal.as_deref(),
                });
            }
            Authentication::Certificate => return Ok(Account::Certificate),
        };
        let password = password
            .read()
            .map_err(|source| AuthenticationError::Secret { source })?;
        Ok(Account::Password { username, password })
    }

    /// Makes a client for one connection, with the client certificate and the proxy's password as they are now.
    pub(super) fn client(&self) -> Result<Client, LaneError> {
        let identity = self
            .identity()
            .map_err(|source| AuthenticationError::ClientCertificate { source })?;
        let proxy = self.proxy().map_err(|source| TransportError::Setup { source })?;
        let client = self.build(identity, proxy);
        Ok(client.map_err(|error| TransportError::Setup { source: error.into() })?)
    }

    /// Checks that `certificate`, of the connection at hand, is one of those that are pinned.
    pub(super) fn check_pin(&self, certificate: Option<&[u8]>) -> Result<(), AuthenticationError> {
        if self.config.pins.is_empty() {
            return Ok(());
        }
        let certificate = certificate.ok_or(AuthenticationError::PinUnchecked)?;
        let found = CertificatePin::new(Sha256::digest(certificate).into());
        if self.config.pins.contains(&found) {
            Ok(())
        } else {
            Err(AuthenticationError::Pin {
                found: found.to_string(),
            })
        }
    }

    fn build(&self, identity: Option<Identity>, proxy: Option<reqwest::Proxy>) -> reqwest::Result<Client> {
        // IIS asks for a client certificate by renegotiation, which TLS 1.3 does not have.
        let mut builder = Client::builder()
            .tls_backend_native()
            .tls_version_min(Version::TLS_1_2)
            .tls_version_max(Version::TLS_1_2)
            .tls_certs_merge(self.authorities.iter().cloned())
            .tls_info(true)
            .http1_only()
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(None)
            .connector_layer(OneShot::new(self.config.connect_timeout))
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(self.config.connect_timeout);
        for (host, address) in self.config.addresses.iter() {
            // The port is the one of the URL.
            builder = builder.resolve(host, SocketAddr::new(address, 0));
        }
        // Through a proxy the only name that is looked up here is the proxy's, which no server told.
        if self.config.discovered && self.config.proxy.is_none() {
            builder = builder.dns_resolver(Outside);
        }
        if let Some(identity) = identity {
            builder = builder.identity(identity);
        }
        if let Some(proxy) = proxy {
            builder = builder.proxy(proxy);
        }
        builder.build()
    }

    fn identity(&self) -> Result<Option<Identity>, BoxError> {
        let identity = match &self.config.client_certificate {
            None => return Ok(None),
            Some(ClientCertificate::Pem {
                certificate,
                private_key,
            }) => {
                let pem = std::fs::read(certificate)?;
                let key = private_key.read()?;
                Identity::from_pkcs8_pem(&pem, key.expose_secret().as_bytes())?
            }
            Some(ClientCertificate::Pfx { file, password }) => {
                let der = std::fs::read(file)?;
                let password = password.read()?;
                Identity::from_pkcs12_der(&der, password.expose_secret())?
            }
        };
        Ok(Some(identity))
    }

    fn proxy(&self) -> Result<Option<reqwest::Proxy>, BoxError> {
        let Some(Proxy {
            url,
            credentials,
            no_proxy,
        }) = &self.config.proxy
        else {
            return Ok(None);
        };
        let mut proxy = reqwest::Proxy::all(url.clone())?.no_proxy(NoProxy::from_string(&no_proxy.join(",")));
        if let Some((username, password)) = credentials {
            let password = password.read()?;
            proxy = proxy.basic_auth(username, password.expose_secret());
        }
        Ok(Some(proxy))
    }
}
