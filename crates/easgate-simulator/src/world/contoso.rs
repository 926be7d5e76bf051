//! Contoso: the company of every demonstration and test.

use std::collections::HashMap;

use easgate_model::{AccessLevel, Characteristic, DeviceAccessRule, OrganizationId, OrganizationSettings};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::{Uuid, uuid};

use super::random::Random;
use super::{MailboxKind, World, WorldGroup, WorldUser, enrollments, names, phones};

const AS_OF: OffsetDateTime = datetime!(2026-11-20 08:00 UTC);
const TARGETED: Uuid = uuid!("6f1c3a52-0b61-4b3e-9a35-0d6a54f2c001");
const EXEMPT: Uuid = uuid!("6f1c3a52-0b61-4b3e-9a35-0d6a54f2c002");

impl World {
    /// Contoso with `devices` partnerships: the same people, phones and ids at every start.
    ///
    /// Groups: `Mobile users` (everyone but a few, through the departments' groups), `Mobile exempt`, and one
    /// group for each department.
    ///
    /// ```
    /// use easgate_simulator::world::World;
    ///
    /// let world = World::contoso(500);
    /// assert_eq!(world.devices(), 500);
    /// assert_eq!(world.users[3].upn, World::contoso(500).users[3].upn);
    /// ```
    #[must_use]
    pub fn contoso(devices: usize) -> Self {
        let mut random = Random::new(0x00c0_7050);
        let mut world = Self {
            domain: "contoso.com".to_owned(),
            tenant: uuid!("5d2a6a1e-7b0c-4d5e-8f11-c0a7050c0de0"),
            as_of: AS_OF,
            settings: settings(),
            rules: rules(),
            groups: groups(),
            users: Vec::new(),
        };
        let mut taken = HashMap::new();
        people(&mut random, &mut world, &mut taken, devices);
        shared_mailboxes(&mut random, &mut world);
        system_mailboxes(&mut random, &mut world);
        enroll_everyone(&mut random, &mut world);
        foreign_entries(&mut random, &mut world);
        world
    }
}

fn settings() -> OrganizationSettings {
    OrganizationSettings {
        id: OrganizationId(uuid!("0c9a7a11-58b2-4f0a-9d0f-3d3a2f5e7c10")),
        default_access_level: AccessLevel::Quarantine,
        user_mail_insert: Some(
            "Your phone is not enrolled yet. See https://help.contoso.com/mobile".to_owned(),
        ),
        admin_mail_recipients: vec!["mobile-admins@contoso.com".to_owned()],
        originating_server: Some("dc01.contoso.com".to_owned()),
    }
}

fn rules() -> Vec<DeviceAccessRule> {
    let rule = |query: &str, characteristic: Characteristic, access_level| DeviceAccessRule {
        name: format!("{query} ({characteristic})"),
        query_string: query.to_owned(),
        characteristic,
        access_level,
    };
    vec![
        rule("OutlookService", Characteristic::DeviceType, AccessLevel::Allow),
        rule("Android 5.1", Characteristic::DeviceOs, AccessLevel::Block),
        rule(
            "Virtual Machine",
            Characteristic::DeviceModel,
            AccessLevel::Quarantine,
        ),
    ]
}

fn groups() -> Vec<WorldGroup> {
    let department = |at: usize, name: &&str| WorldGroup {
        id: department_group(at),
        name: format!("Department {name}"),
        member_groups: Vec::new(),
    };
    let mut groups: Vec<WorldGroup> = (0..)
        .zip(names::DEPARTMENTS)
        .map(|(at, name)| department(at, name))
        .collect();
    groups.push(WorldGroup {
        id: TARGETED,
        name: "Mobile users".to_owned(),
        member_groups: (0..names::DEPARTMENTS.len() - 1).map(department_group).collect(),
    });
    groups.push(WorldGroup {
        id: EXEMPT,
        name: "Mobile exempt".to_owned(),
        member_groups: Vec::new(),
    });
    groups
}

fn department_group(at: usize) -> Uuid {
    let number = u128::try_from(at).unwrap_or(0);
    Uuid::from_u128(0x6f1c_3a52_0b61_4b3e_9a35_0d6a_54f2_d000 + number)
}

/// People until there are `devices` phones; about one of seven has none.
fn people(random: &mut Random, world: &mut World, taken: &mut HashMap<String, usize>, devices: usize) {
    let mut phones_made = 0;
    while phones_made < devices {
        let number = world.users.len();
        let mut user = person(random, number, taken);
        let wanted = match random.below(100) {
            0..14 => 0,
            14..74 => 1,
            74..94 => 2,
            _ => 3,
        };
        let first = user.display_name.split(' ').next().unwrap_or("A").to_owned();
        for _ in 0..wanted.min(devices - phones_made) {
            user.devices
                .push(phones::phone(random, phones_made, &first, world.as_of));
            phones_made += 1;
        }
        if random.chance(2, 5) {
            user.enrolled_without_mail
                .push(enrollments::computer(random, world.as_of));
        }
        world.users.push(user);
    }
}

