//! `easgate demo`: everything on loopback, with nothing to configure.

mod folder;
mod summary;

use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator};
use easgate_simulator::tenant::{TenantConfig, TenantSimulator};
use easgate_simulator::world::World;

use self::folder::{Folder, Secrets};
use crate::cli::{Common, DemoArguments, What};
use crate::command::sync::sync;
use crate::command::wiring::Wiring;
use crate::command::{Failure, stopped};
use crate::exit::Exit;
use crate::output;
use crate::render;

/// Starts the simulators, does one full sync in mode enforce, tells what came of it, and stays up.
///
/// Held changes are part of what there is to see, so they do not make the demonstration fail.
///
/// # Errors
/// When a simulator cannot start or a temporary folder cannot be written.
pub(crate) async fn run(arguments: &DemoArguments) -> Result<Exit, Failure> {
    let world = World::contoso(usize::try_from(arguments.devices)?);
    let at_graph = TenantConfig::new(world.clone());
    let at_exchange = ExchangeConfig::new(world);
    let secrets = Secrets {
        username: at_exchange.account.clone(),
        password: at_exchange.password.clone(),
        client_id: at_graph.client_id.clone(),
        client_secret: at_graph.secret.clone(),
    };
    let tenant = TenantSimulator::start(at_graph).await?;
    let exchange = ExchangeSimulator::start(at_exchange).await?;
    let folder = Folder::write(&exchange, &tenant, &secrets)?;
    if !arguments.json {
        introduce(&exchange, &tenant, &folder);
    }
    // Whoever ends it in the middle leaves no folder behind either.
    let exit = tokio::select! {
        exit = show(arguments, &folder) => exit?,
        stopped = stopped() => {
            stopped?;
            return Ok(Exit::Done);
        }
    };
    if !arguments.once {
        if !arguments.json {
            invite(&folder);
        }
        stopped().await?;
    }
    exchange.stop().await?;
    tenant.stop().await;
    Ok(exit)
}

async fn show(arguments: &DemoArguments, folder: &Folder) -> Result<Exit, Failure> {
    let common = Common {
        config: Some(folder.configuration()),
        organization: None,
        json: arguments.json,
    };
    let wiring = Wiring::open(&common).await?;
    let mut exit = Exit::Done;
    for site in &wiring.sites {
        let (report, ended) = sync(site, &wiring.store, &What::FULL).await;
        if ended != Exit::Held {
            exit = exit.max(ended);
        }
        if arguments.json {
            output::json(&report.to_json())?;
            continue;
        }
        render::report::text(&report);
        // What is planned after the sync is what the guard held; its facts give the examples too.
        let planned = site.cycle(&wiring.store).plan().await;
        site.progress.clear();
        summary::print(&site.config, &planned?);
    }
    wiring.close().await;
    Ok(exit)
}

fn introduce(exchange: &ExchangeSimulator, tenant: &TenantSimulator, folder: &Folder) {
    output::line("A simulated Exchange organisation and a simulated tenant, both on this computer alone:");
    output::line(&format!(
        "  Exchange  {}  (PowerShell Remoting, account CONTOSO\\connector)",
        exchange.url()
    ));
    output::line(&format!(
        "  Graph     {}  (devices, users, licences, groups)",
        tenant.graph_root()
    ));
    output::line(&format!(
        "  settings  {}  (mode enforce)",
        folder.configuration().display()
    ));
    output::line("");
}

fn invite(folder: &Folder) {
    let configuration = folder.configuration();
    let configuration = configuration.display();
    output::line("");
    output::line("Both stay up until Ctrl-C. From another terminal:");
    for command in [
        "status",
        "devices --reason notEnrolled",
        "explain MAILBOX",
        "plan",
        "check",
    ] {
        output::line(&format!("  easgate {command} --config {configuration}"));
    }
}
