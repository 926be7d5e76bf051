//! What goes wrong on demand, by wire.

use std::time::Duration;

use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;
use easgate_psrp::wsman::{self, FaultKind};
use uuid::Uuid;

use super::super::{ExchangeVersion, Fault, Refusal};
use super::client::{Client, Failed, Seen, start};

fn list() -> Command {
    Command::new("Get-MobileDevice").with("ResultSize", "Unlimited")
}

#[tokio::test]
async fn a_request_without_its_cookie_finds_no_shell() {
    let simulator = start(10, |_| {}).await;
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    let cookie = client.cookie.take();
    let fault = client.close().await.unwrap_err().fault();
    assert_eq!(fault.kind(), FaultKind::ShellNotFound);
    assert_eq!(
        fault.exchange().failure_category.as_deref(),
        Some("WSMan-InvalidShellID")
    );
    client.cookie = cookie;
    simulator.faults().lose_cookies();
    assert_eq!(
        client.close().await.unwrap_err().fault().kind(),
        FaultKind::ShellNotFound
    );
    assert_eq!(simulator.open_shells(), 1);
    simulator.faults().lose_shells();
    assert_eq!(simulator.open_shells(), 0);
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn the_shell_after_the_last_one_is_refused_in_the_words_of_the_version() {
    for version in [ExchangeVersion::Ex2010, ExchangeVersion::Ex2019] {
        let simulator = start(5, |config| {
            config.version = version;
            config.max_shells = 2;
        })
        .await;
        for _ in 0..2 {
            Client::new(&simulator).open().await.unwrap();
        }
        let fault = Client::new(&simulator).open().await.unwrap_err().fault();
        assert_eq!(fault.kind(), FaultKind::TooManyShells, "{fault:?}");
        simulator.stop().await.unwrap();
    }
}

#[tokio::test]
async fn refusals_are_understood() {
    let simulator = start(5, |_| {}).await;
    let refused = |refusal| {
        simulator.faults().inject(Fault::Refuse(refusal));
        let mut client = Client::new(&simulator);
        async move { client.open().await.unwrap_err().fault().kind() }
    };
    let wait = Some(Duration::from_millis(1_500));
    assert_eq!(
        refused(Refusal::RateQuota { milliseconds: 1_500 }).await,
        FaultKind::Throttled { wait }
    );
    assert!(matches!(
        refused(Refusal::SystemLoad).await,
        FaultKind::Throttled { .. }
    ));
    assert_eq!(refused(Refusal::NoRole).await, FaultKind::NoRole);
    assert_eq!(
        refused(Refusal::RemotePowerShellDisabled).await,
        FaultKind::RemotePowerShellDisabled
    );
    assert_eq!(refused(Refusal::AccessDenied).await, FaultKind::AccessDenied);
    let location = "http://ex02.contoso.com/powershell?a=1&b=2".to_owned();
    simulator.faults().inject(Fault::Redirect {
        location: location.clone(),
    });
    let kind = Client::new(&simulator).open().await.unwrap_err().fault().kind();
    assert_eq!(kind, FaultKind::Redirect(Some(location)));
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_breaks_in_mid_output_and_the_shell_is_gone() {
    let simulator = start(500, |_| {}).await;
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    simulator.faults().inject(Fault::DieInOutput { after: 100 });
    let mut seen = Seen::default();
    let failed = client.run_into(&[list()], &mut seen).await.unwrap_err();
    assert!(matches!(failed, Failed::Broken), "{failed:?}");
    assert_eq!((seen.rows.len(), simulator.open_shells()), (100, 0));
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn a_command_may_have_worked_though_its_answer_never_came() {
    let simulator = start(5, |_| {}).await;
    let phone = simulator.organization().devices().remove(0);
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    simulator.faults().inject(Fault::DieAfter {
        cmdlet: "Set-CASMailbox".to_owned(),
    });
    let set = Command::new("Set-CASMailbox")
        .with("Identity", phone.mailbox.to_string().as_str())
        .with("ActiveSyncBlockedDeviceIDs", phone.eas_id.as_str());
    let failed = client.run_into(&[set], &mut Seen::default()).await.unwrap_err();
    assert!(matches!(failed, Failed::Broken), "{failed:?}");
    assert_eq!(
        simulator.organization().lists(phone.mailbox).unwrap().1,
        [phone.eas_id]
    );
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn writes_are_refused_and_lists_cut_on_demand() {
    let simulator = start(50, |_| {}).await;
    let phone = simulator.organization().devices().remove(0);
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    simulator.faults().inject(Fault::Denied {
        object: phone.mailbox,
    });
    let set = Command::new("Set-CASMailbox").with("Identity", phone.mailbox.to_string().as_str());
    let seen = client.run(set.clone().with("ActiveSyncEnabled", false)).await;
    assert_eq!(seen.errors[0].reason, "ADOperationException");
    simulator.faults().clear();
    simulator
        .organization()
        .set_lists(phone.mailbox, vec!["a".to_owned()], Vec::new());
    simulator.organization().set_list_capacity(1);
    let add = PsValue::hashtable([("Add".into(), "b".into())]);
    let seen = client.run(set.with("ActiveSyncAllowedDeviceIDs", add)).await;
    assert!(seen.errors[0].message.contains("ADMIN_LIMIT_EXCEEDED"));
    simulator.faults().inject(Fault::Truncated {
        cmdlet: "Get-MobileDevice".to_owned(),
        after: 9,
    });
    let seen = client.run(list()).await;
    assert_eq!((seen.rows.len(), seen.warnings.len()), (9, 1));
    simulator.faults().inject(Fault::MicroDelay { milliseconds: 12 });
    assert!(client.run(list()).await.warnings[0].starts_with("Micro delay applied."));
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn http_errors_come_before_soap() {
    let simulator = start(5, |config| config.idle_timeout = Duration::from_millis(50)).await;
    let mut client = Client::new(&simulator);
    simulator.faults().inject(Fault::Http { status: 503 });
    assert!(matches!(client.open().await, Err(Failed::Status(503))));
    assert!(matches!(
        client.post("x".repeat(512_001)).await,
        Err(Failed::Status(413))
    ));
    client.context.resource_uri = "http://schemas.microsoft.com/powershell/Other".to_owned();
    let kind = client.open().await.unwrap_err().fault().kind();
    assert_eq!(kind, FaultKind::ResourceUriNotFound);
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(simulator.open_shells(), 0, "an idle shell ends");
    let page = reqwest::get(format!("http://{}/wsman", simulator.address()))
        .await
        .unwrap();
    assert_eq!(page.status().as_u16(), 404);
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn a_slow_cmdlet_times_out_the_receive_and_not_itself() {
    let simulator = start(5, |_| {}).await;
    let mut client = Client::new(&simulator);
    client.context.operation_timeout = Duration::from_millis(50);
    client.open().await.unwrap();
    let idle = wsman::receive(&client.context, Uuid::new_v4(), None);
    assert_eq!(
        client.post(idle).await.unwrap_err().fault().kind(),
        FaultKind::Timeout
    );
    let by = Duration::from_millis(200);
    simulator.faults().inject(Fault::Slow {
        cmdlet: "*".to_owned(),
        by,
    });
    assert_eq!(client.run(list()).await.rows.len(), 5);
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn a_late_command_is_carried_out_when_its_client_has_long_gone() {
    let simulator = start(10, |_| {}).await;
    let mailbox = simulator.organization().devices()[0].mailbox;
    let add = |id: &str| {
        let ids = PsValue::hashtable([("Add".into(), id.into())]);
        Command::new("Set-CASMailbox")
            .with("Identity", mailbox.to_string())
            .with("ActiveSyncBlockedDeviceIDs", ids)
    };
    let late = |by: u64| Fault::Late {
        cmdlet: "Set-CASMailbox".to_owned(),
        by: Duration::from_secs(by),
    };
    let blocked = || simulator.organization().lists(mailbox).unwrap().1;

    // Whoever waits gets the answer when it has been carried out.
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    simulator.faults().inject(late(1));
    let seen = client.run(add("LATE1")).await;
    assert_eq!((seen.errors.len(), seen.failed.is_none()), (0, true));
    assert!(blocked().contains(&"LATE1".to_owned()));

    simulator.faults().inject(late(3600));
    let sent = tokio::time::timeout(Duration::from_millis(300), client.run(add("LATE2"))).await;
    assert!(sent.is_err(), "no answer comes");
    client.close().await.unwrap();
    drop(client);
    let mut other = Client::new(&simulator);
    other.open().await.unwrap();
    other.run(add("SOON")).await;
    simulator.organization().advance(time::Duration::minutes(59));
    assert!(!blocked().contains(&"LATE2".to_owned()));
    simulator.organization().advance(time::Duration::minutes(1));
    assert!(blocked().contains(&"LATE2".to_owned()));
    let writes = simulator.organization().list_writes();
    let order: Vec<&String> = writes.iter().flat_map(|write| &write.blocked).collect();
    assert_eq!(order, ["LATE1", "SOON", "LATE2"]);
    assert_eq!(writes[0].shell, writes[2].shell);
    assert!(writes[2].at - writes[1].at > time::Duration::minutes(59));
    simulator.stop().await.unwrap();
}
