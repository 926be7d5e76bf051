//! `easgate check`: the doctor. Every step with what was found, and what to do where something is wrong.

mod enrollment;
mod exchange;
mod finding;

use easgate_config::{Environment, Organization};
use easgate_model::OrganizationId;

use self::finding::Findings;
use crate::cli::CheckArguments;
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output::chain;

/// Goes through every step, also after one that failed, as far as it does not need that one.
///
/// Nothing is written to Exchange. Exits 0 when everything is well, and 2 otherwise.
///
/// # Errors
/// When the findings cannot be printed.
pub(crate) async fn run(arguments: &CheckArguments) -> Result<Exit, Failure> {
    let mut findings = Findings::new(arguments.common.json);
    match Settings::read(&arguments.common) {
        Ok(settings) => {
            findings.good("configuration", "", settings.path.display().to_string());
            for warning in &settings.configuration.warnings {
                findings.odd("configuration", "", warning.to_string());
            }
            let environment = Environment::of_this_process();
            for organization in settings.organizations() {
                let met = check(&mut findings, organization, &environment).await;
                store(&mut findings, &settings, organization, met).await;
            }
        }
        Err(error) => findings.bad(
            "configuration",
            "",
            chain(error.as_ref()),
            Some("see docs/configuration.md, and easgate config schema"),
        ),
    }
    findings.finish()
}

/// The secrets, each server, and the enrolments; tells which organisation answered.
async fn check(
    findings: &mut Findings,
    organization: &Organization,
    environment: &Environment,
) -> Option<OrganizationId> {
    for secret in organization.secrets() {
        match secret.read(environment) {
            Ok(_) => findings.good("secret", &organization.name, secret.to_string()),
            Err(error) => findings.bad(
                "secret",
                &organization.name,
                chain(&error),
                Some("set the variable, or write the file so that only this account can read it"),
            ),
        }
    }
    let mut met = None;
    // Without a password there is no log-on, and the secret's own step has said why.
    for config in organization.exchange.transports(environment).unwrap_or_default() {
        let server = config.url.to_string();
        let answered = exchange::check(findings, config, organization.exchange.client()).await;
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
    enrollment::check(
        findings,
        &organization.name,
        &organization.enrollment,
        environment,
    )
    .await;
    met
}

/// The store, and whether it belongs to the organisation that answered.
async fn store(
    findings: &mut Findings,
    settings: &Settings,
    organization: &Organization,
    met: Option<OrganizationId>,
) {
    let cure = "look at the disk, at the rights of the folder, and at `url` of [store]";
    let store = match settings.store().await {
        Ok(store) => store,
        Err(error) => return findings.bad("store", "", chain(&error), Some(cure)),
    };
    let binding = match store.organization(&organization.name).await {
        Ok(kept) => kept.binding().await,
        Err(error) => Err(error),
    };
    match binding {
        Err(error) => findings.bad("store", &organization.name, chain(&error), Some(cure)),
        Ok((Some(bound), _)) if met.is_some_and(|met| met != bound) => findings.bad(
            "store",
            &organization.name,
            format!("it belongs to the organisation {bound}, and another one answered"),
            Some("look at `servers`; for a new organisation use a new name or a new store"),
        ),
        Ok((bound, _)) => {
            let bound = bound.map_or_else(|| "not bound yet".to_owned(), |id| format!("bound to {id}"));
            findings.good(
                "store",
                &organization.name,
                format!("{}, {bound}", store.path().display()),
            );
        }
    }
    store.close().await;
}
