//! Which cmdlets and parameters there are, by version and by management role.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::ExchangeVersion::{self, Ex2010, Ex2013, Ex2016};

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anything.
    Value,
    /// `[switch]`.
    Switch,
    /// `[bool]`.
    Bool,
}

/// One parameter.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    since: ExchangeVersion,
}

/// One cmdlet with its parameters, the first of which may be given by position.
#[derive(Debug, Clone)]
pub(super) struct Cmdlet {
    pub(super) name: &'static str,
    pub(super) since: ExchangeVersion,
    pub(super) parameters: Vec<Parameter>,
    /// Whether it is PowerShell's own, so that it has no `DomainController`.
    pub(super) builtin: bool,
}

impl Cmdlet {
    pub(super) fn writes(&self) -> bool {
        !self.builtin && !self.name.starts_with("Get-")
    }
}

/// Which cmdlets the account may run, by its management roles.
///
/// ```
/// use easgate_simulator::exchange::Rbac;
///
/// let roles = Rbac::connector().without("Clear-ActiveSyncDevice").without_parameter("Set-CASMailbox", "ActiveSyncEnabled");
/// assert!(!roles.grants("clear-activesyncdevice"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rbac {
    /// The granted cmdlets in lower case; `None` is every one of the version.
    granted: Option<BTreeSet<String>>,
    /// Cmdlet and parameter in lower case.
    refused: BTreeSet<(String, String)>,
}

impl Default for Rbac {
    fn default() -> Self {
        Self::connector_and_mobile_device()
    }
}

impl Rbac {
    /// The 21 cmdlets of the original connector's service account: the ActiveSync names alone.
    #[must_use]
    pub fn connector() -> Self {
        let names = CONNECTOR.iter().map(|name| name.to_ascii_lowercase());
        Self {
            granted: Some(names.collect()),
            refused: BTreeSet::new(),
        }
    }

    /// The 21 cmdlets, and their `MobileDevice` names where the version has them.
    #[must_use]
    pub fn connector_and_mobile_device() -> Self {
        let mut roles = Self::connector();
        for cmdlet in CATALOG
            .iter()
            .filter(|cmdlet| cmdlet.name.contains("-MobileDevice"))
        {
            roles = roles.with(cmdlet.name);
        }
        roles
    }

    /// Every cmdlet that the version has.
    #[must_use]
    pub const fn organization_management() -> Self {
        Self {
            granted: None,
            refused: BTreeSet::new(),
        }
    }

    /// The 21 cmdlets as a hoster gives them: none about servers, in both families.
    #[must_use]
    pub fn hosted() -> Self {
        Self::connector_and_mobile_device()
            .without("Get-ExchangeServer")
            .without("Set-ADServerSettings")
    }

    /// The same roles and one cmdlet more.
    #[must_use]
    pub fn with(mut self, cmdlet: &str) -> Self {
        if let Some(granted) = &mut self.granted {
            granted.insert(cmdlet.to_ascii_lowercase());
        }
        self
    }

    /// The same roles without one cmdlet.
    #[must_use]
    pub fn without(mut self, cmdlet: &str) -> Self {
        let all = || {
            CATALOG
                .iter()
                .map(|cmdlet| cmdlet.name.to_ascii_lowercase())
                .collect()
        };
        self.granted
            .get_or_insert_with(all)
            .remove(&cmdlet.to_ascii_lowercase());
        self
    }

    /// The same roles without one parameter of a cmdlet.
    #[must_use]
    pub fn without_parameter(mut self, cmdlet: &str, parameter: &str) -> Self {
        self.refused
            .insert((cmdlet.to_ascii_lowercase(), parameter.to_ascii_lowercase()));
        self
    }

    /// Whether the roles hold `cmdlet`.
    #[must_use]
    pub fn grants(&self, cmdlet: &str) -> bool {
        let name = cmdlet.to_ascii_lowercase();
        self.granted
            .as_ref()
            .is_none_or(|granted| granted.contains(&name))
    }

