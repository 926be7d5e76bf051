//! What is sent, cmdlet by cmdlet.

use super::{Family, Feature, Features};
use crate::Kind;

/// The cmdlet with the parameters that one or more features send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The cmdlet, by its documented name.
    pub cmdlet: &'static str,
    /// The cmdlet of the other family that serves as well.
    pub alternative: Option<&'static str>,
    /// The parameters.
    pub parameters: Vec<&'static str>,
    /// Built-in management roles that hold the cmdlet, the least of them first; none for PowerShell's own commands.
    pub homes: &'static [&'static str],
}

struct Row {
    feature: Feature,
    /// The newer name, and the older one where there are two.
    cmdlets: (&'static str, Option<&'static str>),
    /// Words; `new/old` where the families name a parameter differently.
    parameters: &'static str,
    homes: &'static [&'static str],
}

const RECIPIENTS: &[&str] = &["Mail Recipients", "View-Only Recipients"];
const READ_RECIPIENTS: &[&str] = &["View-Only Recipients", "Mail Recipients"];
const CLIENT_ACCESS: &[&str] = &["Organization Client Access"];
const READ_CLIENT_ACCESS: &[&str] = &["View-Only Configuration", "Organization Client Access"];
const POLICIES: &[&str] = &["Recipient Policies", "Organization Client Access"];
const READ_POLICIES: &[&str] = &[
    "View-Only Configuration",
    "Recipient Policies",
    "Organization Client Access",
];
const READ_SERVERS: &[&str] = &["View-Only Configuration", "Exchange Servers"];
const SESSION: &[&str] = &[
    "View-Only Recipients",
    "View-Only Configuration",
    "Mail Recipients",
    "Organization Client Access",
];

const fn row(
    feature: Feature,
    cmdlet: &'static str,
    parameters: &'static str,
    homes: &'static [&'static str],
) -> Row {
    Row {
        feature,
        cmdlets: (cmdlet, None),
        parameters,
        homes,
    }
}

const fn pair(
    feature: Feature,
    newer: &'static str,
    older: &'static str,
    parameters: &'static str,
    homes: &'static [&'static str],
) -> Row {
    Row {
        feature,
        cmdlets: (newer, Some(older)),
        parameters,
        homes,
    }
}

const POLICY_SETTINGS: &str = "DomainController AllowNonProvisionableDevices PasswordEnabled/DevicePasswordEnabled \
     AlphanumericPasswordRequired/AlphanumericDevicePasswordRequired AllowSimplePassword/AllowSimpleDevicePassword \
     DeviceEncryptionEnabled RequireDeviceEncryption IsDefault/IsDefaultPolicy \
     MinPasswordLength/MinDevicePasswordLength MinPasswordComplexCharacters/MinDevicePasswordComplexCharacters \
     PasswordHistory/DevicePasswordHistory MaxInactivityTimeLock/MaxInactivityTimeDeviceLock \
     MaxPasswordFailedAttempts/MaxDevicePasswordFailedAttempts PasswordExpiration/DevicePasswordExpiration \
     DevicePolicyRefreshInterval";

