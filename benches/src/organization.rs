//! What is known of an organisation and of its enrolments, the same on every run.

use easgate_compliance::{Exceptions, ExchangeFacts, Facts, List, OwnedEntry, Ownership};
use easgate_model::{
    AccessLevel, AccessState, AccessStateReason, ComplianceState, DirectoryUser, DistinguishedName,
    EmailAddress, Enrollment, Inventory, Mailbox, MailboxId, ManagementAgent, ManagementState,
    OrganizationId, OrganizationSettings, Partnership, PartnershipId, RecipientType,
};
use uuid::Uuid;

/// One phone for each person: nine of ten compliant and allowed by us, one not compliant and blocked by us. One of a hundred
/// is compliant and not on the list yet, which is what there is to change.
#[must_use]
pub fn organization(devices: u32) -> (Facts, Ownership) {
    let settings = OrganizationSettings {
        id: OrganizationId(Uuid::nil()),
        default_access_level: AccessLevel::Quarantine,
        user_mail_insert: None,
        admin_mail_recipients: Vec::new(),
        originating_server: None,
    };
    let mut facts = Facts {
        exchange: ExchangeFacts {
            settings,
            rules: Vec::new(),
            mailboxes: Vec::new(),
            partnerships: Vec::new(),
        },
        inventory: Inventory::default(),
        exceptions: Exceptions::default(),
    };
    let mut ownership = Ownership::default();
    for number in 0..devices {
        let partnership = partnership(number);
        let compliant = number % 10 != 5;
        let known = !number.is_multiple_of(100);
        let mut mailbox = mailbox(number);
        let (list, entries) = if compliant {
            (List::Allow, &mut mailbox.allowed)
        } else {
            (List::Block, &mut mailbox.blocked)
        };
        if known {
            entries.push(partnership.device_id.clone());
            ownership.insert(OwnedEntry {
                mailbox: mailbox.id,
                list,
                device: partnership.device_id.clone(),
            });
        }
        facts.inventory.users.push(DirectoryUser {
            id: Uuid::from_u128(u128::from(number)).to_string(),
            user_principal_name: address(number),
            addresses: vec![address(number)],
            licensed: true,
            groups: std::collections::BTreeSet::new(),
        });
        facts
            .inventory
            .enrollments
            .push(enrollment(number, compliant, &partnership));
        facts.exchange.partnerships.push(partnership);
        facts.exchange.mailboxes.push(mailbox);
    }
    (facts, ownership)
}

fn address(number: u32) -> EmailAddress {
    format!("person{number}@contoso.example")
        .parse()
        .expect("the form is that of an address")
}

fn name(number: u32) -> DistinguishedName {
    DistinguishedName::new(&format!("CN=Person {number},OU=Staff,DC=contoso,DC=example"))
}

fn mailbox(number: u32) -> Mailbox {
    Mailbox {
        id: MailboxId(Uuid::from_u128(u128::from(number))),
        distinguished_name: name(number),
        name: format!("Person {number}"),
        display_name: format!("Person {number}"),
        sam_account_name: format!("person{number}"),
        primary_smtp: Some(address(number)),
        addresses: vec![address(number)],
        recipient_type: RecipientType::User,
        active_sync_enabled: true,
        allowed: Vec::new(),
        blocked: Vec::new(),
        odd_entries: 0,
        when_changed: None,
        originating_server: None,
    }
}

fn partnership(number: u32) -> Partnership {
    Partnership {
        id: PartnershipId(Uuid::from_u128(u128::from(number))),
        device_id: format!("7CDT0MKDOH5FB0CKI5{number:08}")
            .parse()
            .expect("it has 26 characters"),
        owner: name(number),
        device_type: "iPhone".into(),
        device_model: "iPhone15C2".into(),
        device_os: "iOS 17.4".into(),
        user_agent: "Apple-iPhone15C2/2104.80".into(),
        friendly_name: "".into(),
        client_type: None,
        access_state: AccessState::Quarantined,
        access_state_reason: AccessStateReason::Global,
        access_control_rule: None,
        first_sync: None,
        when_changed: None,
    }
}

fn enrollment(number: u32, compliant: bool, partnership: &Partnership) -> Enrollment {
    Enrollment {
        record: number.to_string(),
        user_id: Some(Uuid::from_u128(u128::from(number)).to_string()),
        user_principal_name: Some(address(number)),
        eas_device_id: Some(partnership.device_id.clone()),
        agent: ManagementAgent::Mdm("mdm".to_owned()),
        state: ManagementState::Managed,
        compliance: if compliant {
            ComplianceState::Compliant
        } else {
            ComplianceState::Noncompliant
        },
        compromised: false,
        device_name: None,
        operating_system: None,
        model: None,
        serial_number: None,
        last_sync: None,
    }
}
