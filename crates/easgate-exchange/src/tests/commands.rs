//! Which command each call sends.

use easgate_cmdlet::{ProgressRecord, Record};
use easgate_model::{AccessLevel, Characteristic, DeviceId, MailboxId, PartnershipId};
use expect_test::{Expect, expect};
use futures::StreamExt;
use uuid::uuid;

use super::support::{Answer, exchange, exchange_with, no_command, output, run, strings};
use crate::{
    Config, ExchangeClient, ExchangeError, Filter, FilterText, Identity, Kind, ListChange, Operator,
    PolicySettings, Property, SettingsChange, Wipe,
};

const MAILBOX: MailboxId = MailboxId(uuid!("8f9c2b52-1111-4222-8333-444455556666"));
const DEVICE: PartnershipId = PartnershipId(uuid!("0a0b0c0d-1111-4222-8333-444455556666"));

fn id(text: &str) -> DeviceId {
    text.parse().unwrap()
}

/// Runs every call that only has to be sent, against a server with the cmdlets that `granted` names.
fn sent_with(granted: &'static [&'static str]) -> String {
    let (client, fake) = exchange(move |command| {
        if command.name == "Get-Command" {
            granted
                .iter()
                .map(|name| output(&strings(&[("Name", name)])))
                .collect()
        } else {
            Vec::new()
        }
    });
    run(every_call(&client));
    fake.sent()
}

#[expect(clippy::too_many_lines, reason = "one line a call")]
pub(super) async fn every_call(client: &ExchangeClient) {
    let quarantined = Filter::compare(
        Property::DeviceAccessState,
        Operator::Eq,
        FilterText::new("Quarantined").unwrap(),
    );
    let partnered = Filter::compare(Property::HasActiveSyncDevicePartnership, Operator::Eq, true);
    let policy = Identity::named("Phones").unwrap();
    let rule = Identity::named("iPhone (DeviceType)").unwrap();
    let settings = PolicySettings {
        password_enabled: Some(true),
        min_password_length: Some(6),
        max_inactivity_time_lock: Some("00:15:00".to_owned()),
        allow_non_provisionable_devices: Some(false),
        ..PolicySettings::default()
    };
    let change = SettingsChange {
        default_access_level: Some(AccessLevel::Quarantine),
        add_admin_mail_recipients: vec!["it@contoso.com".parse().unwrap()],
        ..SettingsChange::default()
    };
    let _ = client.organization_settings().await;
    let _ = client.access_rules().await;
    let _ = client.servers().await;
    let _ = client.device_classes().await;
    let _ = client.policies().await;
    let _ = client.partnerships().collect::<Vec<_>>().await;
    let _ = client.partnerships_where(&quarantined).collect::<Vec<_>>().await;
    let _ = client.mailboxes().collect::<Vec<_>>().await;
    let _ = client.mailboxes_where(&partnered).collect::<Vec<_>>().await;
    let _ = client.recipients().collect::<Vec<_>>().await;
    let _ = client.mailbox(MAILBOX, Some("dc1.contoso.com")).await;
    let _ = client
        .mailbox_named(&Identity::named("ana@contoso.com").unwrap())
        .await;
    let _ = client.recipient(MAILBOX).await;
    let _ = client.partnerships_of(MAILBOX).await;
    let _ = client.partnership(DEVICE).await;
    let _ = client.device_statistics(DEVICE).await;
    let _ = client.device_statistics_of(MAILBOX).await;
    client.set_active_sync(MAILBOX, false).await.unwrap();
    client.assign_policy(MAILBOX, Some(&policy)).await.unwrap();
    client.assign_policy(MAILBOX, None).await.unwrap();
    client.set_organization_settings(&change).await.unwrap();
    client
        .new_access_rule(&Characteristic::DeviceOs, "iOS 6.1 10B142", AccessLevel::Block)
        .await
        .unwrap();
    client.set_access_rule(&rule, AccessLevel::Allow).await.unwrap();
    client.remove_access_rule(&rule).await.unwrap();
    client.new_policy(&policy, &settings).await.unwrap();
    client.set_policy(&policy, &settings).await.unwrap();
    client.remove_policy(&policy).await.unwrap();
    let actions = client.device_actions();
    actions.wipe(DEVICE, Wipe::Device, &[]).await.unwrap();
    actions
        .wipe(DEVICE, Wipe::Account, &["ana@contoso.com".parse().unwrap()])
        .await
        .unwrap();
    actions.cancel_wipe(DEVICE).await.unwrap();
    actions.forget(DEVICE).await.unwrap();
}

