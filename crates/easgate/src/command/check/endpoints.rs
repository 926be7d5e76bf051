//! Which hosts and ports must be open; nothing is connected.

use std::collections::BTreeSet;

use easgate_config::{Enrollment, Exchange, Organization};
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
    let mut endpoints = of_exchange(&organization.exchange);
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

fn of_exchange(exchange: &Exchange) -> Vec<Endpoint> {
    let mut endpoints: Vec<Endpoint> = match exchange.proxy() {
        Some(proxy) => of_url(proxy, "proxy to Exchange").into_iter().collect(),
        None => exchange
            .servers()
            .filter_map(|url| of_url(url, "Exchange remote PowerShell"))
            .collect(),
    };
    let kerberos = "Kerberos, a domain controller";
    for kdc in exchange.kdcs() {
        if let Some((host, port)) = kdc.rsplit_once(':')
            && let Ok(port) = port.parse()
        {
            endpoints.push(Endpoint {
                host: host.to_owned(),
                port,
                protocol: "tcp",
                purpose: kerberos,
            });
        }
    }
    if exchange.kdcs_by_the_system() {
        endpoints.push(Endpoint {
            host: "(the domain controllers that /etc/krb5.conf names)".to_owned(),
            port: 88,
            protocol: "tcp",
            purpose: kerberos,
        });
    }
    endpoints
}

fn of_url(url: &Url, purpose: &'static str) -> Option<Endpoint> {
    Some(Endpoint {
        host: url.host_str()?.to_owned(),
        port: url.port_or_known_default()?,
        protocol: "tcp",
        purpose,
    })
}
