//! Exchange's own access evaluation order, as a pure function.

use crate::{AccessLevel, AccessState, AccessStateReason, Characteristic, DeviceAccessRule};

/// What Exchange's order looks at for one device of one mailbox.
#[derive(Debug, Clone, Copy)]
pub struct DeviceFacts<'a> {
    /// Whether ActiveSync is on for the mailbox.
    pub active_sync_enabled: bool,
    /// Whether the mailbox policy already refuses the device (Blocked/Policy), which lists do not lift.
    pub refused_by_policy: bool,
    /// Whether the block list holds the device.
    pub in_block_list: bool,
    /// Whether the allow list holds the device.
    pub in_allow_list: bool,
    /// `DeviceType`.
    pub device_type: &'a str,
    /// `DeviceModel`.
    pub device_model: &'a str,
    /// `DeviceOS`.
    pub device_os: &'a str,
    /// `DeviceUserAgent`.
    pub user_agent: &'a str,
}

/// What Exchange's order gives, and which step gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation<'a> {
    /// The level the device gets.
    pub level: AccessLevel,
    /// The step that decided; `Other("Disabled")` when ActiveSync is off for the mailbox.
    pub reason: AccessStateReason,
    /// The rule that decided, when one did.
    pub rule: Option<&'a DeviceAccessRule>,
}

impl Evaluation<'_> {
    /// The access state this evaluation leads to at the device's next request.
    #[must_use]
    pub const fn state(&self) -> AccessState {
        self.level.state()
    }
}

/// Returns what Exchange gives `device` at its next request.
///
/// The order: ActiveSync off; mailbox policy; block list; allow list; rules, of which block beats quarantine
/// beats allow; the organisation's default. A rule matches when its text equals the characteristic, without
/// regard to case.
///
/// Source: "Understanding Device Access" (Exchange 2010 library), "Controlling Exchange ActiveSync device
/// access" (Exchange Team Blog).
#[must_use]
pub fn evaluate<'a>(
    device: &DeviceFacts<'_>,
    rules: &'a [DeviceAccessRule],
    default: AccessLevel,
) -> Evaluation<'a> {
    let decided = |level, reason| Evaluation {
        level,
        reason,
        rule: None,
    };
    if !device.active_sync_enabled {
        return decided(
            AccessLevel::Block,
            AccessStateReason::Other("Disabled".to_owned()),
        );
    }
    if device.refused_by_policy {
        return decided(AccessLevel::Block, AccessStateReason::Policy);
    }
    if device.in_block_list {
        return decided(AccessLevel::Block, AccessStateReason::Individual);
    }
    if device.in_allow_list {
        return decided(AccessLevel::Allow, AccessStateReason::Individual);
    }
    for level in [AccessLevel::Block, AccessLevel::Quarantine, AccessLevel::Allow] {
        let matching = rules
            .iter()
            .find(|rule| rule.access_level == level && matches(rule, device));
        if let Some(rule) = matching {
            return Evaluation {
                level,
                reason: AccessStateReason::DeviceRule,
                rule: Some(rule),
            };
        }
    }
    decided(default, AccessStateReason::Global)
}

fn matches(rule: &DeviceAccessRule, device: &DeviceFacts<'_>) -> bool {
    let value = match &rule.characteristic {
        Characteristic::DeviceType => device.device_type,
        Characteristic::DeviceModel => device.device_model,
        Characteristic::DeviceOs => device.device_os,
        Characteristic::UserAgent => device.user_agent,
        Characteristic::Other(_) => return false,
    };
    !value.is_empty() && value.eq_ignore_ascii_case(&rule.query_string)
}