    fn grants_parameter(&self, cmdlet: &str, parameter: &str) -> bool {
        let key = (cmdlet.to_ascii_lowercase(), parameter.to_ascii_lowercase());
        !self.refused.contains(&key)
    }
}

/// The cmdlet of that name, if the version has it and the roles grant it.
pub(super) fn cmdlet(name: &str, version: ExchangeVersion, roles: &Rbac) -> Option<Cmdlet> {
    let name = name.rsplit_once('\\').map_or(name, |(_, name)| name);
    let known = CATALOG
        .iter()
        .find(|cmdlet| cmdlet.name.eq_ignore_ascii_case(name))?;
    if known.since > version || !(known.builtin || roles.grants(known.name)) {
        return None;
    }
    let mut cmdlet = known.clone();
    cmdlet
        .parameters
        .retain(|parameter| parameter.since <= version && roles.grants_parameter(known.name, parameter.name));
    Some(cmdlet)
}

/// Every cmdlet that the version has and the roles grant.
pub(super) fn cmdlets(version: ExchangeVersion, roles: &Rbac) -> Vec<Cmdlet> {
    CATALOG
        .iter()
        .filter_map(|known| cmdlet(known.name, version, roles))
        .collect()
}

const CONNECTOR: [&str; 21] = [
    "Get-ActiveSyncOrganizationSettings",
    "Set-ActiveSyncOrganizationSettings",
    "Get-CASMailbox",
    "Set-CASMailbox",
    "Get-ActiveSyncMailboxPolicy",
    "Set-ActiveSyncMailboxPolicy",
    "New-ActiveSyncMailboxPolicy",
    "Remove-ActiveSyncMailboxPolicy",
    "Get-ActiveSyncDeviceAccessRule",
    "Set-ActiveSyncDeviceAccessRule",
    "New-ActiveSyncDeviceAccessRule",
    "Remove-ActiveSyncDeviceAccessRule",
    "Get-ActiveSyncDeviceStatistics",
    "Get-ActiveSyncDevice",
    "Get-ExchangeServer",
    "Get-ActiveSyncDeviceClass",
    "Get-Recipient",
    "Clear-ActiveSyncDevice",
    "Remove-ActiveSyncDevice",
    "Set-ADServerSettings",
    "Get-Command",
];

