//! The cmdlets that change.

use easgate_model::{AccessLevel, Characteristic, DeviceAccessRule};
use easgate_psrp::clixml::PsValue;
use easgate_psrp::records::ErrorRecord;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::bind::{Bound, conversion};
use super::super::names::canonical;
use super::super::organization::{Found, MailboxObject, Policy, RuleObject, State};
use super::super::rows::POLICY_NAMES;
use super::super::{ExchangeVersion, Fault, ListWrite, same};
use super::lists::{self, ListError};
use super::{Context, Record, Records, error, none, one};

/// Runs a `Set-` or `New-` cmdlet.
pub(super) fn write(context: &Context, bound: &Bound) -> Result<Records, Box<ErrorRecord>> {
    match bound.name {
        "Set-CASMailbox" => cas_mailbox(context, bound),
        "Set-ActiveSyncOrganizationSettings" => settings(context, bound),
        "New-ActiveSyncDeviceAccessRule" => new_rule(context, bound),
        "Set-ActiveSyncDeviceAccessRule" => set_rule(context, bound),
        "Set-ADServerSettings" => {
            if bound.get("ViewEntireForest").is_some() {
                context.session.set_forest(bound.on("ViewEntireForest"));
            }
            Ok(none())
        }
        name if name.ends_with("MailboxPolicy") => Ok(policy(context, bound)),
        _ => Ok(none()),
    }
}

fn cas_mailbox(context: &Context, bound: &Bound) -> Result<Records, Box<ErrorRecord>> {
    let identity = bound.text("Identity").unwrap_or_default();
    let mut state = context.organization.state();
    let at = match state.recipient(&identity) {
        Found::One(at) if state.mailboxes[at].world.kind.is_local() => at,
        Found::One(_) | Found::None => return Ok(error(context.place.not_found(&identity))),
        Found::Several => return Ok(error(context.place.ambiguous(&identity))),
    };
    let guid = state.mailboxes[at].world.mailbox_guid;
    if let Some(refused) = denied(context, guid) {
        return Ok(error(refused));
    }
    let object = &state.mailboxes[at];
    let allowed = match list(
        context,
        bound,
        "ActiveSyncAllowedDeviceIDs",
        &object.allowed,
        state.list_capacity,
    ) {
        Ok(list) => list,
        Err(refused) => return refused,
    };
    let blocked = match list(
        context,
        bound,
        "ActiveSyncBlockedDeviceIDs",
        &object.blocked,
        state.list_capacity,
    ) {
        Ok(list) => list,
        Err(refused) => return refused,
    };
    let policy = match linked_policy(bound, &state, object.policy.as_ref()) {
        Ok(policy) => policy,
        Err(name) => return Ok(error(context.place.not_found(&name))),
    };
    let flag = |name: &str, now: bool| bound.get(name).and_then(PsValue::as_bool).unwrap_or(now);
    let enabled = flag("ActiveSyncEnabled", object.active_sync_enabled);
    let partnership = flag("HasActiveSyncDevicePartnership", object.has_partnership);
    let same_as_before = allowed == object.allowed
        && blocked == object.blocked
        && policy == object.policy
        && enabled == object.active_sync_enabled
        && partnership == object.has_partnership;
    if same_as_before {
        return Ok(unmodified(&canonical(&object.world.distinguished_name)));
    }
    let write = list_write(context, state.now(), object, (&allowed, &blocked));
    state.list_writes.extend(write);
    let now = state.now();
    let object = &mut state.mailboxes[at];
    (object.allowed, object.blocked, object.policy) = (allowed, blocked, policy);
    (object.active_sync_enabled, object.has_partnership) = (enabled, partnership);
    object.when_changed = now;
    if state.update_on_set {
        settle_all(&mut state, at);
    }
    Ok(none())
}

/// What is to be kept of a change of both lists; `None` when neither changes.
fn list_write(
    context: &Context,
    at: OffsetDateTime,
    now: &MailboxObject,
    (allowed, blocked): (&[String], &[String]),
) -> Option<ListWrite> {
    let changes = *allowed != *now.allowed || *blocked != *now.blocked;
    changes.then(|| ListWrite {
        at,
        server: context.front_end.clone(),
        shell: context.shell.clone(),
        mailbox: now.world.mailbox_guid,
        allowed: missing(&now.allowed, allowed),
        no_longer_allowed: missing(allowed, &now.allowed),
        blocked: missing(&now.blocked, blocked),
        no_longer_blocked: missing(blocked, &now.blocked),
    })
}

