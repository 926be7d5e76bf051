//! The cmdlets that ask first: wipe a phone, delete a partnership, a rule, a policy.

use super::super::bind::Bound;
use super::super::organization::Found;
use super::super::same;
use super::write::denied;
use super::{Context, Records, error, none};

/// Runs a `Clear-` or `Remove-` cmdlet that was confirmed.
pub(super) fn delete(context: &Context, bound: &Bound) -> Records {
    match bound.name {
        "Remove-ActiveSyncDeviceAccessRule" => rule(context, bound),
        "Remove-ActiveSyncMailboxPolicy" | "Remove-MobileDeviceMailboxPolicy" => policy(context, bound),
        _ => device(context, bound),
    }
}

fn device(context: &Context, bound: &Bound) -> Records {
    let identity = bound.text("Identity").unwrap_or_default();
    let mut state = context.organization.state();
    let at = match state.device(&identity) {
        Found::One(at) => at,
        Found::None => return error(context.place.not_found(&identity)),
        Found::Several => return error(context.place.ambiguous(&identity)),
    };
    let now = state.now();
    let Some(device) = state.devices[at].as_mut() else {
        return error(context.place.not_found(&identity));
    };
    if let Some(refused) = denied(context, device.world.guid) {
        return error(refused);
    }
    if bound.name.starts_with("Clear-") {
        let wipe = !bound.on("Cancel");
        device.wipe_requested = wipe.then_some(now);
        device.wipe_requestor = wipe.then(|| context.account.clone());
        return none();
    }
    // The partnership goes; the lists keep the id, and the mailbox its flag.
    let owner = device.mailbox;
    state.devices[at] = None;
    state.mailboxes[owner].devices.retain(|device| *device != at);
    none()
}

fn rule(context: &Context, bound: &Bound) -> Records {
    let identity = bound.text("Identity").unwrap_or_default();
    let mut state = context.organization.state();
    let before = state.rules.len();
    state
        .rules
        .retain(|object| !(same(&object.rule.name, &identity) || same(&object.guid.to_string(), &identity)));
    if state.rules.len() == before {
        return error(context.place.not_found(&identity));
    }
    state.organization_changed();
    none()
}

fn policy(context: &Context, bound: &Bound) -> Records {
    let identity = bound.text("Identity").unwrap_or_default();
    let mut state = context.organization.state();
    let before = state.policies.len();
    state
        .policies
        .retain(|policy| !(same(&policy.name, &identity) || same(&policy.guid.to_string(), &identity)));
    if state.policies.len() == before {
        error(context.place.not_found(&identity))
    } else {
        none()
    }
}
