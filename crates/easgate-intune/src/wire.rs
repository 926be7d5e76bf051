//! Graph's JSON, private to this crate. Every property may be missing; what is not known is skipped.

use serde::Deserialize;
use uuid::Uuid;

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    #[serde(rename = "@odata.count")]
    pub(crate) count: Option<u64>,
    #[serde(rename = "@odata.nextLink")]
    pub(crate) next_link: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    pub(crate) delta_link: Option<String>,
    pub(crate) value: Vec<T>,
}

/// A row that says which object it is.
pub(crate) trait Row {
    fn id(&self) -> Option<&str>;
}

macro_rules! rows {
    ($($row:ty),*) => {
        $(impl Row for $row {
            fn id(&self) -> Option<&str> {
                self.id.as_deref().filter(|id| !id.is_empty())
            }
        })*
    };
}

rows!(ManagedDevice, User, Object, DeltaGroup, ExchangeConnector);

/// `managedDevice`, as far as the mapper reads it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ManagedDevice {
    pub(crate) id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) user_principal_name: Option<String>,
    pub(crate) device_name: Option<String>,
    pub(crate) operating_system: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial_number: Option<String>,
    pub(crate) eas_device_id: Option<String>,
    pub(crate) compliance_state: Option<String>,
    pub(crate) management_state: Option<String>,
    pub(crate) management_agent: Option<String>,
    pub(crate) jail_broken: Option<String>,
    pub(crate) partner_reported_threat_state: Option<String>,
    pub(crate) last_sync_date_time: Option<String>,
}

/// `user`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct User {
    pub(crate) id: Option<String>,
    pub(crate) user_principal_name: Option<String>,
    pub(crate) mail: Option<String>,
    pub(crate) proxy_addresses: Option<Vec<String>>,
    pub(crate) assigned_plans: Option<Vec<AssignedPlan>>,
    #[serde(rename = "@removed")]
    pub(crate) removed: Option<Removed>,
}

/// `assignedPlan`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AssignedPlan {
    pub(crate) capability_status: Option<String>,
    pub(crate) service_plan_id: Option<Uuid>,
}

/// A directory object of which only the id is read.
#[derive(Debug, Deserialize)]
pub(crate) struct Object {
    pub(crate) id: Option<String>,
}

/// `group` in a delta.
#[derive(Debug, Deserialize)]
pub(crate) struct DeltaGroup {
    pub(crate) id: Option<String>,
    #[serde(rename = "members@delta", default)]
    pub(crate) members: Vec<DeltaMember>,
    #[serde(rename = "@removed")]
    pub(crate) removed: Option<Removed>,
}

/// A direct member in a group's delta.
#[derive(Debug, Deserialize)]
pub(crate) struct DeltaMember {
    pub(crate) id: Option<String>,
}

/// Why an object is gone: `changed` (it can come back) or `deleted`.
#[derive(Debug, Deserialize)]
pub(crate) struct Removed {
    #[serde(default)]
    pub(crate) reason: String,
}

/// `deviceManagement`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceManagement {
    pub(crate) intune_account_id: Option<Uuid>,
    pub(crate) subscription_state: Option<String>,
}

/// `deviceManagementExchangeConnector`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ExchangeConnector {
    pub(crate) id: Option<String>,
    pub(crate) last_sync_date_time: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) primary_smtp_address: Option<String>,
    pub(crate) server_name: Option<String>,
    pub(crate) connector_server_name: Option<String>,
    pub(crate) exchange_connector_type: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) exchange_alias: Option<String>,
    pub(crate) exchange_organization: Option<String>,
}

/// `onPremisesConditionalAccessSettings`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ConditionalAccessSettings {
    pub(crate) enabled: Option<bool>,
    pub(crate) included_groups: Option<Vec<Uuid>>,
    pub(crate) excluded_groups: Option<Vec<Uuid>>,
    pub(crate) override_default_rule: Option<bool>,
}

/// `deviceManagementExchangeOnPremisesPolicy`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ExchangePolicy {
    pub(crate) notification_content: Option<String>,
    pub(crate) default_access_level: Option<String>,
    pub(crate) access_rules: Option<Vec<AccessRule>>,
    pub(crate) known_device_classes: Option<Vec<DeviceClass>>,
    pub(crate) conditional_access_settings: Option<ConditionalAccessSettings>,
}

/// `deviceManagementExchangeAccessRule`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AccessRule {
    pub(crate) device_class: Option<DeviceClass>,
    pub(crate) access_level: Option<String>,
}

/// `deviceManagementExchangeDeviceClass`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeviceClass {
    pub(crate) name: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

/// The answer to a batch.
#[derive(Debug, Deserialize)]
pub(crate) struct BatchAnswer {
    pub(crate) responses: Vec<BatchResponse>,
}

/// One answer of a batch.
#[derive(Debug, Deserialize)]
pub(crate) struct BatchResponse {
    pub(crate) id: String,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: std::collections::BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    pub(crate) body: serde_json::Value,
}
