//! `easgate simulate`: simulators for tests and for trying out.

use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator, ExchangeVersion, Rbac};
use easgate_simulator::tenant::{TenantConfig, TenantSimulator};
use easgate_simulator::world::World;

use crate::cli::{SimulateArguments, SimulateCommand, SimulateExchangeArguments};
use crate::command::{Failure, stopped};
use crate::exit::Exit;
use crate::output;

/// Starts a simulator, says where it listens, and stays until Ctrl-C.
///
/// # Errors
/// When it cannot listen there.
pub(crate) async fn run(command: &SimulateCommand) -> Result<Exit, Failure> {
    match command {
        SimulateCommand::Exchange(arguments) => exchange(arguments).await,
        SimulateCommand::Tenant(arguments) => tenant(arguments).await,
    }
}

async fn exchange(arguments: &SimulateExchangeArguments) -> Result<Exit, Failure> {
    let world = World::contoso(usize::try_from(arguments.common.devices)?);
    let config = ExchangeConfig {
        listen: arguments.common.listen,
        rbac: profile(&arguments.profile),
        version: version(&arguments.version)?,
        full_serialization: arguments.full_serialization,
        ..ExchangeConfig::new(world)
    };
    let (account, password) = (config.account.clone(), config.password.clone());
    let exchange = ExchangeSimulator::start(config).await?;
    output::line(&format!("listening on {}", exchange.url()));
    output::line(&format!("  account        {account}"));
    output::line(&format!("  password       {password}"));
    stopped().await?;
    exchange.stop().await?;
    Ok(Exit::Done)
}

/// The command line gives no other name.
fn profile(name: &str) -> Rbac {
    match name {
        "original" => Rbac::connector(),
        "hosted" => Rbac::hosted(),
        "admin" => Rbac::organization_management(),
        _ => Rbac::connector_and_mobile_device(),
    }
}

fn version(name: &str) -> Result<ExchangeVersion, UnknownVersion> {
    [
        ("2010", ExchangeVersion::Ex2010),
        ("2013", ExchangeVersion::Ex2013),
        ("2016", ExchangeVersion::Ex2016),
        ("2019", ExchangeVersion::Ex2019),
        ("se", ExchangeVersion::Se),
    ]
    .into_iter()
    .find_map(|(known, version)| known.eq_ignore_ascii_case(name).then_some(version))
    .ok_or_else(|| UnknownVersion {
        name: name.to_owned(),
    })
}

#[derive(Debug, thiserror::Error)]
#[error("{name:?} is no version of Exchange: 2010, 2013, 2016, 2019 and se are")]
struct UnknownVersion {
    name: String,
}

async fn tenant(arguments: &SimulateArguments) -> Result<Exit, Failure> {
    let world = World::contoso(usize::try_from(arguments.devices)?);
    let mut config = TenantConfig::new(world);
    config.listen = arguments.listen;
    let (client, secret) = (config.client_id.clone(), config.secret.clone());
    let tenant = TenantSimulator::start(config).await?;
    output::line(&format!("listening on {}", tenant.graph_root()));
    output::line(&format!("  login root     {}", tenant.login_root()));
    output::line(&format!("  tenant         {}", tenant.tenant()));
    output::line(&format!("  client id      {client}"));
    output::line(&format!("  client secret  {secret}"));
    stopped().await?;
    tenant.stop().await;
    Ok(Exit::Done)
}
