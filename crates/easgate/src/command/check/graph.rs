//! Microsoft Graph: its clock, the token, and each application permission by a call that needs it.

use std::time::Duration;

use easgate_config::{Environment, Graph as Settings, GraphCredential};
use easgate_connector::{Clock, SystemClock};
use easgate_intune::{EntraTokens, Graph, GraphConfig, GraphError, Permission, TokenSource};

use super::finding::Findings;
use super::probe::{Probe, Through, Tls};
use super::{expiry, server};
use crate::command::wiring;
use crate::output::chain;

/// How long a connection to the cloud may take here.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// `None` when something has to be done before enrolments can be read.
pub(super) async fn check(
    findings: &mut Findings,
    settings: &Settings,
    environment: &Environment,
) -> Option<()> {
    let now = SystemClock::new().now();
    if let GraphCredential::Certificate { certificate, .. } = &settings.credential {
        expiry::file(findings, expiry::APPLICATION, certificate, now);
    }
    if let Some(path) = &settings.ca_file {
        expiry::file(findings, expiry::GRAPH_CA, path, now);
    }
    let config = match settings.config(environment) {
        Ok(config) => config,
        Err(error) => {
            findings.bad("token", "", chain(&error), Some("see the secret above"));
            return None;
        }
    };
    let host = reach(findings, &config).await?;
    let token = match EntraTokens::new(&config, wiring::timing()) {
        Ok(tokens) => tokens.token().await,
        Err(error) => {
            findings.bad("token", &host, chain(&error), None);
            return None;
        }
    };
    match token {
        Ok(_) => findings.good(
            "token",
            &host,
            format!("given to the application {}", config.client_id),
        ),
        Err(error) => {
            findings.bad("token", &host, chain(&error), Some(error.cure()));
            return None;
        }
    }
    match Graph::new(config.clone(), wiring::timing()) {
        Ok(graph) => roles(findings, &host, &graph, config.groups.first()).await,
        Err(error) => {
            findings.bad("roles", &host, chain(&error), None);
            None
        }
    }
}

/// The way there and the clock; gives the host.
async fn reach(findings: &mut Findings, config: &GraphConfig) -> Option<String> {
    let root = match config.graph_root() {
        Ok(root) => root,
        Err(error) => {
            findings.bad("token", "", chain(&error), None);
            return None;
        }
    };
    let host = root.host_str().unwrap_or_default().to_owned();
    let probe = Probe {
        url: &root,
        address: None,
        connect_timeout: CONNECT_TIMEOUT,
        roots: config.extra_roots.as_ref().map(String::as_bytes),
        proxy: config.proxy.as_ref().map(|proxy| Through {
            url: &proxy.url,
            login: proxy
                .login
                .as_ref()
                .map(|login| (login.username.as_str(), login.password.clone())),
            no_proxy: &proxy.no_proxy,
        }),
    };
    match probe.ask(Tls::AnyVersion).await {
        Ok(seen) => {
            server::clock(findings, &host, seen.date, SystemClock::new().now());
            Some(host)
        }
        Err(error) => {
            let cure = "look at name resolution, at the firewall and at `proxy` of [organization.enrollment]";
            findings.bad("port", &host, chain(&error), Some(cure));
            None
        }
    }
}

/// One call for each permission.
async fn roles(
    findings: &mut Findings,
    host: &str,
    graph: &Graph,
    group: Option<&easgate_model::GroupId>,
) -> Option<()> {
    let devices = graph.managed_device(NOBODY).await.map(drop);
    let mut well = role(findings, host, Permission::ManagedDevicesRead, devices);
    let users = graph.licensed_users().await.map(drop);
    well &= role(findings, host, Permission::UserRead, users);
    match group {
        Some(group) => {
            let members = graph.group_users(group).await.map(drop);
            well &= role(findings, host, Permission::GroupMemberRead, members);
        }
        None => {
            let why = format!("{}: no group is configured", Permission::GroupMemberRead.role());
            findings.skipped("roles", host, why);
        }
    }
    well.then_some(())
}

/// A device that nobody has: the answer "not found" comes only to whom the question is allowed.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

fn role(findings: &mut Findings, host: &str, permission: Permission, read: Result<(), GraphError>) -> bool {
    match read {
        Ok(()) => {
            findings.good("roles", host, format!("{}: granted", permission.role()));
            true
        }
        Err(error) => {
            let evidence = format!("{}: {}", permission.role(), chain(&error));
            findings.bad("roles", host, evidence, Some(&error.cure()));
            false
        }
    }
}
