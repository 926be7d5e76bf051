//! From an invented company to its directory.

use std::collections::HashMap;

use easgate_model::{AccessState, AccessStateReason};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::super::ExchangeConfig;
use super::late::Late;
use super::state::{DeviceObject, MailboxObject, Policy, RuleObject, State};
use crate::world::{WorldDevice, WorldUser};

impl State {
    /// The directory of the world, its times moved so that the world is of now. With `child_domain` the people of
    /// one department are in another domain of the forest.
    pub(super) fn load(config: &ExchangeConfig) -> Self {
        let world = &config.world;
        let mut state = Self {
            version: config.version,
            servers: config.servers,
            culture: config.culture,
            domain: world.domain.clone(),
            settings: world.settings.clone(),
            ota_insert: None,
            settings_changed: world.as_of - Duration::days(200),
            rules: Vec::new(),
            policies: Vec::new(),
            mailboxes: Vec::new(),
            devices: Vec::new(),
            identities: HashMap::new(),
            device_guids: HashMap::new(),
            seen: Vec::new(),
            shift: Duration::ZERO,
            skew: Duration::ZERO,
            cache_lag: Duration::ZERO,
            update_on_set: false,
            when_changed_filterable: false,
            list_capacity: 1200,
            list_writes: Vec::new(),
            late: Late::default(),
        };
        let forward = state.now() - world.as_of;
        state.settings_changed += forward;
        let changed = state.settings_changed;
        state.rules = world
            .rules
            .iter()
            .map(|rule| RuleObject::new(rule.clone(), changed))
            .collect();
        state.policies = policies(changed);
        state.organization_changed();
        for user in &world.users {
            state.add_mailbox(
                user.clone(),
                forward,
                config.child_domain && user.department == "Research",
            );
        }
        for at in 0..state.devices.len() {
            state.settle(at);
        }
        state
    }

    fn add_mailbox(&mut self, mut user: WorldUser, forward: Duration, child_domain: bool) {
        let at = self.mailboxes.len();
        if child_domain {
            let suffix = format!("DC={}", self.domain.replace('.', ",DC="));
            user.distinguished_name = user
                .distinguished_name
                .replace(&suffix, &format!("DC=emea,{suffix}"));
        }
        let devices = std::mem::take(&mut user.devices);
        self.index(&user, at);
        let when_changed = user.when_changed + forward;
        self.mailboxes.push(MailboxObject {
            active_sync_enabled: user.active_sync_enabled,
            allowed: std::mem::take(&mut user.foreign_allowed),
            blocked: std::mem::take(&mut user.foreign_blocked),
            policy: None,
            has_partnership: !devices.is_empty(),
            when_changed,
            when_created: when_changed - Duration::days(400),
            devices: Vec::new(),
            gone: false,
            child_domain,
            world: user,
        });
        for device in devices {
            self.add_device(at, device, forward);
        }
    }

    /// Adds a partnership whose state is not known yet, and returns where.
    pub(super) fn add_device(&mut self, mailbox: usize, mut device: WorldDevice, forward: Duration) -> usize {
        device.first_sync += forward;
        device.last_sync += forward;
        let at = self.devices.len();
        self.device_guids.insert(device.guid, at);
        self.mailboxes[mailbox].devices.push(at);
        self.devices.push(Some(DeviceObject {
            mailbox,
            state: AccessState::Unknown,
            reason: AccessStateReason::Unknown,
            rule: None,
            when_changed: device.first_sync,
            when_created: device.first_sync,
            discovery_since: None,
            wipe_requested: None,
            wipe_requestor: None,
            world: device,
        }));
        at
    }
}

fn policies(changed: OffsetDateTime) -> Vec<Policy> {
    let policy = |name: &str, is_default, non_provisionable: bool, password: bool| Policy {
        name: name.to_owned(),
        guid: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
        is_default,
        settings: vec![
            ("AllowNonProvisionableDevices", non_provisionable.to_string()),
            ("PasswordEnabled", password.to_string()),
            (
                "MinPasswordLength",
                if password { "6".to_owned() } else { String::new() },
            ),
        ],
        when_changed: changed,
    };
    vec![
        policy("Default", true, true, false),
        policy("Strict", false, false, true),
    ]
}
