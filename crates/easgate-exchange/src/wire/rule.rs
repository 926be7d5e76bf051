//! `Get-ActiveSyncDeviceAccessRule`.

use easgate_model::{Characteristic, DeviceAccessRule};
use serde::Deserialize;

use super::settings::access_level;
use super::{Wire, required};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WireRule {
    name: Option<String>,
    query_string: Option<String>,
    characteristic: Option<String>,
    access_level: Option<String>,
}

impl Wire for WireRule {
    type Value = DeviceAccessRule;

    fn label(&self) -> Option<String> {
        self.name.clone()
    }

    fn value(self) -> Result<DeviceAccessRule, String> {
        let query_string = required(self.query_string, "QueryString")?;
        let characteristic = Characteristic::from_name(&required(self.characteristic, "Characteristic")?);
        Ok(DeviceAccessRule {
            name: self
                .name
                .unwrap_or_else(|| format!("{query_string} ({characteristic})")),
            access_level: access_level(&required(self.access_level, "AccessLevel")?, "AccessLevel")?,
            query_string,
            characteristic,
        })
    }
}
