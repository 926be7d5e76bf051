use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn pseudonyms() -> Pseudonyms {
    Pseudonyms::new(&[7; 32])
}

fn check(function: fn(&Pseudonyms, &str) -> String, texts: &[&str], expected: &Expect) {
    let replaced: String = texts
        .iter()
        .map(|text| format!("{text}\n  {}\n", function(&pseudonyms(), text)))
        .collect();
    expected.assert_eq(&replaced);
}

#[test]
fn a_name_is_the_same_everywhere_and_structure_stays() {
    check(
        identity,
        &[
            "ana.silva@contoso.example",
            "SMTP:Ana.Silva@contoso.example",
            r"CONTOSO\ana.silva",
            "CN=Ana Silva,OU=Staff,DC=contoso,DC=example",
            "CN=iPhone\u{a7}ApplC39GQ8NNDTDL,CN=ExchangeActiveSyncDevices,CN=Ana Silva,OU=Staff,DC=contoso,DC=example",
            "contoso.example/Staff/Ana Silva/ExchangeActiveSyncDevices/iPhone\u{a7}applc39gq8nndtdl",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            "{6F9619FF8B86D011B42D00C04FC964FF}",
            "REST\u{a7}Outlook\u{a7}5eec11112222",
            "Ana Silva\u{a7}s phone",
            "https://ex1.contoso.example/powershell",
            "+49 170 1234567",
        ],
        &expect![[r#"
            ana.silva@contoso.example
              pry.fyeaw@trgpbbm.klypcjn
            SMTP:Ana.Silva@contoso.example
              SMTP:Pry.Fyeaw@trgpbbm.klypcjn
            CONTOSO\ana.silva
              TRGPBBM\pry.fyeaw
            CN=Ana Silva,OU=Staff,DC=contoso,DC=example
              CN=Pry Fyeaw,OU=Xfpmp,DC=trgpbbm,DC=klypcjn
            CN=iPhone§ApplC39GQ8NNDTDL,CN=ExchangeActiveSyncDevices,CN=Ana Silva,OU=Staff,DC=contoso,DC=example
              CN=iPhone§VhudL32LC7HVEZOO,CN=ExchangeActiveSyncDevices,CN=Pry Fyeaw,OU=Xfpmp,DC=trgpbbm,DC=klypcjn
            contoso.example/Staff/Ana Silva/ExchangeActiveSyncDevices/iPhone§applc39gq8nndtdl
              trgpbbm.klypcjn/Xfpmp/Pry Fyeaw/ExchangeActiveSyncDevices/iPhone§vhudl32lc7hvezoo
            6f9619ff-8b86-d011-b42d-00c04fc964ff
              d4bc8f02-e664-0cc4-4dc2-349eb2f29dcb
            {6F9619FF8B86D011B42D00C04FC964FF}
              {D4BC8F02E6640CC44DC2349EB2F29DCB}
            REST§Outlook§5eec11112222
              REST§Outlook§5hib29995398
            Ana Silva§s phone
              Pry Fyeaw§r dvgue
            https://ex1.contoso.example/powershell
              https://fd2.trgpbbm.klypcjn/ersglknqgu
            +49 170 1234567
              +84 117 6930380
        "#]],
    );
}

#[test]
fn names_beyond_ascii_become_letters_and_marks_of_the_system_stay() {
    check(
        identity,
        &[
            "José García",
            "JOSÉ",
            "HealthMailbox0123456789abcdef0123456789abcdef",
            "extest_12ab",
            "validate",
            "00000000",
            "Unlimited",
        ],
        &expect![[r#"
            José García
              Mljvzcdvfvho Pchoahixyypd
            JOSÉ
              Mljvzcdvfvho
            HealthMailbox0123456789abcdef0123456789abcdef
              HealthMailboxe977ed3473889bf9cbcbfd34953a32b2
            extest_12ab
              extest_84oh
            validate
              validate
            00000000
              00000000
            Unlimited
              Unlimited
        "#]],
    );
}

#[test]
fn messages_keep_what_surely_names_nobody() {
    check(
        message,
        &[
            "By default, only the first 1000 items are returned. Use the ResultSize parameter to specify the number of items returned.",
            "The operation couldn't be performed because object 'O'Hara, Ana' couldn't be found on 'DC1.contoso.example'.",
            "Active Directory operation failed on DC1.contoso.example. This error is not retriable. (ADMIN_LIMIT_EXCEEDED) 00002024: SvcErr",
            "Der Benutzer Ana Silva wurde nicht gefunden.",
            "[Server=EX1,RequestId=6f9619ff-8b86-d011-b42d-00c04fc964ff,TimeStamp=8/1/2017 2:00:00 PM] [FailureCategory=WSMan-InvalidShellID] The request for the Windows Remote Shell with ShellId failed",
            "Exceeded: wait for at least 60000 milliseconds.",
            "The term 'Get-X' is not recognized; try Get-MobileDevice or ask ana@contoso.example.",
            "System.InvalidOperationException: Ana",
        ],
        &expect![[r#"
            By default, only the first 1000 items are returned. Use the ResultSize parameter to specify the number of items returned.
              By default, only the first 1000 items are returned. Use the ResultSize parameter to specify the number of items returned.
            The operation couldn't be performed because object 'O'Hara, Ana' couldn't be found on 'DC1.contoso.example'.
              The operation couldn't be performed because object '...' couldn't be found on '...'.
            Active Directory operation failed on DC1.contoso.example. This error is not retriable. (ADMIN_LIMIT_EXCEEDED) 00002024: SvcErr
              Active Directory operation failed on BA7.trgpbbm.klypcjn. This error is not xbbtiqkxl. (ADMIN_LIMIT_EXCEEDED) 00002024: SvcErr
            Der Benutzer Ana Silva wurde nicht gefunden.
              Pix Ygvejzle Pry Fyeaw boozx iabmy sqqesrcr.
            [Server=EX1,RequestId=6f9619ff-8b86-d011-b42d-00c04fc964ff,TimeStamp=8/1/2017 2:00:00 PM] [FailureCategory=WSMan-InvalidShellID] The request for the Windows Remote Shell with ShellId failed
              [Server=FD2,RequestId=d4bc8f02-e664-0cc4-4dc2-349eb2f29dcb,TimeStamp=8/1/2017 2:00:00 PM] [FailureCategory=WSMan-InvalidShellID] The request for the Oybapnj Remote Shell with XmrujMn failed
            Exceeded: wait for at least 60000 milliseconds.
              Exceeded: wait for at least 60000 milliseconds.
            The term 'Get-X' is not recognized; try Get-MobileDevice or ask ana@contoso.example.
              The term '...' is not recognized; try Get-MobileDevice or ifq pry@trgpbbm.klypcjn.
            System.InvalidOperationException: Ana
              System.InvalidOperationException: Pry
        "#]],
    );
}

#[test]
fn error_ids_keep_their_class() {
    check(
        error_id,
        &[
            "[Server=EX1,RequestId=6f9619ff-8b86-d011-b42d-00c04fc964ff,TimeStamp=8/1/2017 2:00:00 PM] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 4B953CE,Microsoft.Exchange.Management.RecipientTasks.SetMailbox",
            "4B953CE,Microsoft.Exchange.Management.RecipientTasks.SetMailbox",
            "-2144108477,PSSessionOpenFailed",
            "NamedParameterNotFound,Set-CASMailbox",
            "CommandNotFoundException",
            "Ana Silva was not found",
        ],
        &expect![[r#"
            [Server=EX1,RequestId=6f9619ff-8b86-d011-b42d-00c04fc964ff,TimeStamp=8/1/2017 2:00:00 PM] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 4B953CE,Microsoft.Exchange.Management.RecipientTasks.SetMailbox
              [Server=FD2,RequestId=d4bc8f02-e664-0cc4-4dc2-349eb2f29dcb,TimeStamp=8/1/2017 2:00:00 PM] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 4B953CE,Microsoft.Exchange.Management.RecipientTasks.SetMailbox
            4B953CE,Microsoft.Exchange.Management.RecipientTasks.SetMailbox
              4B953CE,Microsoft.Exchange.Management.RecipientTasks.SetMailbox
            -2144108477,PSSessionOpenFailed
              -2144108477,PSSessionOpenFailed
            NamedParameterNotFound,Set-CASMailbox
              NamedParameterNotFound,Set-CASMailbox
            CommandNotFoundException
              CommandNotFoundException
            Ana Silva was not found
              Pry Fyeaw was not found
        "#]],
    );
}

#[test]
fn filters_keep_their_logic() {
    check(
        |pseudonyms, text| filter(pseudonyms, "Get-MobileDevice", text),
        &[
            "(DeviceId -eq 'ApplC39GQ8NNDTDL') -and (HasActiveSyncDevicePartnership -eq $true)",
            "DeviceAccessState -eq 'Quarantined' -or DeviceAccessState -eq 'DeviceDiscovery'",
            "WhenChangedUTC -gt '8/1/2017 2:00:00 PM'",
            "DisplayName -like 'O''Hara*'",
            "not a filter of ana@contoso.example",
            "Ana Silva",
            "DisplayName -eq Silva",
        ],
        &expect![[r#"
            (DeviceId -eq 'ApplC39GQ8NNDTDL') -and (HasActiveSyncDevicePartnership -eq $true)
              (DeviceId -eq 'VhudL32LC7HVEZOO') -and (HasActiveSyncDevicePartnership -eq $true)
            DeviceAccessState -eq 'Quarantined' -or DeviceAccessState -eq 'DeviceDiscovery'
              DeviceAccessState -eq 'Quarantined' -or DeviceAccessState -eq 'DeviceDiscovery'
            WhenChangedUTC -gt '8/1/2017 2:00:00 PM'
              WhenChangedUTC -gt '8/1/2017 2:00:00 PM'
            DisplayName -like 'O''Hara*'
              DisplayName -like 'N''Lgku*'
            not a filter of ana@contoso.example
              yne z otufkg eo pry@trgpbbm.klypcjn
            Ana Silva
              Pry Fyeaw
            DisplayName -eq Silva
              DisplayName -eq Fyeaw
        "#]],
    );
}

proptest! {
    #[test]
    fn any_text_is_replaced_and_equal_names_stay_equal(text in "\\PC{0,30}", name in "[a-zA-Z]{3,12}") {
        let pseudonyms = pseudonyms();
        for function in [identity, message, error_id] {
            function(&pseudonyms, &text);
        }
        filter(&pseudonyms, "Get-MobileDevice", &text);
        let alone = identity(&pseudonyms, &name);
        let inside = identity(&pseudonyms, &format!("CN={name},OU=x"));
        let start = format!("CN={alone},OU=");
        prop_assert!(inside.starts_with(&start));
    }
}
