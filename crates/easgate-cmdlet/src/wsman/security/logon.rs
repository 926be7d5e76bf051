//! What every log-on of one transport has in common.

use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use url::Url;

use super::binding::channel_bindings;
use super::context::{Account, SecurityContext};
use super::kdc::Kdcs;
use super::scheme::{Challenge, Mechanism, Scheme, names};
use crate::{Authentication, AuthenticationError, Config};

/// Who logs on, by which schemes, and what earlier log-ons taught.
#[derive(Debug)]
pub(in crate::wsman) struct Logon {
    schemes: &'static [Scheme],
    kdcs: Arc<Kdcs>,
    spn: Option<String>,
    /// The host that the configured name of the service is for.
    host: Option<String>,
    /// The scheme by which the last log-on went.
    learnt: Mutex<Option<Scheme>>,
    unbound_allowed: bool,
}

impl Logon {
    pub(in crate::wsman) fn new(config: &Config) -> Self {
        let (kdcs, spn) = match &config.authentication {
            Authentication::Kerberos(logon) | Authentication::Negotiate(logon) => {
                (logon.kdc.clone(), logon.spn.clone())
            }
            Authentication::Basic { .. } | Authentication::Ntlm { .. } | Authentication::Certificate => {
                (Vec::new(), None)
            }
        };
        Self {
            schemes: Scheme::of(&config.authentication),
            kdcs: Arc::new(Kdcs::new(kdcs)),
            spn,
            host: config.url.host_str().map(str::to_owned),
            learnt: Mutex::new(None),
            unbound_allowed: config.danger_allow_ntlm_without_channel_binding,
        }
    }

    /// The scheme to begin with, where the server has not said yet what it offers.
    pub(in crate::wsman) fn first_scheme(&self) -> Option<Scheme> {
        let learnt = *self.learnt();
        learnt.or_else(|| self.schemes.first().copied())
    }

    /// The scheme to use of those that the server offers.
    ///
    /// # Errors
    ///
    /// When it offers none of ours.
    pub(in crate::wsman) fn choose(&self, offered: &[Challenge]) -> Result<Scheme, AuthenticationError> {
        Scheme::choose(self.schemes, offered).ok_or_else(|| AuthenticationError::NotOffered {
            wanted: self
                .schemes
                .first()
                .map_or("this authentication", |scheme| scheme.name()),
            offered: names(offered),
        })
    }

    pub(in crate::wsman) fn learn(&self, scheme: Scheme) {
        *self.learnt() = Some(scheme);
    }

    /// Whether a log-on must know the certificate of its connection.
    pub(in crate::wsman) fn needs_certificate(&self) -> bool {
        self.schemes
            .iter()
            .any(|scheme| scheme.mechanism() == Mechanism::Ntlm)
    }

    /// Begins a log-on to the server at `url`, whose certificate is `certificate`.
    ///
    /// # Errors
    ///
    /// When it cannot be bound to the certificate though it must.
    pub(in crate::wsman) fn begin(
        &self,
        scheme: Scheme,
        url: &Url,
        certificate: Option<&[u8]>,
        username: &str,
        password: &SecretString,
    ) -> Result<SecurityContext, AuthenticationError> {
        let host = url.host_str().unwrap_or_default();
        let configured = self.spn.as_ref().filter(|_| self.host.as_deref() == Some(host));
        let spn = configured.cloned().unwrap_or_else(|| format!("HTTP/{host}"));
        let bindings = match scheme.mechanism() {
            // The library writes a binding into Kerberos tickets that servers refuse.
            Mechanism::Kerberos => None,
            Mechanism::Ntlm => self.bindings(url, certificate)?,
        };
        let account = Account {
            username,
            spn: &spn,
            kdcs: &self.kdcs,
        };
        SecurityContext::new(scheme, &account, password, bindings)
    }

    fn bindings(
        &self,
        url: &Url,
        certificate: Option<&[u8]>,
    ) -> Result<Option<Vec<u8>>, AuthenticationError> {
        let bindings = match certificate {
            Some(certificate) => channel_bindings(certificate),
            None if url.scheme() == "https" => Err("the certificate does not show through a proxy"),
            None => Err("http has no certificate"),
        };
        match bindings {
            Ok(bindings) => Ok(Some(bindings)),
            Err(reason) if self.unbound_allowed => {
                tracing::warn!(reason, "NTLM log-on without channel binding");
                Ok(None)
            }
            Err(reason) => Err(AuthenticationError::ChannelBinding { reason }),
        }
    }

    fn learnt(&self) -> std::sync::MutexGuard<'_, Option<Scheme>> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