#[test]
fn the_newer_family_is_preferred_where_nothing_is_known() {
    expect![[r#"
        Get-ActiveSyncOrganizationSettings
        Get-ActiveSyncDeviceAccessRule
        Get-ExchangeServer
        Get-ActiveSyncDeviceClass
        Get-Command -Name @(29 items)
        Get-MobileDeviceMailboxPolicy
        Get-MobileDevice -ResultSize 'Unlimited'
        Get-MobileDevice -ResultSize 'Unlimited' -Filter 'DeviceAccessState -eq 'Quarantined''
        Get-CASMailbox -ResultSize 'Unlimited'
        Get-CASMailbox -ResultSize 'Unlimited' -Filter 'HasActiveSyncDevicePartnership -eq $true'
        Get-Recipient -ResultSize 'Unlimited'
        Get-CASMailbox -Identity '8f9c2b52-1111-4222-8333-444455556666' -DomainController 'dc1.contoso.com'
        Get-CASMailbox -Identity 'ana@contoso.com'
        Get-Recipient -Identity '8f9c2b52-1111-4222-8333-444455556666'
        Get-MobileDevice -Mailbox '8f9c2b52-1111-4222-8333-444455556666' -ResultSize 'Unlimited'
        Get-MobileDevice -Identity '0a0b0c0d-1111-4222-8333-444455556666'
        Get-MobileDeviceStatistics -Identity '0a0b0c0d-1111-4222-8333-444455556666'
        Get-MobileDeviceStatistics -Mailbox '8f9c2b52-1111-4222-8333-444455556666'
        Set-CASMailbox -Identity '8f9c2b52-1111-4222-8333-444455556666' -ActiveSyncEnabled $false -Confirm $false
        Set-CASMailbox -Identity '8f9c2b52-1111-4222-8333-444455556666' -ActiveSyncMailboxPolicy 'Phones' -Confirm $false
        Set-CASMailbox -Identity '8f9c2b52-1111-4222-8333-444455556666' -ActiveSyncMailboxPolicy $null -Confirm $false
        Set-ActiveSyncOrganizationSettings -DefaultAccessLevel 'Quarantine' -AdminMailRecipients @{Add=@('it@contoso.com')} -Confirm $false
        New-ActiveSyncDeviceAccessRule -QueryString 'iOS 6.1 10B142' -Characteristic 'DeviceOS' -AccessLevel 'Block'
        Set-ActiveSyncDeviceAccessRule -Identity 'iPhone (DeviceType)' -AccessLevel 'Allow' -Confirm $false
        Remove-ActiveSyncDeviceAccessRule -Identity 'iPhone (DeviceType)' -Confirm $false
        New-MobileDeviceMailboxPolicy -Name 'Phones' -AllowNonProvisionableDevices $false -PasswordEnabled $true -MinPasswordLength 6 -MaxInactivityTimeLock '00:15:00'
        Set-MobileDeviceMailboxPolicy -Identity 'Phones' -Confirm $false -AllowNonProvisionableDevices $false -PasswordEnabled $true -MinPasswordLength 6 -MaxInactivityTimeLock '00:15:00'
        Remove-MobileDeviceMailboxPolicy -Identity 'Phones' -Confirm $false
        Clear-MobileDevice -Identity '0a0b0c0d-1111-4222-8333-444455556666' -Confirm $false
        Clear-MobileDevice -Identity '0a0b0c0d-1111-4222-8333-444455556666' -AccountOnly $true -NotificationEmailAddresses @('ana@contoso.com') -Confirm $false
        Clear-MobileDevice -Identity '0a0b0c0d-1111-4222-8333-444455556666' -Cancel $true -Confirm $false
        Remove-MobileDevice -Identity '0a0b0c0d-1111-4222-8333-444455556666' -Confirm $false
    "#]].assert_eq(&sent_with(&[]));
}

#[test]
fn a_hoster_is_not_asked_about_servers() {
    let hosted = Config {
        kind: Kind::Hosted,
        ..Config::default()
    };
    let (client, fake) = exchange_with(|_| Vec::new(), hosted);
    assert_eq!(run(client.servers()).unwrap(), []);
    assert_eq!(fake.sent(), "");
    assert!(Kind::Hosted.setup_commands().is_empty());
    assert_eq!(Kind::OnPremises.setup_commands().len(), 1);
}

#[test]
fn the_older_family_is_spoken_where_only_it_is_granted() {
    let older = sent_with(&[
        "Get-ActiveSyncDevice",
        "Get-ActiveSyncDeviceStatistics",
        "Clear-ActiveSyncDevice",
        "Remove-ActiveSyncDevice",
        "Get-ActiveSyncMailboxPolicy",
        "Set-ActiveSyncMailboxPolicy",
        "New-ActiveSyncMailboxPolicy",
        "Remove-ActiveSyncMailboxPolicy",
    ]);
    let two_named: String = older
        .lines()
        .filter(|line| {
            line.contains("ActiveSyncDevice ")
                || line.contains("DeviceStatistics")
                || line.contains("MailboxPolicy -")
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(
        !older.contains("MobileDevice -") && !older.contains("MobileDeviceMailboxPolicy -"),
        "{older}"
    );
    expect![[r#"
        Get-ActiveSyncDevice -ResultSize 'Unlimited'
        Get-ActiveSyncDevice -ResultSize 'Unlimited' -Filter 'DeviceAccessState -eq 'Quarantined''
        Get-ActiveSyncDevice -Mailbox '8f9c2b52-1111-4222-8333-444455556666' -ResultSize 'Unlimited'
        Get-ActiveSyncDevice -Identity '0a0b0c0d-1111-4222-8333-444455556666'
        Get-ActiveSyncDeviceStatistics -Identity '0a0b0c0d-1111-4222-8333-444455556666'
        Get-ActiveSyncDeviceStatistics -Mailbox '8f9c2b52-1111-4222-8333-444455556666'
        New-ActiveSyncMailboxPolicy -Name 'Phones' -AllowNonProvisionableDevices $false -DevicePasswordEnabled $true -MinDevicePasswordLength 6 -MaxInactivityTimeDeviceLock '00:15:00'
        Set-ActiveSyncMailboxPolicy -Identity 'Phones' -Confirm $false -AllowNonProvisionableDevices $false -DevicePasswordEnabled $true -MinDevicePasswordLength 6 -MaxInactivityTimeDeviceLock '00:15:00'
        Remove-ActiveSyncMailboxPolicy -Identity 'Phones' -Confirm $false
        Clear-ActiveSyncDevice -Identity '0a0b0c0d-1111-4222-8333-444455556666' -Confirm $false
        Clear-ActiveSyncDevice -Identity '0a0b0c0d-1111-4222-8333-444455556666' -AccountOnly $true -NotificationEmailAddresses @('ana@contoso.com') -Confirm $false
        Clear-ActiveSyncDevice -Identity '0a0b0c0d-1111-4222-8333-444455556666' -Cancel $true -Confirm $false
        Remove-ActiveSyncDevice -Identity '0a0b0c0d-1111-4222-8333-444455556666' -Confirm $false
    "#]].assert_eq(&two_named);
}

fn check_change(change: &ListChange, sent: &Expect, typed: &Expect) {
    let (client, fake) = exchange(|_| Vec::new());
    run(client.change_lists(change)).unwrap();
    sent.assert_eq(&fake.sent());
    typed.assert_eq(&change.to_powershell());
}

#[test]
fn lists_are_edited_and_never_replaced() {
    check_change(
        &ListChange {
            add_allowed: vec![
                id("ApplC39GQ8NNDTDL"),
                id("applc39gq8nndtdl"),
                id("SEC14C90F4E321B0"),
            ],
            remove_blocked: vec![id("ApplC39GQ8NNDTDL")],
            domain_controller: Some("dc1.contoso.com".to_owned()),
            ..ListChange::new(MAILBOX)
        },
        &expect![[r#"
            Set-CASMailbox -Identity '8f9c2b52-1111-4222-8333-444455556666' -ActiveSyncAllowedDeviceIDs @{Add=@('ApplC39GQ8NNDTDL','SEC14C90F4E321B0')} -ActiveSyncBlockedDeviceIDs @{Remove=@('ApplC39GQ8NNDTDL')} -Confirm $false -DomainController 'dc1.contoso.com'
        "#]],
        &expect![
            "Set-CASMailbox -Identity '8f9c2b52-1111-4222-8333-444455556666' -ActiveSyncAllowedDeviceIDs @{Add='ApplC39GQ8NNDTDL','SEC14C90F4E321B0'} -ActiveSyncBlockedDeviceIDs @{Remove='ApplC39GQ8NNDTDL'} -Confirm:$false -DomainController 'dc1.contoso.com'"
        ],
    );
}

#[test]
fn a_change_of_nothing_is_not_sent() {
    check_change(
        &ListChange::new(MAILBOX),
        &expect![[""]],
        &expect!["Set-CASMailbox -Identity '8f9c2b52-1111-4222-8333-444455556666' -Confirm:$false"],
    );
}

#[test]
fn an_id_that_a_phone_chose_cannot_leave_its_quotation_marks() {
    for (device, typed) in [
        ("O'Hara", "'O''Hara'"),
        (
            "a\u{2019}; Remove-Mailbox x #",
            "'a\u{2019}\u{2019}; Remove-Mailbox x #'",
        ),
        ("\u{1b}[2J", "(''+[char]0x001b+'[2J')"),
        ("a\r\nb", "('a'+[char]0x000d+[char]0x000a+'b')"),
        ("\u{202e}gpj", "(''+[char]0x202e+'gpj')"),
        ("$(calc)", "'$(calc)'"),
        ("C:\\x", "'C:\\x'"),
        ("\u{10ffff}", "(''+[char]0xdbff+[char]0xdfff)"),
    ] {
        let change = ListChange {
            add_blocked: vec![id(device)],
            ..ListChange::new(MAILBOX)
        };
        assert_eq!(
            change.to_powershell(),
            format!(
                "Set-CASMailbox -Identity '8f9c2b52-1111-4222-8333-444455556666' \
                 -ActiveSyncBlockedDeviceIDs @{{Add={typed}}} -Confirm:$false"
            )
        );
    }
}

#[test]
fn a_family_that_the_server_denies_is_left_for_good() {
    fn only_older(command: &easgate_psrp::command::Command) -> Answer {
        if command.name.contains("MobileDevice") || command.name == "Get-Command" {
            no_command(command)
        } else {
            Vec::new()
        }
    }
    let (client, fake) = exchange(only_older);
    run(async {
        assert_eq!(client.partnerships_of(MAILBOX).await.unwrap(), []);
        assert_eq!(client.device_statistics_of(MAILBOX).await.unwrap(), []);
    });
    expect![[r#"
        Get-Command -Name @(29 items)
        Get-MobileDevice -Mailbox '8f9c2b52-1111-4222-8333-444455556666' -ResultSize 'Unlimited'
        Get-ActiveSyncDevice -Mailbox '8f9c2b52-1111-4222-8333-444455556666' -ResultSize 'Unlimited'
        Get-ActiveSyncDeviceStatistics -Mailbox '8f9c2b52-1111-4222-8333-444455556666'
    "#]]
    .assert_eq(&fake.sent());
}

#[test]
fn progress_told_before_the_denial_does_not_hide_it() {
    let (client, fake) = exchange(|command| {
        let mut answer = vec![Ok(Record::Progress(ProgressRecord::new(
            "Preparing modules for first use.",
            "",
        )))];
        if command.name.contains("MobileDevice") || command.name == "Get-Command" {
            answer.extend(no_command(command));
        }
        answer
    });
    assert_eq!(run(client.partnerships_of(MAILBOX)).unwrap(), []);
    assert!(
        fake.sent().contains("Get-ActiveSyncDevice -Mailbox"),
        "{}",
        fake.sent()
    );
}

#[test]
fn a_family_that_is_denied_under_both_names_is_named_by_the_newer() {
    let (client, _) = exchange(no_command);
    let error = run(client.partnerships_of(MAILBOX)).unwrap_err();
    assert!(
        matches!(
            error,
            ExchangeError::NotGranted {
                cmdlet: "Get-MobileDevice"
            }
        ),
        "{error}"
    );
}

#[test]
fn a_configured_domain_controller_answers_everything() {
    let config = Config {
        domain_controller: Some("dc2.contoso.com".to_owned()),
        ..Config::default()
    };
    let (client, fake) = exchange_with(|_| Vec::new(), config);
    run(every_call(&client));
    run(client.change_lists(&ListChange {
        add_allowed: vec![id("A")],
        ..ListChange::new(MAILBOX)
    }))
    .unwrap();
    for line in fake
        .sent()
        .lines()
        .filter(|line| !line.starts_with("Get-Command"))
    {
        let pins = line.matches("-DomainController").count();
        assert_eq!(pins, 1, "{line}");
    }
}

#[test]
fn everything_that_changes_something_answers_its_own_question() {
    let sent = sent_with(&[]);
    let asking = ["Set-", "Clear-", "Remove-"];
    for line in sent
        .lines()
        .filter(|line| asking.iter().any(|verb| line.starts_with(verb)))
    {
        assert_eq!(line.matches("-Confirm $false").count(), 1, "{line}");
    }
}
