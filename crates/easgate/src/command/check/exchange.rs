//! Each server by itself: what can be seen from outside, the log-on, the cmdlets granted, and whose organisation it is.

use std::sync::Arc;

use easgate_cmdlet::{CmdletTransport, Config, InvokeError, WsmanTransport};
use easgate_connector::adapters::Breaker;
use easgate_exchange::rbac::{Family, Feature, Features, needs};
use easgate_exchange::{Capabilities, ExchangeClient, ExchangeError, ExchangeServer, Kind, ServerVersion};
use easgate_model::{OrganizationId, escape};

use super::finding::Findings;
use super::server;
use crate::output::chain;
use crate::render::count;

/// What the servers of one organisation have in common.
pub(super) struct Account {
    /// What Exchange's client needs.
    pub(super) client: easgate_exchange::Config,
    /// What the configuration makes use of.
    pub(super) features: Features,
    /// The server that refused the credential; it is not tried again, so that no account is locked.
    pub(super) refused_by: Option<String>,
    /// What keeps a refusal from run to run, where there is a store.
    pub(super) breaker: Option<Breaker>,
}

/// Checks one server and tells which organisation it belongs to, as far as that could be asked.
pub(super) async fn check(
    findings: &mut Findings,
    config: Config,
    account: &mut Account,
) -> Option<OrganizationId> {
    let server = config.url.host_str().unwrap_or_default().to_owned();
    server::look(findings, &server, &config).await?;
    if let Some(by) = &account.refused_by {
        findings.skipped(
            "log-on",
            &server,
            format!("{by} refused the credential, which is not tried again"),
        );
        return None;
    }
    if let Some(breaker) = &account.breaker
        && let Ok(Some(refusal)) = breaker.holds_back().await
    {
        findings.bad("log-on", &server, chain(&refusal), refusal.cure.as_deref());
        return None;
    }
    let transport: Arc<dyn CmdletTransport> = match WsmanTransport::new(config) {
        Ok(transport) => Arc::new(transport),
        Err(error) => {
            findings.bad("connection", &server, chain(&error), None);
            return None;
        }
    };
    let exchange = ExchangeClient::new(Arc::clone(&transport), account.client.clone());
    let organization = ask(findings, &server, &exchange, account).await;
    transport.close().await;
    organization
}

async fn ask(
    findings: &mut Findings,
    server: &str,
    exchange: &ExchangeClient,
    account: &mut Account,
) -> Option<OrganizationId> {
    match exchange.capabilities().await {
        Err(error) => {
            let cure = if is_refused_basic(&error) {
                // The scheme is offered, so it is not the virtual directory.
                Some(REFUSED)
            } else {
                error.cure()
            };
            findings.bad("log-on", server, chain(&error), cure);
            if is_refusal(&error) {
                account.refused_by = Some(server.to_owned());
                if let Some(breaker) = &account.breaker {
                    breaker.note_refusal(server, chain(&error)).await;
                }
            }
            if let Some(shells) = shells_of(&chain(&error)) {
                let cure = "close the account's other sessions, or wait 15 minutes for Exchange to do so";
                findings.bad("shells", server, format!("{shells} in use"), Some(cure));
            }
            return None;
        }
        Ok(capabilities) => {
            findings.good("log-on", server, "accepted, and a shell was given");
            // Named cmdlets with constant parameters run in every language mode, so there is nothing to find out.
            let sent = "named cmdlets alone are sent, so any language mode serves";
            findings.good("language", server, sent);
            cmdlets(findings, server, capabilities, account);
        }
    }
    servers(findings, server, exchange, account.client.kind).await;
    findings.skipped(
        "shells",
        server,
        "the server tells how many are in use only when it refuses one",
    );
    match exchange.organization_settings().await {
        Ok(settings) => {
            let level = settings.default_access_level;
            let evidence = format!("{}, default access level {level}", settings.id);
            findings.good("organisation", server, evidence);
            Some(settings.id)
        }
        Err(error) => {
            bad(findings, "organisation", server, &error);
            None
        }
    }
}

/// What to do about a name and password that are not accepted where Basic is.
const REFUSED: &str = "look at the user name and the password, once; then whether the account is locked, disabled or expired. \
                       Every further trial may lock it";

