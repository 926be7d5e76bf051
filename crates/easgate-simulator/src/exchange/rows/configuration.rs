//! Organisation settings, rules, policies and device classes.

use std::borrow::Cow;

use easgate_model::{AccessLevel, Characteristic};
use time::OffsetDateTime;

use super::super::organization::{Policy, RuleObject, State};
use super::super::row::{Row, TypeNames, Value};
use super::{View, configuration_dn, configuration_tail};

macro_rules! configuration_types {
    ($name:ident, $own:literal) => {
        const $name: &[&str] = &[
            concat!(
                "Microsoft.Exchange.Data.Directory.SystemConfiguration.",
                $own
            ),
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.ADConfigurationObject",
            "Microsoft.Exchange.Data.Directory.ADObject",
            "Microsoft.Exchange.Data.Directory.ADRawEntry",
            "Microsoft.Exchange.Data.ConfigurableObject",
            "System.Object",
        ];
    };
}
configuration_types!(SETTINGS, "ActiveSyncOrganizationSettings");
configuration_types!(RULE, "ActiveSyncDeviceAccessRule");
configuration_types!(CLASS, "ActiveSyncDeviceClass");
configuration_types!(ACTIVE_SYNC_POLICY, "ActiveSyncMailboxPolicy");
configuration_types!(MOBILE_POLICY, "MobileMailboxPolicy");

fn level(level: AccessLevel) -> Value {
    let number = match level {
        AccessLevel::Allow => 0,
        AccessLevel::Block => 1,
        AccessLevel::Quarantine => 2,
    };
    Value::Enum(
        "Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessLevel",
        level.name().to_owned(),
        number,
    )
}

fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::Nil, Value::text)
}

fn row(types: &'static [&'static str], text: &str, members: Vec<(&'static str, Value)>) -> Row {
    let types = TypeNames(Cow::Borrowed(types));
    Row {
        types,
        text: text.to_owned(),
        members,
        hidden: Vec::new(),
        selected: false,
    }
}

/// `Get-ActiveSyncOrganizationSettings`.
pub(crate) fn settings(state: &State, view: &View) -> Row {
    let name = "Mobile Mailbox Settings";
    let dn = configuration_dn(state, "CN=Mobile Mailbox Settings");
    let mut members = vec![
        ("DefaultAccessLevel", level(state.settings.default_access_level)),
        (
            "UserMailInsert",
            optional(state.settings.user_mail_insert.as_deref()),
        ),
        ("AllowAccessForUnSupportedPlatform", Value::Bool(false)),
        (
            "AdminMailRecipients",
            Value::Strings(state.settings.admin_mail_recipients.clone()),
        ),
        ("OtaNotificationMailInsert", optional(state.ota_insert.as_deref())),
        ("DeviceFiltering", Value::Nil),
        ("OtherWellKnownObjects", Value::Strings(Vec::new())),
    ];
    if state.version == super::super::ExchangeVersion::Ex2010 {
        members.retain(|(name, _)| *name != "AllowAccessForUnSupportedPlatform");
    }
    configuration_tail(state, view, name, &dn, state.settings.id.0).configuration(&mut members);
    row(SETTINGS, name, members)
}

/// `Get-ActiveSyncDeviceAccessRule`.
pub(crate) fn rule(state: &State, object: &RuleObject, view: &View) -> Row {
    let RuleObject {
        rule,
        guid,
        when_changed,
    } = object;
    let number = match &rule.characteristic {
        Characteristic::DeviceType => 0,
        Characteristic::DeviceModel => 1,
        Characteristic::DeviceOs => 2,
        Characteristic::UserAgent => 3,
        Characteristic::Other(_) => 4,
    };
    let mut members = vec![
        ("QueryString", Value::text(&rule.query_string)),
        (
            "Characteristic",
            Value::Enum(
                "Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessCharacteristic",
                rule.characteristic.name().to_owned(),
                number,
            ),
        ),
        ("AccessLevel", level(rule.access_level)),
    ];
    let dn = configuration_dn(state, &format!("CN={},CN=Mobile Mailbox Settings", rule.name));
    let mut tail = configuration_tail(state, view, &rule.name, &dn, *guid);
    tail.when_changed = state.shown(*when_changed);
    tail.configuration(&mut members);
    row(RULE, &rule.name, members)
}

