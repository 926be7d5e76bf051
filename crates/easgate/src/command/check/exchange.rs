//! Each server by itself: its name, its port, the log-on, the cmdlets granted, and whose organisation it is.

use std::sync::Arc;

use easgate_cmdlet::{CmdletTransport, Config, WsmanTransport};
use easgate_exchange::{ExchangeClient, ExchangeError, ExchangeServer, ServerVersion};
use easgate_model::OrganizationId;
use tokio::net::{TcpStream, lookup_host};

use super::finding::Findings;
use crate::output::chain;
use crate::render::count;

/// Checks one server and tells which organisation it belongs to, as far as that could be asked.
pub(super) async fn check(
    findings: &mut Findings,
    config: Config,
    client: easgate_exchange::Config,
) -> Option<OrganizationId> {
    let server = config.url.host_str().unwrap_or_default().to_owned();
    reach(findings, &server, &config).await?;
    let transport: Arc<dyn CmdletTransport> = match WsmanTransport::new(config) {
        Ok(transport) => Arc::new(transport),
        Err(error) => {
            findings.bad("connection", &server, chain(&error), None);
            return None;
        }
    };
    let exchange = ExchangeClient::new(Arc::clone(&transport), client);
    let organization = ask(findings, &server, &exchange).await;
    transport.close().await;
    organization
}

/// The name and the port.
async fn reach(findings: &mut Findings, server: &str, config: &Config) -> Option<()> {
    let host = server.trim_start_matches('[').trim_end_matches(']');
    let port = config.url.port_or_known_default().unwrap_or(443);
    let addresses: Vec<_> = match lookup_host((host, port)).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            let cure = "look at the name in `servers` and at the name service of this computer";
            findings.bad("name", server, chain(&error), Some(cure));
            return None;
        }
    };
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    findings.good("name", server, shown.join(", "));
    let connect = TcpStream::connect(addresses.as_slice());
    let cure = Some("look at the port in `servers` and at the firewalls on the way");
    match tokio::time::timeout(config.connect_timeout, connect).await {
        Ok(Ok(_)) => findings.good("port", server, format!("{port} answers")),
        Ok(Err(error)) => {
            findings.bad("port", server, format!("{port}: {}", chain(&error)), cure);
            return None;
        }
        Err(_) => {
            let seconds = config.connect_timeout.as_secs();
            findings.bad(
                "port",
                server,
                format!("{port}: no answer within {seconds} s"),
                cure,
            );
            return None;
        }
    }
    Some(())
}

async fn ask(findings: &mut Findings, server: &str, exchange: &ExchangeClient) -> Option<OrganizationId> {
    match exchange.capabilities().await {
        Err(error) => {
            bad(findings, "log-on", server, &error);
            return None;
        }
        Ok(capabilities) => {
            // Named cmdlets with constant parameters run in every language mode, so there is nothing to find out.
            findings.good(
                "log-on",
                server,
                "accepted; named cmdlets alone are sent, so any language mode serves",
            );
            let missing = capabilities.missing();
            if !missing.is_empty() {
                let cure =
                    "grant them to the account, by a custom role group; easgate sends these cmdlets alone";
                findings.bad(
                    "cmdlets",
                    server,
                    format!("missing: {}", missing.join(", ")),
                    Some(cure),
                );
            } else if capabilities.are_known() {
                let granted = capabilities
                    .table()
                    .filter(|(_, granted)| *granted == Some(true))
                    .count();
                findings.good(
                    "cmdlets",
                    server,
                    format!("all that are needed; {granted} granted"),
                );
            } else {
                findings.odd(
                    "cmdlets",
                    server,
                    "Get-Command tells nothing; they are tried when they are needed",
                );
            }
        }
    }
    servers(findings, server, exchange).await;
    match exchange.organization_settings().await {
        Ok(settings) => {
            let level = settings.default_access_level;
            findings.good(
                "organisation",
                server,
                format!("{}, default access level {level}", settings.id),
            );
            Some(settings.id)
        }
        Err(error) => {
            bad(findings, "organisation", server, &error);
            None
        }
    }
}

async fn servers(findings: &mut Findings, server: &str, exchange: &ExchangeClient) {
    match exchange.servers().await {
        Err(error) => bad(findings, "versions", server, &error),
        Ok(servers) => {
            let known = servers.iter().filter_map(|server| server.version);
            let old = known
                .clone()
                .filter(|version| *version < ServerVersion::MINIMUM)
                .count();
            let number = u64::try_from(servers.len()).unwrap_or(u64::MAX);
            let list: Vec<String> = servers.iter().map(version).collect();
            let evidence = format!("{}: {}", count(number, "server"), list.join(", "));
            if old > 0 {
                findings.odd(
                    "versions",
                    server,
                    format!("{evidence}; older than Exchange 2010 SP3: {old}"),
                );
            } else {
                findings.good("versions", server, evidence);
            }
        }
    }
}

fn version(server: &ExchangeServer) -> String {
    server.version.map_or_else(
        || format!("{} (version unknown)", server.name),
        |version| format!("{} ({} {version})", server.name, version.product()),
    )
}

fn bad(findings: &mut Findings, step: &'static str, server: &str, error: &ExchangeError) {
    findings.bad(step, server, chain(error), error.cure());
}
