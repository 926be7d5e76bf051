//! How Exchange is reached.

use easgate_cmdlet::{Authentication, ClientCertificate, Config, KerberosLogon, Secret};
use easgate_exchange::Kind;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::file::{RawExchange, RawKind};
use crate::{Environment, Parallel, SecretError, SecretRef};

/// How Exchange is reached.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// One for each server, in the order in which they are tried; without the secrets.
    transports: Vec<Config>,
    secrets: Secrets,
    /// How Exchange is run.
    pub kind: Kind,
    /// The account; `None` when a certificate alone says who asks.
    pub username: Option<String>,
    /// The domain controller that answers.
    pub domain_controller: Option<String>,
    /// Whether mailboxes are changed side by side.
    pub parallel: Parallel,
    /// How many shells the account has.
    pub shells: usize,
    /// How often a list is read at most.
    pub tries: usize,
    /// Whether another server is used when one cannot be reached.
    pub cas_failover: bool,
    /// The domains of discovered servers that may be used; the domain of the first server when empty.
    pub failover_domains: Vec<String>,
}

/// Where the secrets are found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets {
    /// The account's password.
    pub(crate) password: Option<SecretRef>,
    /// The key of the client certificate, or the password of its file.
    pub(crate) client: Option<SecretRef>,
    /// The proxy's password.
    pub(crate) proxy: Option<SecretRef>,
}

impl Exchange {
    pub(crate) fn new(transports: Vec<Config>, secrets: Secrets, raw: &RawExchange) -> Self {
        Self {
            transports,
            secrets,
            kind: match raw.kind {
                RawKind::OnPremises => Kind::OnPremises,
                RawKind::Hosted => Kind::Hosted,
            },
            username: raw.username.clone(),
            domain_controller: raw.domain_controller.clone(),
            parallel: raw.parallel.0,
            shells: raw.shells,
            tries: raw.tries,
            cas_failover: raw.cas_failover,
            failover_domains: raw.failover_domains.clone(),
        }
    }

    /// 16 bits of a digest of the account and its secrets as they are now: enough to see that one changed.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub fn secret_mark(&self, environment: &Environment, salt: Uuid) -> Result<u16, ExchangeError> {
        let mut account = self.username.clone().unwrap_or_default().into_bytes();
        for secret in self.secrets() {
            account.push(0);
            account.extend_from_slice(secret.read(environment)?.expose_secret().as_bytes());
        }
        let [first, second, ..] = Uuid::new_v5(&salt, &account).into_bytes();
        Ok(u16::from_be_bytes([first, second]))
    }

    /// The addresses of the servers, in the order in which they are tried.
    pub fn servers(&self) -> impl Iterator<Item = &url::Url> {
        self.transports.iter().map(|config| &config.url)
    }

    /// Whether the server at `url` may be used although it does not stand in `servers`: not at a hoster; and where the
    /// credentials themselves would go there, only when `addresses` names it, since its name came from a server.
    #[must_use]
    pub fn may_stand_in(&self, url: &url::Url) -> bool {
        let Some(first) = self.transports.first() else {
            return false;
        };
        let by_ticket = match &first.authentication {
            Authentication::Kerberos(_)
            | Authentication::Negotiate(_)
            | Authentication::SystemKerberos(_)
            | Authentication::Certificate => true,
            Authentication::Basic { .. } | Authentication::Ntlm { .. } | _ => false,
        };
        let is_named = url
            .host_str()
            .is_some_and(|host| first.addresses.get(host).is_some());
        self.cas_failover && self.kind == Kind::OnPremises && (by_ticket || is_named)
    }

    /// The settings of the first server without the secrets, to show; `servers` is never empty.
    #[must_use]
    pub fn settings(&self) -> Option<&Config> {
        self.transports.first()
    }

    /// How many commands may run at once at one server.
    #[must_use]
    pub fn runspaces(&self) -> usize {
        self.transports.first().map_or(1, |config| config.runspaces)
    }

    /// Every secret that is needed to reach Exchange.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretRef> {
        let Secrets {
            password,
            client,
            proxy,
        } = &self.secrets;
        password.iter().chain(client).chain(proxy)
    }

    /// The transport settings of each server, with secrets that are read anew at each log-on and the commands that
    /// Exchange wants first in every runspace.
    ///
    /// # Errors
    /// A secret cannot be read now.
    pub fn transports(&self, environment: &Environment) -> Result<Vec<Config>, ExchangeError> {
        for secret in self.secrets() {
            secret.read(environment)?;
        }
        let complete = |config: &Config| {
            let mut config = config.clone();
            self.secrets.fill(&mut config, environment);
            config.setup = self.kind.setup_commands();
            config
        };
        Ok(self.transports.iter().map(complete).collect())
    }

    /// What the Exchange client needs besides its transport.
    #[must_use]
    pub fn client(&self) -> easgate_exchange::Config {
        easgate_exchange::Config {
            domain_controller: self.domain_controller.clone(),
            kind: self.kind,
        }
    }
}

impl Secrets {
    fn fill(&self, config: &mut Config, environment: &Environment) {
        let live = |secret: &SecretRef| {
            let (secret, environment) = (secret.clone(), environment.clone());
            Secret::from_fn(move || Ok(secret.read(&environment)?))
        };
        if let Some(secret) = &self.password {
            match &mut config.authentication {
                Authentication::Basic { password, .. }
                | Authentication::Ntlm { password, .. }
                | Authentication::Kerberos(KerberosLogon { password, .. })
                | Authentication::Negotiate(KerberosLogon { password, .. }) => *password = live(secret),
                Authentication::Certificate | _ => {}
            }
        }
        if let (
            Some(secret),
            Some(
                ClientCertificate::Pem {
                    private_key: hidden, ..
                }
                | ClientCertificate::Pfx { password: hidden, .. },
            ),
        ) = (&self.client, &mut config.client_certificate)
        {
            *hidden = live(secret);
        }
        if let (Some(secret), Some(proxy)) = (&self.proxy, &mut config.proxy)
            && let Some((_, password)) = &mut proxy.credentials
        {
            *password = live(secret);
        }
    }
}

/// The transports could not be configured.
#[derive(Debug, thiserror::Error)]
#[error("no credentials for Exchange")]
pub struct ExchangeError(#[from] SecretError);
