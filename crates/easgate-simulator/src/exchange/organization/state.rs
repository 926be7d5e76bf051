//! What the lock holds.

use std::collections::HashMap;

use easgate_model::{AccessLevel, AccessState, AccessStateReason, DeviceAccessRule, OrganizationSettings};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::super::culture::Culture;
use super::super::{ExchangeVersion, ListWrite};
use super::late::Late;
use crate::world::{WorldDevice, WorldUser};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) version: ExchangeVersion,
    /// How many servers there are to connect to.
    pub(crate) servers: usize,
    pub(crate) culture: Culture,
    pub(crate) domain: String,
    pub(crate) settings: OrganizationSettings,
    pub(crate) ota_insert: Option<String>,
    pub(crate) settings_changed: OffsetDateTime,
    pub(crate) rules: Vec<RuleObject>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) mailboxes: Vec<MailboxObject>,
    /// In the order of their making; `None` was removed.
    pub(crate) devices: Vec<Option<DeviceObject>>,
    /// Where identities lead, by folded text.
    pub(super) identities: HashMap<String, Vec<usize>>,
    pub(super) device_guids: HashMap<Uuid, usize>,
    /// What phones see of settings and rules: the newest whose time has come.
    pub(super) seen: Vec<Seen>,
    /// From the system's clock to the organisation's.
    pub(super) shift: Duration,
    pub(super) skew: Duration,
    pub(super) cache_lag: Duration,
    pub(crate) update_on_set: bool,
    pub(crate) when_changed_filterable: bool,
    pub(crate) list_capacity: usize,
    pub(crate) list_writes: Vec<ListWrite>,
    pub(super) late: Late,
}

/// Settings and rules from a time on.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) from: OffsetDateTime,
    pub(super) default: AccessLevel,
    pub(super) rules: Vec<DeviceAccessRule>,
}

#[derive(Debug)]
pub(crate) struct MailboxObject {
    pub(crate) world: WorldUser,
    pub(crate) active_sync_enabled: bool,
    pub(crate) allowed: Vec<String>,
    pub(crate) blocked: Vec<String>,
    /// The name of the policy; `None` is the default one.
    pub(crate) policy: Option<String>,
    pub(crate) has_partnership: bool,
    pub(crate) when_changed: OffsetDateTime,
    pub(crate) when_created: OffsetDateTime,
    pub(crate) devices: Vec<usize>,
    pub(crate) gone: bool,
    /// Whether it is in another domain of the forest.
    pub(crate) child_domain: bool,
}

#[derive(Debug)]
pub(crate) struct DeviceObject {
    pub(crate) world: WorldDevice,
    pub(crate) mailbox: usize,
    pub(crate) state: AccessState,
    pub(crate) reason: AccessStateReason,
    pub(crate) rule: Option<String>,
    pub(crate) when_changed: OffsetDateTime,
    pub(crate) when_created: OffsetDateTime,
    pub(crate) discovery_since: Option<OffsetDateTime>,
    pub(crate) wipe_requested: Option<OffsetDateTime>,
    pub(crate) wipe_requestor: Option<String>,
}

impl DeviceObject {
    /// The object's name: type and id around a section sign.
    pub(crate) fn name(&self) -> String {
        format!("{}§{}", self.world.device_type, self.world.eas_id)
    }

    pub(crate) fn dn(&self, mailbox: &MailboxObject) -> String {
        format!(
            "CN={},CN=ExchangeActiveSyncDevices,{}",
            self.name(),
            mailbox.world.distinguished_name
        )
    }
}

#[derive(Debug, Clone)]
pub(crate) struct RuleObject {
    pub(crate) rule: DeviceAccessRule,
    pub(crate) guid: Uuid,
    pub(crate) when_changed: OffsetDateTime,
}

impl RuleObject {
    pub(crate) fn new(rule: DeviceAccessRule, now: OffsetDateTime) -> Self {
        let guid = Uuid::new_v5(&Uuid::NAMESPACE_OID, rule.name.to_lowercase().as_bytes());
        Self {
            rule,
            guid,
            when_changed: now,
        }
    }
}

/// A mailbox policy, its settings by the names of `MobileDeviceMailboxPolicy`.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) guid: Uuid,
    pub(crate) is_default: bool,
    pub(crate) settings: Vec<(&'static str, String)>,
    pub(crate) when_changed: OffsetDateTime,
}

impl State {
    #[expect(
        clippy::disallowed_methods,
        reason = "the organisation has a clock of its own, which tests put forward"
    )]
    pub(crate) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.shift
    }

    /// The time an object shows for `at`.
    pub(crate) fn shown(&self, at: OffsetDateTime) -> OffsetDateTime {
        at + self.skew
    }
}