/// Name, first version, parameters: `!` marks a switch, `?` a Boolean, `@2013` the first version.
const TABLE: &[(&str, ExchangeVersion, &str)] = &[
    (
        "Get-ActiveSyncDevice",
        Ex2010,
        "Identity Mailbox Filter OrganizationalUnit ResultSize SortBy Monitoring!@2013",
    ),
    (
        "Get-MobileDevice",
        Ex2013,
        "Identity Mailbox Filter OrganizationalUnit ResultSize SortBy Monitoring! ActiveSync! OWAforDevices! RestApi!@2016 UniversalOutlook!@2016",
    ),
    (
        "Get-ActiveSyncDeviceStatistics",
        Ex2010,
        "Identity Mailbox GetMailboxLog! NotificationEmailAddresses ShowRecoveryPassword!",
    ),
    (
        "Get-MobileDeviceStatistics",
        Ex2013,
        "Identity Mailbox GetMailboxLog! NotificationEmailAddresses ShowRecoveryPassword! ActiveSync! OWAforDevices! RestApi!@2016 UniversalOutlook!@2016",
    ),
    (
        "Get-CASMailbox",
        Ex2010,
        "Identity Anr Filter ResultSize SortBy OrganizationalUnit ReadFromDomainController! IgnoreDefaultScope! RecalculateHasActiveSyncDevicePartnership!@2013 ActiveSyncDebugLogging! Credential Monitoring!@2013",
    ),
    (
        "Set-CASMailbox",
        Ex2010,
        "Identity ActiveSyncAllowedDeviceIDs ActiveSyncBlockedDeviceIDs ActiveSyncEnabled? ActiveSyncMailboxPolicy HasActiveSyncDevicePartnership? ResetAutoBlockedDevices!@2013 IgnoreDefaultScope! ActiveSyncDebugLogging?",
    ),
    ("Get-ActiveSyncOrganizationSettings", Ex2010, "Identity"),
    (
        "Set-ActiveSyncOrganizationSettings",
        Ex2010,
        "Identity DefaultAccessLevel AdminMailRecipients UserMailInsert OtaNotificationMailInsert",
    ),
    ("Get-ActiveSyncDeviceAccessRule", Ex2010, "Identity"),
    (
        "New-ActiveSyncDeviceAccessRule",
        Ex2010,
        "QueryString Characteristic AccessLevel",
    ),
    ("Set-ActiveSyncDeviceAccessRule", Ex2010, "Identity AccessLevel"),
    ("Remove-ActiveSyncDeviceAccessRule", Ex2010, "Identity"),
    ("Get-ActiveSyncMailboxPolicy", Ex2010, "Identity"),
    ("New-ActiveSyncMailboxPolicy", Ex2010, ACTIVE_SYNC_POLICY),
    ("Set-ActiveSyncMailboxPolicy", Ex2010, ACTIVE_SYNC_POLICY),
    ("Remove-ActiveSyncMailboxPolicy", Ex2010, "Identity Force!"),
    ("Get-MobileDeviceMailboxPolicy", Ex2013, "Identity"),
    ("New-MobileDeviceMailboxPolicy", Ex2013, MOBILE_DEVICE_POLICY),
    ("Set-MobileDeviceMailboxPolicy", Ex2013, MOBILE_DEVICE_POLICY),
    ("Remove-MobileDeviceMailboxPolicy", Ex2013, "Identity Force!"),
    ("Get-ActiveSyncDeviceClass", Ex2010, "Identity Filter SortBy"),
    (
        "Clear-ActiveSyncDevice",
        Ex2010,
        "Identity Cancel! NotificationEmailAddresses AccountOnly!@2016",
    ),
    (
        "Clear-MobileDevice",
        Ex2013,
        "Identity Cancel! NotificationEmailAddresses AccountOnly!@2016",
    ),
    ("Remove-ActiveSyncDevice", Ex2010, "Identity"),
    ("Remove-MobileDevice", Ex2013, "Identity"),
    ("Get-ExchangeServer", Ex2010, "Identity Domain Status!"),
    (
        "Get-Recipient",
        Ex2010,
        "Identity Anr Database Filter ResultSize RecipientTypeDetails RecipientType PropertySet SortBy OrganizationalUnit ReadFromDomainController! IgnoreDefaultScope! Credential",
    ),
    (
        "Set-ADServerSettings",
        Ex2010,
        "PreferredServer ViewEntireForest? RecipientViewRoot PreferredGlobalCatalog ConfigurationDomainController SetPreferredDomainControllers",
    ),
    ("Get-ClientAccessServer", Ex2010, "Identity"),
    ("Get-ClientAccessService", Ex2016, "Identity"),
];

const ACTIVE_SYNC_POLICY: &str = "Identity Name DevicePasswordEnabled? AlphanumericDevicePasswordRequired? AllowSimpleDevicePassword? MinDevicePasswordLength MinDevicePasswordComplexCharacters MaxInactivityTimeDeviceLock MaxDevicePasswordFailedAttempts DevicePasswordExpiration DevicePasswordHistory IsDefaultPolicy? IsDefault? AllowNonProvisionableDevices? DeviceEncryptionEnabled? RequireDeviceEncryption? DevicePolicyRefreshInterval";
const MOBILE_DEVICE_POLICY: &str = "Identity Name PasswordEnabled? AlphanumericPasswordRequired? AllowSimplePassword? MinPasswordLength MinPasswordComplexCharacters MaxInactivityTimeLock MaxPasswordFailedAttempts PasswordExpiration PasswordHistory IsDefault? AllowNonProvisionableDevices? DeviceEncryptionEnabled? RequireDeviceEncryption? DevicePolicyRefreshInterval";

