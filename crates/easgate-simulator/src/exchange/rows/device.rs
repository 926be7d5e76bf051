//! Partnerships, and their statistics.

use std::borrow::Cow;

use easgate_model::{AccessState, AccessStateReason};

use super::super::ExchangeVersion::{Ex2010, Ex2013, Ex2016};
use super::super::names::canonical;
use super::super::organization::{DeviceObject, State};
use super::super::row::{Id, Row, Tail, TypeNames, Value};
use super::View;

/// Which names a device cmdlet has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    ActiveSync,
    Mobile,
}

const ACTIVE_SYNC_2010: &[&str] = &[
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.ActiveSyncDevice",
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.ADConfigurationObject",
    "Microsoft.Exchange.Data.Directory.ADObject",
    "Microsoft.Exchange.Data.Directory.ADRawEntry",
    "Microsoft.Exchange.Data.ConfigurableObject",
    "System.Object",
];
const ACTIVE_SYNC: &[&str] = &[
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.ActiveSyncDevice",
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.MobileDevice",
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.ADConfigurationObject",
    "Microsoft.Exchange.Data.Directory.ADObject",
    "Microsoft.Exchange.Data.Directory.ADRawEntry",
    "Microsoft.Exchange.Data.ConfigurableObject",
    "System.Object",
];
const MOBILE: &[&str] = &[
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.MobileDevice",
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.ADConfigurationObject",
    "Microsoft.Exchange.Data.Directory.ADObject",
    "Microsoft.Exchange.Data.Directory.ADRawEntry",
    "Microsoft.Exchange.Data.ConfigurableObject",
    "System.Object",
];
const STATISTICS: &[&str] = &[
    "Microsoft.Exchange.Management.Tasks.ActiveSyncDeviceConfiguration",
    "System.Object",
];
const MOBILE_STATISTICS: &[&str] = &[
    "Microsoft.Exchange.Management.Tasks.MobileDeviceConfiguration",
    "System.Object",
];

/// `Get-MobileDevice` and `Get-ActiveSyncDevice`.
pub(crate) fn device(state: &State, at: usize, family: Family, view: &View) -> Option<Row> {
    let object = state.devices.get(at)?.as_ref()?;
    let mailbox = state.mailboxes.get(object.mailbox)?;
    if mailbox.child_domain && !view.forest {
        return None;
    }
    let dn = object.dn(mailbox);
    let (name, text) = (object.name(), canonical(&dn));
    let mut members = Vec::with_capacity(40);
    if family == Family::ActiveSync {
        members.push(("DeviceActiveSyncVersion", protocol(object)));
    }
    own_members(
        state,
        object,
        &canonical(&mailbox.world.distinguished_name),
        family,
        &mut members,
    );
    let tail = Tail {
        name: &name,
        dn: &dn,
        guid: object.world.guid,
        identity: Id {
            text: text.clone(),
            dn: dn.clone(),
            guid: object.world.guid,
        },
        category: "ms-Exch-Active-Sync-Device",
        classes: &["top", "msExchActiveSyncDevice"],
        when_changed: state.shown(object.when_changed),
        when_created: state.shown(object.when_created),
        version: state.version,
        domain: &state.domain,
        server: &view.controller,
    };
    tail.configuration(&mut members);
    let types = match family {
        Family::ActiveSync if state.version == Ex2010 => ACTIVE_SYNC_2010,
        Family::ActiveSync => ACTIVE_SYNC,
        Family::Mobile => MOBILE,
    };
    let hidden = vec![
        ("ProvisioningFlags", Value::Int(0)),
        ("DeviceActiveSyncVersion", protocol(object)),
    ];
    Some(Row {
        types: TypeNames(Cow::Borrowed(types)),
        text,
        members,
        hidden,
        selected: false,
    })
}

