//! How to reach an endpoint.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

use crate::Command;

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
    /// A file with PEM certificates of authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
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
            ca_file: None,
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
        let Authentication::Basic { .. } = &self.authentication;
        if !encrypted && !self.danger_allow_unencrypted && !is_loopback(&host) {
            return Err(ConfigError::Unencrypted {
                host: host.to_string(),
            });
        }
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
}

/// The server's own maximum of shells a user is 18 by default; more is never useful.
const MAX_RUNSPACES: usize = 18;
const MAX_OPERATION_TIMEOUT: Duration = Duration::from_secs(900);

/// Who asks, and how that is proved.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Authentication {
    /// A user name and a password with every request; over https, or to this computer.
    Basic {
        /// `DOMAIN\user` or `user@domain`.
        username: String,
        /// The password.
        password: SecretString,
    },
}

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
    #[error("could not make an HTTP client")]
    Client {
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn config(url: &str) -> Config {
        let password = SecretString::from("hunter2".to_owned());
        let basic = Authentication::Basic {
            username: "reader".to_owned(),
            password,
        };
        Config::new(url.parse().unwrap(), basic)
    }

    fn verdict(config: &Config) -> String {
        config
            .check()
            .map_or_else(|error| error.to_string(), |()| "usable".to_owned())
    }

    #[test]
    fn basic_goes_unencrypted_to_this_computer_only() {
        let verdicts: String = [
            "https://ex1.contoso.example/powershell",
            "http://127.0.0.1:5985/powershell",
            "http://[::1]:5985/powershell",
            "http://localhost/powershell",
            "http://ex1.contoso.example/powershell",
            "http://127.0.0.1.contoso.example/powershell",
            "http://10.0.0.1/powershell",
            "https://user:password@ex1.contoso.example/powershell",
            "ftp://ex1.contoso.example/",
        ]
        .iter()
        .map(|url| format!("{url}: {}\n", verdict(&config(url))))
        .collect();
        expect![[r#"
            https://ex1.contoso.example/powershell: usable
            http://127.0.0.1:5985/powershell: usable
            http://[::1]:5985/powershell: usable
            http://localhost/powershell: usable
            http://ex1.contoso.example/powershell: basic authentication would send the password unencrypted to ex1.contoso.example; use https
            http://127.0.0.1.contoso.example/powershell: basic authentication would send the password unencrypted to 127.0.0.1.contoso.example; use https
            http://10.0.0.1/powershell: basic authentication would send the password unencrypted to 10.0.0.1; use https
            https://user:password@ex1.contoso.example/powershell: the address contains credentials; give them apart from it
            ftp://ex1.contoso.example/: the address begins with ftp, not with http or https
        "#]]
        .assert_eq(&verdicts);
    }

    #[test]
    fn danger_must_be_allowed_by_name() {
        let mut config = config("http://ex1.contoso.example/powershell");
        config.danger_allow_unencrypted = true;
        assert_eq!(verdict(&config), "usable");
    }

    #[test]
    fn a_password_does_not_print() {
        let config = config("https://ex1.contoso.example/powershell");
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let mut config = config("https://ex1.contoso.example/powershell");
        config.runspaces = 0;
        assert_eq!(verdict(&config), "0 runspaces; between 1 and 18 are possible");
        config.runspaces = 1;
        config.max_envelope_size = 600_000;
        assert_eq!(
            verdict(&config),
            "an envelope of 600000 bytes; between 32768 and 512000 are possible"
        );
        config.max_envelope_size = 153_600;
        config.operation_timeout = Duration::from_secs(901);
        assert_eq!(
            verdict(&config),
            "an operation time-out of 901s; it must be above zero and at most 15 minutes"
        );
    }
}