/// PowerShell's own commands of a restricted endpoint.
const BUILTIN: &[(&str, &str)] = &[
    (
        "Get-Command",
        "Name CommandType ListImported! ArgumentList Module Noun Verb TotalCount",
    ),
    ("Get-FormatData", "TypeName PowerShellVersion"),
    (
        "Select-Object",
        "Property First Last Skip ExcludeProperty ExpandProperty Unique! InputObject",
    ),
    ("Measure-Object", "Property InputObject"),
    ("Get-Help", "Name"),
    ("Out-Default", "InputObject Transcript!"),
    ("Exit-PSSession", ""),
    ("Clear-Host", ""),
];

const COMMON: &str = "ErrorAction WarningAction Verbose! Debug! ErrorVariable WarningVariable OutVariable OutBuffer InformationAction@2016 InformationVariable@2016 PipelineVariable@2013";

static CATALOG: LazyLock<Vec<Cmdlet>> = LazyLock::new(|| {
    let exchange = TABLE.iter().map(|(name, since, own)| {
        let mut parameters = parse(own);
        parameters.extend(parse("DomainController"));
        if !name.starts_with("Get-") {
            parameters.extend(parse("Confirm! WhatIf!"));
        }
        parameters.extend(parse(COMMON));
        Cmdlet {
            name,
            since: *since,
            parameters,
            builtin: false,
        }
    });
    let builtin = BUILTIN.iter().map(|(name, own)| {
        let mut parameters = parse(own);
        parameters.extend(parse(COMMON));
        Cmdlet {
            name,
            since: Ex2010,
            parameters,
            builtin: true,
        }
    });
    exchange.chain(builtin).collect()
});

fn parse(list: &'static str) -> Vec<Parameter> {
    list.split_whitespace()
        .map(|word| {
            let (word, since) = match word.split_once('@') {
                Some((word, "2013")) => (word, Ex2013),
                Some((word, _)) => (word, Ex2016),
                None => (word, Ex2010),
            };
            let (name, kind) = match (word.strip_suffix('!'), word.strip_suffix('?')) {
                (Some(name), _) => (name, Kind::Switch),
                (_, Some(name)) => (name, Kind::Bool),
                _ => (word, Kind::Value),
            };
            Parameter { name, kind, since }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connector_has_21_cmdlets_that_exist() {
        let names: BTreeSet<_> = CONNECTOR.iter().collect();
        assert_eq!(names.len(), 21);
        for name in names {
            assert!(cmdlet(name, Ex2010, &Rbac::connector()).is_some(), "{name}");
        }
        assert!(cmdlet("Get-MobileDevice", ExchangeVersion::Se, &Rbac::connector()).is_none());
    }

    #[test]
    fn versions_and_roles_decide_what_there_is() {
        let all = Rbac::organization_management();
        assert!(cmdlet("get-mobiledevice", Ex2010, &all).is_none());
        let has = |version, parameter| {
            let cmdlet = cmdlet("Get-MobileDevice", version, &all).unwrap();
            cmdlet.parameters.iter().any(|known| known.name == parameter)
        };
        assert!(!has(Ex2013, "RestApi"));
        assert!(has(Ex2016, "RestApi"));
        let narrowed = all
            .without_parameter("Get-MobileDevice", "Filter")
            .without("Get-Recipient");
        let cmdlet_found = cmdlet("Get-MobileDevice", Ex2016, &narrowed).unwrap();
        assert!(!cmdlet_found.parameters.iter().any(|known| known.name == "Filter"));
        assert!(cmdlet("Get-Recipient", Ex2016, &narrowed).is_none());
        assert!(cmdlet("Get-CASMailbox", Ex2016, &narrowed).is_some());
    }
}
