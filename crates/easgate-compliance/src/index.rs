//! The joins between Exchange and device management, as hash tables of borrowed keys.

use std::collections::{HashMap, HashSet};

use easgate_model::{DeviceId, DistinguishedName, EmailAddress, Enrollment, Mailbox, MailboxId};

use crate::Facts;

/// Marks an address that more than one user has.
const SEVERAL: usize = usize::MAX;
/// Ends a chain of records.
const END: usize = usize::MAX;

/// Whose mailbox it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// No user has an address of the mailbox.
    Unknown,
    /// Several users have, or one address has several users.
    Ambiguous,
    /// The place in `facts.inventory.users`.
    User(usize),
}

/// Finds mailboxes by their Guid: 24 bytes a mailbox.
pub(crate) struct MailboxesById<'a> {
    mailboxes: &'a [Mailbox],
    by_id: Vec<(MailboxId, usize)>,
}

impl<'a> MailboxesById<'a> {
    pub(crate) fn new(mailboxes: &'a [Mailbox]) -> Self {
        let places = mailboxes.iter().enumerate();
        let mut by_id: Vec<_> = places.map(|(at, mailbox)| (mailbox.id, at)).collect();
        by_id.sort_unstable();
        Self { mailboxes, by_id }
    }

    /// The place of the mailbox.
    pub(crate) fn place(&self, id: MailboxId) -> Option<usize> {
        let first = self.by_id.partition_point(|(known, _)| *known < id);
        place_of(self.by_id.get(first), id)
    }

    /// Gives the places of mailboxes whose Guids are asked for in rising order, each a step from the last.
    pub(crate) fn rising(&self) -> impl FnMut(MailboxId) -> Option<usize> {
        let mut rest = self.by_id.as_slice();
        move |id| {
            let passed = rest.iter().take_while(|(known, _)| *known < id).count();
            rest = &rest[passed..];
            place_of(rest.first(), id)
        }
    }

    /// The mailbox at a place.
    pub(crate) fn at(&self, place: usize) -> &'a Mailbox {
        &self.mailboxes[place]
    }

    pub(crate) fn get(&self, id: MailboxId) -> Option<&'a Mailbox> {
        self.place(id).map(|at| &self.mailboxes[at])
    }
}

fn place_of(found: Option<&(MailboxId, usize)>, id: MailboxId) -> Option<usize> {
    found.filter(|(known, _)| *known == id).map(|(_, place)| *place)
}

/// Every table that a decision looks into.
///
/// About 200 bytes a device where each mailbox has one user and one device.
pub(crate) struct Index<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) mailboxes: MailboxesById<'a>,
    mailbox_by_name: HashMap<&'a DistinguishedName, usize>,
    user_by_address: HashMap<&'a EmailAddress, usize>,
    user_by_id: HashMap<&'a str, usize>,
    first_record: HashMap<(usize, &'a DeviceId), usize>,
    next_record: Vec<usize>,
    known_ids: HashSet<&'a DeviceId>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(facts: &'a Facts) -> Self {
        let mut index = Self {
            facts,
            mailboxes: MailboxesById::new(&facts.exchange.mailboxes),
            mailbox_by_name: HashMap::with_capacity(facts.exchange.mailboxes.len()),
            user_by_address: HashMap::with_capacity(facts.inventory.users.len()),
            user_by_id: HashMap::with_capacity(facts.inventory.users.len()),
            first_record: HashMap::with_capacity(facts.inventory.enrollments.len()),
            next_record: vec![END; facts.inventory.enrollments.len()],
            known_ids: HashSet::with_capacity(facts.inventory.enrollments.len()),
        };
        index.add_mailboxes();
        index.add_users();
        index.add_records();
        index
    }

    /// The place of the mailbox whose user object stands at `name`.
    pub(crate) fn mailbox_at(&self, name: &DistinguishedName) -> Option<usize> {
        self.mailbox_by_name.get(name).copied()
    }

    /// Who owns `mailbox`: the user whose UPN, mail or any proxy address equals any of its addresses.
    pub(crate) fn owner(&self, mailbox: &Mailbox) -> Owner {
        let mut owner = Owner::Unknown;
        for address in mailbox.addresses.iter().chain(&mailbox.primary_smtp) {
            match (self.user_by_address.get(address), owner) {
                (None, _) => {}
                (Some(&SEVERAL), _) => return Owner::Ambiguous,
                (Some(&user), Owner::Unknown) => owner = Owner::User(user),
                (Some(&user), Owner::User(other)) if user == other => {}
                (Some(_), Owner::User(_) | Owner::Ambiguous) => return Owner::Ambiguous,
            }
        }
        owner
    }

    /// The places of the records of `device` under `user`.
    pub(crate) fn records(&self, user: usize, device: &'a DeviceId) -> impl Iterator<Item = usize> {
        let first = self.first_record.get(&(user, device)).copied();
        std::iter::successors(first, |&at| {
            Some(self.next_record[at]).filter(|&next| next != END)
        })
    }

    /// Whether any record, of whomever, has the id.
    pub(crate) fn knows(&self, device: &DeviceId) -> bool {
        self.known_ids.contains(device)
    }

    /// The place of the user whose record it is; by the directory's id, else by the UPN.
    pub(crate) fn user_of(&self, record: &Enrollment) -> Option<usize> {
        let by_id = record.user_id.as_deref().and_then(|id| self.user_by_id.get(id));
        let by_name = || {
            record
                .user_principal_name
                .as_ref()
                .and_then(|upn| self.user_by_address.get(upn))
        };
        by_id.or_else(by_name).copied().filter(|&user| user != SEVERAL)
    }

    fn add_mailboxes(&mut self) {
        let mailboxes = &self.facts.exchange.mailboxes;
        for (at, mailbox) in mailboxes.iter().enumerate() {
            let place = self
                .mailbox_by_name
                .entry(&mailbox.distinguished_name)
                .or_insert(at);
            if mailbox.id < mailboxes[*place].id {
                *place = at;
            }
        }
    }

    fn add_users(&mut self) {
        let users = &self.facts.inventory.users;
        for (at, user) in users.iter().enumerate() {
            let known = self.user_by_id.entry(&user.id).or_insert(at);
            // Two descriptions of one id: neither counts.
            if *known != SEVERAL && users[*known] != *user {
                *known = SEVERAL;
            }
        }
        for (at, user) in users.iter().enumerate() {
            let place = self.user_by_id.get(user.id.as_str()).copied().unwrap_or(at);
            for address in std::iter::once(&user.user_principal_name).chain(&user.addresses) {
                let known = self.user_by_address.entry(address).or_insert(place);
                if *known != place {
                    *known = SEVERAL;
                }
            }
        }
    }

    fn add_records(&mut self) {
        for (at, record) in self.facts.inventory.enrollments.iter().enumerate() {
            let Some(device) = record.eas_device_id.as_ref().filter(|id| !id.is_placeholder()) else {
                continue;
            };
            self.known_ids.insert(device);
            if let Some(user) = self.user_of(record)
                && let Some(other) = self.first_record.insert((user, device), at)
            {
                self.next_record[at] = other;
            }
        }
    }
}
