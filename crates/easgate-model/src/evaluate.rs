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

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    const PHONE: DeviceFacts<'_> = DeviceFacts {
        active_sync_enabled: true,
        refused_by_policy: false,
        in_block_list: false,
        in_allow_list: false,
        device_type: "iPhone",
        device_model: "iPhone15C2",
        device_os: "iOS 17.4",
        user_agent: "Apple-iPhone15C2/2104.80",
    };

    fn rule(characteristic: &str, query: &str, level: AccessLevel) -> DeviceAccessRule {
        DeviceAccessRule {
            name: format!("{query} ({characteristic})"),
            query_string: query.to_owned(),
            characteristic: Characteristic::from_name(characteristic),
            access_level: level,
        }
    }

    /// Checks what a device gets under rules, with Quarantine as the default.
    fn check(device: &DeviceFacts<'_>, rules: &[DeviceAccessRule], expected: &Expect) {
        let evaluation = evaluate(device, rules, AccessLevel::Quarantine);
        let rule = evaluation
            .rule
            .map_or(String::new(), |rule| format!(" by {}", rule.name));
        expected.assert_eq(&format!("{}/{}{rule}", evaluation.state(), evaluation.reason));
    }

    #[test]
    fn the_first_row_that_fits_decides() {
        let block = [rule("DeviceType", "iPhone", AccessLevel::Block)];
        check(&PHONE, &[], &expect!["Quarantined/Global"]);
        let mut device = PHONE;
        check(
            &device,
            &block,
            &expect!["Blocked/DeviceRule by iPhone (DeviceType)"],
        );
        device.in_allow_list = true;
        check(&device, &block, &expect!["Allowed/Individual"]);
        device.in_block_list = true;
        check(&device, &block, &expect!["Blocked/Individual"]);
        device.refused_by_policy = true;
        check(&device, &block, &expect!["Blocked/Policy"]);
        device.active_sync_enabled = false;
        check(&device, &block, &expect!["Blocked/Disabled"]);
    }

    #[test]
    fn of_several_rules_block_beats_quarantine_beats_allow() {
        let allow = rule("DeviceModel", "iPhone15C2", AccessLevel::Allow);
        let quarantine = rule("DeviceOS", "iOS 17.4", AccessLevel::Quarantine);
        let block = rule("UserAgent", "Apple-iPhone15C2/2104.80", AccessLevel::Block);
        let rules = [allow, quarantine, block];
        check(
            &PHONE,
            &rules[..1],
            &expect!["Allowed/DeviceRule by iPhone15C2 (DeviceModel)"],
        );
        check(
            &PHONE,
            &rules[..2],
            &expect!["Quarantined/DeviceRule by iOS 17.4 (DeviceOS)"],
        );
        check(
            &PHONE,
            &rules,
            &expect!["Blocked/DeviceRule by Apple-iPhone15C2/2104.80 (UserAgent)"],
        );
    }

    #[test]
    fn a_rule_matches_the_whole_text_without_case_and_never_an_empty_one() {
        let allow = |characteristic, query| [rule(characteristic, query, AccessLevel::Allow)];
        check(
            &PHONE,
            &allow("DeviceType", "IPHONE"),
            &expect!["Allowed/DeviceRule by IPHONE (DeviceType)"],
        );
        check(
            &PHONE,
            &allow("DeviceType", "iPhon"),
            &expect!["Quarantined/Global"],
        );
        check(
            &PHONE,
            &allow("XMSWLHeader", "iPhone"),
            &expect!["Quarantined/Global"],
        );
        let silent = DeviceFacts {
            device_model: "",
            ..PHONE
        };
        check(&silent, &allow("DeviceModel", ""), &expect!["Quarantined/Global"]);
    }

    proptest! {
        #[test]
        fn the_block_list_always_refuses(
            active_sync_enabled: bool,
            refused_by_policy: bool,
            in_allow_list: bool,
            allowed_by_rule: bool,
        ) {
            let device =
                DeviceFacts { active_sync_enabled, refused_by_policy, in_allow_list, in_block_list: true, ..PHONE };
            let rules = [rule("DeviceType", "iPhone", AccessLevel::Allow)];
            let rules = if allowed_by_rule { &rules[..] } else { &[] };
            prop_assert_eq!(evaluate(&device, rules, AccessLevel::Allow).level, AccessLevel::Block);
        }
    }
}
