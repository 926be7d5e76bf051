//! Several servers of one organisation.

use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;
use expect_test::expect;

use super::super::{ExchangeSimulator, ExchangeVersion, ListWrite};
use super::client::{Client, Failed, Seen, start};

async fn two() -> (ExchangeSimulator, Client, Client) {
    let simulator = start(20, |config| config.servers = 2).await;
    let addresses: Vec<_> = simulator
        .servers()
        .into_iter()
        .map(|(_, address)| address)
        .collect();
    assert_eq!(addresses[0].port(), addresses[1].port());
    assert_ne!(addresses[0].ip(), addresses[1].ip());
    let (mut first, mut second) = (Client::at(addresses[0], ""), Client::at(addresses[1], ""));
    first.open().await.unwrap();
    second.open().await.unwrap();
    (simulator, first, second)
}

fn add(simulator: &ExchangeSimulator, id: &str) -> (Command, uuid::Uuid) {
    let mailbox = simulator.organization().devices()[0].mailbox;
    let ids = PsValue::hashtable([("Add".into(), id.into())]);
    let command = Command::new("Set-CASMailbox")
        .with("Identity", mailbox.to_string())
        .with("ActiveSyncBlockedDeviceIDs", ids);
    (command, mailbox)
}

#[tokio::test]
async fn servers_share_the_organisation_and_not_their_shells() {
    let (simulator, mut first, mut second) = two().await;
    assert_eq!(simulator.open_shells(), 2);
    let (command, mailbox) = add(&simulator, "NEW1");
    assert_eq!(first.run(command.clone()).await.errors.len(), 0);
    second.run(command).await;
    let (_, blocked) = simulator.organization().lists(mailbox).unwrap();
    assert!(blocked.contains(&"NEW1".to_owned()));
    let writes = simulator.organization().list_writes();
    let written = ListWrite {
        at: writes[0].at,
        shell: simulator.commands()[0].shell.clone(),
        server: "ex01.contoso.com".to_owned(),
        mailbox,
        allowed: Vec::new(),
        no_longer_allowed: Vec::new(),
        blocked: vec!["NEW1".to_owned()],
        no_longer_blocked: Vec::new(),
    };
    assert_eq!(writes, [written], "the second run changed nothing");
    let at: Vec<String> = simulator.commands().into_iter().map(|ran| ran.server).collect();
    assert_eq!(at, ["ex01.contoso.com", "ex02.contoso.com"]);

    // The shell of one server is unknown to the other.
    std::mem::swap(&mut first.context.selectors, &mut second.context.selectors);
    assert!(matches!(first.close().await, Err(Failed::Fault(_))));
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_goes_down_in_the_middle_and_comes_back_without_its_shells() {
    let (simulator, mut first, mut second) = two().await;
    let waits = async {
        // Nothing comes, so the server holds the request back.
        let body = easgate_psrp::wsman::receive(&first.context, uuid::Uuid::new_v4(), None);
        first.post(body).await
    };
    let goes_down = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        simulator.take_down(0).await.unwrap();
    };
    let (answer, ()) = tokio::join!(waits, goes_down);
    assert!(matches!(answer, Err(Failed::Broken)), "{answer:?}");
    assert!(
        matches!(first.open().await, Err(Failed::Broken)),
        "nobody listens"
    );
    assert_eq!(simulator.open_shells(), 1);
    let seen = second.run(Command::new("Get-ExchangeServer")).await;
    assert!(!seen.rows.is_empty(), "the other is not touched");

    simulator.bring_back(0).await.unwrap();
    simulator.bring_back(0).await.unwrap();
    let mut again = Client::new(&simulator);
    again.open().await.unwrap();
    assert!(simulator.take_down(2).await.is_err(), "there are two");
    simulator.stop().await.unwrap();
}

fn rows(seen: &Seen) -> String {
    let is = |row: &PsValue, name: &str| row.property(name).and_then(PsValue::as_bool).unwrap();
    let [names, versions] = ["Fqdn", "AdminDisplayVersion"].map(|name| seen.texts(name));
    let rows = seen.values();
    let one = |((row, name), version): ((&PsValue, &String), &String)| {
        let (clients, edge) = (is(row, "IsClientAccessServer"), is(row, "IsEdgeServer"));
        format!("{name}, {version}, clients {clients}, edge {edge}\n")
    };
    rows.iter().zip(&names).zip(&versions).map(one).collect()
}

#[tokio::test]
async fn the_organisation_knows_servers_that_are_none_to_connect_to() {
    let (simulator, mut client, _) = two().await;
    let seen = client.run(Command::new("Get-ExchangeServer")).await;
    expect![[r#"
        ex01.contoso.com, Version 15.2 (Build 986.5), clients true, edge false
        ex02.contoso.com, Version 15.2 (Build 986.5), clients true, edge false
        edge01.contoso.com, Version 15.2 (Build 986.5), clients false, edge true
        old01.contoso.com, Version 15.1 (Build 2507.6), clients true, edge false
        far01.fabrikam.com, Version 15.2 (Build 986.5), clients true, edge false
    "#]]
    .assert_eq(&rows(&seen));
    let named = Command::new("Get-ExchangeServer").with("Identity", "far01.fabrikam.com");
    assert_eq!(client.run(named).await.texts("Name"), ["FAR01"]);
    simulator.stop().await.unwrap();

    let oldest = start(5, |config| {
        config.servers = 3;
        config.version = ExchangeVersion::Ex2010;
    })
    .await;
    let mut client = Client::new(&oldest);
    client.open().await.unwrap();
    let seen = client.run(Command::new("Get-ExchangeServer")).await;
    assert_eq!(seen.texts("Name"), ["EX01", "EX02", "EX03", "EDGE01", "FAR01"]);
    oldest.stop().await.unwrap();
}
