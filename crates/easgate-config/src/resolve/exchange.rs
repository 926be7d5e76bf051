//! The section `exchange`.

use std::net::IpAddr;

use easgate_cmdlet::{Config, ConfigError, HostAddresses};
use url::{Host, Url};

use crate::Exchange;
use crate::file::{RawExchange, RawKind};
use crate::problem::Key;

use super::Checks;
use super::access::Access;

impl Checks<'_> {
    pub(super) fn exchange(&mut self, at: usize, raw: &RawExchange) -> Option<Exchange> {
        let access = self.access(at, raw);
        let addresses = self.addresses(at, raw);
        if raw.servers.is_empty() {
            self.problem_in(at, "exchange", "servers", "at least one server is needed");
        }
        if raw.kind == RawKind::Hosted && raw.servers.len() > 1 {
            let message = "kind = \"hosted\" takes one address, the one that the hoster gave";
            self.problem_in(at, "exchange", "servers", message);
        }
        if !(4..=18).contains(&raw.shells) {
            self.problem_in(at, "exchange", "shells", "between 4 and 18 are possible");
        }
        if !(1..=10).contains(&raw.tries) {
            self.problem_in(at, "exchange", "tries", "between 1 and 10 are possible");
        }
        let mut transports = Vec::new();
        for (number, server) in raw.servers.iter().enumerate() {
            transports.extend(self.server(at, number, server, raw, (access.as_ref(), &addresses)));
        }
        let complete = transports.len() == raw.servers.len() && !transports.is_empty();
        let access = access.filter(|_| complete)?;
        Some(Exchange::new(transports, access.secrets, raw))
    }

    /// Where names lead; every pair that says nothing is a problem.
    fn addresses(&mut self, at: usize, raw: &RawExchange) -> HostAddresses {
        let mut addresses = HostAddresses::default();
        for (name, address) in &raw.addresses {
            let is_name =
                matches!(Host::parse(name), Ok(Host::Domain(host)) if host.eq_ignore_ascii_case(name));
            let problem = match address.parse::<IpAddr>() {
                Ok(_) if !is_name => Some("this is no name of a server such as ex1.contoso.com"),
                Ok(address) if address.is_unspecified() || address.is_multicast() => {
                    Some("nobody can be reached at this address")
                }
                Ok(address) => addresses
                    .insert(name, address)
                    .map(|_| "the name stands here twice, in different case"),
                Err(_) => Some("this is no IP address such as 10.1.2.3"),
            };
            if let Some(problem) = problem {
                let path = ["organization", "exchange", "addresses", name].map(Key::Name);
                let [organization, exchange, key, name] = path;
                self.problem(&[organization, Key::Index(at), exchange, key, name], problem);
            }
        }
        addresses
    }

    fn server(
        &mut self,
        at: usize,
        number: usize,
        server: &str,
        raw: &RawExchange,
        (access, addresses): (Option<&Access>, &HostAddresses),
    ) -> Option<Config> {
        let path = [
            Key::Name("organization"),
            Key::Index(at),
            Key::Name("exchange"),
            Key::Name("servers"),
            Key::Index(number),
        ];
        let url: Url = match server.parse() {
            Ok(url) => url,
            Err(error) => {
                let message = format!("no address such as \"https://ex1.contoso.com/powershell\": {error}");
                self.problem(&path, message);
                return None;
            }
        };
        let access = access?;
        let mut config = Config {
            runspaces: raw.runspaces,
            connect_timeout: raw.connect_timeout.0,
            operation_timeout: raw.operation_timeout.0,
            command_timeout: raw.command_timeout.0,
            ca_file: raw.ca_file.as_deref().map(|file| self.path(file)),
            addresses: addresses.clone(),
            danger_allow_unencrypted: raw.danger_allow_unencrypted,
            danger_allow_ntlm_without_channel_binding: raw.danger_allow_ntlm_without_channel_binding,
            ..Config::new(url, access.authentication.clone())
        };
        access.apply(&mut config);
        match config.check() {
            Ok(()) => Some(config),
            Err(error) => {
                self.refused(at, number, &path, &error);
                None
            }
        }
    }

    fn refused(&mut self, at: usize, number: usize, server: &[Key<'_>], error: &ConfigError) {
        let key = if matches!(error, ConfigError::Runspaces { .. }) {
            Some("runspaces")
        } else if matches!(error, ConfigError::OperationTimeout { .. }) {
            Some("operation_timeout")
        } else if matches!(error, ConfigError::NoDomain { .. }) {
            Some("username")
        } else if matches!(error, ConfigError::Spn { .. }) {
            Some("spn")
        } else if matches!(error, ConfigError::NoClientCertificate) {
            Some("client_certificate")
        } else if matches!(error, ConfigError::Proxy) {
            Some("proxy")
        } else {
            None
        };
        match key {
            // Said once, not for each server.
            Some(_) if number > 0 => {}
            Some(key) => self.problem_in(at, "exchange", key, error.to_string()),
            None if matches!(error, ConfigError::Unencrypted { .. }) => {
                self.problem(
                    server,
                    format!("{error}, or set `danger_allow_unencrypted` knowingly"),
                );
            }
            None if matches!(error, ConfigError::NtlmOverHttp) => {
                let switch = "danger_allow_ntlm_without_channel_binding";
                self.problem(server, format!("{error}, or set `{switch}` knowingly"));
            }
            None => self.problem(server, error.to_string()),
        }
    }
}