/// What of `list` is not in `other`.
fn missing(other: &[String], list: &[String]) -> Vec<String> {
    let is_there = |id: &String| other.iter().any(|known| same(known, id));
    list.iter().filter(|id| !is_there(id)).cloned().collect()
}

/// The policy that the mailbox is to have, or the name of one that does not exist.
fn linked_policy(bound: &Bound, state: &State, now: Option<&String>) -> Result<Option<String>, String> {
    let Some(value) = bound.get("ActiveSyncMailboxPolicy") else {
        return Ok(now.cloned());
    };
    let Some(name) = value.as_str() else {
        return Ok(None);
    };
    let known = state.policies.iter().find(|known| same(&known.name, name));
    known
        .map(|known| Some(known.name.clone()))
        .ok_or_else(|| name.to_owned())
}

/// Writes the states of a mailbox's phones at once, as some servers may do.
fn settle_all(state: &mut State, mailbox: usize) {
    let now = state.now();
    for device in state.mailboxes[mailbox].devices.clone() {
        if state.settle(device)
            && let Some(device) = state.devices[device].as_mut()
        {
            device.when_changed = now;
        }
    }
}

type Refused = Result<Records, Box<ErrorRecord>>;

fn list(
    context: &Context,
    bound: &Bound,
    name: &str,
    now: &[String],
    capacity: usize,
) -> Result<Vec<String>, Refused> {
    let Some(value) = bound.get(name) else {
        return Ok(now.to_vec());
    };
    let list = lists::changed(now, value).map_err(|what| match what {
        ListError::Value => {
            let target = "Microsoft.Exchange.Data.MultiValuedProperty`1[System.String]";
            Err(conversion(
                bound.name,
                name,
                value.as_str().unwrap_or_default(),
                target,
            ))
        }
        ListError::Duplicate(text) => {
            let message = format!("The value \"{text}\" is already present in the collection.");
            Ok(error(context.place.validation(&message)))
        }
    })?;
    if list.len() > capacity && list.len() > now.len() {
        let message = "This error is not retriable. Additional information: The administrative limit for this request \
                       was exceeded. Active directory response: 00002024: SvcErr: DSID-02080491, problem 5008 \
                       (ADMIN_LIMIT_EXCEEDED), data -1026";
        return Err(Ok(error(context.place.directory(message))));
    }
    Ok(list)
}

/// What a fault on demand says about writes to `object`.
pub(super) fn denied(context: &Context, object: Uuid) -> Option<ErrorRecord> {
    let refused = context.faults.find(|fault| match fault {
        Fault::Denied { object: denied } => (*denied == object).then_some(()),
        _ => None,
    });
    refused.map(|()| context.place.access_denied())
}

fn unmodified(identity: &str) -> Records {
    let text =
        format!("The command completed successfully but no settings of '{identity}' have been modified.");
    one(Record::Warning(text))
}

fn level(bound: &Bound, name: &str) -> Result<Option<AccessLevel>, Box<ErrorRecord>> {
    let Some(text) = bound.text(name) else {
        return Ok(None);
    };
    let target = "Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessLevel";
    AccessLevel::from_name(&text)
        .map(Some)
        .ok_or_else(|| conversion(bound.name, name, &text, target))
}

fn settings(context: &Context, bound: &Bound) -> Result<Records, Box<ErrorRecord>> {
    let default = level(bound, "DefaultAccessLevel")?;
    let mut state = context.organization.state();
    let before = (state.settings.clone(), state.ota_insert.clone());
    if let Some(default) = default {
        state.settings.default_access_level = default;
    }
    if bound.get("UserMailInsert").is_some() {
        state.settings.user_mail_insert = bound.text("UserMailInsert");
    }
    if bound.get("OtaNotificationMailInsert").is_some() {
        state.ota_insert = bound.text("OtaNotificationMailInsert");
    }
    if [&state.settings.user_mail_insert, &state.ota_insert]
        .iter()
        .any(|text| text.as_ref().is_some_and(|text| text.chars().count() > 256))
    {
        (state.settings, state.ota_insert) = before;
        return Ok(error(context.place.validation(
            "The length of the property is too long. The maximum length is 256.",
        )));
    }
    if let Some(value) = bound.get("AdminMailRecipients") {
        match lists::changed(&state.settings.admin_mail_recipients, value) {
            Ok(list) => state.settings.admin_mail_recipients = list,
            Err(_) => {
                let target = "Microsoft.Exchange.Data.SmtpAddress";
                return Err(conversion(bound.name, "AdminMailRecipients", "", target));
            }
        }
    }
    if (state.settings.clone(), state.ota_insert.clone()) == before {
        return Ok(unmodified("Mobile Mailbox Settings"));
    }
    state.organization_changed();
    Ok(none())
}

