//! What a device has by the word of a person, or once that has ended.

use easgate_compliance::{ByHand, Explanation, Reason};
use easgate_model::{AccessLevel, DeviceId, MailboxId, escape, escape_long};
use serde_json::{Value, json};

/// What became of one device that somebody decided about, or whose override ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideEffect {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Its address, for people.
    pub address: String,
    /// The device.
    pub device: DeviceId,
    /// What was decided by hand; `None` when that has ended and the policy decides.
    pub wanted: Option<ByHand>,
    /// The reason of the decision; `None` when nothing was decided.
    pub reason: Option<Reason>,
    /// What Exchange gives the device now; `None` when it has no such device, or could not be read.
    pub effective: Option<AccessLevel>,
    /// Why the device does not have what was decided.
    pub why_not: Option<String>,
    /// Whether the guard holds it.
    pub held: bool,
}

impl OverrideEffect {
    /// One whose device nothing was done about, because of `why_not`.
    pub(crate) fn nothing(
        (mailbox, device): (MailboxId, DeviceId),
        address: &str,
        wanted: Option<ByHand>,
        why_not: String,
    ) -> Self {
        Self {
            mailbox,
            address: address.to_owned(),
            device,
            wanted,
            reason: None,
            effective: None,
            why_not: Some(why_not),
            held: false,
        }
    }

    /// What became of a device by its explanation: `made` says whether its change was made, and `unmade` why not.
    pub(crate) fn of(
        explanation: &Explanation,
        (mailbox, address): (MailboxId, &str),
        made: bool,
        unmade: impl FnOnce() -> String,
    ) -> Self {
        let decision = &explanation.decision;
        let by_hand = [
            (Reason::ManualAllow, ByHand::Allow),
            (Reason::ManualBlock, ByHand::Block),
        ];
        let mut by_hand = by_hand.into_iter();
        let wanted = by_hand.find_map(|(reason, wanted)| (reason == decision.reason).then_some(wanted));
        let has = if made {
            &explanation.exchange_after
        } else {
            &explanation.exchange_now
        };
        let is_so = match wanted {
            Some(ByHand::Allow) => has.level == AccessLevel::Allow,
            Some(ByHand::Block) => has.level == AccessLevel::Block,
            None => true,
        };
        let why_not = if explanation.change.is_some() && !made {
            Some(unmade())
        } else if is_so {
            None
        } else {
            // The first sentence says what ends an override.
            let advice = explanation.what_would_change_it.iter().skip(1);
            Some(advice.cloned().collect::<Vec<_>>().join(" "))
        };
        Self {
            mailbox,
            address: address.to_owned(),
            device: decision.device.clone(),
            wanted,
            reason: Some(decision.reason),
            effective: Some(has.level),
            why_not,
            held: false,
        }
    }

    /// The effect as one JSON object with stable names.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "mailbox": escape(&self.address),
            "device_id": escape(self.device.as_str()),
            "by_hand": self.wanted.map(ByHand::name),
            "reason": self.reason.map(Reason::name),
            "effective": self.effective.map(AccessLevel::name),
            "why_not": self.why_not.as_deref().map(escape_long),
            "held": self.held,
        })
    }
}
