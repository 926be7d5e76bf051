//! The keys of the section `exchange` that say who logs on, how, and by which way.

use easgate_cmdlet::{
    Authentication, CertificatePin, ClientCertificate, Config, KdcAddress, KerberosLogon, Proxy, Secret,
};

use super::Checks;
use crate::SecretRef;
use crate::file::{RawAuthentication, RawExchange};
use crate::organization::Secrets;
use crate::text::RawSecret;

/// What every server of the organisation has in common.
pub(super) struct Access {
    pub(super) authentication: Authentication,
    pub(super) secrets: Secrets,
    client_certificate: Option<ClientCertificate>,
    pins: Vec<CertificatePin>,
    proxy: Option<Proxy>,
}

impl Access {
    /// Adds it to the settings of one server.
    pub(super) fn apply(&self, config: &mut Config) {
        config.client_certificate.clone_from(&self.client_certificate);
        config.pins.clone_from(&self.pins);
        config.proxy.clone_from(&self.proxy);
    }
}

/// What stands in for a secret until it is filled in.
fn later() -> Secret {
    Secret::from("")
}

impl Checks<'_> {
    /// `None` when something is wrong with it, which is then noted.
    pub(super) fn access(&mut self, at: usize, raw: &RawExchange) -> Option<Access> {
        let problems = self.problems.len();
        let mut secrets = Secrets::default();
        let authentication = self.authentication(at, raw, &mut secrets);
        let client_certificate = self.client_certificate(at, raw, &mut secrets);
        let pins = self.pins(at, raw);
        let proxy = self.proxy(at, raw, &mut secrets);
        if self.problems.len() > problems {
            return None;
        }
        Some(Access {
            authentication: authentication?,
            secrets,
            client_certificate,
            pins,
            proxy,
        })
    }

    fn authentication(
        &mut self,
        at: usize,
        raw: &RawExchange,
        secrets: &mut Secrets,
    ) -> Option<Authentication> {
        let kind = raw.authentication;
        let is_kerberos = matches!(kind, RawAuthentication::Kerberos | RawAuthentication::Negotiate);
        for (given, key) in [(raw.spn.is_some(), "spn"), (!raw.kdc.is_empty(), "kdc")] {
            if given && !is_kerberos {
                let message = "this is for Kerberos alone: authentication = \"kerberos\" or \"negotiate\"";
                self.problem_in(at, "exchange", key, message);
            }
        }
        if kind == RawAuthentication::Certificate {
            for (given, key) in [
                (raw.username.is_some(), "username"),
                (raw.password.is_some(), "password"),
            ] {
                if given {
                    let message = "authentication = \"certificate\" takes the account from the certificate";
                    self.problem_in(at, "exchange", key, message);
                }
            }
            return Some(Authentication::Certificate);
        }
        let username = self.account(at, raw, secrets)?;
        let kdc = self.kdc(at, raw);
        let logon = KerberosLogon {
            spn: raw.spn.clone(),
            kdc,
            ..KerberosLogon::new(username.clone(), later())
        };
        let password = later();
        Some(match kind {
            RawAuthentication::Basic => Authentication::Basic { username, password },
            RawAuthentication::Ntlm => Authentication::Ntlm { username, password },
            RawAuthentication::Kerberos => Authentication::Kerberos(logon),
            RawAuthentication::Negotiate => Authentication::Negotiate(logon),
            RawAuthentication::Certificate => Authentication::Certificate,
        })
    }

    fn account(&mut self, at: usize, raw: &RawExchange, secrets: &mut Secrets) -> Option<String> {
        match &raw.password {
            Some(password) => secrets.password = self.secret(at, "exchange", "password", password),
            None => self.problem_in(
                at,
                "exchange",
                "password",
                "the password is missing: say where it is found, such as `password = { credential = \"exchange\" }`",
            ),
        }
        let username = raw.username.clone().filter(|name| !name.trim().is_empty());
        if username.is_none() {
            self.problem_in(
                at,
                "exchange",
                "username",
                "the account is empty: DOMAIN\\user or user@domain",
            );
        }
        username
    }

    fn kdc(&mut self, at: usize, raw: &RawExchange) -> Vec<KdcAddress> {
        let mut addresses = Vec::new();
        for text in &raw.kdc {
            match text.parse::<KdcAddress>() {
                Ok(address) => addresses.push(address),
                Err(error) => self.problem_in(at, "exchange", "kdc", error.to_string()),
            }
        }
        addresses
    }

    fn client_certificate(
        &mut self,
        at: usize,
        raw: &RawExchange,
        secrets: &mut Secrets,
    ) -> Option<ClientCertificate> {
        match (
            &raw.client_certificate,
            &raw.client_key,
            &raw.client_pfx,
            &raw.client_pfx_password,
        ) {
            (None, None, None, None) => None,
            (Some(certificate), Some(key), None, None) => {
                secrets.client = self.secret(at, "exchange", "client_key", key);
                let certificate = self.path(certificate);
                Some(ClientCertificate::Pem {
                    certificate,
                    private_key: later(),
                })
            }
            (None, None, Some(file), Some(password)) => {
                secrets.client = self.secret(at, "exchange", "client_pfx_password", password);
                let file = self.path(file);
                Some(ClientCertificate::Pfx {
                    file,
                    password: later(),
                })
            }
            _ => {
                let message = "a client certificate is either `client_certificate` with `client_key`, or `client_pfx` \
                               with `client_pfx_password`";
                let key = [
                    (raw.client_certificate.is_some(), "client_certificate"),
                    (raw.client_pfx.is_some(), "client_pfx"),
                    (raw.client_key.is_some(), "client_key"),
                ];
                let key = key
                    .iter()
                    .find(|(given, _)| *given)
                    .map_or("client_pfx_password", |(_, key)| key);
                self.problem_in(at, "exchange", key, message);
                None
            }
        }
    }

    fn pins(&mut self, at: usize, raw: &RawExchange) -> Vec<CertificatePin> {
        let mut pins = Vec::new();
        for text in &raw.pins {
            match text.parse::<CertificatePin>() {
                Ok(pin) => pins.push(pin),
                Err(error) => self.problem_in(at, "exchange", "pins", error.to_string()),
            }
        }
        pins
    }

    fn proxy(&mut self, at: usize, raw: &RawExchange, secrets: &mut Secrets) -> Option<Proxy> {
        let Some(address) = &raw.proxy else {
            let useless = [
                (raw.proxy_username.is_some(), "proxy_username"),
                (raw.proxy_password.is_some(), "proxy_password"),
                (!raw.no_proxy.is_empty(), "no_proxy"),
            ];
            for (_, key) in useless.iter().filter(|(given, _)| *given) {
                self.problem_in(at, "exchange", key, "there is no `proxy` that this is for");
            }
            return None;
        };
        let Ok(url) = address.parse() else {
            let message = easgate_cmdlet::ConfigError::Proxy.to_string();
            self.problem_in(at, "exchange", "proxy", message);
            return None;
        };
        let credentials = match (&raw.proxy_username, &raw.proxy_password) {
            (None, None) => None,
            (Some(username), Some(password)) => {
                secrets.proxy = self.proxy_secret(at, password);
                Some((username.clone(), later()))
            }
            (Some(_), None) | (None, Some(_)) => {
                let message = "`proxy_username` and `proxy_password` go together";
                self.problem_in(at, "exchange", "proxy", message);
                None
            }
        };
        Some(Proxy {
            url,
            credentials,
            no_proxy: raw.no_proxy.clone(),
        })
    }

    fn proxy_secret(&mut self, at: usize, password: &RawSecret) -> Option<SecretRef> {
        self.secret(at, "exchange", "proxy_password", password)
    }
}
