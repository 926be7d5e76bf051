//! What the tenant still holds of the on-premises connector: connectors, conditional access, Exchange policy.
//!
//! New tenants have none of it, and a tenant without it may answer with an error or with nothing.

use base64_simd::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use easgate_model::GroupId;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;

use crate::graph::{Graph, read};
use crate::http::error::ids_of;
use crate::map;
use crate::request::Request;
use crate::{GraphError, wire};

/// Graph's `deviceManagementExchangeConnectorStatus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectorStatus {
    /// No connector exists.
    None,
    /// It waits for its connection to Exchange.
    ConnectionPending,
    /// Connected.
    Connected,
    /// Disconnected.
    Disconnected,
    /// A name this version does not know.
    Other(String),
}

/// An Exchange connector that the tenant knows (Graph `deviceManagementExchangeConnector`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeConnector {
    /// Graph's id.
    pub id: String,
    /// When it last synchronised.
    pub last_sync: Option<OffsetDateTime>,
    /// Whether it is connected.
    pub status: ConnectorStatus,
    /// The mail address of its notification account.
    pub primary_smtp_address: Option<String>,
    /// The Exchange server.
    pub server_name: Option<String>,
    /// The machine it runs on.
    pub connector_server_name: Option<String>,
    /// `onPremises`, `hosted`, `serviceToService`, `dedicated`.
    pub kind: Option<String>,
    /// The version of its agent.
    pub version: Option<String>,
    /// The alias of the Exchange organisation.
    pub exchange_alias: Option<String>,
    /// The Exchange organisation.
    pub exchange_organization: Option<String>,
}

/// Who is under conditional access (Graph `onPremisesConditionalAccessSettings`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConditionalAccessSettings {
    /// Whether it is on.
    pub enabled: bool,
    /// Members need a managed and compliant device.
    pub included_groups: Vec<GroupId>,
    /// Members are exempt.
    pub excluded_groups: Vec<GroupId>,
    /// Whether a compliant device is allowed against the default rule.
    pub override_default_rule: bool,
}

/// Graph's `deviceManagementExchangeAccessLevel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeAccessLevel {
    /// No access level is set.
    None,
    /// Allow.
    Allow,
    /// Block.
    Block,
    /// Quarantine.
    Quarantine,
    /// A name this version does not know.
    Other(String),
}

/// Whether a device class is a family or a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceClassKind {
    /// `family`.
    Family,
    /// `model`.
    Model,
    /// A name this version does not know.
    Other(String),
}

/// A class of devices by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceClass {
    /// The name of the family or the model.
    pub name: String,
    /// Which of the two it is.
    pub kind: DeviceClassKind,
}

/// The access of a class of devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRule {
    /// The class.
    pub device_class: DeviceClass,
    /// Its access.
    pub access_level: ExchangeAccessLevel,
}

/// The Exchange policy of the tenant (Graph beta `deviceManagementExchangeOnPremisesPolicy`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangePolicy {
    /// The HTML of the quarantine mail; `None` when there is none, or when it is not base64 of UTF-8.
    pub notification: Option<String>,
    /// The organisation's default.
    pub default_access_level: ExchangeAccessLevel,
    /// The exceptions.
    pub access_rules: Vec<PolicyRule>,
    /// The classes that the tenant has seen.
    pub known_device_classes: Vec<DeviceClass>,
    /// The conditional access settings, where the answer holds them.
    pub conditional_access: Option<ConditionalAccessSettings>,
}