fn person(random: &mut Random, number: usize, taken: &mut HashMap<String, usize>) -> WorldUser {
    let (first, last) = (random.pick(names::FIRST), random.pick(names::LAST));
    let same = taken.entry(format!("{first} {last}")).or_insert(0);
    *same += 1;
    let suffix = if *same > 1 {
        same.to_string()
    } else {
        String::new()
    };
    let department_at = random.below(names::DEPARTMENTS.len());
    let department = names::DEPARTMENTS[department_at];
    let alias = format!("{first}.{last}{suffix}").to_lowercase();
    let sam = format!("{}{}{number}", &first[..1], last).to_lowercase();
    let name = if number % 9 == 4 {
        format!("{last}{suffix}, {first}")
    } else {
        format!("{first} {last}{suffix}")
    };
    let kind = match number % 100 {
        33 => MailboxKind::Linked,
        66 | 67 => MailboxKind::Remote,
        _ => MailboxKind::User,
    };
    let upn = match number % 10 {
        3 | 7 => format!("{sam}@contoso.com"),
        _ if kind == MailboxKind::Linked => format!("{alias}@accounts.fabrikam.com"),
        _ => format!("{alias}@contoso.com"),
    };
    let mut groups = vec![department_group(department_at)];
    if random.chance(1, 50) {
        groups.push(EXEMPT);
    }
    let mut aliases = vec![format!("{sam}@contoso.com"), format!("{alias}@fabrikam.com")];
    aliases.truncate(1 + number % 2);
    WorldUser {
        object_id: random.uuid(),
        in_directory: !random.chance(1, 150),
        mailbox_guid: random.uuid(),
        upn,
        primary_smtp: format!("{alias}@contoso.com"),
        aliases,
        alias,
        distinguished_name: format!(
            "CN={},OU={department},OU=Staff,DC=contoso,DC=com",
            name.replace(',', "\\,")
        ),
        name,
        // Without the number: two people of the same name show alike.
        display_name: format!("{first} {last}"),
        sam_account_name: sam,
        department: department.to_owned(),
        kind,
        active_sync_enabled: !random.chance(1, 80),
        licensed: !random.chance(1, 25),
        groups,
        foreign_allowed: Vec::new(),
        foreign_blocked: Vec::new(),
        devices: Vec::new(),
        enrolled_without_mail: Vec::new(),
        when_changed: AS_OF - Duration::hours(i64::try_from(random.below(8000)).unwrap_or(0)),
    }
}

/// A mailbox that belongs to nobody.
fn mailbox(random: &mut Random, name: &str, alias: &str, ou: &str, kind: MailboxKind) -> WorldUser {
    WorldUser {
        object_id: random.uuid(),
        in_directory: matches!(
            kind,
            MailboxKind::Shared | MailboxKind::Room | MailboxKind::Equipment
        ),
        mailbox_guid: random.uuid(),
        upn: format!("{alias}@contoso.com"),
        primary_smtp: format!("{alias}@contoso.com"),
        aliases: Vec::new(),
        alias: alias.to_owned(),
        name: name.to_owned(),
        display_name: name.to_owned(),
        sam_account_name: alias.chars().take(20).collect(),
        distinguished_name: format!("CN={},{ou},DC=contoso,DC=com", name.replace(',', "\\,")),
        department: String::new(),
        kind,
        active_sync_enabled: true,
        licensed: false,
        groups: Vec::new(),
        foreign_allowed: Vec::new(),
        foreign_blocked: Vec::new(),
        devices: Vec::new(),
        enrolled_without_mail: Vec::new(),
        when_changed: AS_OF - Duration::days(30),
    }
}

fn shared_mailboxes(random: &mut Random, world: &mut World) {
    let ou = "OU=Resources";
    let of = [
        ("Info", "info", MailboxKind::Shared),
        ("Applications, Jobs", "jobs", MailboxKind::Shared),
        ("Reception", "reception", MailboxKind::Shared),
        ("Room Lisbon", "room.lisbon", MailboxKind::Room),
        ("Room Kyoto", "room.kyoto", MailboxKind::Room),
        ("Projector 1", "projector1", MailboxKind::Equipment),
        ("Van 2", "van2", MailboxKind::Equipment),
    ];
    for (name, alias, kind) in of {
        let user = mailbox(random, name, alias, ou, kind);
        world.users.push(user);
    }
    // The phone at the reception desk is a colleague's: the same id under a shared mailbox.
    let phone = world.users.iter().find_map(|user| user.devices.first().cloned());
    if let (Some(phone), Some(reception)) = (
        phone,
        world.users.iter_mut().find(|user| user.alias == "reception"),
    ) {
        reception.active_sync_enabled = true;
        reception.foreign_allowed.push(phone.eas_id);
    }
}

