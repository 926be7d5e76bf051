//! What is sent stands in the table of rights, and rights are compared with it.

use std::collections::BTreeSet;

use easgate_model::{AccessLevel, MailboxId};
use expect_test::{Expect, expect};
use uuid::uuid;

use super::commands::every_call;
use super::support::{exchange, exchange_with, no_command, run};
use crate::rbac::{Family, Feature, Features, GrantedCommand, Need, compare, needs};
use crate::{
    Config, ExchangeClient, Identity, Kind, ListChange, PolicySettings, SettingsChange, setup_commands,
};

const ALL: [Feature; 5] = [
    Feature::Read,
    Feature::Lists,
    Feature::Details,
    Feature::Settings,
    Feature::DeviceActions,
];

fn all() -> Features {
    Features::from(ALL)
}

/// Calls that send each parameter that a call can send.
async fn full_calls(client: &ExchangeClient) {
    let policy = Identity::named("Phones").unwrap();
    let text = || Some("1.00:00:00".to_owned());
    let settings = PolicySettings {
        allow_non_provisionable_devices: Some(true),
        password_enabled: Some(true),
        alphanumeric_password_required: Some(true),
        allow_simple_password: Some(true),
        device_encryption_enabled: Some(true),
        require_device_encryption: Some(true),
        is_default: Some(true),
        min_password_length: Some(6),
        min_password_complex_characters: Some(2),
        password_history: Some(3),
        max_inactivity_time_lock: text(),
        max_password_failed_attempts: text(),
        password_expiration: text(),
        policy_refresh_interval: text(),
    };
    client.new_policy(&policy, &settings).await.unwrap();
    client.set_policy(&policy, &settings).await.unwrap();
    let change = SettingsChange {
        default_access_level: Some(AccessLevel::Block),
        user_mail_insert: Some(String::new()),
        add_admin_mail_recipients: vec!["it@contoso.com".parse().unwrap()],
        remove_admin_mail_recipients: vec!["old@contoso.com".parse().unwrap()],
    };
    client.set_organization_settings(&change).await.unwrap();
    let mut lists = ListChange::new(MailboxId(uuid!("8f9c2b52-1111-4222-8333-444455556666")));
    lists.add_allowed.push("A1".parse().unwrap());
    lists.add_blocked.push("B1".parse().unwrap());
    lists.domain_controller = Some("dc1.contoso.com".to_owned());
    client.change_lists(&lists).await.unwrap();
    client.capabilities().await.unwrap();
    client.granted_commands().await.unwrap();
}

/// Cmdlet and parameter of everything that is sent, in both families.
fn sent() -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    for older in [false, true] {
        let config = Config {
            domain_controller: Some("dc1.contoso.com".to_owned()),
            ..Config::default()
        };
        let answer = move |command: &easgate_cmdlet::Command| {
            if older && command.name.contains("-MobileDevice") {
                no_command(command)
            } else {
                Vec::new()
            }
        };
        let (client, fake) = exchange_with(answer, config);
        run(async {
            every_call(&client).await;
            full_calls(&client).await;
        });
        let setup = setup_commands().into_iter().map(|setup| setup.command);
        for command in fake.commands().into_iter().chain(setup) {
            for parameter in command.parameters {
                let name = parameter.name.expect("every argument is named");
                pairs.insert((command.name.clone(), name));
            }
        }
    }
    pairs
}

#[test]
fn the_table_holds_what_the_client_sends_and_nothing_else() {
    let table: BTreeSet<(String, String)> = needs(&all(), Kind::OnPremises, Family::Both)
        .into_iter()
        .flat_map(|need| {
            need.parameters
                .into_iter()
                .map(move |p| (need.cmdlet.to_owned(), p.to_owned()))
        })
        .collect();
    let sent = sent();
    let unlisted: Vec<_> = sent.difference(&table).collect();
    let unused: Vec<_> = table.difference(&sent).collect();
    assert!(unlisted.is_empty(), "sent and not in the table: {unlisted:?}");
    assert!(unused.is_empty(), "in the table and never sent: {unused:?}");
}

fn listed(features: &[Feature], kind: Kind, family: Family) -> String {
    needs(&features.iter().copied().collect(), kind, family)
        .iter()
        .map(|need| format!("{}: {}\n", need.cmdlet, need.parameters.join(" ")))
        .collect()
}

