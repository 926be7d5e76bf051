//! What the tenant knows, in Graph's own words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::{Uuid, uuid};

use crate::world::{World, WorldDevice, WorldEnrollment, WorldUser};

/// Intune Plan 1, the plan of a licensed user here.
const INTUNE_A: Uuid = uuid!("c1ec4a95-1f05-45b3-a911-aa3fa01094f5");
/// Basic Mobility, which everybody has and which is no Intune licence, though its `service` is the same.
const INTUNE_O365: Uuid = uuid!("882e1d05-acd1-4ccb-8708-6ee03664b117");
/// What Intune writes for "never".
const NEVER: &str = "0001-01-01T00:00:00Z";
/// What Intune writes for "without end".
const NO_LIMIT: &str = "9999-12-31T23:59:59.9999999Z";

/// The objects of the tenant, by id; a test changes them with [`TenantSimulator::edit`].
///
/// Devices and users are Graph's JSON with every property that the simulator knows, so that a test can set any of
/// them to anything.
///
/// [`TenantSimulator::edit`]: crate::tenant::TenantSimulator::edit
#[derive(Debug, Clone, PartialEq)]
pub struct TenantData {
    /// Intune's id of the tenant.
    pub intune_account_id: Uuid,
    /// `subscriptionState`; `None` for a tenant without Intune.
    pub subscription_state: Option<String>,
    /// `managedDevice` by id.
    pub devices: BTreeMap<String, Value>,
    /// `user` by id.
    pub users: BTreeMap<String, Value>,
    /// Groups by id.
    pub groups: BTreeMap<String, Group>,
}

/// A group and its direct members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub display_name: String,
    /// The ids of the users in it.
    pub users: BTreeSet<String>,
    /// The ids of the groups in it.
    pub groups: BTreeSet<String>,
}

impl TenantData {
    /// The tenant of `world`.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for group in &world.groups {
            groups.insert(
                group.id.to_string(),
                Group {
                    display_name: group.name.clone(),
                    users: BTreeSet::new(),
                    groups: group.member_groups.iter().map(Uuid::to_string).collect(),
                },
            );
        }
        let mut devices = BTreeMap::new();
        let mut users = BTreeMap::new();
        let upns: BTreeMap<Uuid, &str> = world
            .users
            .iter()
            .map(|user| (user.object_id, user.upn.as_str()))
            .collect();
        for user in &world.users {
            for (phone, record) in user.enrollments() {
                devices.insert(record.id.to_string(), device(user, phone, record, &upns));
            }
            if user.in_directory {
                users.insert(user.object_id.to_string(), directory_user(user));
                for group in &user.groups {
                    groups
                        .entry(group.to_string())
                        .or_default()
                        .users
                        .insert(user.object_id.to_string());
                }
            }
        }
        Self {
            intune_account_id: world.tenant,
            subscription_state: Some("active".to_owned()),
            devices,
            users,
            groups,
        }
    }

    /// The device record with this EAS id, in any case.
    #[must_use]
    pub fn device_by_eas_id(&mut self, eas_id: &str) -> Option<&mut Value> {
        let is = |device: &Value| {
            device["easDeviceId"]
                .as_str()
                .is_some_and(|id| id.trim().eq_ignore_ascii_case(eas_id))
        };
        self.devices.values_mut().find(|device| is(device))
    }

    /// The user with this principal name.
    #[must_use]
    pub fn user_by_upn(&mut self, upn: &str) -> Option<&mut Value> {
        let is = |user: &Value| {
            user["userPrincipalName"]
                .as_str()
                .is_some_and(|name| name.eq_ignore_ascii_case(upn))
        };
        self.users.values_mut().find(|user| is(user))
    }

    /// The ids of the users in a group, through other groups too; `None` when there is no such group.
    pub(crate) fn transitive_users(&self, group: &str) -> Option<BTreeSet<String>> {
        self.groups.get(group)?;
        let mut users = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![group.to_owned()];
        while let Some(id) = open.pop() {
            let Some(group) = self.groups.get(&id).filter(|_| seen.insert(id.clone())) else {
                continue;
            };
            users.extend(
                group
                    .users
                    .iter()
                    .filter(|user| self.users.contains_key(*user))
                    .cloned(),
            );
            open.extend(group.groups.iter().cloned());
        }
        Some(users)
    }
}

fn device(
    owner: &WorldUser,
    phone: Option<&WorldDevice>,
    record: &WorldEnrollment,
    upns: &BTreeMap<Uuid, &str>,
) -> Value {
    let user = record.other_user.unwrap_or(owner.object_id);
    let eas_id = if record.reports_eas_id {
        record.eas_device_id.as_str()
    } else {
        ""
    };
    let mail = phone.is_some() && record.reports_eas_id;
    let mut value = json!({
        "id": record.id,
        "userId": user,
        "userPrincipalName": upns.get(&user).copied().unwrap_or_default(),
        "emailAddress": if record.other_user.is_none() { owner.primary_smtp.as_str() } else { "" },
        "deviceName": record.device_name,
        "operatingSystem": record.operating_system,
        "osVersion": record.os_version,
        "model": record.model,
        "manufacturer": record.manufacturer,
        "serialNumber": record.serial,
        "easActivated": mail,
        "easDeviceId": eas_id,
        "easActivationDateTime": if mail { date(record.enrolled) } else { NEVER.to_owned() },
        "complianceState": record.compliance,
        "complianceGracePeriodExpirationDateTime": NO_LIMIT,
        "managementState": record.state,
        "managementAgent": record.agent,
        "jailBroken": if record.jail_broken { "True" } else { "False" },
        "enrolledDateTime": date(record.enrolled),
        "lastSyncDateTime": date(record.last_sync),
    });
    if let (Some(value), Value::Object(rest)) = (value.as_object_mut(), constant_properties()) {
        value.extend(rest);
    }
    value
}

/// The properties that are the same for every device here.
fn constant_properties() -> Value {
    json!({
        "imei": "",
        "managedDeviceOwnerType": "company",
        "deviceRegistrationState": "registered",
        "deviceEnrollmentType": "userEnrollment",
        "azureADDeviceId": Uuid::nil(),
        "azureADRegistered": null,
        "partnerReportedThreatState": "unknown",
        "exchangeAccessState": "none",
        "exchangeAccessStateReason": "none",
        "exchangeLastSuccessfulSyncDateTime": NEVER,
    })
}

fn directory_user(user: &WorldUser) -> Value {
    let mut proxies = vec![format!("SMTP:{}", user.primary_smtp)];
    proxies.extend(user.aliases.iter().map(|alias| format!("smtp:{alias}")));
    let plan = |id: Uuid| json!({"assignedDateTime": "2024-01-15T09:00:00Z", "capabilityStatus": "Enabled", "service": "SCO", "servicePlanId": id});
    let mut plans = vec![plan(INTUNE_O365)];
    plans.extend(user.licensed.then(|| plan(INTUNE_A)));
    json!({
        "id": user.object_id,
        "userPrincipalName": user.upn,
        "displayName": user.display_name,
        "mail": user.primary_smtp,
        "proxyAddresses": proxies,
        "accountEnabled": true,
        "onPremisesSamAccountName": user.sam_account_name,
        "onPremisesSecurityIdentifier": null,
        "onPremisesImmutableId": null,
        "assignedPlans": plans,
    })
}

fn date(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| NEVER.to_owned())
}