fn system_mailboxes(random: &mut Random, world: &mut World) {
    let monitoring = "CN=Monitoring Mailboxes,CN=Microsoft Exchange System Objects";
    let users = "CN=Users";
    for _ in 0..4 {
        let alias = format!("HealthMailbox{}", random.text("0123456789abcdef", 32));
        let user = mailbox(random, &alias.clone(), &alias, monitoring, MailboxKind::Health);
        world.users.push(user);
    }
    let test = format!("extest_{}", random.text("0123456789abcdef", 13));
    let cas = format!("CAS_{{{}}}", random.uuid().simple());
    let system = format!("SystemMailbox{{{}}}", random.uuid());
    let discovery = format!("DiscoverySearchMailbox {{{}}}", random.uuid());
    for (name, kind) in [
        (test, MailboxKind::Test),
        (cas, MailboxKind::Test),
        (system, MailboxKind::Arbitration),
        (discovery, MailboxKind::Discovery),
    ] {
        let alias = name.replace(' ', "");
        let user = mailbox(random, &name, &alias, users, kind);
        world.users.push(user);
    }
}

fn enroll_everyone(random: &mut Random, world: &mut World) {
    let everyone: Vec<Uuid> = world.users.iter().map(|user| user.object_id).collect();
    for user in &mut world.users {
        for device in &mut user.devices {
            let colleague = everyone[random.below(everyone.len())];
            enrollments::enroll(random, device, colleague, world.as_of);
        }
    }
}

/// List entries that an administrator or another product made: a few, some of which contradict, and some for
/// phones that are gone.
fn foreign_entries(random: &mut Random, world: &mut World) {
    for user in &mut world.users {
        let Some(device) = user.devices.first() else {
            continue;
        };
        let id = device.eas_id.clone();
        match random.below(200) {
            0..5 => user.foreign_allowed.push(id),
            5..8 => user.foreign_blocked.push(id),
            8 => {
                user.foreign_allowed.push(id.to_ascii_lowercase());
                user.foreign_blocked.push(id);
            }
            9 => user.foreign_allowed.push(format!(
                "Appl{}",
                random.text("CDFGHJKLMNPQRSTVWXYZ0123456789", 12)
            )),
            10 => user.foreign_allowed.push(id.to_ascii_lowercase()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use super::*;

    #[test]
    fn the_same_size_gives_the_same_company() {
        assert_eq!(
            format!("{:?}", World::contoso(300)),
            format!("{:?}", World::contoso(300))
        );
        assert_ne!(
            format!("{:?}", World::contoso(300)),
            format!("{:?}", World::contoso(301))
        );
    }

    #[test]
    fn what_exchange_keeps_unique_is_unique() {
        let world = World::contoso(5000);
        let mut seen = HashSet::new();
        for user in &world.users {
            for address in user.aliases.iter().chain([&user.primary_smtp]) {
                assert!(seen.insert(address.to_ascii_lowercase()), "{address}");
            }
            assert!(seen.insert(user.distinguished_name.to_ascii_lowercase()));
            assert!(seen.insert(format!("sam {}", user.sam_account_name)));
            assert!(seen.insert(user.mailbox_guid.to_string()));
            for device in &user.devices {
                assert!(seen.insert(device.guid.to_string()));
                assert!(device.eas_id.parse::<easgate_model::DeviceId>().is_ok());
            }
        }
    }

    #[test]
    fn everything_that_makes_matching_hard_is_there() {
        let world = World::contoso(3000);
        let mut figures: BTreeMap<&str, usize> = BTreeMap::new();
        let mut count = |name, found: bool| *figures.entry(name).or_default() += usize::from(found);
        for user in &world.users {
            count("upn differs", !user.upn.eq_ignore_ascii_case(&user.primary_smtp));
            count("without licence", !user.department.is_empty() && !user.licensed);
            count("exempt", user.groups.contains(&EXEMPT));
            count("linked", user.kind == MailboxKind::Linked);
            count("remote", user.kind == MailboxKind::Remote);
            count("comma in the name", user.distinguished_name.contains("\\,"));
            count(
                "allowed and blocked",
                !user.foreign_allowed.is_empty() && !user.foreign_blocked.is_empty(),
            );
            for device in &user.devices {
                count("outlook", device.device_type.starts_with("Outlook"));
                count("two records", device.second_enrollment.is_some());
                let Some(record) = &device.enrollment else {
                    count("not enrolled", true);
                    continue;
                };
                count("compliant", record.compliance == "compliant");
                count("conflict", record.compliance == "conflict");
                count("under another user", record.other_user.is_some());
                count("known to EAS alone", record.agent == "eas");
                count("retire pending", record.state == "retirePending");
                count("case differs", record.eas_device_id != device.eas_id);
            }
        }
        assert!(figures.values().all(|number| *number > 0), "{figures:?}");
        assert!(figures["compliant"] > 2000, "{figures:?}");
        assert!(world.group("mobile users").is_some());
        assert!(world.user(&world.users[3].upn.to_uppercase()).is_some());
    }

    #[test]
    fn hostile_names_come_once_each() {
        let world = World::contoso(200);
        let devices: Vec<_> = world.users.iter().flat_map(|user| &user.devices).collect();
        for name in names::hostile() {
            assert_eq!(
                devices.iter().filter(|d| d.friendly_name == name).count(),
                1,
                "{name:?}"
            );
        }
    }
}