#[test]
fn a_sync_that_writes_needs_nine_cmdlets_and_three_parameters_of_active_sync() {
    expect![[r#"
        Get-Command: Name CommandType
        Set-ADServerSettings: ViewEntireForest
        Get-ActiveSyncOrganizationSettings: DomainController
        Get-ActiveSyncDeviceAccessRule: DomainController
        Get-ExchangeServer: DomainController
        Get-ActiveSyncDevice: Identity Mailbox Filter ResultSize DomainController
        Get-CASMailbox: Identity Filter ResultSize DomainController
        Get-Recipient: Identity ResultSize DomainController
        Set-CASMailbox: Identity ActiveSyncAllowedDeviceIDs ActiveSyncBlockedDeviceIDs Confirm DomainController
    "#]]
    .assert_eq(&listed(&[Feature::Read, Feature::Lists], Kind::OnPremises, Family::ActiveSync));
}

#[test]
fn nothing_is_cleared_or_removed_unless_that_is_wanted() {
    for kind in [Kind::OnPremises, Kind::Hosted] {
        let text = listed(
            &[Feature::Read, Feature::Lists, Feature::Details],
            kind,
            Family::Both,
        );
        assert!(!text.contains("Clear-") && !text.contains("Remove-"), "{text}");
        assert_eq!(text.contains("Get-ExchangeServer"), kind == Kind::OnPremises);
        assert_eq!(text.contains("Set-ADServerSettings"), kind == Kind::OnPremises);
    }
    let text = listed(&ALL, Kind::OnPremises, Family::Both);
    for cmdlet in [
        "Clear-ActiveSyncDevice",
        "Clear-MobileDevice",
        "Remove-ActiveSyncDevice",
        "Remove-MobileDevice",
    ] {
        assert!(text.contains(cmdlet), "{cmdlet}");
    }
}

fn exactly(needs: &[Need]) -> Vec<GrantedCommand> {
    needs
        .iter()
        .map(|need| GrantedCommand {
            name: need.cmdlet.to_owned(),
            parameters: Some(need.parameters.iter().map(|&name| name.to_owned()).collect()),
        })
        .collect()
}

fn check(edit: impl FnOnce(&mut Vec<GrantedCommand>), expected: &Expect) {
    let needs = needs(
        &[Feature::Read, Feature::Lists].into(),
        Kind::OnPremises,
        Family::Both,
    );
    let mut granted = exactly(&needs);
    edit(&mut granted);
    let report = compare(&needs, &granted);
    let mut text = format!(
        "granted {}, parameters known {}\n",
        report.granted, report.parameters_known
    );
    for lack in report.missing {
        text.push_str(&format!("missing {} {:?}\n", lack.cmdlet, lack.parameters));
    }
    for surplus in report.superfluous {
        let (cmdlet, parameters) = (surplus.cmdlet, surplus.parameters);
        text.push_str(&format!(
            "superfluous {cmdlet} {parameters:?} changes {}\n",
            surplus.changes
        ));
    }
    expected.assert_eq(&text);
}

#[test]
fn one_of_two_families_is_enough() {
    check(
        |_| {},
        &expect![[r#"
        granted 10, parameters known true
    "#]],
    );
    // One family is enough; without either, the newer name is missing, once.
    check(
        |granted| granted.retain(|one| one.name != "Get-MobileDevice"),
        &expect![[r#"
            granted 9, parameters known true
        "#]],
    );
    check(
        |granted| granted.retain(|one| one.name != "Get-ActiveSyncDevice"),
        &expect![[r#"
            granted 9, parameters known true
        "#]],
    );
    check(
        |granted| granted.retain(|one| !one.name.ends_with("Device")),
        &expect![[r#"
            granted 8, parameters known true
            missing Get-MobileDevice []
        "#]],
    );
}

#[test]
fn parameters_and_commands_that_nobody_needs_are_named() {
    check(
        |granted| {
            for one in granted.iter_mut().filter(|one| one.name == "Set-CASMailbox") {
                let parameters = one.parameters.as_mut().unwrap();
                parameters.remove("ActiveSyncBlockedDeviceIDs");
                parameters.extend(["OWAEnabled".to_owned(), "ErrorAction".to_owned()]);
            }
            for name in ["Clear-MobileDevice", "Get-Mailbox", "Select-Object"] {
                granted.push(GrantedCommand {
                    name: name.to_owned(),
                    parameters: None,
                });
            }
        },
        &expect![[r#"
            granted 10, parameters known true
            missing Set-CASMailbox ["ActiveSyncBlockedDeviceIDs"]
            superfluous Clear-MobileDevice [] changes true
            superfluous Get-Mailbox [] changes false
            superfluous Set-CASMailbox ["OWAEnabled"] changes true
        "#]],
    );
    check(
        |granted| granted.iter_mut().for_each(|one| one.parameters = None),
        &expect![[r#"
            granted 10, parameters known false
        "#]],
    );
    check(
        Vec::clear,
        &expect![[r#"
        granted 0, parameters known false
        missing Get-Command []
        missing Set-ADServerSettings []
        missing Get-ActiveSyncOrganizationSettings []
        missing Get-ActiveSyncDeviceAccessRule []
        missing Get-ExchangeServer []
        missing Get-MobileDevice []
        missing Get-CASMailbox []
        missing Get-Recipient []
        missing Set-CASMailbox []
    "#]],
    );
}

#[test]
fn parameters_are_read_as_a_dictionary_a_list_or_not_at_all() {
    let command = |name: &str, parameters: &str| {
        let text = format!("<Obj RefId=\"0\"><Props><S N=\"Name\">{name}</S>{parameters}</Props></Obj>");
        super::support::output(&text)
    };
    let (client, fake) = exchange(move |_| {
        vec![
            command(
                "Get-A",
                "<Obj N=\"Parameters\" RefId=\"1\"><DCT><En><S N=\"Key\">Identity</S><S N=\"Value\">x</S></En></DCT></Obj>",
            ),
            command(
                "Get-B",
                "<Obj N=\"Parameters\" RefId=\"1\"><LST><S>Filter</S></LST></Obj>",
            ),
            command("Get-C", "<S N=\"Parameters\">System.Collections</S>"),
            command("Get-D", "<Nil N=\"Parameters\" />"),
            command("Get-E", ""),
        ]
    });
    let found: String = run(client.granted_commands())
        .unwrap()
        .iter()
        .map(|command| format!("{} {:?}\n", command.name, command.parameters))
        .collect();
    expect![[r#"
        Get-A Some({"Identity"})
        Get-B Some({"Filter"})
        Get-C None
        Get-D None
        Get-E None
    "#]]
    .assert_eq(&found);
    assert_eq!(fake.sent(), "Get-Command -CommandType @('Cmdlet','Function')\n");
}
