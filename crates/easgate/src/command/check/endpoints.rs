//! Which hosts and ports must be open; nothing is connected.

use std::collections::BTreeSet;

use easgate_cmdlet::Authentication;
use easgate_config::{Enrollment, Organization};
use serde_json::json;
use url::Url;

use crate::command::Failure;
use crate::exit::Exit;
use crate::output;

/// One line for the firewall.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Endpoint {
    host: String,
    port: u16,
    protocol: &'static str,
    purpose: &'static str,
}

/// Prints the endpoints of `organizations`, each once.
pub(super) fn print<'a>(
    organizations: impl Iterator<Item = &'a Organization>,
    as_json: bool,
) -> Result<Exit, Failure> {
    let endpoints: BTreeSet<Endpoint> = organizations.flat_map(of_organization).collect();
    if as_json {
        let values: Vec<_> = endpoints
            .iter()
            .map(|one| {
                let Endpoint {
                    host,
                    port,
                    protocol,
                    purpose,
                } = one;
                json!({ "host": host, "port": port, "protocol": protocol, "purpose": purpose })
            })
            .collect();
        output::json(&json!({ "endpoints": values }))?;
    } else {
        let rows = endpoints.iter().map(|one| {
            [
                one.host.clone(),
                one.port.to_string(),
                one.protocol.to_owned(),
                one.purpose.to_owned(),
            ]
        });
        output::table(["HOST", "PORT", "PROTOCOL", "PURPOSE"], rows);
    }
    Ok(Exit::Done)
}

fn of_organization(organization: &Organization) -> Vec<Endpoint> {
    let mut endpoints = of_exchange(organization);
    if let Enrollment::Graph(graph) = &organization.enrollment {
        let config = graph.settings();
        if let Some(proxy) = &config.proxy {
            // Everything of the cloud goes through it.
            endpoints.extend(of_url(
                &proxy.url,
                "proxy to Microsoft Graph and the log-on service",
            ));
        } else {
            let roots = [
                (config.login_root(), "log-on service of Microsoft Entra ID"),
                (config.graph_root(), "Microsoft Graph"),
            ];
            endpoints.extend(
                roots
                    .into_iter()
                    .filter_map(|(root, purpose)| of_url(&root.ok()?, purpose)),
            );
        }
    }
    endpoints
}

fn of_exchange(organization: &Organization) -> Vec<Endpoint> {
    let servers = organization.exchange.servers();
    let mut endpoints: Vec<Endpoint> = servers
        .filter_map(|url| of_url(url, "Exchange remote PowerShell"))
        .collect();
    let Some(settings) = organization.exchange.settings() else {
        return endpoints;
    };
    if let Some(proxy) = &settings.proxy {
        endpoints.extend(of_url(&proxy.url, "proxy to Exchange"));
    }
    if let Authentication::Kerberos(logon) | Authentication::Negotiate(logon) = &settings.authentication {
        let domain = domain(&logon.username).map(|domain| format!("every domain controller of {domain}"));
        // Named ones alone are asked; without any, the domain's are found.
        let named = logon.kdc.iter().map(ToString::to_string);
        let hosts = named.chain(domain.filter(|_| logon.kdc.is_empty()));
        endpoints.extend(hosts.map(|host| {
            let (name, port) = host.rsplit_once(':').unwrap_or((&host, "88"));
            Endpoint {
                host: name.to_owned(),
                port: port.parse().unwrap_or(88),
                protocol: "tcp",
                purpose: "Kerberos tickets",
            }
        }));
    }
    if let Authentication::SystemKerberos(_) = &settings.authentication {
        endpoints.push(Endpoint {
            host: "every domain controller that krb5.conf names".to_owned(),
            port: 88,
            protocol: "tcp",
            purpose: "Kerberos tickets",
        });
    }
    endpoints
}

/// The domain of `user@domain` or `DOMAIN\\user`.
fn domain(username: &str) -> Option<&str> {
    match username.split_once('\\') {
        Some((domain, _)) => Some(domain),
        None => username.rsplit_once('@').map(|(_, domain)| domain),
    }
}

fn of_url(url: &Url, purpose: &'static str) -> Option<Endpoint> {
    Some(Endpoint {
        host: url.host_str()?.to_owned(),
        port: url.port_or_known_default()?,
        protocol: "tcp",
        purpose,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_of_an_account_is_before_or_after_its_name() {
        assert_eq!(domain("CONTOSO\\easgate"), Some("CONTOSO"));
        assert_eq!(domain("easgate@contoso.example"), Some("contoso.example"));
        assert_eq!(domain("easgate"), None);
    }
}