/// `Get-ActiveSyncDeviceClass`.
pub(crate) fn class(state: &State, device_type: &str, model: &str, at: OffsetDateTime, view: &View) -> Row {
    let name = format!("{device_type}§{model}");
    let dn = configuration_dn(state, &format!("CN={name},CN=ExchangeDeviceClasses"));
    let guid = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes());
    let mut members = vec![
        ("DeviceType", Value::text(device_type)),
        ("DeviceModel", Value::text(model)),
        ("LastUpdateTime", Value::Utc(at)),
    ];
    configuration_tail(state, view, &name, &dn, guid).configuration(&mut members);
    row(CLASS, &name, members)
}

/// The names of a policy's settings: as mobile device policies have them, and as ActiveSync policies do.
pub(crate) const POLICY_NAMES: &[(&str, &str)] = &[
    (
        "AlphanumericPasswordRequired",
        "AlphanumericDevicePasswordRequired",
    ),
    ("PasswordEnabled", "DevicePasswordEnabled"),
    ("AllowSimplePassword", "AllowSimpleDevicePassword"),
    ("MinPasswordLength", "MinDevicePasswordLength"),
    ("MaxInactivityTimeLock", "MaxInactivityTimeDeviceLock"),
    ("MaxPasswordFailedAttempts", "MaxDevicePasswordFailedAttempts"),
    ("PasswordExpiration", "DevicePasswordExpiration"),
    ("PasswordHistory", "DevicePasswordHistory"),
    (
        "MinPasswordComplexCharacters",
        "MinDevicePasswordComplexCharacters",
    ),
    ("AllowNonProvisionableDevices", "AllowNonProvisionableDevices"),
    ("DeviceEncryptionEnabled", "DeviceEncryptionEnabled"),
    ("RequireDeviceEncryption", "RequireDeviceEncryption"),
    ("DevicePolicyRefreshInterval", "DevicePolicyRefreshInterval"),
];

/// `Get-MobileDeviceMailboxPolicy` and, with `active_sync`, `Get-ActiveSyncMailboxPolicy`.
pub(crate) fn policy(state: &State, policy: &Policy, active_sync: bool, view: &View) -> Row {
    let mut members = Vec::new();
    for (mobile, active) in POLICY_NAMES {
        let set = policy.settings.iter().find(|(name, _)| name == mobile);
        members.push((
            if active_sync { *active } else { *mobile },
            setting(mobile, set.map(|(_, text)| text.as_str())),
        ));
    }
    if active_sync {
        members.push(("IsDefaultPolicy", Value::Bool(policy.is_default)));
    }
    members.push(("IsDefault", Value::Bool(policy.is_default)));
    let dn = configuration_dn(state, &format!("CN={},CN=Mobile Mailbox Policies", policy.name));
    let mut tail = configuration_tail(state, view, &policy.name, &dn, policy.guid);
    tail.when_changed = state.shown(policy.when_changed);
    tail.configuration(&mut members);
    let mobile = !active_sync || state.version == super::super::ExchangeVersion::Ex2010;
    row(
        if mobile { MOBILE_POLICY } else { ACTIVE_SYNC_POLICY },
        &policy.name,
        members,
    )
}

fn setting(name: &str, text: Option<&str>) -> Value {
    let unset = |text: &str| text.is_empty();
    match (name, text) {
        ("MinPasswordLength", None) => Value::Nil,
        ("MinPasswordLength", Some(text)) if unset(text) => Value::Nil,
        ("MinPasswordLength" | "PasswordHistory" | "MinPasswordComplexCharacters", text) => {
            Value::Int(text.and_then(|text| text.parse().ok()).unwrap_or(1))
        }
        (
            "MaxInactivityTimeLock"
            | "MaxPasswordFailedAttempts"
            | "PasswordExpiration"
            | "DevicePolicyRefreshInterval",
            text,
        ) => Value::Text(text.filter(|text| !unset(text)).unwrap_or("Unlimited").to_owned()),
        (_, text) => Value::Bool(text.is_some_and(|text| text.eq_ignore_ascii_case("true"))),
    }
}
