//! Facts from a few lines of text, and the text of what comes out.

use std::collections::BTreeMap;
use std::fmt::Write;

use easgate_model::{
    AccessLevel, AccessState, AccessStateReason, Characteristic, ComplianceState, DeviceAccessRule, DeviceId,
    DirectoryUser, DistinguishedName, EmailAddress, Enrollment, GroupId, Inventory, Mailbox, MailboxId,
    ManagementAgent, ManagementState, OrganizationId, OrganizationSettings, Partnership, PartnershipId,
    RecipientType,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    ByDevice, ByHand, Change, ConfigManagerMeans, DeviceClass, Exceptions, ExchangeFacts, Facts,
    ForeignAllow, List, ListEdit, NewDevices, Override, OwnedEntry, Ownership, PlatformException, Policy,
    Unmanaged, Unreachable, decide, plan,
};

/// Facts, policy and registry, written as lines:
///
/// ```text
/// default allow|quarantine|block           rule CHARACTERISTIC TEXT LEVEL
/// set KEY=VALUE ...                        user NAME [unlicensed] [groups=A,B] [upn=X] [mail=X]
/// mailbox NAME [kind=KIND] [smtp=X] [off]  phone NAME ID [type=X] [client=X] [policy] [upgrade]
/// record NAME|- ID|- STATE [agent=X] [state=X] [at=N] [compromised] [serial=X]
/// ours|foreign NAME allow|block ID         nouser NAME        nomailbox NAME
/// byhand NAME allow|block ID               vanished NAME ID
/// unreachable allow|quarantine             known NAME ID
/// ```
///
/// Whoever is named has a mailbox and a licensed user, unless a line says otherwise.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) facts: Facts,
    pub(super) policy: Policy,
    pub(super) ownership: Ownership,
    no_user: Vec<String>,
    no_mailbox: Vec<String>,
}

