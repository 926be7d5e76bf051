//! Several commands at once, stops, waits and sessions.

use std::time::Duration;

use easgate_cmdlet::{CmdletTransport as _, Command, SetupCommand};

use super::{Peer, count, listen, numbers, run};

fn prepare() -> Vec<SetupCommand> {
    let view = Command::new("Set-ADServerSettings").with("ViewEntireForest", true);
    let unknown = Command::new("Set-NothingKnown");
    vec![
        SetupCommand {
            command: view,
            optional: false,
        },
        SetupCommand {
            command: unknown,
            optional: true,
        },
    ]
}

#[tokio::test]
async fn commands_run_at_once_in_one_shell() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|config| config.runspaces = 3);
    let mut endless = Vec::new();
    for _ in 0..2 {
        let mut invocation = transport.invoke(Command::new("Test-Endless")).await.unwrap();
        invocation.next().await.unwrap().unwrap();
        endless.push(invocation);
    }
    // Two are running and do not end; the third comes through all the same.
    assert_eq!(numbers(&run(&transport, count(5, 0)).await), [0, 1, 2, 3, 4]);
    for invocation in endless {
        invocation.stop().await;
    }
    let stats = peer.finish(transport).await;
    assert_eq!((stats.create, stats.stops), (1, 2), "{stats:?}");
}

#[tokio::test]
async fn setup_runs_in_every_runspace() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|config| {
        config.runspaces = 2;
        config.setup = prepare();
    });
    let holder = transport.invoke(Command::new("Test-Endless")).await.unwrap();
    let first = run(&transport, Command::new("Test-Prepared")).await;
    holder.stop().await;
    let mut shells = Vec::new();
    for said in [first, run(&transport, Command::new("Test-Prepared")).await] {
        let value = said.outputs[0].value().unwrap();
        assert_eq!(value.property("Prepared").unwrap().as_bool(), Some(true));
        shells.push(value.property("Shell").unwrap().as_str().unwrap().to_owned());
    }
    let stats = peer.finish(transport).await;
    assert_eq!((stats.create, stats.delete), (2, 2), "{shells:?} {stats:?}");
}

#[tokio::test]
async fn a_setup_command_that_is_needed_and_missing_is_an_error() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|config| {
        config.setup = vec![SetupCommand {
            command: Command::new("Set-NothingKnown"),
            optional: false,
        }];
    });
    let error = run(&transport, count(1, 0)).await.failure.unwrap();
    assert!(
        error
            .to_string()
            .starts_with("could not prepare a runspace on http://127.0.0.1"),
        "{error}"
    );
    assert!(!error.sent());
    peer.finish(transport).await;
}

#[tokio::test]
async fn a_stop_ends_the_command_and_keeps_the_shell() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|config| config.runspaces = 1);
    let mut invocation = transport.invoke(Command::new("Test-Endless")).await.unwrap();
    invocation.next().await.unwrap().unwrap();
    invocation.stop().await;
    assert_eq!(numbers(&run(&transport, count(2, 0)).await), [0, 1]);
    let stats = peer.finish(transport).await;
    assert_eq!(
        (stats.create, stats.stops, stats.terminates),
        (1, 1, 2),
        "{stats:?}"
    );
}

#[tokio::test]
async fn dropping_an_invocation_or_the_call_for_it_stops_the_command() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|config| config.runspaces = 1);
    drop(transport.invoke(Command::new("Test-Endless")).await.unwrap());
    peer.wait_for(|stats| stats.stops == 1 && stats.terminates == 1)
        .await;
    let call = transport.invoke(Command::new("Test-Endless"));
    assert!(
        tokio::time::timeout(Duration::from_millis(1), call)
            .await
            .is_err()
    );
    assert_eq!(numbers(&run(&transport, count(1, 0)).await), [0]);
    assert_eq!(peer.finish(transport).await.create, 1);
}

#[tokio::test]
async fn silence_longer_than_the_operation_timeout_is_waited_out() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|config| config.operation_timeout = Duration::from_millis(400));
    assert_eq!(numbers(&run(&transport, count(2, 1500)).await), [0, 1]);
    peer.finish(transport).await;
}

#[tokio::test]
async fn a_server_waits_while_the_consumer_is_behind() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|config| config.limits.max_waiting_records = 2);
    let command = Command::new("Test-Count")
        .with("Count", 600)
        .with("Padding", 2000);
    let mut invocation = transport.invoke(command).await.unwrap();
    invocation.next().await.unwrap().unwrap();
    let mut before = 0;
    let stats = loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let stats = peer.stats().await;
        if stats.written == before && before > 0 {
            break stats;
        }
        before = stats.written;
    };
    assert!(stats.written < 100, "the server was drained: {stats:?}");
    let rest = numbers(&listen(invocation).await);
    assert_eq!(rest, (1..600).collect::<Vec<_>>());
    peer.finish(transport).await;
}

#[tokio::test]
async fn idle_shells_end_and_come_back() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|config| config.idle_timeout = Duration::from_millis(400));
    assert_eq!(numbers(&run(&transport, count(1, 0)).await), [0]);
    peer.wait_for(|stats| stats.open == 0 && stats.delete == 1).await;
    assert_eq!(numbers(&run(&transport, count(1, 0)).await), [0]);
    assert_eq!(peer.finish(transport).await.create, 2);
}

#[tokio::test]
async fn a_transport_that_is_dropped_leaves_no_shell() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|_| ());
    assert_eq!(numbers(&run(&transport, count(1, 0)).await), [0]);
    let running = transport.invoke(Command::new("Test-Endless")).await.unwrap();
    drop(transport);
    peer.wait_for(|stats| stats.open == 0 && stats.delete == stats.create)
        .await;
    drop(running);
}
