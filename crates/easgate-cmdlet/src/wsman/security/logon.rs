//! What every log-on of one transport has in common.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use http::HeaderMap;
use http::header::DATE;
use secrecy::SecretString;
use url::Url;

#[cfg(feature = "gssapi")]
use super::binding::application_data;
use super::binding::channel_bindings;
use super::context::SecurityContext;
use super::kdc::Kdcs;
use super::scheme::{Challenge, Mechanism, Scheme, names};
use super::skew;
#[cfg(not(feature = "gssapi"))]
use crate::ConfigError;
use crate::{Authentication, AuthenticationError, Config};

/// Who logs on, and what proves it.
#[derive(Debug)]
pub(in crate::wsman) enum Account<'a> {
    /// The client certificate alone.
    Certificate,
    /// A password.
    Password {
        username: &'a str,
        password: SecretString,
    },
    /// What the system has.
    #[cfg_attr(
        not(feature = "gssapi"),
        expect(dead_code, reason = "only that feature reads it")
    )]
    System { principal: Option<&'a str> },
}

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
    by_system: bool,
    unbound_allowed: bool,
    now: Option<fn() -> SystemTime>,
}

impl Logon {
    pub(in crate::wsman) fn new(config: &Config) -> Self {
        let (kdcs, spn) = match &config.authentication {
            Authentication::Kerberos(logon) | Authentication::Negotiate(logon) => {
                (logon.kdc.clone(), logon.spn.clone())
            }
            Authentication::SystemKerberos(logon) => (Vec::new(), logon.spn.clone()),
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
            by_system: matches!(config.authentication, Authentication::SystemKerberos(_)),
            unbound_allowed: config.danger_allow_ntlm_without_channel_binding,
            now: config.now,
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
        self.by_system
            || self
                .schemes
                .iter()
                .any(|scheme| scheme.mechanism() == Mechanism::Ntlm)
    }

    /// Begins a log-on to the server at `url`, whose certificate is `certificate`.
    ///
    /// # Errors
    ///
    /// When it cannot be bound to the certificate though it must.
    #[cfg_attr(
        not(feature = "gssapi"),
        expect(
            clippy::unused_async,
            reason = "the system's library is asked on a thread of its own"
        )
    )]
    pub(in crate::wsman) async fn begin(
        &self,
        scheme: Scheme,
        url: &Url,
        certificate: Option<&[u8]>,
        account: &Account<'_>,
    ) -> Result<SecurityContext, AuthenticationError> {
        let host = url.host_str().unwrap_or_default();
        let configured = self.spn.as_ref().filter(|_| self.host.as_deref() == Some(host));
        let spn = configured.cloned().unwrap_or_else(|| format!("HTTP/{host}"));
        let (username, password) = match account {
            Account::Password { username, password } => (*username, password),
            #[cfg(feature = "gssapi")]
            Account::System { principal } => {
                let bindings = certificate.and_then(|certificate| application_data(certificate).ok());
                return SecurityContext::of_the_system(scheme, *principal, &spn, bindings).await;
            }
            #[cfg(not(feature = "gssapi"))]
            Account::System { .. } => {
                let reason = ConfigError::NoSystemKerberos.to_string();
                return Err(AuthenticationError::Protocol { reason });
            }
            Account::Certificate => {
                let reason = "a certificate logs on by itself".to_owned();
                return Err(AuthenticationError::Protocol { reason });
            }
        };
        let bindings = match scheme.mechanism() {
            // The library writes a binding into Kerberos tickets that servers refuse.
            Mechanism::Kerberos => None,
            Mechanism::Ntlm => self.bindings(url, certificate)?,
        };
        SecurityContext::with_password(scheme, username, password, &spn, &self.kdcs, bindings)
    }

    /// What it means that the server does not let `context` in, with these headers and this token.
    pub(in crate::wsman) fn refused(
        &self,
        context: &SecurityContext,
        headers: &HeaderMap,
        token: Option<&[u8]>,
    ) -> AuthenticationError {
        match context.scheme().mechanism() {
            Mechanism::Kerberos => {
                let date = headers.get(DATE).and_then(|date| date.to_str().ok());
                let known = skew::Known {
                    domain_controller: self.kdcs.time(),
                    here: self.now.map(|now| now()),
                };
                if let Some(reason) = skew::reason(token, date, &known) {
                    return AuthenticationError::ClockSkew { reason };
                }
                let spn = context.spn().to_owned();
                AuthenticationError::TicketRefused { spn }
            }
            Mechanism::Ntlm => AuthenticationError::CredentialRefused {
                username: context.username().to_owned(),
            },
        }
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
