//! Requests to Graph as values.

use std::fmt;

use http::Method;
use serde_json::{Value, json};
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};
use url::Url;
use uuid::Uuid;

use crate::Permission;

/// The version of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    Beta,
}

/// One request, without its root and its token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    method: Method,
    version: Version,
    path: String,
    query: Vec<(&'static str, String)>,
    eventual: bool,
    pub(crate) body: Option<Value>,
    pub(crate) permission: Permission,
}

/// What the mapper reads of a device, and no more: no IMEI, no phone number.
const DEVICE: &str = "id,userId,userPrincipalName,deviceName,operatingSystem,model,serialNumber,easDeviceId,\
                      complianceState,managementState,managementAgent,jailBroken,partnerReportedThreatState,\
                      lastSyncDateTime";

/// What is read of a user.
const USER: &str = "id,userPrincipalName,mail,proxyAddresses,assignedPlans";

impl Request {
    fn get(permission: Permission, path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            version: Version::V1,
            path: path.into(),
            query: Vec::new(),
            eventual: false,
            body: None,
            permission,
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// An advanced directory query: header and `$count` belong together.
    fn eventual(mut self) -> Self {
        self.eventual = true;
        self.with("$count", "true")
    }

    /// The account that binds the facts to a tenant; the cheapest call that needs Intune.
    pub(crate) fn tenant_state() -> Self {
        Self::get(Permission::ManagedDevicesRead, "/deviceManagement")
            .with("$select", "intuneAccountId,subscriptionState")
    }

    /// Every device. Unfiltered, because Intune ignores a filter it does not support and says nothing.
    pub(crate) fn managed_devices() -> Self {
        Self::get(Permission::ManagedDevicesRead, "/deviceManagement/managedDevices").with("$select", DEVICE)
    }

    pub(crate) fn managed_device(id: &str) -> Self {
        Self::get(
            Permission::ManagedDevicesRead,
            format!("/deviceManagement/managedDevices/{}", encode(id)),
        )
        .with("$select", DEVICE)
    }

    /// The devices that synchronised after `since`.
    pub(crate) fn devices_synced_after(since: OffsetDateTime) -> Self {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        // A time that has no such form is of no year that a device can have.
        let since = since.to_offset(UtcOffset::UTC).format(form).unwrap_or_default();
        Self::managed_devices().with("$filter", format!("lastSyncDateTime gt {since}"))
    }

    /// The devices that do not comply.
    pub(crate) fn noncompliant_devices() -> Self {
        Self::managed_devices().with("$filter", "complianceState eq 'noncompliant'")
    }

    /// The devices of the user with this principal name.
    pub(crate) fn devices_of(upn: &str) -> Self {
        let upn = upn.replace('\'', "''");
        Self::managed_devices().with("$filter", format!("userPrincipalName eq '{upn}'"))
    }

    pub(crate) fn user(id: &str) -> Self {
        Self::get(Permission::UserRead, format!("/users/{}", encode(id))).with("$select", USER)
    }

    /// A delta that tells nothing but where it goes on.
    pub(crate) fn beginning_now(self) -> Self {
        self.with("$deltatoken", "latest")
    }

    /// Every user with the plans, so that one answer tells owners and licences.
    pub(crate) fn users() -> Self {
        Self::get(Permission::UserRead, "/users")
            .with("$select", USER)
            .with("$top", "999")
    }

    /// The users who have `plan`, `Enabled` or (with `Warning`) in the subscription's grace time.
    ///
    /// One whole `any` for each state: both tests must hold for the same assigned plan.
    pub(crate) fn licensed_users(plan: Uuid, states: &[&str]) -> Self {
        let any = |state: &&str| {
            format!("assignedPlans/any(p:p/servicePlanId eq {plan} and p/capabilityStatus eq '{state}')")
        };
        let filter: Vec<String> = states.iter().map(any).collect();
        Self::get(Permission::UserRead, "/users")
            .with("$select", USER)
            .with("$filter", filter.join(" or "))
            .eventual()
            .with("$top", "999")
    }

    /// The users in a group, through other groups too.
    pub(crate) fn group_users(group: &str) -> Self {
        Self::get(
            Permission::GroupMemberRead,
            format!("/groups/{}/transitiveMembers/microsoft.graph.user", encode(group)),
        )
        .with("$select", "id")
        .eventual()
        .with("$top", "999")
    }

    pub(crate) fn users_delta() -> Self {
        Self::get(Permission::UserRead, "/users/delta").with("$select", USER)
    }

    pub(crate) fn groups_delta() -> Self {
        Self::get(Permission::GroupMemberRead, "/groups/delta").with("$select", "displayName,members")
    }

    pub(crate) fn exchange_connectors() -> Self {
        Self::get(
            Permission::ServiceConfigRead,
            "/deviceManagement/exchangeConnectors",
        )
    }

    pub(crate) fn conditional_access_settings() -> Self {
        Self::get(
            Permission::ServiceConfigRead,
            "/deviceManagement/conditionalAccessSettings",
        )
    }

    /// Beta only.
    pub(crate) fn exchange_policy() -> Self {
        let mut request = Self::get(
            Permission::ServiceConfigRead,
            "/deviceManagement/exchangeOnPremisesPolicy",
        )
        .with("$expand", "conditionalAccessSettings");
        request.version = Version::Beta;
        request
    }

    /// Up to 20 of `requests` in one; ids are their places.
    pub(crate) fn batch(requests: &[Self]) -> Self {
        let items: Vec<Value> = requests
            .iter()
            .enumerate()
            .map(|(place, request)| {
                let mut item = json!({
                    "id": place.to_string(),
                    "method": request.method.as_str(),
                    "url": format!("{}{}", request.path, request.query_text()),
                });
                if request.eventual {
                    item["headers"] = json!({ "ConsistencyLevel": "eventual" });
                }
                item
            })
            .collect();
        let permission = requests
            .first()
            .map_or(Permission::ManagedDevicesRead, |first| first.permission);
        Self {
            method: Method::POST,
            body: Some(json!({ "requests": items })),
            ..Self::get(permission, "/$batch")
        }
    }

    pub(crate) const fn method(&self) -> &Method {
        &self.method
    }

    /// Whether it needs `ConsistencyLevel: eventual`, on every page.
    pub(crate) const fn is_eventual(&self) -> bool {
        self.eventual
    }

    /// Whether an object may come several times, the last one being true.
    pub(crate) fn is_delta(&self) -> bool {
        self.path.ends_with("/delta")
    }

    pub(crate) fn url(&self, root: &Url) -> Url {
        let mut url = root.clone();
        url.set_path(&format!("{}{}", self.prefix(), self.path));
        let query = self.query_text();
        url.set_query(query.strip_prefix('?'));
        url
    }

    /// What people call it: method and path, without the query.
    pub(crate) fn endpoint(&self) -> String {
        format!("{} {}{}", self.method, self.prefix(), self.path)
    }

    const fn prefix(&self) -> &'static str {
        match self.version {
            Version::V1 => "/v1.0",
            Version::Beta => "/beta",
        }
    }

    fn query_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.query {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&encode(value));
        }
        text
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.endpoint(), self.query_text())?;
        if self.eventual {
            f.write_str("\nConsistencyLevel: eventual")?;
        }
        match &self.body {
            Some(body) => write!(f, "\n{body:#}"),
            None => Ok(()),
        }
    }
}

/// Percent-encodes what may not stand in a path segment or a query value as it is.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b','
            | b'('
            | b')'
            | b':' => {
                encoded.push(char::from(byte));
            }
            _ => {
                encoded.push('%');
                encoded.push_str(&format!("{byte:02X}"));
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
