//! `Get-MobileDevice` and `Get-ActiveSyncDevice`.

use easgate_model::{
    AccessState, AccessStateReason, DeviceId, DistinguishedName, Partnership, PartnershipId,
};
use serde::Deserialize;

use super::{Wire, guid, moment, required, text};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WireDevice {
    guid: Option<String>,
    distinguished_name: Option<String>,
    identity: Option<String>,
    device_id: Option<String>,
    device_type: Option<String>,
    device_model: Option<String>,
    #[serde(rename = "DeviceOS")]
    device_os: Option<String>,
    device_user_agent: Option<String>,
    friendly_name: Option<String>,
    client_type: Option<String>,
    device_access_state: Option<String>,
    device_access_state_reason: Option<String>,
    device_access_control_rule: Option<String>,
    first_sync_time: Option<String>,
    #[serde(rename = "WhenChangedUTC")]
    when_changed_utc: Option<String>,
}

impl Wire for WireDevice {
    type Value = Partnership;

    fn label(&self) -> Option<String> {
        self.distinguished_name
            .clone()
            .or_else(|| self.identity.clone())
            .or_else(|| self.guid.clone())
    }

    fn value(self) -> Result<Partnership, String> {
        let dn = DistinguishedName::new(&required(self.distinguished_name, "DistinguishedName")?);
        let device_id: DeviceId = self
            .device_id
            .unwrap_or_default()
            .parse()
            .map_err(|error| format!("DeviceId: {error}"))?;
        Ok(Partnership {
            id: PartnershipId(guid(self.guid.as_deref(), "Guid")?),
            device_id,
            owner: owner(&dn).ok_or("DistinguishedName has no owner")?,
            device_type: self.device_type.unwrap_or_default().into(),
            device_model: self.device_model.unwrap_or_default().into(),
            device_os: self.device_os.unwrap_or_default().into(),
            user_agent: self.device_user_agent.unwrap_or_default().into(),
            friendly_name: self.friendly_name.unwrap_or_default().into(),
            client_type: text(self.client_type).map(Into::into),
            access_state: self
                .device_access_state
                .as_deref()
                .map_or(AccessState::Unknown, access_state),
            access_state_reason: self
                .device_access_state_reason
                .as_deref()
                .map_or(AccessStateReason::Unknown, access_state_reason),
            access_control_rule: text(self.device_access_control_rule).map(Into::into),
            first_sync: moment(self.first_sync_time.as_deref()),
            when_changed: moment(self.when_changed_utc.as_deref()),
        })
    }
}

/// The user object that holds a device: its own name without the device and `CN=ExchangeActiveSyncDevices`.
pub(super) fn owner(device: &DistinguishedName) -> Option<DistinguishedName> {
    device.parent()?.parent()
}

/// By name; a server that sends only the number is understood too.
pub(super) fn access_state(text: &str) -> AccessState {
    match text.trim() {
        "" | "0" => AccessState::Unknown,
        "1" => AccessState::Allowed,
        "2" => AccessState::Blocked,
        "3" => AccessState::Quarantined,
        "4" => AccessState::DeviceDiscovery,
        name => AccessState::from_name(name),
    }
}

/// By name; a server that sends only the number is understood too.
pub(super) fn access_state_reason(text: &str) -> AccessStateReason {
    match text.trim() {
        "" | "0" => AccessStateReason::Unknown,
        "1" => AccessStateReason::Global,
        "2" => AccessStateReason::Individual,
        "3" => AccessStateReason::DeviceRule,
        "4" => AccessStateReason::Upgrade,
        "5" => AccessStateReason::Policy,
        name => AccessStateReason::from_name(name),
    }
}
