//! Mailbox policies for mobile devices, under the names of both cmdlet families.

use easgate_psrp::clixml::PsValue;
use uuid::Uuid;

/// A mobile device mailbox policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxPolicy {
    /// The Guid.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// What it asks of devices.
    pub settings: PolicySettings,
}

/// The settings of a policy; `None` when read: Exchange did not tell; when written: leave as it is.
///
/// Texts are as Exchange writes them: spans as `00:15:00`, and `Unlimited`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are Exchange's own")]
pub struct PolicySettings {
    pub allow_non_provisionable_devices: Option<bool>,
    pub password_enabled: Option<bool>,
    pub alphanumeric_password_required: Option<bool>,
    pub allow_simple_password: Option<bool>,
    pub min_password_length: Option<u32>,
    pub min_password_complex_characters: Option<u32>,
    pub max_inactivity_time_lock: Option<String>,
    pub max_password_failed_attempts: Option<String>,
    pub password_expiration: Option<String>,
    pub password_history: Option<u32>,
    pub device_encryption_enabled: Option<bool>,
    pub require_device_encryption: Option<bool>,
    pub policy_refresh_interval: Option<String>,
    pub is_default: Option<bool>,
}

impl PolicySettings {
    /// The parameters that are set, each with its name in the MobileDevice and in the ActiveSync family.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, &'static str, PsValue)> {
        let flags = self
            .flags()
            .map(|(names, value)| (names, value.map(PsValue::from)));
        let numbers = self
            .numbers()
            .map(|(names, value)| (names, value.map(|number| i64::from(number).into())));
        let texts = self
            .texts()
            .map(|(names, value)| (names, value.as_deref().map(PsValue::from)));
        let all = flags.into_iter().chain(numbers).chain(texts);
        all.filter_map(|((newer, older), value)| Some((newer, older, value?)))
            .collect()
    }

    const fn flags(&self) -> [(Names, Option<bool>); 7] {
        [
            (
                same("AllowNonProvisionableDevices"),
                self.allow_non_provisionable_devices,
            ),
            (
                ("PasswordEnabled", "DevicePasswordEnabled"),
                self.password_enabled,
            ),
            (
                (
                    "AlphanumericPasswordRequired",
                    "AlphanumericDevicePasswordRequired",
                ),
                self.alphanumeric_password_required,
            ),
            (
                ("AllowSimplePassword", "AllowSimpleDevicePassword"),
                self.allow_simple_password,
            ),
            (same("DeviceEncryptionEnabled"), self.device_encryption_enabled),
            (same("RequireDeviceEncryption"), self.require_device_encryption),
            (("IsDefault", "IsDefaultPolicy"), self.is_default),
        ]
    }

    const fn numbers(&self) -> [(Names, Option<u32>); 3] {
        [
            (
                ("MinPasswordLength", "MinDevicePasswordLength"),
                self.min_password_length,
            ),
            (
                (
                    "MinPasswordComplexCharacters",
                    "MinDevicePasswordComplexCharacters",
                ),
                self.min_password_complex_characters,
            ),
            (
                ("PasswordHistory", "DevicePasswordHistory"),
                self.password_history,
            ),
        ]
    }

    const fn texts(&self) -> [(Names, &Option<String>); 4] {
        [
            (
                ("MaxInactivityTimeLock", "MaxInactivityTimeDeviceLock"),
                &self.max_inactivity_time_lock,
            ),
            (
                ("MaxPasswordFailedAttempts", "MaxDevicePasswordFailedAttempts"),
                &self.max_password_failed_attempts,
            ),
            (
                ("PasswordExpiration", "DevicePasswordExpiration"),
                &self.password_expiration,
            ),
            (same("DevicePolicyRefreshInterval"), &self.policy_refresh_interval),
        ]
    }
}

/// A parameter's name in the MobileDevice and in the ActiveSync family.
type Names = (&'static str, &'static str);

const fn same(name: &'static str) -> Names {
    (name, name)
}