fn own_members(
    state: &State,
    object: &DeviceObject,
    user: &str,
    family: Family,
    members: &mut Vec<(&'static str, Value)>,
) {
    let phone = &object.world;
    members.extend([
        ("FriendlyName", Value::text_or_nil(&phone.friendly_name)),
        ("DeviceId", Value::text(&phone.eas_id)),
        ("DeviceImei", Value::Nil),
        ("DeviceMobileOperator", Value::Nil),
        ("DeviceOS", Value::text_or_nil(&phone.os)),
        ("DeviceOSLanguage", Value::text("en")),
        ("DeviceTelephoneNumber", Value::Nil),
        ("DeviceType", Value::text(&phone.device_type)),
        ("DeviceUserAgent", Value::text(&phone.user_agent)),
        (
            "DeviceModel",
            Value::text(if phone.model.is_empty() {
                &phone.device_type
            } else {
                &phone.model
            }),
        ),
        ("FirstSyncTime", Value::Utc(phone.first_sync)),
        ("UserDisplayName", Value::text(user)),
    ]);
    access_members(state, object, members);
    if state.version >= Ex2013 {
        if family == Family::Mobile {
            members.push((
                "ClientVersion",
                if phone.client_type == "EAS" {
                    protocol(object)
                } else {
                    Value::Nil
                },
            ));
        }
        members.push(("ClientType", client_type(&phone.client_type)));
    }
    if state.version >= Ex2016 {
        members.push(("IsManaged", Value::Bool(false)));
        members.push(("IsCompliant", Value::Bool(false)));
        members.push(("IsDisabled", Value::Bool(false)));
    }
}

fn access_members(state: &State, object: &DeviceObject, members: &mut Vec<(&'static str, Value)>) {
    let number = match object.state {
        AccessState::Allowed => 1,
        AccessState::Blocked => 2,
        AccessState::Quarantined => 3,
        AccessState::DeviceDiscovery => 4,
        AccessState::Unknown | AccessState::Other(_) => 0,
    };
    let reason = match object.reason {
        AccessStateReason::Global => 1,
        AccessStateReason::Individual => 2,
        AccessStateReason::DeviceRule => 3,
        AccessStateReason::Upgrade => 4,
        AccessStateReason::Policy => 5,
        AccessStateReason::Unknown | AccessStateReason::Other(_) => 0,
    };
    let rule = object.rule.as_ref().map_or(Value::Nil, |name| {
        let dn = super::configuration_dn(state, &format!("CN={name},CN=Mobile Mailbox Settings"));
        let guid = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.to_lowercase().as_bytes());
        Value::Id(Id {
            text: name.clone(),
            dn,
            guid,
        })
    });
    let enumeration = |name: &'static str, text: &str, number| Value::Enum(name, text.to_owned(), number);
    members.push((
        "DeviceAccessState",
        enumeration(
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessState",
            object.state.name(),
            number,
        ),
    ));
    members.push((
        "DeviceAccessStateReason",
        enumeration(
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessStateReason",
            object.reason.name(),
            reason,
        ),
    ));
    members.push(("DeviceAccessControlRule", rule));
}

fn protocol(object: &DeviceObject) -> Value {
    Value::text(if object.world.device_type == "htcbravo" {
        "12.1"
    } else {
        "16.1"
    })
}

fn client_type(name: &str) -> Value {
    let number = match name {
        "EAS" => 1,
        "MOWA" => 2,
        "REST" => 3,
        "Outlook" => 4,
        _ => 0,
    };
    Value::Enum(
        "Microsoft.Exchange.Data.Directory.SystemConfiguration.MobileClientType",
        name.to_owned(),
        number,
    )
}

/// `Get-MobileDeviceStatistics` and `Get-ActiveSyncDeviceStatistics`.
#[expect(
    clippy::too_many_lines,
    reason = "one member a line, in the order of the wire"
)]
pub(crate) fn statistics(state: &State, at: usize, family: Family) -> Option<Row> {
    let object = state.devices.get(at)?.as_ref()?;
    let mailbox = state.mailboxes.get(object.mailbox)?;
    let (phone, dn) = (&object.world, object.dn(mailbox));
    let mut members = vec![
        ("FirstSyncTime", Value::Utc(phone.first_sync)),
        ("LastPolicyUpdateTime", Value::Utc(phone.first_sync)),
        ("LastSyncAttemptTime", Value::Utc(phone.last_sync)),
        ("LastSuccessSync", Value::Utc(phone.last_sync)),
        ("DeviceType", Value::text(&phone.device_type)),
        ("DeviceID", Value::text(&phone.eas_id)),
        ("DeviceUserAgent", Value::text(&phone.user_agent)),
        ("DeviceWipeSentTime", Value::Nil),
        ("DeviceWipeRequestTime", Value::utc(object.wipe_requested)),
        ("DeviceWipeAckTime", Value::Nil),
        ("LastPingHeartbeat", Value::UInt(1770)),
        ("RecoveryPassword", Value::text("********")),
        ("DeviceModel", Value::text(&phone.model)),
        ("DeviceImei", Value::text("")),
        ("DeviceFriendlyName", Value::text(&phone.friendly_name)),
        ("DeviceOS", Value::text(&phone.os)),
        ("DeviceOSLanguage", Value::text("en")),
        ("DevicePhoneNumber", Value::text("")),
        ("MailboxLogReport", Value::Nil),
        ("DeviceEnableOutboundSMS", Value::Bool(false)),
        ("DeviceMobileOperator", Value::text("")),
        ("Identity", Value::id(&dn, phone.guid)),
        ("Guid", Value::Guid(phone.guid)),
        ("IsRemoteWipeSupported", Value::Bool(true)),
        ("Status", wipe_status(object)),
        ("StatusNote", Value::Nil),
    ];
    access_members(state, object, &mut members);
    members.extend([
        (
            "DevicePolicyApplied",
            Value::text(mailbox.policy.as_deref().unwrap_or("Default")),
        ),
        (
            "DevicePolicyApplicationStatus",
            Value::Enum(
                "Microsoft.Exchange.Management.Tasks.DevicePolicyApplicationStatus",
                "AppliedInFull".to_owned(),
                1,
            ),
        ),
        (
            "LastDeviceWipeRequestor",
            object.wipe_requestor.as_deref().map_or(Value::Nil, Value::text),
        ),
        ("DeviceActiveSyncVersion", protocol(object)),
        ("NumberOfFoldersSynced", Value::Int(14)),
        ("SyncStateUpgradeTime", Value::Nil),
    ]);
    if state.version >= Ex2013 {
        members.push(("ClientType", client_type(&phone.client_type)));
        members.push(("ClientVersion", protocol(object)));
    }
    let types = if family == Family::Mobile {
        MOBILE_STATISTICS
    } else {
        STATISTICS
    };
    Some(Row {
        types: TypeNames(Cow::Borrowed(types)),
        text: canonical(&dn),
        members,
        hidden: Vec::new(),
        selected: false,
    })
}

fn wipe_status(object: &DeviceObject) -> Value {
    let (name, number) = match (object.wipe_requested, &object.state) {
        (Some(_), _) => ("DeviceWipePending", 2),
        (None, AccessState::Blocked) => ("DeviceBlocked", 1),
        (None, _) => ("DeviceOk", 0),
    };
    Value::Enum(
        "Microsoft.Exchange.Management.Tasks.DeviceRemoteWipeStatus",
        name.to_owned(),
        number,
    )
}
