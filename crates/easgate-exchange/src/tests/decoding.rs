//! Objects in the forms in which they are known to come.

use expect_test::{Expect, expect};
use futures::StreamExt;

use super::support::{exchange, output, run};
use crate::ExchangeClient;

const GUID: &str = "0a0b0c0d-1111-4222-8333-444455556666";

fn client(clixml: String) -> ExchangeClient {
    let (client, _) = exchange(move |command| match command.name.as_str() {
        "Get-Command" => Vec::new(),
        _ => vec![output(&clixml)],
    });
    client
}

/// As `serializationLevel=Full` writes an enumeration.
fn enumeration(name: &str, text: &str, number: i32) -> String {
    format!(
        "<Obj N=\"{name}\" RefId=\"7\"><TN RefId=\"7\"><T>EnumType</T><T>System.Enum</T></TN><ToString>{text}</ToString><I32>{number}</I32></Obj>"
    )
}

/// As it writes a list.
fn list(name: &str, items: &str) -> String {
    format!(
        "<Obj N=\"{name}\" RefId=\"8\"><TN RefId=\"8\"><T>Microsoft.Exchange.Data.MultiValuedProperty`1[[System.String]]</T></TN><LST>{items}</LST></Obj>"
    )
}

fn both_forms(check: impl Fn(String) -> String, [full, plain]: [String; 2], expected: &Expect) {
    let full = check(full);
    assert_eq!(full, check(plain), "the two forms differ");
    expected.assert_eq(&full);
}

/// The same partnership with full objects and with strings.
fn partnership() -> [String; 2] {
    let dn =
        "CN=iPhone§ApplC39GQ8NNDTDL,CN=ExchangeActiveSyncDevices,CN=Reid\\, Alan,OU=Staff,DC=contoso,DC=com";
    let common = format!(
        "<S N=\"DistinguishedName\">{dn}</S><S N=\"DeviceId\">ApplC39GQ8NNDTDL</S><S N=\"DeviceType\">iPhone</S>\
         <S N=\"DeviceModel\">iPhone4C1</S><S N=\"DeviceOS\">iOS 6.1 10B142</S><S N=\"DeviceUserAgent\">Apple-iPhone4C1/1002.142</S>\
         <S N=\"FriendlyName\">Black_x001B_ iPhone</S><Nil N=\"DeviceImei\"/><DT N=\"FirstSyncTime\">2013-02-28T10:32:01-07:00</DT>\
         <DT N=\"WhenChangedUTC\">2021-09-28T17:32:01.1234567Z</DT><X9 N=\"Unheard\">of</X9>"
    );
    let full = format!(
        "<Obj RefId=\"0\"><TN RefId=\"0\"><T>Microsoft.Exchange.Data.Directory.SystemConfiguration.MobileDevice</T><T>System.Object</T></TN><ToString>iPhone§ApplC39GQ8NNDTDL</ToString><Props>{common}<G N=\"Guid\">{GUID}</G>{}{}\
         <Obj N=\"DeviceAccessControlRule\" RefId=\"9\"><ToString>iOS 6.1 10B142 (DeviceOS)</ToString><Props><Ref N=\"DomainId\" RefId=\"9\"/></Props></Obj>{}</Props>\
         <MS><BA N=\"SerializationData\">AAEAAAD/////AQ==</BA></MS></Obj>",
        enumeration("DeviceAccessState", "Blocked", 2),
        enumeration("DeviceAccessStateReason", "DeviceRule", 3),
        enumeration("ClientType", "EAS", 0),
    );
    // What Select-Object gives has its members in MS.
    let plain = format!(
        "<Obj RefId=\"0\"><MS>{common}<S N=\"Guid\">{{{GUID}}}</S><S N=\"DeviceAccessState\">Blocked</S>\
         <S N=\"DeviceAccessStateReason\">DeviceRule</S><S N=\"DeviceAccessControlRule\">iOS 6.1 10B142 (DeviceOS)</S><S N=\"ClientType\">EAS</S></MS></Obj>"
    );
    [full, plain]
}

