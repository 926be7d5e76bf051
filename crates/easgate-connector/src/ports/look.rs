//! Looking at a part: what changed, what waits, what one mailbox has.

use std::collections::{BTreeSet, HashMap};

use easgate_model::{
    DeviceId, DirectoryUser, DistinguishedName, EmailAddress, Enrollment, GroupId, Inventory, MailboxId,
};
use easgate_store::{Marks, Rows};
use time::OffsetDateTime;
use uuid::Uuid;

/// What tells that something changed, by the server's own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Changed {
    /// The directory object of a mailbox: its lists among much else.
    Mailbox,
    /// The directory object of a device: its state, its reason, what it says of itself.
    Device,
    /// The first synchronisation of a device.
    FirstSync,
}

impl Changed {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::Device => "device",
            Self::FirstSync => "firstSync",
        }
    }
}

/// How far a server's filter by time can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// It finds what it should.
    Exact,
    /// It finds it when asked for 26 hours more: the server reads times in another zone.
    Wide,
    /// It does not: the server reads dates in another culture, or does not filter by this at all.
    None,
}

impl Reach {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Wide => "wide",
            Self::None => "none",
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Exact, Self::Wide, Self::None]
            .into_iter()
            .find(|reach| reach.name() == name)
    }
}

/// An object that is there for certain, by which a filter is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownObject {
    /// Its mailbox's primary address.
    pub address: Option<EmailAddress>,
    /// Its device.
    pub device: Option<DeviceId>,
    /// The time by which it is looked for.
    pub at: OffsetDateTime,
}

/// How one mailbox is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailboxName {
    /// Its Guid.
    Id(MailboxId),
    /// One of its addresses.
    Address(EmailAddress),
    /// Where its user object stands.
    Owner(DistinguishedName),
}

/// How deep an enrolment source is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every record, and the users that changed.
    Quick,
    /// The records of devices that synchronised after this time, those that do not comply, and the users that
    /// changed.
    Watch {
        /// By the source's own clock.
        since: OffsetDateTime,
    },
}

/// What an enrolment source told. Each list is what was asked for, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The tenant the facts belong to; `None` for files.
    pub tenant: Option<Uuid>,
    /// When the facts were true, by the source's own clock.
    pub as_of: Option<OffsetDateTime>,
    /// Records.
    pub records: Rows<Enrollment>,
    /// The ids of all records that do not comply, where they were asked for.
    pub noncompliant: Option<BTreeSet<String>>,
    /// Users. Their groups are not told where [`Rows::Some`] of them are.
    pub users: Rows<DirectoryUser>,
    /// The ids of users that are gone.
    pub gone_users: Vec<String>,
    /// Who is in which of the configured groups, where any group changed.
    pub members: Option<HashMap<String, BTreeSet<GroupId>>>,
    /// Where the next look goes on.
    pub marks: Marks,
}

impl Look {
    /// All of an inventory.
    #[must_use]
    pub fn of_all(inventory: Inventory) -> Self {
        Self {
            tenant: inventory.tenant,
            as_of: inventory.as_of,
            records: Rows::All(inventory.enrollments),
            noncompliant: None,
            users: Rows::All(inventory.users),
            gone_users: Vec::new(),
            members: None,
            marks: Marks::new(),
        }
    }
}