impl Graph {
    /// The Exchange connectors of the tenant; none when it has no such thing.
    ///
    /// # Errors
    /// The call failed.
    pub async fn exchange_connectors(&self) -> Result<Vec<ExchangeConnector>, GraphError> {
        let take = |row| Ok(connector(row));
        match self
            .list(&Request::exchange_connectors(), &|_, _| (), &take)
            .await
        {
            Ok(listed) => Ok(listed.rows),
            Err(GraphError::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The conditional access settings; `None` when the tenant has none.
    ///
    /// # Errors
    /// The call failed.
    pub async fn conditional_access_settings(&self) -> Result<Option<ConditionalAccessSettings>, GraphError> {
        let settings = self.singleton(&Request::conditional_access_settings()).await?;
        Ok(settings.map(conditional_access))
    }

    /// The Exchange policy (beta); `None` when the tenant has none.
    ///
    /// # Errors
    /// The call failed.
    pub async fn exchange_policy(&self) -> Result<Option<ExchangePolicy>, GraphError> {
        Ok(self.singleton(&Request::exchange_policy()).await?.map(policy))
    }

    /// One object, bare or wrapped in `value`: the documentation shows the one, real singletons the other.
    async fn singleton<W: DeserializeOwned>(&self, request: &Request) -> Result<Option<W>, GraphError> {
        let endpoint = request.endpoint();
        let answer = match self.call(request, &request.url(&self.root)).await {
            Ok(answer) => answer,
            Err(GraphError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(value) = unwrapped(read(&endpoint, &answer)?) else {
            return Ok(None);
        };
        serde_json::from_value(value)
            .map(Some)
            .map_err(|source| GraphError::Malformed {
                endpoint,
                ids: ids_of(&answer),
                source,
            })
    }
}

/// The object itself, whether it came bare or in `value`; none for null.
fn unwrapped(mut answer: Value) -> Option<Value> {
    let inner = answer
        .get_mut("value")
        .filter(|inner| inner.is_object() || inner.is_null());
    let value = match inner {
        Some(inner) => inner.take(),
        None => answer,
    };
    (!value.is_null()).then_some(value)
}

fn connector(wire: wire::ExchangeConnector) -> Option<ExchangeConnector> {
    Some(ExchangeConnector {
        id: map::told(wire.id)?,
        last_sync: wire.last_sync_date_time.as_deref().and_then(map::date),
        status: match wire.status.unwrap_or_default().as_str() {
            "none" => ConnectorStatus::None,
            "connectionPending" => ConnectorStatus::ConnectionPending,
            "connected" => ConnectorStatus::Connected,
            "disconnected" => ConnectorStatus::Disconnected,
            other => ConnectorStatus::Other(other.to_owned()),
        },
        primary_smtp_address: map::told(wire.primary_smtp_address),
        server_name: map::told(wire.server_name),
        connector_server_name: map::told(wire.connector_server_name),
        kind: map::told(wire.exchange_connector_type),
        version: map::told(wire.version),
        exchange_alias: map::told(wire.exchange_alias),
        exchange_organization: map::told(wire.exchange_organization),
    })
}

fn conditional_access(wire: wire::ConditionalAccessSettings) -> ConditionalAccessSettings {
    let groups = |ids: Option<Vec<uuid::Uuid>>| {
        ids.unwrap_or_default()
            .into_iter()
            .map(|id| GroupId::new(&id.to_string()))
            .collect()
    };
    ConditionalAccessSettings {
        enabled: wire.enabled.unwrap_or_default(),
        included_groups: groups(wire.included_groups),
        excluded_groups: groups(wire.excluded_groups),
        override_default_rule: wire.override_default_rule.unwrap_or_default(),
    }
}

fn policy(wire: wire::ExchangePolicy) -> ExchangePolicy {
    let rule = |rule: wire::AccessRule| {
        Some(PolicyRule {
            device_class: device_class(rule.device_class?)?,
            access_level: access_level(rule.access_level.as_deref()),
        })
    };
    ExchangePolicy {
        notification: wire.notification_content.as_deref().and_then(notification),
        default_access_level: access_level(wire.default_access_level.as_deref()),
        access_rules: wire
            .access_rules
            .unwrap_or_default()
            .into_iter()
            .filter_map(rule)
            .collect(),
        known_device_classes: wire
            .known_device_classes
            .unwrap_or_default()
            .into_iter()
            .filter_map(device_class)
            .collect(),
        conditional_access: wire.conditional_access_settings.map(conditional_access),
    }
}

fn device_class(wire: wire::DeviceClass) -> Option<DeviceClass> {
    Some(DeviceClass {
        name: map::told(wire.name)?,
        kind: match wire.kind.unwrap_or_default().as_str() {
            "family" => DeviceClassKind::Family,
            "model" => DeviceClassKind::Model,
            other => DeviceClassKind::Other(other.to_owned()),
        },
    })
}

fn access_level(name: Option<&str>) -> ExchangeAccessLevel {
    match name.unwrap_or_default() {
        "none" => ExchangeAccessLevel::None,
        "allow" => ExchangeAccessLevel::Allow,
        "block" => ExchangeAccessLevel::Block,
        "quarantine" => ExchangeAccessLevel::Quarantine,
        other => ExchangeAccessLevel::Other(other.to_owned()),
    }
}

/// OData writes base64url, the documentation shows plain base64, and padding may be missing: all are read.
fn notification(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('=');
    let bytes = STANDARD_NO_PAD
        .decode_to_vec(text)
        .or_else(|_| URL_SAFE_NO_PAD.decode_to_vec(text))
        .ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
