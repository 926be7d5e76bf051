//! `Get-ActiveSyncDeviceClass`.

use serde::Deserialize;
use time::OffsetDateTime;

use super::{Wire, moment};

/// A kind of device that was seen; filled by a job hours after the devices, so never decided by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceClass {
    /// `DeviceType`, such as `iPhone`; chosen by phones: escape before showing.
    pub device_type: String,
    /// `DeviceModel`; likewise.
    pub device_model: String,
    /// When one was last seen.
    pub last_update: Option<OffsetDateTime>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WireClass {
    name: Option<String>,
    device_type: Option<String>,
    device_model: Option<String>,
    last_update_time: Option<String>,
}

impl Wire for WireClass {
    type Value = DeviceClass;

    fn label(&self) -> Option<String> {
        self.name.clone()
    }

    fn value(self) -> Result<DeviceClass, String> {
        Ok(DeviceClass {
            device_type: self.device_type.unwrap_or_default(),
            device_model: self.device_model.unwrap_or_default(),
            last_update: moment(self.last_update_time.as_deref()),
        })
    }
}
