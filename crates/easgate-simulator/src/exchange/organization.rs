//! The organisation: mailboxes, partnerships, settings, rules and policies, behind one lock.

mod access;
mod late;
mod load;
pub(super) mod resolve;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easgate_model::{AccessLevel, AccessState, AccessStateReason, DeviceAccessRule, OrganizationSettings};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{ExchangeConfig, same};
use crate::world::WorldDevice;

pub(super) use late::Work;
pub(super) use resolve::Found;
pub(super) use state::{DeviceObject, MailboxObject, Policy, RuleObject, State};

/// The organisation of a simulator, shared with it: what it holds can be looked at and changed while it runs.
///
/// Nothing here counts as a command: this is what people, phones and other administrators do.
#[derive(Debug, Clone)]
pub struct Organization(Arc<Mutex<State>>);

/// A partnership as the organisation holds it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceNow {
    /// The mailbox's Guid.
    pub mailbox: Uuid,
    /// The Guid of the device object.
    pub guid: Uuid,
    /// The EAS DeviceId.
    pub eas_id: String,
    /// The state in the device object, which lags behind the lists.
    pub state: AccessState,
    /// Why.
    pub reason: AccessStateReason,
    /// Whether a wipe was asked for.
    pub wipe_requested: bool,
}

/// What one run of a cmdlet changed in the lists of a mailbox. A run that changed nothing leaves none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListWrite {
    /// When the organisation carried it out, by its own clock.
    pub at: OffsetDateTime,
    /// The full name of the server that it ran on.
    pub server: String,
    /// The shell that it came from.
    pub shell: String,
    /// The mailbox's Guid.
    pub mailbox: Uuid,
    /// What the allow list has now and had not.
    pub allowed: Vec<String>,
    /// What the allow list had and has no more.
    pub no_longer_allowed: Vec<String>,
    /// What the block list has now and had not.
    pub blocked: Vec<String>,
    /// What the block list had and has no more.
    pub no_longer_blocked: Vec<String>,
}

impl Organization {
    pub(super) fn new(config: &ExchangeConfig) -> Self {
        Self(Arc::new(Mutex::new(State::load(config))))
    }

    /// What the organisation holds now. What was on its way and whose time has come is carried out first, so that nobody
    /// sees it come later than it did.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        loop {
            let mut state = self.locked();
            let Some(late) = state.next_late() else {
                return state;
            };
            drop(state);
            late();
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries `work` out at `at`, by the organisation's clock.
    pub(super) fn carry_out_at(&self, at: OffsetDateTime, work: Work) {
        self.locked().late.push(at, work);
    }

