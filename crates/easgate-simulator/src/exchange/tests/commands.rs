//! What cmdlets do, by wire.

use easgate_model::{AccessLevel, AccessState};
use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;
use easgate_psrp::message::PipelineState;
use time::Duration;

use super::super::{ExchangeVersion, Rbac};
use super::client::{Client, Seen, start};

fn all(cmdlet: &str) -> Command {
    Command::new(cmdlet).with("ResultSize", "Unlimited")
}

fn add(list: &str, id: &str) -> Command {
    let table = PsValue::hashtable([("Add".into(), PsValue::from(vec![id.into()]))]);
    Command::new("Set-CASMailbox")
        .with(list, table)
        .with("Confirm", false)
}

#[tokio::test]
async fn a_list_change_reaches_the_device_object_at_the_phones_next_request() {
    let simulator = start(60, |_| {}).await;
    let organization = simulator.organization();
    let phone = organization
        .devices()
        .into_iter()
        .find(|d| d.state == AccessState::Quarantined)
        .unwrap();
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    let command = add("ActiveSyncAllowedDeviceIDs", &phone.eas_id.to_lowercase());
    let seen = client
        .run(command.with("Identity", phone.mailbox.to_string().as_str()))
        .await;
    assert_eq!(
        (seen.state, seen.errors.len()),
        (Some(PipelineState::Completed), 0)
    );
    let state = || organization.device(phone.mailbox, &phone.eas_id).unwrap().state;
    assert_eq!(state(), AccessState::Quarantined);
    assert!(organization.device_syncs(phone.mailbox, &phone.eas_id));
    assert_eq!(state(), AccessState::Allowed);
    let logged = simulator.commands();
    assert_eq!(logged[0].name, "Set-CASMailbox");
    assert_eq!(
        logged[0].parameter("confirm").and_then(PsValue::as_bool),
        Some(false)
    );
    client.close().await.unwrap();
    assert_eq!(simulator.open_shells(), 0);
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn removing_a_partnership_leaves_the_lists() {
    let simulator = start(30, |_| {}).await;
    let phone = simulator.organization().devices().remove(0);
    simulator
        .organization()
        .set_lists(phone.mailbox, vec![phone.eas_id.clone()], Vec::new());
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    let remove = Command::new("Remove-MobileDevice").with("Identity", phone.guid.to_string().as_str());
    let asked = client.run(remove.clone()).await;
    assert_eq!(asked.failed.unwrap().reason, "HostException");
    assert!(
        simulator
            .organization()
            .device(phone.mailbox, &phone.eas_id)
            .is_some()
    );
    let done = client.run(remove.with("Confirm", false)).await;
    assert_eq!((done.state, done.failed), (Some(PipelineState::Completed), None));
    assert!(
        simulator
            .organization()
            .device(phone.mailbox, &phone.eas_id)
            .is_none()
    );
    assert_eq!(
        simulator.organization().lists(phone.mailbox).unwrap().0,
        [phone.eas_id]
    );
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn a_session_sees_one_domain_until_it_asks_for_the_forest() {
    let simulator = start(300, |config| config.child_domain = true).await;
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    let narrow = client.run(all("Get-MobileDevice")).await.rows.len();
    client
        .run(Command::new("Set-ADServerSettings").with("ViewEntireForest", true))
        .await;
    assert_eq!(client.run(all("Get-MobileDevice")).await.rows.len(), 300);
    assert!(narrow < 300, "{narrow}");
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn versions_and_roles_decide_what_may_run() {
    let simulator = start(20, |config| {
        config.version = ExchangeVersion::Ex2010;
        config.rbac = Rbac::connector().without_parameter("Get-ActiveSyncDevice", "Filter");
    })
    .await;
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    let reason = |seen: Seen| {
        seen.failed
            .map(|error| error.fully_qualified_error_id)
            .unwrap_or_default()
    };
    assert_eq!(
        reason(client.run(all("Get-MobileDevice")).await),
        "CommandNotFoundException"
    );
    let filter = all("Get-ActiveSyncDevice").with("Filter", "DeviceType -eq 'iPhone'");
    assert_eq!(
        reason(client.run(filter).await),
        "NamedParameterNotFound,Get-ActiveSyncDevice"
    );
    let devices = client.run(all("Get-ActiveSyncDevice")).await.values();
    assert_eq!(devices.len(), 20);
    assert_eq!(devices[0].property("ClientType"), None);
    assert!(
        !devices[0]
            .type_names()
            .iter()
            .any(|name| name.ends_with(".MobileDevice"))
    );
    let names = vec![PsValue::from("Get-MobileDevice"), PsValue::from("Set-CASMailbox")];
    let found = client.run(Command::new("Get-Command").with("Name", names)).await;
    assert_eq!(
        (found.texts("Name"), found.errors.len()),
        (vec!["Set-CASMailbox".to_owned()], 1)
    );
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn parameters_bind_by_prefix_and_select_object_trims() {
    let simulator = start(40, |_| {}).await;
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    let mut seen = Seen::default();
    let select = Command::new("Select-Object").with("Property", vec!["DeviceId".into(), "Guid".into()]);
    client
        .run_into(
            &[Command::new("get-mobiledevice").with("-Result:", 7), select],
            &mut seen,
        )
        .await
        .unwrap();
    assert_eq!((seen.rows.len(), seen.warnings.len()), (7, 1));
    let object = seen.values().remove(0);
    let object = object.as_object().unwrap();
    assert_eq!((object.adapted.len(), object.extended.len()), (0, 2));
    let ambiguous = client
        .run(Command::new("Set-CASMailbox").with("ActiveSync", true))
        .await;
    assert_eq!(
        ambiguous.failed.unwrap().fully_qualified_error_id,
        "AmbiguousParameter,Set-CASMailbox"
    );
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn settings_reach_phones_after_the_caches_lag() {
    let simulator = start(50, |_| {}).await;
    let organization = simulator.organization();
    organization.set_cache_lag(Duration::minutes(5));
    organization.set_rules(Vec::new());
    let phone = organization
        .devices()
        .into_iter()
        .find(|d| d.state == AccessState::Quarantined)
        .unwrap();
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    client
        .run(Command::new("Set-ActiveSyncOrganizationSettings").with("DefaultAccessLevel", "Block"))
        .await;
    assert_eq!(organization.settings().default_access_level, AccessLevel::Block);
    let level = || {
        organization
            .access_at_next_request(phone.mailbox, &phone.eas_id)
            .unwrap()
            .0
    };
    assert_eq!(level(), AccessLevel::Quarantine);
    organization.advance(Duration::minutes(6));
    assert_eq!(level(), AccessLevel::Block);
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn fifty_thousand_devices_come_one_by_one() {
    let simulator = start(50_000, |_| {}).await;
    let mut client = Client::new(&simulator);
    client.context.max_envelope_size = 500_000;
    client.open().await.unwrap();
    let seen = client.run(all("Get-MobileDevice")).await;
    assert_eq!((seen.rows.len(), seen.warnings.len()), (50_000, 0));
    simulator.stop().await.unwrap();
}