fn new_rule(context: &Context, bound: &Bound) -> Result<Records, Box<ErrorRecord>> {
    let query = bound.text("QueryString").unwrap_or_default();
    let text = bound.text("Characteristic").unwrap_or_default();
    let characteristic = match Characteristic::from_name(&text) {
        Characteristic::Other(_) => {
            let target = "Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessCharacteristic";
            return Err(conversion(bound.name, "Characteristic", &text, target));
        }
        known => known,
    };
    let access_level = level(bound, "AccessLevel")?.unwrap_or(AccessLevel::Block);
    let name = format!("{query} ({characteristic})");
    let mut state = context.organization.state();
    if state.rules.iter().any(|object| same(&object.rule.name, &name)) {
        return Ok(error(context.place.already_exists(&name)));
    }
    let now = state.now();
    let rule = DeviceAccessRule {
        name,
        query_string: query,
        characteristic,
        access_level,
    };
    state.rules.push(RuleObject::new(rule, now));
    state.organization_changed();
    let view = context.view(bound);
    let row = state
        .rules
        .last()
        .map(|rule| super::super::rows::rule(&state, rule, &view));
    Ok(super::rows(row.into_iter().collect()))
}

fn set_rule(context: &Context, bound: &Bound) -> Result<Records, Box<ErrorRecord>> {
    let access_level = level(bound, "AccessLevel")?;
    let identity = bound.text("Identity").unwrap_or_default();
    let mut state = context.organization.state();
    let now = state.now();
    let found = state
        .rules
        .iter_mut()
        .find(|object| same(&object.rule.name, &identity) || same(&object.guid.to_string(), &identity));
    let Some(object) = found else {
        return Ok(error(context.place.not_found(&identity)));
    };
    match access_level {
        Some(level) if level != object.rule.access_level => {
            (object.rule.access_level, object.when_changed) = (level, now);
            state.organization_changed();
            Ok(none())
        }
        _ => Ok(unmodified(&object.rule.name)),
    }
}

fn policy(context: &Context, bound: &Bound) -> Records {
    let mut state = context.organization.state();
    let now = state.now();
    let new = bound.name.starts_with("New-");
    let name = bound
        .text(if new { "Name" } else { "Identity" })
        .unwrap_or_default();
    let found = state
        .policies
        .iter()
        .position(|policy| same(&policy.name, &name) || same(&policy.guid.to_string(), &name));
    let at = match (found, new) {
        (Some(_), true) => return error(context.place.already_exists(&name)),
        (None, false) => return error(context.place.not_found(&name)),
        (Some(at), false) => at,
        (None, true) => {
            let guid = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
            state.policies.push(Policy {
                name,
                guid,
                is_default: false,
                settings: Vec::new(),
                when_changed: now,
            });
            state.policies.len() - 1
        }
    };
    if bound.on("IsDefault") || bound.on("IsDefaultPolicy") {
        state
            .policies
            .iter_mut()
            .for_each(|policy| policy.is_default = false);
        state.policies[at].is_default = true;
    }
    for (mobile, active) in POLICY_NAMES {
        let Some(value) = bound.get(mobile).or_else(|| bound.get(active)) else {
            continue;
        };
        let text = value.as_str().map_or_else(
            || value.as_i64().map(|number| number.to_string()),
            |text| Some(text.to_owned()),
        );
        state.policies[at].settings.retain(|(known, _)| known != mobile);
        state.policies[at]
            .settings
            .push((mobile, text.unwrap_or_default()));
    }
    state.policies[at].when_changed = now;
    if !new {
        return none();
    }
    let view = context.view(bound);
    let active_sync = bound.name.contains("ActiveSync") || state.version == ExchangeVersion::Ex2010;
    super::rows(vec![super::super::rows::policy(
        &state,
        &state.policies[at],
        active_sync,
        &view,
    )])
}
