use easgate_model::EnrollmentKind;
use expect_test::expect;
use time::macros::datetime;

use super::*;

const AGENTS: [Option<&str>; 15] = [
    Some("eas"),
    Some("mdm"),
    Some("EASMDM"),
    Some("intuneClient"),
    Some("easIntuneClient"),
    Some("configurationManagerClient"),
    Some("configurationManagerClientMdm"),
    Some("configurationManagerClientMdmEas"),
    Some("jamf"),
    Some("googleCloudDevicePolicyController"),
    Some("microsoft365ManagedMdm"),
    Some("unknown"),
    Some("msSense"),
    Some("brandNew"),
    None,
];

const STATES: [Option<&str>; 14] = [
    Some("managed"),
    None,
    Some("discovered"),
    Some("retirePending"),
    Some("retireFailed"),
    Some("wipePending"),
    Some("wipeFailed"),
    Some("deletePending"),
    Some("retireIssued"),
    Some("wipeIssued"),
    Some("unhealthy"),
    Some("wipeCanceled"),
    Some("retireCanceled"),
    Some("unknownFutureValue"),
];

#[test]
fn agent_and_state_together_tell_an_enrolment() {
    let mut table = String::new();
    for agent_name in AGENTS {
        for state_name in STATES {
            let row = wire::ManagedDevice {
                id: Some("1".to_owned()),
                management_agent: agent_name.map(str::to_owned),
                management_state: state_name.map(str::to_owned),
                ..wire::ManagedDevice::default()
            };
            table.push(match enrollment(row).unwrap().kind() {
                EnrollmentKind::Enrolled => 'E',
                EnrollmentKind::NotEnrolled => '-',
                EnrollmentKind::Unclear => '?',
            });
        }
        table.push_str(&format!(" {}\n", agent_name.unwrap_or("(none)")));
    }
    // managed, unreported | discovered | seven that leave | unhealthy, two cancelled, unknown
    expect![[r#"
        -------------- eas
        EE--------???? mdm
        EE--------???? EASMDM
        EE--------???? intuneClient
        EE--------???? easIntuneClient
        EE--------???? configurationManagerClient
        EE--------???? configurationManagerClientMdm
        EE--------???? configurationManagerClientMdmEas
        EE--------???? jamf
        EE--------???? googleCloudDevicePolicyController
        EE--------???? microsoft365ManagedMdm
        ??--------???? unknown
        ??--------???? msSense
        ??--------???? brandNew
        ??--------???? (none)
    "#]]
    .assert_eq(&table);
}

#[test]
fn dates_of_never_and_without_end_are_none() {
    for (text, expected) in [
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59.9999999Z", None),
        ("2021-03-10T00:24:15Z", Some(datetime!(2021-03-10 0:24:15 UTC))),
        (
            "2023-08-23T09:05:10.1997623Z",
            Some(datetime!(2023-08-23 9:05:10.1997623 UTC)),
        ),
        (
            "2017-01-01T00:02:49.3205976-08:00",
            Some(datetime!(2017-01-01 8:02:49.3205976 UTC)),
        ),
        ("2021-03-16T18:39:27", None),
        ("", None),
    ] {
        assert_eq!(date(text), expected, "{text:?}");
    }
}

#[test]
fn an_eas_id_is_trimmed_and_one_that_cannot_be_is_none() {
    let long = "A".repeat(65);
    for (text, expected) in [
        (Some(" ApplC39GQ8NNDTDL "), Some("ApplC39GQ8NNDTDL")),
        (Some(""), None),
        (Some("  "), None),
        (Some(long.as_str()), None),
        (None, None),
    ] {
        assert_eq!(eas_device_id(text).as_ref().map(|id| id.as_str()), expected);
    }
}

#[test]
fn zero_guids_and_empty_texts_say_nothing() {
    for (text, expected) in [
        ("", None),
        (" ", None),
        ("00000000-0000-0000-0000-000000000000", None),
        (" x ", Some("x")),
    ] {
        assert_eq!(told(Some(text.to_owned())).as_deref(), expected);
    }
}

#[test]
fn a_recorded_device_is_read() {
    let row = r#"{"id":"683dbff1-c8ff-4996-91ae-85484de46cfc","userId":"","managedDeviceOwnerType":"personal",
        "managementState":"managed","lastSyncDateTime":"2021-03-10T00:24:15Z","operatingSystem":"iOS",
        "complianceState":"brandNew","jailBroken":"True","managementAgent":"mdm","easActivated":false,
        "easDeviceId":"7CDT0MKDOH5FB0CKI5IVON0GJ8","azureADRegistered":null,"userPrincipalName":"not an address",
        "notKnownToUs":{"deep":[1,2]}}"#;
    let device = enrollment(serde_json::from_str(row).unwrap()).unwrap();
    assert_eq!(device.user_id, None);
    assert_eq!(device.user_principal_name, None);
    assert_eq!(device.compliance, ComplianceState::Other("brandNew".to_owned()));
    assert!(device.compromised);
    assert_eq!(device.last_sync, Some(datetime!(2021-03-10 0:24:15 UTC)));
    assert_eq!(
        enrollment(wire::ManagedDevice::default()),
        Err("the id of a device")
    );
}

#[test]
fn a_licence_is_a_plan_in_a_state_that_counts() {
    let intune = "c1ec4a95-1f05-45b3-a911-aa3fa01094f5";
    let basic = "882e1d05-acd1-4ccb-8708-6ee03664b117";
    let holds = |plan: &str, state: &str, count_warning| {
        let assigned =
            serde_json::json!([{"servicePlanId": plan, "capabilityStatus": state, "service": "SCO"}]);
        Licence::new(&crate::INTUNE_PLANS, count_warning)
            .holds(&serde_json::from_value::<Vec<_>>(assigned).unwrap())
    };
    for (plan, state, counted, strictly) in [
        (intune, "Enabled", true, true),
        (intune, "Warning", true, false),
        (intune, "Suspended", false, false),
        (intune, "Deleted", false, false),
        (basic, "Enabled", false, false),
    ] {
        assert_eq!(
            (holds(plan, state, true), holds(plan, state, false)),
            (counted, strictly),
            "{plan} {state}"
        );
    }
}

#[test]
fn a_user_has_each_address_once() {
    let row = r#"{"id":"u1","userPrincipalName":"ana@corp.example","mail":"Ana@x.example","proxyAddresses":
        ["SMTP:ana@X.example","smtp:a.b@x.example","X500:/o=x","SIP:ana@x.example","smtp:"],"assignedPlans":[]}"#;
    let licence = Licence::new(&crate::INTUNE_PLANS, true);
    let found = user(serde_json::from_str(row).unwrap(), &licence)
        .unwrap()
        .unwrap();
    let addresses: Vec<_> = found.addresses.iter().map(|address| address.as_str()).collect();
    assert_eq!(addresses, ["Ana@x.example", "a.b@x.example"]);
    assert!(!found.licensed);
}

#[test]
fn a_user_whose_plans_were_not_told_is_an_error_and_not_an_unlicensed_user() {
    let licence = Licence::new(&crate::INTUNE_PLANS, true);
    let row = r#"{"id":"u1","userPrincipalName":"ana@corp.example"}"#;
    assert_eq!(
        user(serde_json::from_str(row).unwrap(), &licence),
        Err("the assigned plans of a user")
    );
}