impl World {
    pub(super) fn parse(text: &str) -> Self {
        let settings = OrganizationSettings {
            id: OrganizationId(Uuid::nil()),
            default_access_level: AccessLevel::Quarantine,
            user_mail_insert: None,
            admin_mail_recipients: vec![],
            originating_server: None,
        };
        let exchange = ExchangeFacts {
            settings,
            rules: vec![],
            mailboxes: vec![],
            partnerships: vec![],
        };
        let mut world = Self {
            facts: Facts {
                exchange,
                inventory: Inventory::default(),
                exceptions: Exceptions::default(),
            },
            policy: Policy::default(),
            ownership: Ownership::default(),
            no_user: vec![],
            no_mailbox: vec![],
        };
        // What is taken away has to be known before anybody is named.
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
        for line in lines() {
            match line.split_once(' ') {
                Some(("nouser", name)) => world.no_user.push(name.to_owned()),
                Some(("nomailbox", name)) => world.no_mailbox.push(name.to_owned()),
                _ => {}
            }
        }
        for line in lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            world.line(words[0], &words[1..]);
        }
        world
    }

    fn line(&mut self, verb: &str, words: &[&str]) {
        let options: BTreeMap<&str, &str> = words
            .iter()
            .map(|word| word.split_once('=').unwrap_or((word, "")))
            .collect();
        let option = |key: &str| options.get(key).copied();
        match verb {
            "default" => self.facts.exchange.settings.default_access_level = level(words[0]),
            "rule" => self.facts.exchange.rules.push(DeviceAccessRule {
                name: format!("{} ({})", words[1], words[0]),
                query_string: words[1].to_owned(),
                characteristic: Characteristic::from_name(words[0]),
                access_level: level(words[2]),
            }),
            "set" => options.iter().for_each(|(key, value)| self.set(key, value)),
            "user" => {
                self.person(words[0]);
                let users = &mut self.facts.inventory.users;
                let Some(user) = users.iter_mut().find(|user| user.id == words[0]) else {
                    return;
                };
                user.licensed = option("unlicensed").is_none();
                let groups = option("groups").unwrap_or_default();
                user.groups = groups
                    .split(',')
                    .filter(|group| !group.is_empty())
                    .map(GroupId::new)
                    .collect();
                if let Some(upn) = option("upn") {
                    user.user_principal_name = upn.parse().unwrap();
                }
                user.addresses
                    .extend(option("mail").map(|mail| mail.parse().unwrap()));
            }
            "mailbox" => {
                self.person(words[0]);
                let mailbox = self.mailbox(words[0]);
                mailbox.active_sync_enabled = option("off").is_none();
                mailbox.recipient_type = option("kind").map_or(RecipientType::User, kind);
                if let Some(smtp) = option("smtp") {
                    mailbox.addresses = vec![smtp.parse().unwrap()];
                    mailbox.primary_smtp = Some(smtp.parse().unwrap());
                }
            }
            "phone" => self.phone(words[0], words[1], option),
            "record" => self.record(words[0], words[1], words[2], option),
            "ours" | "foreign" => self.entry(verb, words[0], words[1], words[2]),
            "byhand" | "vanished" | "unreachable" | "known" => self.exception(verb, words),
            "nouser" | "nomailbox" => {}
            other => panic!("no such line: {other}"),
        }
    }

    fn entry(&mut self, whose: &str, name: &str, list: &str, device: &str) {
        self.person(name);
        let device: DeviceId = device.parse().unwrap();
        let list = if list == "allow" { List::Allow } else { List::Block };
        let id = mailbox_id(name);
        if let Some(mailbox) = self
            .facts
            .exchange
            .mailboxes
            .iter_mut()
            .find(|mailbox| mailbox.id == id)
        {
            let entries = match list {
                List::Allow => &mut mailbox.allowed,
                List::Block => &mut mailbox.blocked,
            };
            entries.push(device.clone());
        }
        if whose == "ours" {
            self.ownership.insert(OwnedEntry {
                mailbox: id,
                list,
                device,
            });
        }
    }

    fn exception(&mut self, verb: &str, words: &[&str]) {
        let exceptions = &mut self.facts.exceptions;
        let id = |text: &str| text.parse::<DeviceId>().unwrap();
        match (verb, words) {
            ("byhand", [name, access, device]) => exceptions.overrides.insert(
                mailbox_id(name),
                id(device),
                Override {
                    access: ByHand::from_name(access).unwrap(),
                    detail: "by the help desk".to_owned(),
                },
            ),
            ("vanished", [name, device]) => {
                let held = "held until tomorrow".to_owned();
                exceptions.vanished.insert(mailbox_id(name), id(device), held);
            }
            ("unreachable", [access]) => {
                exceptions.unreachable = Some(Unreachable {
                    new_devices: match *access {
                        "allow" => NewDevices::Allow,
                        _ => NewDevices::Quarantine,
                    },
                    known: ByDevice::default(),
                });
            }
            ("known", [name, device]) => {
                let unreachable = exceptions.unreachable.as_mut().unwrap();
                unreachable.known.insert(mailbox_id(name), id(device), ());
            }
            other => panic!("no such exception: {other:?}"),
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        let policy = &mut self.policy;
        let groups = |value: &str| value.split(',').map(GroupId::new).collect();
        match (key, value) {
            ("unmanaged", "block") => policy.unmanaged = Unmanaged::Block,
            ("unmanaged", "quarantine") => policy.unmanaged = Unmanaged::Quarantine,
            ("always_allow", value) => policy.always_allow_compliant = value.parse().unwrap(),
            ("include", groups_) => policy.included_groups = groups(groups_),
            ("exclude", groups_) => policy.excluded_groups = groups(groups_),
            ("require_license", value) => policy.require_license = value.parse().unwrap(),
            ("foreign_allow", "override") => policy.foreign_allow = ForeignAllow::Override,
            ("config_manager", "compliant") => policy.config_manager = ConfigManagerMeans::Compliant,
            ("config_manager", "noncompliant") => policy.config_manager = ConfigManagerMeans::Noncompliant,
            ("family", value) => {
                let (name, access) = value.split_once(':').unwrap();
                let class = DeviceClass::Family(name.to_owned());
                policy.platform_exceptions.push(PlatformException {
                    class,
                    level: level(access),
                });
            }
            other => panic!("no such setting: {other:?}"),
        }
    }

    fn phone<'o>(&mut self, name: &str, id: &str, option: impl Fn(&str) -> Option<&'o str>) {
        self.person(name);
        let (access_state, access_state_reason) = if option("policy").is_some() {
            (AccessState::Blocked, AccessStateReason::Policy)
        } else if option("upgrade").is_some() {
            (AccessState::Unknown, AccessStateReason::Upgrade)
        } else {
            (AccessState::Quarantined, AccessStateReason::Global)
        };
        let number = self.facts.exchange.partnerships.len();
        self.facts.exchange.partnerships.push(Partnership {
            id: PartnershipId(Uuid::from_u128(u128::try_from(number).unwrap())),
            device_id: id.parse().unwrap(),
            owner: distinguished_name(name),
            device_type: option("type").unwrap_or("iPhone").into(),
            device_model: "iPhone15C2".into(),
            device_os: "iOS 17.4".into(),
            user_agent: "Apple-iPhone15C2/2104.80".into(),
            friendly_name: "".into(),
            client_type: option("client").map(Into::into),
            access_state,
            access_state_reason,
            access_control_rule: None,
            first_sync: None,
            when_changed: None,
        });
    }

    fn record<'o>(&mut self, name: &str, id: &str, state: &str, option: impl Fn(&str) -> Option<&'o str>) {
        if name != "-" {
            self.person(name);
        }
        let number = self.facts.inventory.enrollments.len();
        self.facts.inventory.enrollments.push(Enrollment {
            record: format!("r{number}"),
            user_id: (name != "-").then(|| name.to_owned()),
            user_principal_name: None,
            eas_device_id: (id != "-").then(|| id.parse().unwrap()),
            agent: match option("agent") {
                None => ManagementAgent::Mdm("mdm".to_owned()),
                Some("eas") => ManagementAgent::EasOnly,
                Some(other) => ManagementAgent::Other(other.to_owned()),
            },
            state: match option("state") {
                None => ManagementState::Managed,
                Some("discovered") => ManagementState::Discovered,
                Some("unreported") => ManagementState::Unreported,
                Some(leaving @ ("retirePending" | "wipeIssued" | "deletePending")) => {
                    ManagementState::Leaving(leaving.to_owned())
                }
                Some(other) => ManagementState::Other(other.to_owned()),
            },
            compliance: ComplianceState::from_name(state),
            compromised: option("compromised").is_some(),
            device_name: None,
            operating_system: None,
            model: None,
            serial_number: option("serial").map(str::to_owned),
            last_sync: option("at")
                .map(|at| OffsetDateTime::from_unix_timestamp(at.parse().unwrap()).unwrap()),
        });
    }

    /// Makes sure that `name` has a mailbox and a user.
    fn person(&mut self, name: &str) {
        let address: EmailAddress = format!("{name}@x.example").parse().unwrap();
        let id = mailbox_id(name);
        let mailboxes = &mut self.facts.exchange.mailboxes;
        if !self.no_mailbox.iter().any(|none| none == name) && !mailboxes.iter().any(|known| known.id == id) {
            mailboxes.push(Mailbox {
                id,
                distinguished_name: distinguished_name(name),
                name: name.to_owned(),
                display_name: name.to_owned(),
                sam_account_name: name.to_owned(),
                primary_smtp: Some(address.clone()),
                addresses: vec![address.clone()],
                recipient_type: RecipientType::User,
                active_sync_enabled: true,
                allowed: vec![],
                blocked: vec![],
                odd_entries: 0,
                when_changed: None,
                originating_server: None,
            });
        }
        let users = &mut self.facts.inventory.users;
        if !self.no_user.iter().any(|none| none == name) && !users.iter().any(|known| known.id == name) {
            users.push(DirectoryUser {
                id: name.to_owned(),
                user_principal_name: address,
                addresses: vec![],
                licensed: true,
                groups: std::collections::BTreeSet::new(),
            });
        }
    }

    pub(super) fn mailbox(&mut self, name: &str) -> &mut Mailbox {
        let id = mailbox_id(name);
        self.facts
            .exchange
            .mailboxes
            .iter_mut()
            .find(|mailbox| mailbox.id == id)
            .unwrap()
    }

    pub(super) fn user(&mut self, name: &str) -> &mut DirectoryUser {
        self.facts
            .inventory
            .users
            .iter_mut()
            .find(|user| user.id == name)
            .unwrap()
    }

    /// One line a case, in order.
    pub(super) fn outcome(&self) -> String {
        let decisions = decide(&self.facts, &self.policy, &self.ownership);
        let plan = plan(&self.facts, &decisions, &self.ownership, &self.policy);
        let mut text = String::new();
        for decision in &decisions {
            let name = decision
                .mailbox
                .map_or_else(|| "-".to_owned(), |id| self.name(id));
            let (device, access, reason) = (&decision.device, decision.access, decision.reason);
            write!(text, "{name} {device} {access} {reason}").unwrap();
            let change = plan
                .changes
                .iter()
                .find(|change| Some(change.mailbox) == decision.mailbox && change.device == decision.device);
            if let Some(change) = change {
                write!(
                    text,
                    " [{}{}",
                    edit(change.allow, "allow"),
                    edit(change.block, "block")
                )
                .unwrap();
                write!(text, "{} -> {}]", change.before, change.after).unwrap();
            }
            text.push('\n');
        }
        text
    }

    /// Carries out changes as Exchange and the registry would.
    pub(super) fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            let mailboxes = &mut self.facts.exchange.mailboxes;
            let mailbox = mailboxes
                .iter_mut()
                .find(|mailbox| mailbox.id == change.mailbox)
                .unwrap();
            let edits = [
                (List::Allow, change.allow, &mut mailbox.allowed),
                (List::Block, change.block, &mut mailbox.blocked),
            ];
            for (list, edit, entries) in edits {
                let entry = OwnedEntry {
                    mailbox: change.mailbox,
                    list,
                    device: change.device.clone(),
                };
                match edit {
                    ListEdit::Keep => {}
                    ListEdit::Add => {
                        assert!(!entries.contains(&change.device), "added twice: {change:?}");
                        entries.push(change.device.clone());
                        self.ownership.insert(entry);
                    }
                    ListEdit::Remove => {
                        assert!(entries.contains(&change.device), "not there: {change:?}");
                        assert!(
                            self.ownership.owns(change.mailbox, list, &change.device),
                            "{change:?}"
                        );
                        entries.retain(|device| *device != change.device);
                        self.ownership.remove(&entry);
                    }
                }
            }
        }
    }

    fn name(&self, id: MailboxId) -> String {
        let mailbox = self
            .facts
            .exchange
            .mailboxes
            .iter()
            .find(|mailbox| mailbox.id == id);
        mailbox.map_or_else(|| "?".to_owned(), |mailbox| mailbox.name.clone())
    }
}

pub(super) fn edit(edit: ListEdit, list: &str) -> String {
    match edit {
        ListEdit::Keep => String::new(),
        ListEdit::Add => format!("+{list} "),
        ListEdit::Remove => format!("-{list} "),
    }
}

pub(super) fn mailbox_id(name: &str) -> MailboxId {
    MailboxId(Uuid::new_v5(&Uuid::nil(), name.as_bytes()))
}

fn distinguished_name(name: &str) -> DistinguishedName {
    DistinguishedName::new(&format!("CN={name},OU=Staff,DC=x,DC=example"))
}

fn level(text: &str) -> AccessLevel {
    AccessLevel::from_name(text).unwrap()
}

fn kind(text: &str) -> RecipientType {
    match text {
        "shared" => RecipientType::Shared,
        "room" => RecipientType::Room,
        "equipment" => RecipientType::Equipment,
        "system" => RecipientType::System,
        "remote" => RecipientType::Remote,
        "unknown" => RecipientType::Unknown,
        "linked" => RecipientType::Linked,
        other => RecipientType::Other(other.to_owned()),
    }
}
