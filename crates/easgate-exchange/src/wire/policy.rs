//! `Get-MobileDeviceMailboxPolicy` and `Get-ActiveSyncMailboxPolicy`.

use serde::Deserialize;
use uuid::Uuid;

use super::{Wire, guid, required, text};
use crate::policy::{MailboxPolicy, PolicySettings};

/// Both families' names: one object may carry both.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WirePolicy {
    guid: Option<String>,
    name: Option<String>,
    allow_non_provisionable_devices: Option<bool>,
    password_enabled: Option<bool>,
    device_password_enabled: Option<bool>,
    alphanumeric_password_required: Option<bool>,
    alphanumeric_device_password_required: Option<bool>,
    allow_simple_password: Option<bool>,
    allow_simple_device_password: Option<bool>,
    min_password_length: Option<u32>,
    min_device_password_length: Option<u32>,
    min_password_complex_characters: Option<u32>,
    min_device_password_complex_characters: Option<u32>,
    max_inactivity_time_lock: Option<String>,
    max_inactivity_time_device_lock: Option<String>,
    max_password_failed_attempts: Option<String>,
    max_device_password_failed_attempts: Option<String>,
    password_expiration: Option<String>,
    device_password_expiration: Option<String>,
    password_history: Option<u32>,
    device_password_history: Option<u32>,
    device_encryption_enabled: Option<bool>,
    require_device_encryption: Option<bool>,
    device_policy_refresh_interval: Option<String>,
    is_default: Option<bool>,
    is_default_policy: Option<bool>,
}

impl Wire for WirePolicy {
    type Value = MailboxPolicy;

    fn label(&self) -> Option<String> {
        self.name.clone()
    }

    fn value(self) -> Result<MailboxPolicy, String> {
        let id: Uuid = guid(self.guid.as_deref(), "Guid")?;
        Ok(MailboxPolicy {
            id,
            name: required(self.name, "Name")?,
            settings: PolicySettings {
                allow_non_provisionable_devices: self.allow_non_provisionable_devices,
                password_enabled: self.password_enabled.or(self.device_password_enabled),
                alphanumeric_password_required: self
                    .alphanumeric_password_required
                    .or(self.alphanumeric_device_password_required),
                allow_simple_password: self.allow_simple_password.or(self.allow_simple_device_password),
                min_password_length: self.min_password_length.or(self.min_device_password_length),
                min_password_complex_characters: self
                    .min_password_complex_characters
                    .or(self.min_device_password_complex_characters),
                max_inactivity_time_lock: text(
                    self.max_inactivity_time_lock
                        .or(self.max_inactivity_time_device_lock),
                ),
                max_password_failed_attempts: text(
                    self.max_password_failed_attempts
                        .or(self.max_device_password_failed_attempts),
                ),
                password_expiration: text(self.password_expiration.or(self.device_password_expiration)),
                password_history: self.password_history.or(self.device_password_history),
                device_encryption_enabled: self.device_encryption_enabled,
                require_device_encryption: self.require_device_encryption,
                policy_refresh_interval: text(self.device_policy_refresh_interval),
                is_default: self.is_default.or(self.is_default_policy),
            },
        })
    }
}