#[test]
fn a_partnership_comes_in_two_forms() {
    let check = |clixml| {
        let client = client(clixml);
        let items = run(client.partnerships().collect::<Vec<_>>());
        format!("{:#?}", items.into_iter().next().unwrap().unwrap())
    };
    both_forms(
        check,
        partnership(),
        &expect![[r#"
        Partnership {
            id: PartnershipId(
                0a0b0c0d-1111-4222-8333-444455556666,
            ),
            device_id: DeviceId(
                "ApplC39GQ8NNDTDL",
            ),
            owner: DistinguishedName(
                "CN=Reid\\, Alan,OU=Staff,DC=contoso,DC=com",
            ),
            device_type: "iPhone",
            device_model: "iPhone4C1",
            device_os: "iOS 6.1 10B142",
            user_agent: "Apple-iPhone4C1/1002.142",
            friendly_name: "Black\u{1b} iPhone",
            client_type: Some(
                "EAS",
            ),
            access_state: Blocked,
            access_state_reason: DeviceRule,
            access_control_rule: Some(
                "iOS 6.1 10B142 (DeviceOS)",
            ),
            first_sync: Some(
                2013-02-28 10:32:01.0 -07:00:00,
            ),
            when_changed: Some(
                2021-09-28 17:32:01.1234567 +00:00:00,
            ),
        }"#]],
    );
}

#[test]
fn a_partnership_of_exchange_2010_has_no_client_type_and_states_that_nobody_knows_are_kept() {
    let clixml = format!(
        "<Obj RefId=\"0\"><Props><S N=\"DistinguishedName\">CN=a§b,CN=ExchangeActiveSyncDevices,CN=Ana,DC=x</S>\
         <S N=\"DeviceId\">b</S><G N=\"Guid\">{GUID}</G><Nil N=\"FriendlyName\"/><Nil N=\"FirstSyncTime\"/>{}{}</Props></Obj>",
        enumeration("DeviceAccessState", "Suspended", 17),
        enumeration("DeviceAccessStateReason", "ExternallyManaged", 40),
    );
    let client = client(clixml);
    let items = run(client.partnerships().collect::<Vec<_>>());
    let device = items.into_iter().next().unwrap().unwrap();
    assert_eq!(device.access_state.name(), "Suspended");
    assert_eq!(device.access_state_reason.name(), "ExternallyManaged");
    assert_eq!((device.client_type, device.first_sync), (None, None));
    assert_eq!(device.friendly_name, "");
}

/// The same mailbox with full objects and with strings.
fn mailbox() -> [String; 2] {
    let common = format!(
        "<G N=\"Guid\">{GUID}</G><S N=\"DistinguishedName\">CN=Ana,OU=Staff,DC=contoso,DC=com</S><S N=\"Name\">Ana</S>\
         <S N=\"DisplayName\">Ana Ivanović</S><S N=\"SamAccountName\">ana</S><B N=\"ActiveSyncEnabled\">true</B>\
         <DT N=\"WhenChangedUTC\">2021-09-28T17:32:01Z</DT><S N=\"OriginatingServer\">dc1.contoso.com</S>"
    );
    let addresses = "<S>SMTP:ana@contoso.com</S><S>smtp:ana.i@contoso.com</S><S>X400:C=US;A= ;P=contoso</S><S>SIP:ana@contoso.com</S>";
    let full = format!(
        "<Obj RefId=\"0\"><Props>{common}<Obj N=\"PrimarySmtpAddress\" RefId=\"3\"><ToString>ana@contoso.com</ToString><Props><S N=\"Local\">ana</S></Props></Obj>{}{}{}</Props></Obj>",
        list("EmailAddresses", addresses),
        list(
            "ActiveSyncAllowedDeviceIDs",
            "<S>ApplC39GQ8NNDTDL</S><S></S><S>SEC14C90F4E321B0</S>"
        ),
        list("ActiveSyncBlockedDeviceIDs", ""),
    );
    let plain = format!(
        "<Obj RefId=\"0\"><Props>{common}<S N=\"PrimarySmtpAddress\">ana@contoso.com</S>{}{}<Nil N=\"ActiveSyncBlockedDeviceIDs\"/></Props></Obj>",
        list("EmailAddresses", addresses),
        list(
            "ActiveSyncAllowedDeviceIDs",
            "<S>ApplC39GQ8NNDTDL</S><S></S><S>SEC14C90F4E321B0</S>"
        ),
    );
    [full, plain]
}

#[test]
fn a_mailbox_comes_in_two_forms() {
    let check = |clixml| {
        let client = client(clixml);
        let items = run(client.mailboxes().collect::<Vec<_>>());
        format!("{:#?}", items.into_iter().next().unwrap().unwrap())
    };
    both_forms(
        check,
        mailbox(),
        &expect![[r#"
        Mailbox {
            id: MailboxId(
                0a0b0c0d-1111-4222-8333-444455556666,
            ),
            distinguished_name: DistinguishedName(
                "CN=Ana,OU=Staff,DC=contoso,DC=com",
            ),
            name: "Ana",
            display_name: "Ana Ivanović",
            sam_account_name: "ana",
            primary_smtp: Some(
                EmailAddress(
                    "ana@contoso.com",
                ),
            ),
            addresses: [
                EmailAddress(
                    "ana@contoso.com",
                ),
                EmailAddress(
                    "ana.i@contoso.com",
                ),
            ],
            recipient_type: Unknown,
            active_sync_enabled: true,
            allowed: [
                DeviceId(
                    "ApplC39GQ8NNDTDL",
                ),
                DeviceId(
                    "SEC14C90F4E321B0",
                ),
            ],
            blocked: [],
            odd_entries: 1,
            when_changed: Some(
                2021-09-28 17:32:01.0 +00:00:00,
            ),
            originating_server: Some(
                "dc1.contoso.com",
            ),
        }"#]],
    );
}

#[test]
fn a_list_in_one_text_is_read_as_its_ids() {
    for (text, ids) in [
        ("", vec![]),
        ("{}", vec![]),
        ("ApplA", vec!["ApplA"]),
        ("ApplA, ApplB", vec!["ApplA", "ApplB"]),
        ("{ApplA,ApplB}", vec!["ApplA", "ApplB"]),
    ] {
        let client = client(format!(
            "<Obj RefId=\"0\"><Props><G N=\"Guid\">{GUID}</G><S N=\"DistinguishedName\">CN=Ana,DC=x</S><B N=\"ActiveSyncEnabled\">true</B>\
             <S N=\"ActiveSyncAllowedDeviceIDs\">{text}</S><S N=\"ActiveSyncBlockedDeviceIDs\"></S></Props></Obj>"
        ));
        let items = run(client.mailboxes().collect::<Vec<_>>());
        let mailbox = items.into_iter().next().unwrap().unwrap();
        let allowed: Vec<&str> = mailbox.allowed.iter().map(|id| id.as_str()).collect();
        assert_eq!(allowed, ids, "{text}");
        assert_eq!((mailbox.blocked.len(), mailbox.odd_entries), (0, 0));
    }
}

#[test]
fn a_device_list_that_was_not_sent_is_unread_and_not_empty() {
    for (missing, member) in [
        (
            "ActiveSyncAllowedDeviceIDs",
            "<Nil N=\"ActiveSyncAllowedDeviceIDs\"/>",
        ),
        (
            "ActiveSyncBlockedDeviceIDs",
            "<Nil N=\"ActiveSyncBlockedDeviceIDs\"/>",
        ),
        ("ActiveSyncEnabled", "<B N=\"ActiveSyncEnabled\">true</B>"),
    ] {
        let whole = format!(
            "<Obj RefId=\"0\"><Props><G N=\"Guid\">{GUID}</G><S N=\"DistinguishedName\">CN=Ana,DC=x</S><B N=\"ActiveSyncEnabled\">true</B>\
             <Nil N=\"ActiveSyncAllowedDeviceIDs\"/><Nil N=\"ActiveSyncBlockedDeviceIDs\"/></Props></Obj>"
        );
        let client = client(whole.replace(member, ""));
        let items = run(client.mailboxes().collect::<Vec<_>>());
        assert_eq!(
            items.into_iter().next().unwrap().unwrap_err().to_string(),
            format!("a record of Get-CASMailbox cannot be read: CN=Ana,DC=x: {missing} is missing")
        );
    }
}

#[test]
fn recipients_tell_their_kind() {
    for (details, kind) in [
        ("UserMailbox", "User"),
        ("LinkedMailbox", "Linked"),
        ("SharedMailbox", "Shared"),
        ("RoomMailbox", "Room"),
        ("EquipmentMailbox", "Equipment"),
        ("DiscoveryMailbox", "System"),
        ("RemoteUserMailbox", "Remote"),
        ("MailUser", "Other(\"MailUser\")"),
    ] {
        let client = client(format!(
            "<Obj RefId=\"0\"><Props><G N=\"Guid\">{GUID}</G><S N=\"DistinguishedName\">CN=Ana,DC=x</S>{}\
             <S N=\"PrimarySmtpAddress\">ana@contoso.com</S><Nil N=\"EmailAddresses\"/></Props></Obj>",
            enumeration("RecipientTypeDetails", details, 1)
        ));
        let items = run(client.recipients().collect::<Vec<_>>());
        let recipient = items.into_iter().next().unwrap().unwrap();
        assert_eq!(format!("{:?}", recipient.recipient_type), kind);
        assert_eq!(recipient.addresses.len(), 1);
    }
}

#[test]
fn statistics_have_names_of_their_own() {
    let client = client(format!(
        "<Obj RefId=\"0\"><Props><G N=\"Guid\">{GUID}</G><S N=\"DeviceID\">ApplC39GQ8NNDTDL</S><S N=\"DeviceFriendlyName\">Black iPhone 4S</S>\
         <DT N=\"LastSuccessSync\">2021-09-28T17:32:01Z</DT><Nil N=\"LastSyncAttemptTime\"/><DT N=\"DeviceWipeRequestTime\">2021-09-29T17:32:01Z</DT>\
         {}<S N=\"DevicePolicyApplied\">Default</S><I32 N=\"NumberOfFoldersSynced\">7</I32></Props></Obj>",
        enumeration("Status", "DeviceWipePending", 2)
    ));
    let id = easgate_model::PartnershipId(uuid::Uuid::nil());
    let statistics = run(client.device_statistics(id)).unwrap();
    expect![[r#"
        DeviceStatistics {
            id: PartnershipId(
                0a0b0c0d-1111-4222-8333-444455556666,
            ),
            device_id: DeviceId(
                "ApplC39GQ8NNDTDL",
            ),
            first_sync: None,
            last_sync_attempt: None,
            last_success_sync: Some(
                2021-09-28 17:32:01.0 +00:00:00,
            ),
            last_policy_update: None,
            status: Some(
                "DeviceWipePending",
            ),
            wipe: WipeTimes {
                requested: Some(
                    2021-09-29 17:32:01.0 +00:00:00,
                ),
                sent: None,
                acknowledged: None,
            },
            account_wipe: WipeTimes {
                requested: None,
                sent: None,
                acknowledged: None,
            },
            last_wipe_requestor: None,
            policy_applied: Some(
                "Default",
            ),
            policy_application_status: None,
            folders_synced: Some(
                7,
            ),
        }
    "#]]
    .assert_debug_eq(&statistics);
}

#[test]
fn settings_and_rules_are_read() {
    let settings = client(format!(
        "<Obj RefId=\"0\"><Props><S N=\"Name\">Mobile Mailbox Settings</S><G N=\"Guid\">{GUID}</G>{}{}<Nil N=\"UserMailInsert\"/></Props></Obj>",
        enumeration("DefaultAccessLevel", "Quarantine", 2),
        list("AdminMailRecipients", "<S>it@contoso.com</S>"),
    ));
    expect![[r#"
        OrganizationSettings {
            id: OrganizationId(
                0a0b0c0d-1111-4222-8333-444455556666,
            ),
            default_access_level: Quarantine,
            user_mail_insert: None,
            admin_mail_recipients: [
                "it@contoso.com",
            ],
            originating_server: None,
        }
    "#]]
    .assert_debug_eq(&run(settings.organization_settings()).unwrap());

    let rule = client(format!(
        "<Obj RefId=\"0\"><Props><S N=\"Name\">iOS 6.1 10B142 (DeviceOS)</S><S N=\"QueryString\">iOS 6.1 10B142</S>{}{}</Props></Obj>",
        enumeration("Characteristic", "DeviceOS", 2),
        enumeration("AccessLevel", "Block", 1),
    ));
    expect![[r#"
        [
            DeviceAccessRule {
                name: "iOS 6.1 10B142 (DeviceOS)",
                query_string: "iOS 6.1 10B142",
                characteristic: DeviceOs,
                access_level: Block,
            },
        ]
    "#]]
    .assert_debug_eq(&run(rule.access_rules()).unwrap());
}

#[test]
fn servers_and_policies_are_read() {
    let server = client(
        "<Obj RefId=\"0\"><Props><S N=\"Name\">EX1</S><S N=\"Fqdn\">ex1.contoso.com</S><S N=\"Edition\">Enterprise</S>\
         <S N=\"AdminDisplayVersion\">Version 15.2 (Build 2562.17)</S><S N=\"Site\">contoso.com/Configuration/Sites/Berlin</S>\
         <B N=\"IsClientAccessServer\">true</B><B N=\"IsMailboxServer\">true</B><B N=\"IsEdgeServer\">false</B></Props></Obj>"
            .to_owned(),
    );
    expect![[r#"
        [
            ExchangeServer {
                name: "EX1",
                fqdn: "ex1.contoso.com",
                version: Some(
                    ServerVersion {
                        major: 15,
                        minor: 2,
                        build: 2562,
                        revision: 17,
                    },
                ),
                edition: Some(
                    "Enterprise",
                ),
                site: Some(
                    "Berlin",
                ),
                is_client_access: true,
                is_mailbox: true,
                is_edge: false,
            },
        ]
    "#]]
    .assert_debug_eq(&run(server.servers()).unwrap());

    let policy = client(format!(
        "<Obj RefId=\"0\"><Props><S N=\"Name\">Default</S><G N=\"Guid\">{GUID}</G><B N=\"DevicePasswordEnabled\">true</B><B N=\"PasswordEnabled\">true</B>\
         <I32 N=\"MinDevicePasswordLength\">4</I32><S N=\"MaxInactivityTimeDeviceLock\">00:15:00</S><B N=\"IsDefaultPolicy\">true</B></Props></Obj>"
    ));
    let policy = run(policy.policies()).unwrap().pop().unwrap();
    assert_eq!(policy.settings.password_enabled, Some(true));
    assert_eq!(policy.settings.min_password_length, Some(4));
    assert_eq!(
        policy.settings.max_inactivity_time_lock.as_deref(),
        Some("00:15:00")
    );
    assert_eq!(policy.settings.is_default, Some(true));
}

#[test]
fn a_default_level_that_nobody_knows_is_an_error() {
    let client = client(format!(
        "<Obj RefId=\"0\"><Props><S N=\"Name\">Settings</S><G N=\"Guid\">{GUID}</G><S N=\"DefaultAccessLevel\">Perhaps</S></Props></Obj>"
    ));
    assert_eq!(
        run(client.organization_settings()).unwrap_err().to_string(),
        "a record of Get-ActiveSyncOrganizationSettings cannot be read: Settings: \
         DefaultAccessLevel is none of Allow, Block, Quarantine: Perhaps"
    );
}