    /// What the organisation's clock shows.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.state().now()
    }

    /// Puts the clock forward (or back): phones, caches and times of change follow it.
    pub fn advance(&self, by: Duration) {
        self.state().shift += by;
    }

    /// A phone makes its next request: the device object takes the state that the lists, rules and settings
    /// give now. Returns whether there is such a partnership.
    pub fn device_syncs(&self, mailbox: Uuid, eas_id: &str) -> bool {
        let mut state = self.state();
        let Some(at) = state.device_of(mailbox, eas_id) else {
            return false;
        };
        state.sync(at);
        true
    }

    /// Every phone makes its next request.
    pub fn everyone_syncs(&self) {
        let mut state = self.state();
        for at in 0..state.devices.len() {
            state.sync(at);
        }
    }

    /// A phone connects to a mailbox for the first time; `informed` is whether it told what it is. One that did
    /// not is in `DeviceDiscovery` for up to 14 minutes when a rule could depend on it.
    ///
    /// Returns whether the mailbox exists and had no such partnership.
    pub fn first_contact(&self, mailbox: Uuid, device: WorldDevice, informed: bool) -> bool {
        self.state().first_contact(mailbox, device, informed)
    }

    /// A phone tells new properties of itself. A phone that a rule blocks is not listened to.
    pub fn device_tells(&self, mailbox: Uuid, eas_id: &str, change: impl FnOnce(&mut WorldDevice)) -> bool {
        let mut state = self.state();
        let now = state.now();
        let found = state
            .device_of(mailbox, eas_id)
            .and_then(|at| state.devices[at].as_mut());
        let Some(device) = found.filter(|device| {
            device.state != AccessState::Blocked || device.reason != AccessStateReason::DeviceRule
        }) else {
            return false;
        };
        change(&mut device.world);
        device.discovery_since = None;
        device.when_changed = now;
        true
    }

    /// What the phone gets at its next request, by Exchange's own order.
    #[must_use]
    pub fn access_at_next_request(
        &self,
        mailbox: Uuid,
        eas_id: &str,
    ) -> Option<(AccessLevel, AccessStateReason)> {
        let state = self.state();
        let at = state.device_of(mailbox, eas_id)?;
        state.evaluate(at)
    }

    /// The partnership as the device object shows it.
    #[must_use]
    pub fn device(&self, mailbox: Uuid, eas_id: &str) -> Option<DeviceNow> {
        let state = self.state();
        let at = state.device_of(mailbox, eas_id)?;
        state.devices[at].as_ref().map(|device| device.now(&state))
    }

    /// Every partnership.
    #[must_use]
    pub fn devices(&self) -> Vec<DeviceNow> {
        let state = self.state();
        state
            .devices
            .iter()
            .flatten()
            .map(|device| device.now(&state))
            .collect()
    }

    /// The allow list and the block list of a mailbox.
    #[must_use]
    pub fn lists(&self, mailbox: Uuid) -> Option<(Vec<String>, Vec<String>)> {
        let state = self.state();
        let mailbox = &state.mailboxes[state.mailbox(mailbox)?];
        Some((mailbox.allowed.clone(), mailbox.blocked.clone()))
    }

    /// What cmdlets changed in the lists of mailboxes, oldest first.
    #[must_use]
    pub fn list_writes(&self) -> Vec<ListWrite> {
        self.state().list_writes.clone()
    }

    /// Somebody else writes the lists of a mailbox.
    pub fn set_lists(&self, mailbox: Uuid, allowed: Vec<String>, blocked: Vec<String>) -> bool {
        let mut state = self.state();
        let now = state.now();
        let Some(at) = state.mailbox(mailbox) else {
            return false;
        };
        let mailbox = &mut state.mailboxes[at];
        (mailbox.allowed, mailbox.blocked, mailbox.when_changed) = (allowed, blocked, now);
        true
    }

    /// Somebody switches ActiveSync for a mailbox on or off.
    pub fn set_active_sync(&self, mailbox: Uuid, enabled: bool) -> bool {
        let mut state = self.state();
        let now = state.now();
        let Some(at) = state.mailbox(mailbox) else {
            return false;
        };
        (
            state.mailboxes[at].active_sync_enabled,
            state.mailboxes[at].when_changed,
        ) = (enabled, now);
        true
    }

    /// A mailbox is deleted, with its partnerships.
    pub fn remove_mailbox(&self, mailbox: Uuid) -> bool {
        let mut state = self.state();
        let Some(at) = state.mailbox(mailbox) else {
            return false;
        };
        state.mailboxes[at].gone = true;
        for device in std::mem::take(&mut state.mailboxes[at].devices) {
            state.devices[device] = None;
        }
        true
    }

    /// The settings as they stand now.
    #[must_use]
    pub fn settings(&self) -> OrganizationSettings {
        self.state().settings.clone()
    }

    /// Somebody changes the organisation's default.
    pub fn set_default_level(&self, level: AccessLevel) {
        let mut state = self.state();
        state.settings.default_access_level = level;
        state.organization_changed();
    }

    /// The rules as they stand now.
    #[must_use]
    pub fn rules(&self) -> Vec<DeviceAccessRule> {
        self.state()
            .rules
            .iter()
            .map(|object| object.rule.clone())
            .collect()
    }

    /// Somebody replaces the rules.
    pub fn set_rules(&self, rules: Vec<DeviceAccessRule>) {
        let mut state = self.state();
        let now = state.now();
        state.rules = rules.into_iter().map(|rule| RuleObject::new(rule, now)).collect();
        state.organization_changed();
    }

    /// How long changes of settings and rules take to reach the phones; one to five minutes in real servers,
    /// nothing here unless told.
    pub fn set_cache_lag(&self, lag: Duration) {
        self.state().cache_lag = lag;
    }

    /// Whether a list change writes the device object at once; otherwise it waits for the phone.
    pub fn set_update_on_set(&self, on: bool) {
        self.state().update_on_set = on;
    }

    /// Whether device cmdlets take `WhenChanged` in filters; not documented, so off unless told.
    pub fn set_when_changed_filterable(&self, on: bool) {
        self.state().when_changed_filterable = on;
    }

    /// How far the times of change that objects show are from the organisation's clock.
    pub fn set_clock_skew(&self, skew: Duration) {
        self.state().skew = skew;
    }

    /// How many entries a list holds at most before the directory refuses the write.
    pub fn set_list_capacity(&self, entries: usize) {
        self.state().list_capacity = entries;
    }
}

impl DeviceObject {
    fn now(&self, state: &State) -> DeviceNow {
        DeviceNow {
            mailbox: state.mailboxes[self.mailbox].world.mailbox_guid,
            guid: self.world.guid,
            eas_id: self.world.eas_id.clone(),
            state: self.state.clone(),
            reason: self.reason.clone(),
            wipe_requested: self.wipe_requested.is_some(),
        }
    }
}

impl State {
    /// The partnership of a mailbox with that id.
    pub(super) fn device_of(&self, mailbox: Uuid, eas_id: &str) -> Option<usize> {
        let at = self.mailbox(mailbox)?;
        self.mailboxes[at].devices.iter().copied().find(|device| {
            self.devices[*device]
                .as_ref()
                .is_some_and(|device| same(&device.world.eas_id, eas_id))
        })
    }
}
