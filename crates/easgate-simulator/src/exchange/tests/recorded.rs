//! Recorded requests of pypsrp, answered by the simulator.

use std::path::PathBuf;

use easgate_psrp::wsman::{ResponseBody, parse_response};

use super::client::start;

#[expect(
    clippy::disallowed_methods,
    reason = "where recordings stand is told to tests by the environment"
)]
fn recordings() -> Option<PathBuf> {
    let root = std::env::var("EASGATE_CONFORMANCE_DATA").ok();
    if root.is_none() {
        println!("LEFT OUT: recorded requests of pypsrp, EASGATE_CONFORMANCE_DATA is not set");
    }
    root.map(|root| PathBuf::from(root).join("pypsrp-client"))
}

#[tokio::test]
async fn recorded_requests_of_pypsrp_get_well_formed_answers_that_echo_their_ids() {
    let Some(root) = recordings() else { return };
    for scenario in ["open_close", "read_devices"] {
        let simulator = start(50, |config| config.require_cookie = false).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut files: Vec<PathBuf> = std::fs::read_dir(root.join(scenario))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.retain(|path| path.to_string_lossy().ends_with(".request.xml"));
        files.sort();
        assert!(files.len() >= 3);
        for path in files {
            let request = std::fs::read_to_string(&path).unwrap();
            let id = request
                .split("MessageID>")
                .nth(1)
                .unwrap()
                .split('<')
                .next()
                .unwrap()
                .to_owned();
            let sent = http
                .post(simulator.url())
                .basic_auth("CONTOSO\\connector", Some("P@ssw0rd!"))
                .body(request);
            let bytes = sent.send().await.unwrap().bytes().await.unwrap();
            let answer = parse_response(&bytes).unwrap();
            assert_eq!(
                answer.relates_to.as_deref(),
                Some(id.as_str()),
                "{}",
                path.display()
            );
            let fault = matches!(answer.body, ResponseBody::Fault(_));
            assert!(!fault, "{}: {:?}", path.display(), answer.body);
        }
        assert_eq!(simulator.open_shells(), 0, "the last request is Delete");
        simulator.stop().await.unwrap();
    }
}

/// The members in their order, from the first that every directory object has.
fn tail(names: &[String], from: &str) -> Vec<String> {
    let at = names.iter().rposition(|name| name == from).unwrap();
    names[at..].to_vec()
}

#[tokio::test]
async fn objects_end_with_the_members_that_recorded_objects_end_with() {
    let Some(root) = recordings() else { return };
    let root = root.parent().unwrap().to_owned();
    let members = |path: &str| {
        let bytes = std::fs::read(root.join(path)).unwrap();
        let value = easgate_psrp::clixml::parse(&bytes).unwrap().remove(0);
        value
            .as_object()
            .unwrap()
            .adapted
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    let mailbox = members("exchange-wire/Get-Mailbox.PIPELINE_OUTPUT.xml");
    let domain = members("exchange-clixml/HealthChecker/E19/Exchange/GetAcceptedDomain.xml");
    let server = members("exchange-clixml/HealthChecker/E19/Exchange/GetExchangeServer.xml");
    let simulator = start(20, |_| {}).await;
    let mut client = super::client::Client::new(&simulator);
    client.open().await.unwrap();
    let mut shown = async |cmdlet: &str| {
        let value = client
            .run(easgate_psrp::command::Command::new(cmdlet))
            .await
            .values()
            .remove(0);
        value
            .as_object()
            .unwrap()
            .adapted
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        tail(&shown("Get-CASMailbox").await, "Identity"),
        tail(&mailbox, "Identity")
    );
    assert_eq!(
        tail(&shown("Get-MobileDevice").await, "AdminDisplayName"),
        tail(&domain, "AdminDisplayName")
    );
    let own = shown("Get-ExchangeServer").await;
    assert_eq!(tail(&own, "Identity"), tail(&server, "Identity"));
    assert!(own.iter().all(|name| server.contains(name)), "{own:?}");
    simulator.stop().await.unwrap();
}