/// Whether a name and a password were not accepted.
fn is_refused_basic(error: &ExchangeError) -> bool {
    matches!(error, ExchangeError::Transport { source: InvokeError::Unauthorized { offered, .. }, .. }
        if offered.contains("Basic"))
}

/// Whether the account was refused.
fn is_refusal(error: &ExchangeError) -> bool {
    matches!(error, ExchangeError::Transport { source, .. } if source.is_refused_credential())
}

/// `18/18` of a fault's `ActiveRunspaces: 18/18`.
fn shells_of(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("ActiveRunspaces: ")?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '/')
        .unwrap_or(rest.len());
    Some(&rest[..end]).filter(|shells| shells.contains('/'))
}

/// Each cmdlet that the configuration needs.
fn cmdlets(findings: &mut Findings, server: &str, capabilities: &Capabilities, account: &Account) {
    if !capabilities.are_known() {
        let evidence = "Get-Command tells nothing; they are tried when they are needed";
        return findings.odd("cmdlets", server, evidence, None);
    }
    let needs = needs(&account.features, account.client.kind, Family::Both);
    let has = |cmdlet: &str| capabilities.has(cmdlet) == Some(true);
    let (mut granted, mut missing) = (Vec::new(), Vec::new());
    for need in &needs {
        if has(need.cmdlet) {
            granted.push(need.cmdlet);
        } else if !need.alternative.is_some_and(has) {
            missing.push(need.cmdlet);
        }
    }
    // Of two names that are both missing the newer one is named.
    missing.retain(|cmdlet| {
        let need = needs.iter().find(|need| need.cmdlet == *cmdlet);
        cmdlet.contains("-MobileDevice") || need.is_some_and(|need| need.alternative.is_none())
    });
    let cure = Some("run the script of `easgate rbac generate`; `easgate rbac verify` names parameters too");
    if missing.is_empty() {
        findings.good(
            "cmdlets",
            server,
            format!("all that are needed: {}", granted.join(", ")),
        );
    } else if capabilities
        .missing()
        .iter()
        .any(|name| account.features.contains(&Feature::Lists) || *name != "Set-CASMailbox")
    {
        findings.bad(
            "cmdlets",
            server,
            format!("missing: {}; granted: {}", missing.join(", "), granted.join(", ")),
            cure,
        );
    } else {
        // A sync runs without these, and sees less.
        findings.odd(
            "cmdlets",
            server,
            format!("missing: {}; granted: {}", missing.join(", "), granted.join(", ")),
            cure,
        );
    }
}

async fn servers(findings: &mut Findings, server: &str, exchange: &ExchangeClient, kind: Kind) {
    if kind == Kind::Hosted {
        return findings.skipped(
            "versions",
            server,
            "kind = \"hosted\": a hoster is not asked about servers",
        );
    }
    match exchange.servers().await {
        // A sync does without.
        Err(error @ ExchangeError::NotGranted { .. }) => {
            findings.odd("versions", server, chain(&error), error.cure());
        }
        Err(error) => bad(findings, "versions", server, &error),
        Ok(servers) => {
            let known = servers.iter().filter_map(|server| server.version);
            let old = known.filter(|version| *version < ServerVersion::MINIMUM).count();
            let number = u64::try_from(servers.len()).unwrap_or(u64::MAX);
            let list: Vec<String> = servers.iter().map(version).collect();
            let evidence = format!("{}: {}", count(number, "server"), list.join(", "));
            if old > 0 {
                let evidence = format!("{evidence}; older than Exchange 2010 SP3: {old}");
                findings.odd(
                    "versions",
                    server,
                    evidence,
                    Some("update them; older ones are not served"),
                );
            } else {
                findings.good("versions", server, evidence);
            }
        }
    }
}

fn version(server: &ExchangeServer) -> String {
    let name = escape(&server.name);
    server.version.map_or_else(
        || format!("{name} (version unknown)"),
        |version| format!("{name} ({} {version})", version.product()),
    )
}

fn bad(findings: &mut Findings, id: &'static str, server: &str, error: &ExchangeError) {
    findings.bad(id, server, chain(error), error.cure());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shells_in_use_are_read_from_the_refusal() {
        let refused = "BudgetType: WSMan ActiveRunspaces: 18/18 Balance: 600000/1800000";
        assert_eq!(shells_of(refused), Some("18/18"));
        assert_eq!(shells_of("ActiveRunspaces: x"), None);
        assert_eq!(shells_of("no shells"), None);
    }
}
