//! `easgate rbac verify`.

use std::sync::Arc;

use easgate_cmdlet::{CmdletTransport, WsmanTransport};
use easgate_config::{Environment, Organization};
use easgate_exchange::rbac::{Lack, RightsReport, Surplus, compare, needs};
use easgate_exchange::{ExchangeClient, ExchangeError};
use easgate_model::escape;
use serde_json::{Value, json};

use crate::cli::RbacVerifyArguments;
use crate::command::Failure;
use crate::command::wiring::{self, Settings};
use crate::exit::Exit;
use crate::output;

/// Asks the first server of each organisation which commands the account has.
///
/// Exits 0 when nothing is missing, 2 when something is, and 4 when a server could not be asked; what is superfluous is
/// a warning.
pub(super) async fn run(arguments: &RbacVerifyArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let mut exit = Exit::Done;
    let mut values = Vec::new();
    for organization in settings.organizations() {
        let features = super::features(organization, &arguments.features);
        let family = super::family(arguments.exchange.as_deref());
        let needs = needs(&features, organization.exchange.kind, family);
        match ask(organization).await? {
            Ok((server, granted)) => {
                let report = compare(&needs, &granted);
                if !report.missing.is_empty() {
                    exit = exit.max(Exit::Failed);
                }
                if arguments.common.json {
                    values.push(value(organization, &server, &report));
                } else {
                    show(organization, &server, &report);
                }
            }
            Err(error) => {
                output::complain_with_cure(&error, error.cure());
                exit = exit.max(Exit::Unread);
                values.push(json!({ "organization": organization.name, "error": output::chain(&error) }));
            }
        }
    }
    if arguments.common.json {
        output::one_or_many(&values)?;
    }
    Ok(exit)
}

type Asked = Result<(String, Vec<easgate_exchange::rbac::GrantedCommand>), ExchangeError>;

async fn ask(organization: &Organization) -> Result<Asked, Failure> {
    let transports = wiring::transports(&organization.exchange, &Environment::of_this_process())?;
    let first = transports.into_iter().next().ok_or(NoServer)?;
    let transport: Arc<dyn CmdletTransport> = Arc::new(WsmanTransport::new(first)?);
    let client = ExchangeClient::new(Arc::clone(&transport), organization.exchange.client());
    let asked = client.granted_commands().await;
    transport.close().await;
    Ok(asked.map(|granted| (transport.endpoint(), granted)))
}

fn value(organization: &Organization, server: &str, report: &RightsReport) -> Value {
    let missing = report
        .missing
        .iter()
        .map(|Lack { cmdlet, parameters }| json!({ "cmdlet": cmdlet, "parameters": parameters }));
    let superfluous = report.superfluous.iter().map(|surplus| {
        let Surplus {
            cmdlet,
            parameters,
            changes,
        } = surplus;
        json!({ "cmdlet": cmdlet, "parameters": parameters, "changes": changes })
    });
    json!({
        "organization": organization.name,
        "server": server,
        "ok": report.missing.is_empty(),
        "granted": report.granted,
        "parametersKnown": report.parameters_known,
        "missing": missing.collect::<Vec<_>>(),
        "superfluous": superfluous.collect::<Vec<_>>(),
    })
}

fn show(organization: &Organization, server: &str, report: &RightsReport) {
    output::line(&format!(
        "{}: {} at {}",
        escape(&organization.name),
        escape(organization.exchange.username.as_deref().unwrap_or("the account")),
        escape(server)
    ));
    let rows: Vec<[String; 3]> = rows(report);
    if rows.is_empty() {
        output::line(&format!("  exactly what is needed: {} cmdlets", report.granted));
    } else {
        output::table(["", "CMDLET", "PARAMETERS"], rows);
    }
    if !report.parameters_known && report.granted > 0 {
        output::line("  the server tells no parameters, so only cmdlets were compared");
    }
    if !report.missing.is_empty() {
        output::line(
            "Something is missing: run the script of `easgate rbac generate`, and wait some minutes.",
        );
    } else if !report.superfluous.is_empty() {
        output::line(
            "Nothing is missing. What is superfluous should be taken away: other roles of the account give it.",
        );
    }
}

fn rows(report: &RightsReport) -> Vec<[String; 3]> {
    let list = |parameters: &[String]| match parameters {
        [] => "(the cmdlet itself)".to_owned(),
        [first, second, third, fourth, more @ ..] if !more.is_empty() => {
            format!("{first}, {second}, {third}, {fourth} and {} more", more.len())
        }
        some => some.join(", "),
    };
    let owned = |lack: &Lack| {
        lack.parameters
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    let missing = report
        .missing
        .iter()
        .map(|lack| ["missing".to_owned(), lack.cmdlet.to_owned(), list(&owned(lack))]);
    let superfluous = report.superfluous.iter().map(|surplus| {
        let word = if surplus.changes {
            "superfluous, can change"
        } else {
            "superfluous"
        };
        [word.to_owned(), surplus.cmdlet.clone(), list(&surplus.parameters)]
    });
    missing.chain(superfluous).collect()
}

#[derive(Debug, thiserror::Error)]
#[error("the organisation has no server")]
struct NoServer;
