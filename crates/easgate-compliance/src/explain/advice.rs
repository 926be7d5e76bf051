//! What would change a decision or its effect.

use easgate_model::AccessStateReason;

use crate::lists::Lists;
use crate::{Access, Decision, ForeignAllow, Policy, Reason};

use super::PredictedAccess;

/// Returns sentences that say who can do what.
pub(super) fn advice(
    decision: &Decision,
    policy: &Policy,
    lists: Lists,
    now: &PredictedAccess,
) -> Vec<String> {
    let mut advice = vec![by_reason(decision.reason).to_owned()];
    let refused = matches!(decision.access, Access::Block | Access::Quarantine);
    if decision.access == Access::Allow && lists.foreign_block() {
        advice.push(
            "Somebody else has put the device on the block list, which beats the allow list: mail flows once \
             they take it off."
                .to_owned(),
        );
    }
    if refused && lists.foreign_allow() {
        advice.push(match policy.foreign_allow {
            ForeignAllow::Report => {
                "Somebody else has put the device on the allow list, so it keeps its access; \
                                     `foreign_allow = \"override\"` would block it."
                    .to_owned()
            }
            ForeignAllow::Override => {
                "Somebody else has put the device on the allow list; the block list beats it.".to_owned()
            }
        });
    }
    if now.reason == AccessStateReason::Policy {
        advice.push(
            "The mailbox policy refuses the device, which no list lifts: the phone has to accept the policy."
                .to_owned(),
        );
    }
    if now.row() == 2 {
        advice
            .push("ActiveSync is off for the mailbox: an administrator would have to turn it on.".to_owned());
    }
    advice
}

const fn by_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Compliant | Reason::GracePeriod => {
            "The device loses its access when device management reports it as not compliant or not enrolled."
        }
        Reason::CompliantByDefaultRule => {
            "`always_allow_compliant = true` would put the device on the allow list."
        }
        Reason::NotCompliant => {
            "The device gets mail once device management reports it as compliant: the user can see there which \
             policy it does not meet."
        }
        Reason::NotEnrolled => "The device gets mail once its user has enrolled it and it is compliant.",
        Reason::PlatformException => "An administrator would have to change the platform exceptions.",
        Reason::ManualAllow | Reason::ManualBlock => {
            "The policy decides once this has expired or was taken back."
        }
        Reason::Vanished => {
            "The policy decides once the record is there again; else the device counts as not enrolled when the \
             time is over."
        }
        Reason::Unreachable | Reason::NewWhileUnreachable => {
            "The policy decides once device management can be asked again."
        }
        Reason::NotTargeted => "The policy decides once the user is in an included group.",
        Reason::Exempt => "The policy decides once the user is in no excluded group.",
        Reason::NotLicensed => "The policy decides once the user has a licence for device management.",
        Reason::OwnerUnknown => {
            "The policy decides once the directory knows a user whose UPN, mail or proxy address is one of the \
             mailbox's addresses."
        }
        Reason::OwnerAmbiguous => {
            "The policy decides once only one user of the directory has addresses of the mailbox."
        }
        Reason::IdOfAnotherUser => {
            "The policy decides once the device is enrolled under the user of this mailbox."
        }
        Reason::AmbiguousDevice => {
            "The policy decides once the stale records of the device are removed from device management, or one \
             of them is clearly the newest."
        }
        Reason::NotEvaluated(_) => {
            "The policy decides once device management has evaluated the device: compliant or not."
        }
        Reason::SystemMailbox | Reason::SharedMailbox | Reason::RoomMailbox | Reason::EquipmentMailbox => {
            "Devices of such mailboxes are never decided; a device access rule of Exchange can."
        }
        Reason::OtherMailbox => "Mailboxes of this kind are not decided by this version.",
        Reason::RemoteMailbox | Reason::OwnerWithoutMailbox => {
            "The partnership is left over from a mailbox that is not here; it can be removed in Exchange."
        }
        Reason::Outlook => {
            "A device access rule of Exchange for its DeviceType decides; Outlook is governed by conditional access."
        }
        Reason::PlaceholderId => "No device stands behind this id.",
        Reason::MailboxMoving => "The policy decides once Exchange has evaluated the device after the move.",
        Reason::Reverted | Reason::RolledBack => "The policy decides again once an administrator resumes it.",
    }
}
