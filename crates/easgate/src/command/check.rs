//! `easgate check`: the doctor. Every step with what was found, and what to do where something is wrong.

mod endpoints;
mod enrollment;
mod exchange;
pub(super) mod expiry;
pub(super) mod finding;
mod graph;
mod place;
mod probe;
mod server;

use easgate_config::{Environment, Organization};
use easgate_connector::adapters::Breaker;
use easgate_connector::{Clock, Mode, SystemClock};
use easgate_exchange::rbac::{Feature, Features};
use easgate_model::OrganizationId;
use easgate_store::Store;

use self::exchange::Account;
use self::finding::Findings;
use crate::cli::CheckArguments;
use crate::command::Failure;
use crate::command::wiring::{self, Settings};
use crate::exit::Exit;
use crate::output::chain;

/// Goes through every step, also after one that failed, as far as it does not need that one.
///
/// Nothing is written to Exchange, and no credential that was refused is tried again. Exits 0 when everything is well or
/// only has warnings, 5 when all that is wrong is that the last good run is too old, and 2 otherwise.
///
/// # Errors
/// When the findings cannot be printed, or `--endpoints` finds no configuration.
pub(crate) async fn run(arguments: &CheckArguments) -> Result<Exit, Failure> {
    if arguments.endpoints {
        let settings = Settings::read(&arguments.common)?;
        return endpoints::print(settings.organizations(), arguments.common.json);
    }
    let mut findings = Findings::new(arguments.common.json);
    match Settings::read(&arguments.common) {
        Ok(settings) => all(&mut findings, &settings).await,
        Err(error) => findings.bad(
            "configuration",
            "",
            chain(error.as_ref()),
            Some("see docs/configuration.md, and easgate config schema"),
        ),
    }
    findings.finish()
}

async fn all(findings: &mut Findings, settings: &Settings) {
    findings.good("configuration", "", settings.path.display().to_string());
    for warning in &settings.configuration.warnings {
        findings.odd("configuration", "", warning.to_string(), None);
    }
    let store = place::open(findings, settings).await;
    let environment = Environment::of_this_process();
    for organization in settings.organizations() {
        findings.organization(&organization.name);
        let met = check(findings, organization, &environment, store.as_ref()).await;
        if let Some(store) = &store {
            place::binding(findings, store, &organization.name, met).await;
            place::last_runs(findings, store, organization).await;
        }
    }
    if let Some(store) = store {
        store.close().await;
    }
}

/// What keeps a refused account from being tried again by every run.
async fn breaker(organization: &Organization, store: Option<&Store>) -> Option<Breaker> {
    let known = store?.organization(&organization.name).await.ok()?;
    Some(wiring::breaker(&organization.exchange, known))
}

/// The secrets, each server, and the enrolments; tells which organisation answered.
async fn check(
    findings: &mut Findings,
    organization: &Organization,
    environment: &Environment,
    store: Option<&Store>,
) -> Option<OrganizationId> {
    for secret in organization.secrets() {
        match secret.read(environment) {
            Ok(_) => findings.good("secret", "", secret.to_string()),
            Err(error) => findings.bad(
                "secret",
                "",
                chain(&error),
                Some("set the variable, or write the file so that only this account can read it"),
            ),
        }
    }
    if let Some(settings) = organization.exchange.settings() {
        server::certificates(findings, settings, SystemClock::new().now());
    }
    let mut features = Features::from([Feature::Read]);
    if organization.mode == Mode::Enforce {
        features.insert(Feature::Lists);
    }
    let mut account = Account {
        client: organization.exchange.client(),
        features,
        refused_by: None,
        breaker: breaker(organization, store).await,
    };
    let mut met = None;
    let Ok(transports) = wiring::transports(&organization.exchange, environment) else {
        for url in organization.exchange.servers() {
            findings.skipped(
                "log-on",
                url.host_str().unwrap_or_default(),
                "the secret has to be there first",
            );
        }
        enrollment::check(findings, &organization.enrollment, environment).await;
        return None;
    };
    for config in transports {
        let server = config.url.to_string();
        let answered = exchange::check(findings, config, &mut account).await;
        match (met, answered) {
            (Some(first), Some(other)) if first != other => findings.bad(
                "organisation",
                &server,
                format!("{other} is not the organisation of the servers before it, {first}"),
                Some("name the servers of one organisation alone in one section"),
            ),
            (None, answered) => met = answered,
            _ => {}
        }
    }
    enrollment::check(findings, &organization.enrollment, environment).await;
    met
}
