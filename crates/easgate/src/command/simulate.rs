//! `easgate simulate`: simulators for tests and for trying out.

use easgate_model::escape;
use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator, ExchangeVersion, Rbac};
use easgate_simulator::tenant::{TenantConfig, TenantSimulator};
use easgate_simulator::world::World;

use tokio::sync::mpsc;

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
        servers: usize::from(arguments.servers),
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
    if arguments.servers > 1 {
        for (name, address) in exchange.servers() {
            let (ip, port) = (address.ip(), address.port());
            output::line(&format!(
                "  server         http://{name}:{port}/powershell at {ip}"
            ));
        }
        let addresses = exchange.servers();
        let addresses = addresses
            .iter()
            .map(|(name, address)| format!("\"{name}\" = \"{}\"", address.ip()));
        let addresses = addresses.collect::<Vec<_>>().join(", ");
        output::line(&format!("  addresses      {{ {addresses} }}"));
    }
    let mut said = lines()?;
    let mut stopped = std::pin::pin!(stopped());
    loop {
        tokio::select! {
            ended = &mut stopped => break ended?,
            line = said.recv(), if !said.is_closed() || !said.is_empty() => {
                if let Some(line) = line {
                    obey(&exchange, &line).await;
                }
            }
        }
    }
    exchange.stop().await?;
    Ok(Exit::Done)
}

/// What is written on standard input, until it ends. A thread reads it, since nothing else could be ended while it waits.
fn lines() -> std::io::Result<mpsc::Receiver<String>> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::Builder::new()
        .name("standard input".to_owned())
        .spawn(move || {
            for line in std::io::stdin().lines().map_while(Result::ok) {
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        })?;
    Ok(receiver)
}

/// `down N` takes a server down, `up N` brings it back.
async fn obey(exchange: &ExchangeSimulator, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |text: &str| text.parse::<usize>().ok()?.checked_sub(1);
    let done = match *words.as_slice() {
        [] => return,
        ["down", server] if let Some(at) = number(server) => exchange.take_down(at).await,
        ["up", server] if let Some(at) = number(server) => exchange.bring_back(at).await,
        _ => Err(std::io::Error::other(
            "`down 1` takes the first server down, `up 1` brings it back",
        )),
    };
    output::line(&match done {
        Ok(()) => format!("{} is {}", words.get(1).unwrap_or(&""), words[0]),
        Err(error) => escape(&error.to_string()),
    });
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
