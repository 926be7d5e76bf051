//! Changes side by side over the wire, against what the latency of a cmdlet allows.

use std::sync::Arc;
use std::time::Duration;

use easgate_cmdlet::{Authentication, CmdletTransport, Config, WsmanTransport};
use easgate_exchange::{ExchangeClient, ListChange};
use easgate_model::MailboxId;
use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator, Fault};
use easgate_simulator::world::World;
use futures::future::try_join_all;

use crate::Failure;
use crate::arguments::Scale;
use crate::measure::wall;
use crate::table::{Figure, Floor, Goal, Row};

/// How many changes a second, of those that so many runspaces can make.
pub(super) fn row(scale: &Scale) -> Result<Row, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let took = runtime.block_on(changes(scale))?;
    let possible = f64::from(scale.runspaces) / scale.latency.as_secs_f64();
    let reached = f64::from(scale.runspaces * scale.changes) / took.as_secs_f64();
    let figure = |value| Figure {
        value,
        unit: "changes/s",
    };
    Ok(Row {
        id: "parallel_changes",
        measure: "8 runspaces, 200 ms a cmdlet, over the wire",
        ours: figure(reached),
        floor: Some(Floor {
            what: "N / L",
            figure: figure(possible),
        }),
        ratio: Some(reached / possible),
        goal: Goal::RatioAtLeast(0.95),
    })
}

async fn changes(scale: &Scale) -> Result<Duration, Failure> {
    let world = World::contoso(100);
    let mailboxes: Vec<MailboxId> = world
        .users
        .iter()
        .filter(|user| user.kind.is_local())
        .map(|user| MailboxId(user.mailbox_guid))
        .collect();
    let server = ExchangeSimulator::start(ExchangeConfig::new(world)).await?;
    let account = Authentication::Basic {
        username: r"CONTOSO\connector".to_owned(),
        password: "P@ssw0rd!".into(),
    };
    let runspaces = usize::try_from(scale.runspaces)?;
    let transport: Arc<dyn CmdletTransport> = Arc::new(WsmanTransport::new(Config {
        runspaces,
        setup: easgate_exchange::setup_commands(),
        ..Config::new(server.url(), account)
    })?);
    let exchange = ExchangeClient::new(Arc::clone(&transport), easgate_exchange::Config::default());
    server.faults().inject(Fault::Slow {
        cmdlet: "Set-CASMailbox".to_owned(),
        by: scale.latency,
    });
    let lane = async |number: usize, turns: u32| -> Result<(), Failure> {
        for turn in 0..turns {
            let mailbox = mailboxes[number % mailboxes.len()];
            let mut change = ListChange::new(mailbox);
            let device = format!("BENCH{turn:08}").parse()?;
            change.add_allowed.push(device);
            exchange.change_lists(&change).await?;
        }
        Ok(())
    };
    // Shells are opened first; a sync has them from its reads.
    try_join_all((0..runspaces).map(|number| lane(number, 1))).await?;
    let start = wall();
    try_join_all((0..runspaces).map(|number| lane(number, scale.changes))).await?;
    let took = wall().saturating_sub(start);
    transport.close().await;
    server.stop().await?;
    Ok(took)
}
