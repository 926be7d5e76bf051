//! What the store keeps of every device.

use easgate_compliance::{Access, Decision, Facts, Reason};
use easgate_model::{AccessState, Mailbox, MailboxId, Partnership};
use easgate_store::DeviceRow;
use uuid::Uuid;

use crate::cycle::by_id;
use crate::queue::Begun;

/// The rows of all devices that Exchange has a partnership with, made one after the other.
pub(crate) fn device_rows<'a>(
    facts: &'a Facts,
    decisions: &'a [Decision],
) -> impl Iterator<Item = DeviceRow> + 'a {
    let mailboxes = by_id(&facts.exchange);
    decisions.iter().filter_map(move |decision| {
        let partnership = facts.exchange.partnerships.get(decision.partnership?)?;
        let mailbox = decision.mailbox.and_then(|id| mailboxes.get(&id).copied());
        Some(DeviceRow {
            mailbox: decision
                .mailbox
                .unwrap_or_else(|| owner_without_mailbox(partnership.owner.as_str())),
            device: decision.device.clone(),
            address: mailbox.map_or_else(|| partnership.owner.as_str().to_owned(), Mailbox::title),
            device_type: partnership.device_type.to_string(),
            model: partnership.device_model.to_string(),
            os: partnership.device_os.to_string(),
            friendly_name: partnership.friendly_name.to_string(),
            client_type: partnership.client_type.as_ref().map(ToString::to_string),
            state: partnership.access_state.name().to_owned(),
            state_reason: partnership.access_state_reason.name().to_owned(),
            access: decision.access.name().to_owned(),
            reason: decision.reason.name().to_owned(),
            refused: refused(decision, partnership, mailbox),
            record: decision
                .enrollment
                .and_then(|index| facts.inventory.enrollments.get(index))
                .map(|enrollment| enrollment.record.clone()),
            first_sync: partnership.first_sync,
        })
    })
}

/// `row` without what a run with newer facts has said otherwise of the device than the run that `begun`.
pub(crate) fn unless_newer(begun: &Begun<'_>, row: DeviceRow) -> DeviceRow {
    if begun.has_newer() && begun.is_replaced(&(row.mailbox, row.device.clone())) {
        return DeviceRow {
            refused: None,
            record: None,
            ..row
        };
    }
    row
}

/// Whether a device is refused for what it is; a device that waits for its enrolment is not.
fn refused(decision: &Decision, partnership: &Partnership, mailbox: Option<&Mailbox>) -> Option<bool> {
    let is_in = partnership.access_state == AccessState::Allowed
        || mailbox.is_some_and(|mailbox| mailbox.allows(&decision.device));
    match decision.access {
        // What a person decides says nothing of what the device is.
        _ if decision.reason.is_by_hand() => None,
        Access::Untouched => None,
        // Until it is let in, what an earlier run said of it stands: the guard may hold it over many runs.
        Access::Allow if !is_in => None,
        Access::Allow | Access::Block | Access::Quarantine => Some(decision.reason == Reason::NotCompliant),
    }
}

/// A key for the devices of an owner that has no mailbox here, always the same for the same owner.
pub(crate) fn owner_without_mailbox(distinguished_name: &str) -> MailboxId {
    MailboxId(Uuid::new_v5(
        &Uuid::NAMESPACE_X500,
        distinguished_name.to_ascii_lowercase().as_bytes(),
    ))
}
