//! How Exchange decides, and when a device object learns of it.

use easgate_model::{AccessLevel, AccessState, AccessStateReason, Characteristic, DeviceFacts, evaluate};
use time::Duration;
use uuid::Uuid;

use super::super::same;
use super::state::{Seen, State};
use crate::world::WorldDevice;

/// How long a phone may stay in discovery.
const DISCOVERY: Duration = Duration::minutes(14);

impl State {
    /// Notes that settings or rules changed: phones see it after the cache's lag.
    pub(crate) fn organization_changed(&mut self) {
        let now = self.now();
        self.settings_changed = if self.seen.is_empty() {
            self.settings_changed
        } else {
            now
        };
        self.seen
            .retain(|seen| seen.from <= now || !self.cache_lag.is_zero());
        if self.seen.len() > 1 {
            let newest = self.seen.iter().rposition(|seen| seen.from <= now).unwrap_or(0);
            self.seen.drain(..newest);
        }
        let from = if self.seen.is_empty() {
            now - Duration::days(1)
        } else {
            now + self.cache_lag
        };
        self.seen.push(Seen {
            from,
            default: self.settings.default_access_level,
            rules: self.rules.iter().map(|object| object.rule.clone()).collect(),
        });
    }

    fn seen(&self) -> Option<&Seen> {
        let now = self.now();
        self.seen.iter().rev().find(|seen| seen.from <= now)
    }

    /// What the phone gets at its next request, and by which rule.
    fn decide(&self, at: usize) -> Option<(AccessLevel, AccessStateReason, Option<String>)> {
        let device = self.devices.get(at)?.as_ref()?;
        let mailbox = self.mailboxes.get(device.mailbox)?;
        let seen = self.seen()?;
        let holds = |list: &[String]| list.iter().any(|entry| same(entry, &device.world.eas_id));
        let facts = DeviceFacts {
            active_sync_enabled: mailbox.active_sync_enabled,
            refused_by_policy: device.world.refused_by_policy,
            in_block_list: holds(&mailbox.blocked),
            in_allow_list: holds(&mailbox.allowed),
            device_type: &device.world.device_type,
            device_model: &device.world.model,
            device_os: &device.world.os,
            user_agent: &device.world.user_agent,
        };
        let evaluation = evaluate(&facts, &seen.rules, seen.default);
        let rule = evaluation.rule.map(|rule| rule.name.clone());
        Some((evaluation.level, evaluation.reason, rule))
    }

    pub(super) fn evaluate(&self, at: usize) -> Option<(AccessLevel, AccessStateReason)> {
        self.decide(at).map(|(level, reason, _)| (level, reason))
    }

    /// The phone makes a request: last synchronisation, and the state if it changed.
    pub(super) fn sync(&mut self, at: usize) {
        let now = self.now();
        let Some(device) = self.devices.get_mut(at).and_then(Option::as_mut) else {
            return;
        };
        device.world.last_sync = now;
        if device
            .discovery_since
            .is_some_and(|since| now - since < DISCOVERY)
        {
            return;
        }
        device.discovery_since = None;
        if self.settle(at)
            && let Some(device) = self.devices[at].as_mut()
        {
            device.when_changed = now;
        }
    }

    /// Writes the state that the phone gets now into its object; whether it was another one.
    pub(crate) fn settle(&mut self, at: usize) -> bool {
        let Some((level, reason, rule)) = self.decide(at) else {
            return false;
        };
        // A phone of a mailbox without ActiveSync never gets far enough to be evaluated.
        if matches!(reason, AccessStateReason::Other(_)) {
            return false;
        }
        let Some(device) = self.devices[at].as_mut() else {
            return false;
        };
        let changed = device.state != level.state() || device.reason != reason || device.rule != rule;
        (device.state, device.reason, device.rule) = (level.state(), reason, rule);
        changed
    }

    pub(super) fn first_contact(&mut self, mailbox: Uuid, mut device: WorldDevice, informed: bool) -> bool {
        if self.device_of(mailbox, &device.eas_id).is_some() {
            return false;
        }
        let Some(owner) = self.mailbox(mailbox) else {
            return false;
        };
        let now = self.now();
        (device.first_sync, device.last_sync) = (now, now);
        let at = self.add_device(owner, device, Duration::ZERO);
        self.mailboxes[owner].has_partnership = true;
        let told_apart = self.seen().is_some_and(|seen| {
            let depends = |rule: &easgate_model::DeviceAccessRule| {
                matches!(
                    rule.characteristic,
                    Characteristic::DeviceModel | Characteristic::DeviceOs
                )
            };
            seen.rules.iter().any(depends)
        });
        if informed || !told_apart {
            self.settle(at);
        } else if let Some(device) = self.devices[at].as_mut() {
            device.state = AccessState::DeviceDiscovery;
            device.reason = AccessStateReason::Unknown;
            device.discovery_since = Some(now);
        }
        true
    }
}
