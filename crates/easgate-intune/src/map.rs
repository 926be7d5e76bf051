//! From Graph's JSON to the values of the model.

use std::collections::BTreeSet;

use easgate_model::{
    ComplianceState, DeviceId, DirectoryUser, EmailAddress, Enrollment, ManagementAgent, ManagementState,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::wire;

/// The service plans that count, and the states of a plan that do.
#[derive(Debug, Clone)]
pub(crate) struct Licence {
    pub(crate) plans: Vec<Uuid>,
    pub(crate) states: &'static [&'static str],
}

impl Licence {
    pub(crate) fn new(plans: &[Uuid], count_warning: bool) -> Self {
        let states: &[&str] = if count_warning {
            &["Enabled", "Warning"]
        } else {
            &["Enabled"]
        };
        Self {
            plans: plans.to_vec(),
            states,
        }
    }

    /// Whether one of `assigned` is a plan that counts, in a state that does.
    pub(crate) fn holds(&self, assigned: &[wire::AssignedPlan]) -> bool {
        assigned.iter().any(|plan| {
            let state = plan.capability_status.as_deref().unwrap_or_default();
            plan.service_plan_id.is_some_and(|id| self.plans.contains(&id))
                && self
                    .states
                    .iter()
                    .any(|counted| counted.eq_ignore_ascii_case(state))
        })
    }
}

/// A device; the error names the property without which the row says nothing.
pub(crate) fn enrollment(device: wire::ManagedDevice) -> Result<Enrollment, &'static str> {
    let compliance = told(device.compliance_state);
    let threat = device.partner_reported_threat_state.unwrap_or_default();
    let jail_broken = device.jail_broken.unwrap_or_default();
    Ok(Enrollment {
        record: told(device.id).ok_or("the id of a device")?,
        user_id: told(device.user_id),
        user_principal_name: told(device.user_principal_name).and_then(|upn| upn.parse().ok()),
        eas_device_id: eas_device_id(device.eas_device_id.as_deref()),
        agent: agent(device.management_agent.as_deref()),
        state: state(device.management_state.as_deref()),
        compliance: compliance.map_or(ComplianceState::Unknown, |name| ComplianceState::from_name(&name)),
        compromised: jail_broken.eq_ignore_ascii_case("true") || threat.eq_ignore_ascii_case("compromised"),
        device_name: told(device.device_name),
        operating_system: told(device.operating_system),
        model: told(device.model),
        serial_number: told(device.serial_number),
        last_sync: device.last_sync_date_time.as_deref().and_then(date),
    })
}

/// A user; `None` when the principal name is not one, so that nobody's mailbox can match it.
pub(crate) fn user(user: wire::User, licence: &Licence) -> Result<Option<DirectoryUser>, &'static str> {
    let id = told(user.id).ok_or("the id of a user")?;
    let plans = user.assigned_plans.ok_or("the assigned plans of a user")?;
    let Some(user_principal_name) = told(user.user_principal_name).and_then(|upn| upn.parse().ok()) else {
        return Ok(None);
    };
    Ok(Some(DirectoryUser {
        id,
        user_principal_name,
        addresses: addresses(
            user.mail.as_deref(),
            user.proxy_addresses.as_deref().unwrap_or_default(),
        ),
        licensed: licence.holds(&plans),
        groups: BTreeSet::new(),
    }))
}

/// `mail` and the SMTP proxy addresses, each once.
pub(crate) fn addresses(mail: Option<&str>, proxies: &[String]) -> Vec<EmailAddress> {
    let smtp = |proxy: &str| {
        let (kind, address) = proxy.split_once(':')?;
        kind.eq_ignore_ascii_case("smtp").then(|| address.parse().ok())?
    };
    let mut addresses: Vec<EmailAddress> = mail.and_then(|mail| mail.parse().ok()).into_iter().collect();
    for proxy in proxies {
        if let Some(address) = smtp(proxy).filter(|address| !addresses.contains(address)) {
            addresses.push(address);
        }
    }
    addresses
}

/// Who manages the device (Graph `managementAgent`).
pub(crate) fn agent(name: Option<&str>) -> ManagementAgent {
    const MDM: [&str; 10] = [
        "mdm",
        "easMdm",
        "intuneClient",
        "easIntuneClient",
        "configurationManagerClient",
        "configurationManagerClientMdm",
        "configurationManagerClientMdmEas",
        "jamf",
        "googleCloudDevicePolicyController",
        "microsoft365ManagedMdm",
    ];
    let name = name.unwrap_or_default().trim();
    if name.eq_ignore_ascii_case("eas") {
        ManagementAgent::EasOnly
    } else if MDM.iter().any(|mdm| mdm.eq_ignore_ascii_case(name)) {
        ManagementAgent::Mdm(name.to_owned())
    } else {
        ManagementAgent::Other(name.to_owned())
    }
}

/// What management is doing with the device (Graph `managementState`).
///
/// A retire or wipe that was cancelled does not say what the device is now, so no decision rests on it.
pub(crate) fn state(name: Option<&str>) -> ManagementState {
    const LEAVING: [&str; 7] = [
        "retirePending",
        "retireFailed",
        "retireIssued",
        "wipePending",
        "wipeFailed",
        "wipeIssued",
        "deletePending",
    ];
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
        return ManagementState::Unreported;
    };
    if name.eq_ignore_ascii_case("managed") {
        ManagementState::Managed
    } else if name.eq_ignore_ascii_case("discovered") {
        ManagementState::Discovered
    } else if LEAVING.iter().any(|leaving| leaving.eq_ignore_ascii_case(name)) {
        ManagementState::Leaving(name.to_owned())
    } else {
        ManagementState::Other(name.to_owned())
    }
}

/// The EAS id: trimmed; an empty one, or one longer than an id can be, is none.
pub(crate) fn eas_device_id(text: Option<&str>) -> Option<DeviceId> {
    text?.trim().parse().ok()
}

/// A date; the year 1 means never and the year 9999 without end, and both are none.
pub(crate) fn date(text: &str) -> Option<OffsetDateTime> {
    let date = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    (2 <= date.year() && date.year() < 9999).then_some(date)
}

/// A text that says something: not empty, not the zero GUID.
pub(crate) fn told(text: Option<String>) -> Option<String> {
    let text = text?;
    let trimmed = text.trim();
    let zero = Uuid::try_parse(trimmed).is_ok_and(|id| id.is_nil());
    (!trimmed.is_empty() && !zero).then(|| trimmed.to_owned())
}

#[cfg(test)]
mod tests;