/// Everything, in the order in which a script and a report name it.
const TABLE: &[Row] = &[
    row(Feature::Read, "Get-Command", "Name CommandType", &[]),
    row(Feature::Read, "Set-ADServerSettings", "ViewEntireForest", SESSION),
    row(
        Feature::Read,
        "Get-ActiveSyncOrganizationSettings",
        "DomainController",
        READ_CLIENT_ACCESS,
    ),
    row(
        Feature::Read,
        "Get-ActiveSyncDeviceAccessRule",
        "DomainController",
        READ_CLIENT_ACCESS,
    ),
    row(
        Feature::Read,
        "Get-ExchangeServer",
        "DomainController",
        READ_SERVERS,
    ),
    pair(
        Feature::Read,
        "Get-MobileDevice",
        "Get-ActiveSyncDevice",
        "Identity Mailbox Filter ResultSize DomainController",
        READ_RECIPIENTS,
    ),
    row(
        Feature::Read,
        "Get-CASMailbox",
        "Identity Filter ResultSize DomainController",
        READ_RECIPIENTS,
    ),
    row(
        Feature::Read,
        "Get-Recipient",
        "Identity ResultSize DomainController",
        READ_RECIPIENTS,
    ),
    row(
        Feature::Lists,
        "Set-CASMailbox",
        "Identity ActiveSyncAllowedDeviceIDs ActiveSyncBlockedDeviceIDs Confirm DomainController",
        RECIPIENTS,
    ),
    pair(
        Feature::Details,
        "Get-MobileDeviceStatistics",
        "Get-ActiveSyncDeviceStatistics",
        "Identity Mailbox DomainController",
        READ_RECIPIENTS,
    ),
    row(
        Feature::Details,
        "Get-ActiveSyncDeviceClass",
        "DomainController",
        READ_CLIENT_ACCESS,
    ),
    pair(
        Feature::Details,
        "Get-MobileDeviceMailboxPolicy",
        "Get-ActiveSyncMailboxPolicy",
        "DomainController",
        READ_POLICIES,
    ),
    row(
        Feature::Settings,
        "Set-CASMailbox",
        "Identity ActiveSyncEnabled ActiveSyncMailboxPolicy Confirm DomainController",
        RECIPIENTS,
    ),
    row(
        Feature::Settings,
        "Set-ActiveSyncOrganizationSettings",
        "DefaultAccessLevel UserMailInsert AdminMailRecipients Confirm DomainController",
        CLIENT_ACCESS,
    ),
    row(
        Feature::Settings,
        "New-ActiveSyncDeviceAccessRule",
        "QueryString Characteristic AccessLevel DomainController",
        CLIENT_ACCESS,
    ),
    row(
        Feature::Settings,
        "Set-ActiveSyncDeviceAccessRule",
        "Identity AccessLevel Confirm DomainController",
        CLIENT_ACCESS,
    ),
    row(
        Feature::Settings,
        "Remove-ActiveSyncDeviceAccessRule",
        "Identity Confirm DomainController",
        CLIENT_ACCESS,
    ),
    pair(
        Feature::Settings,
        "New-MobileDeviceMailboxPolicy",
        "New-ActiveSyncMailboxPolicy",
        POLICY_SETTINGS,
        POLICIES,
    ),
    pair(
        Feature::Settings,
        "New-MobileDeviceMailboxPolicy",
        "New-ActiveSyncMailboxPolicy",
        "Name",
        POLICIES,
    ),
    pair(
        Feature::Settings,
        "Set-MobileDeviceMailboxPolicy",
        "Set-ActiveSyncMailboxPolicy",
        POLICY_SETTINGS,
        POLICIES,
    ),
    pair(
        Feature::Settings,
        "Set-MobileDeviceMailboxPolicy",
        "Set-ActiveSyncMailboxPolicy",
        "Identity Confirm",
        POLICIES,
    ),
    pair(
        Feature::Settings,
        "Remove-MobileDeviceMailboxPolicy",
        "Remove-ActiveSyncMailboxPolicy",
        "Identity Confirm DomainController",
        POLICIES,
    ),
    pair(
        Feature::DeviceActions,
        "Clear-MobileDevice",
        "Clear-ActiveSyncDevice",
        "Identity AccountOnly Cancel NotificationEmailAddresses Confirm DomainController",
        RECIPIENTS,
    ),
    pair(
        Feature::DeviceActions,
        "Remove-MobileDevice",
        "Remove-ActiveSyncDevice",
        "Identity Confirm DomainController",
        RECIPIENTS,
    ),
];

/// The cmdlets and parameters that `features` send to Exchange of this kind and family, each cmdlet once.
#[must_use]
pub fn needs(features: &Features, kind: Kind, family: Family) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for row in TABLE.iter().filter(|row| features.contains(&row.feature)) {
        let (newer, older) = row.cmdlets;
        let both = [
            Some((newer, older, true)),
            older.map(|older| (older, Some(newer), false)),
        ];
        for (cmdlet, alternative, is_newer) in both.into_iter().flatten() {
            if !kind.has(cmdlet) || !family.has(cmdlet) {
                continue;
            }
            let parameters = row
                .parameters
                .split_whitespace()
                .map(|word| match word.split_once('/') {
                    Some((newer, _)) if is_newer => newer,
                    Some((_, older)) => older,
                    None => word,
                });
            let at = needs
                .iter()
                .position(|need| need.cmdlet == cmdlet)
                .unwrap_or_else(|| {
                    needs.push(Need {
                        cmdlet,
                        alternative: alternative.filter(|other| family.has(other)),
                        parameters: Vec::new(),
                        homes: row.homes,
                    });
                    needs.len() - 1
                });
            for parameter in parameters {
                if !needs[at].parameters.contains(&parameter) {
                    needs[at].parameters.push(parameter);
                }
            }
        }
    }
    needs
}
